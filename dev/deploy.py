"""`make deploy`: builds the function and deploys the stack with the SAM CLI.

The settings are in samconfig.toml, which the SAM CLI reads, too, and which Git ignores. The first deployment asks for them.
`sam build` and `sam deploy` get the same architecture and the same build folder. Between the two, this program checks the
built program.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from settings import (
    ROOT, Stop, ask_for_parameters, describe_stack, read_settings, require_terminal, template_parameters, write_settings,
)

SAM = Path(sys.executable).parent / "sam"
# The version of glibc in the runtime provided.al2023.
MAX_GLIBC = (2, 34)
MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "arm64"}
TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
"""Rust's names for the architectures of a function."""
# The parameters that the first deployment asks for. The others have defaults that work for every stack.
FIRST_PARAMETERS = ["Architecture", "PublicUrl", "DomainName", "CertificateArn", "ExistingTableName", "AlarmTopicArn", "KmsKeyArn"]


def ask_for_settings(config_file):
    """Asks for the settings of the first deployment, and writes them to samconfig.toml."""
    require_terminal(config_file, "make deploy", "docs/configuration.md")
    click.echo("The first deployment asks for its settings. Press Enter to accept a value in brackets.\n")
    settings = {
        "stack_name": click.prompt("Name of the stack", default="release-links"),
        "region": click.prompt("AWS region, such as eu-central-1"),
    }
    write_settings(config_file, settings, ask_for_parameters(FIRST_PARAMETERS))
    click.echo(f"\nThe settings are in {config_file.name}. docs/configuration.md lists the other parameters.\n")


def check_target(architecture):
    """Stops unless Rust's standard library for this architecture is installed, or cargo-lambda can install it with rustup."""
    target = TARGETS[architecture]
    command = ["rustc", "--print", "target-libdir", "--target", target]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise Stop(f"rustc does not know the target {target}. Its output above says why.")
    if Path(result.stdout.strip()).is_dir() or shutil.which("rustup"):
        return
    other = next(name for name in TARGETS if name != architecture)
    raise Stop(f"Rust on this computer has no standard library for {architecture} (target {target}), and rustup, which could "
               f"install it, is missing. Install Rust with rustup and run rustup target add {target}; or, if this computer has "
               f"the standard library for {other}, set Architecture={other} in samconfig.toml.")


def check_program(program, architecture):
    """Stops unless the function can run this program."""
    try:
        with open(program, "rb") as file:
            elf = ELFFile(file)
            machine = MACHINES.get(elf["e_machine"], elf["e_machine"])
            section = elf.get_section_by_name(".gnu.version_r")
            names = [entry.name for _, entries in section.iter_versions() for entry in entries] if section else []
    except (OSError, ELFError) as error:
        raise Stop(f"{program} is not a Linux program ({error}). Look at the output of sam build above.") from error
    if machine != architecture:
        raise Stop(f"The function has the architecture {architecture}, but the program was built for {machine}. cargo-lambda "
                   "builds for the computer on which it runs if SAM names no other architecture. Deploy from a computer with "
                   f"the architecture {architecture}, or set Architecture={machine} in samconfig.toml.")
    # This name stands for a feature of the loader, which appeared in 2.36.
    names = ["GLIBC_2.36" if name == "GLIBC_ABI_DT_RELR" else name for name in names]
    versions = [tuple(map(int, found[1].split("."))) for name in names if (found := re.fullmatch(r"GLIBC_([\d.]+)", name))]
    newest = max(versions, default=(0,))
    if newest > MAX_GLIBC:
        raise Stop(f"The program requires glibc {'.'.join(map(str, newest))}, but the function's Amazon Linux 2023 has "
                   f"{'.'.join(map(str, MAX_GLIBC))}. Unset CARGO_LAMBDA_COMPILER, so that cargo-lambda links with zig.")
    return newest


def compute_revision(build_dir, program, parameters):
    """A digest of everything that determines the function's behaviour."""
    digest = hashlib.sha256(program.read_bytes())
    digest.update((build_dir / "template.yaml").read_bytes())
    digest.update(json.dumps(parameters, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def run_sam(command, config_file, parameters, *arguments):
    """Runs a command of the SAM CLI with the parameters."""
    # The SAM CLI accepts an empty value only in quotes.
    overrides = [f'{name}="{value}"' for name, value in parameters.items()]
    command = [SAM, command, "--config-file", config_file, *arguments, "--parameter-overrides", *overrides]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise Stop(f"sam {command[1]} failed. Its output above says why.")


def deploy(config_file, build_dir, is_built):
    """Builds the function unless it is built already, checks the program, and deploys the stack."""
    if not config_file.exists():
        ask_for_settings(config_file)
    stack, region, parameters = read_settings(config_file)
    # Without a value, an existing stack keeps its architecture, whatever sam build compiles for.
    parameters.setdefault("Architecture", template_parameters()["Architecture"]["Default"])
    # The first deployment shows what it will create, and asks for a confirmation. samconfig.toml can require that each time.
    confirm = ["--confirm-changeset"] if sys.stdin.isatty() and not describe_stack(stack, region) else []
    if not is_built:
        check_target(parameters["Architecture"])
        run_sam("build", config_file, parameters, "--no-cached", "--build-dir", build_dir)
    program = build_dir / "Function/bootstrap"
    newest = check_program(program, parameters["Architecture"])
    click.echo(f"The program fits the function: {parameters['Architecture']}, glibc {'.'.join(map(str, newest))}.")
    parameters["Revision"] = compute_revision(build_dir, program, parameters)
    run_sam(
        "deploy", config_file, parameters, "--template-file", build_dir / "template.yaml", "--stack-name", stack,
        "--region", region, "--capabilities", "CAPABILITY_IAM", "--resolve-s3", "--no-fail-on-empty-changeset",
        "--tags", "application=release-links", *confirm,
    )


def main():
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__)
    parser.add_argument("--config-file", type=Path, default=ROOT / "samconfig.toml")
    parser.add_argument("--build-dir", type=Path, default=ROOT / ".aws-sam/build")
    parser.add_argument("--built", action="store_true", help="deploy what the build folder contains")
    arguments = parser.parse_args()
    try:
        deploy(arguments.config_file.resolve(), arguments.build_dir.resolve(), arguments.built)
    except Stop as reason:
        sys.exit(f"make deploy: {reason}")


if __name__ == "__main__":
    main()
