"""`make deploy`: builds the function and deploys the stack with the SAM CLI.

The settings are in samconfig.toml, which the SAM CLI reads, too, and which Git ignores. The first deployment asks for them.
`sam build` and `sam deploy` get the same architecture and the same build folder. Between the two, this program checks the
built program.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import boto3
import click
import tomlkit
from botocore.exceptions import BotoCoreError, ClientError
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parents[1]
SAM = Path(sys.executable).parent / "sam"
# The version of glibc in the runtime provided.al2023.
MAX_GLIBC = (2, 34)
MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "arm64"}
# The parameters that the first deployment asks for. The others have defaults that work for every stack.
FIRST_PARAMETERS = ["Architecture", "PublicUrl", "DomainName", "CertificateArn", "ExistingTableName", "AlarmTopicArn", "KmsKeyArn"]
REMEDY = "Correct the file, or delete it to be asked for the settings again."


class Stop(Exception):
    """A reason not to deploy, in whole sentences for the user."""


def template_parameters():
    """The declarations of the template's parameters, by name."""
    return yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]


def find_problem(name, declaration, value):
    """The problem with the value of a parameter, or None. CloudFormation would report it only after the build."""
    allowed = [str(choice) for choice in declaration.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"{name} must be one of {', '.join(allowed)}."
    if declaration["Type"] == "Number":
        if not re.fullmatch(r"-?\d+", value):
            return f"{name} must be a whole number."
        low, high = declaration.get("MinValue"), declaration.get("MaxValue")
        if (low is not None and int(value) < low) or (high is not None and int(value) > high):
            return f"{name} must be from {low} to {high}." if high is not None else f"{name} must be at least {low}."
    pattern = declaration.get("AllowedPattern")
    if pattern and not re.search(pattern, value):
        return f"{name} does not have the form that template.yaml requires: {pattern}"
    return None


def ask_for_settings(config_file):
    """Asks for the settings of the first deployment, and writes them to samconfig.toml."""
    if not sys.stdin.isatty():
        raise Stop(f"{config_file.name} is missing. Run make deploy once in a terminal, which asks for the settings, or write "
                   "the file as docs/configuration.md shows.")
    click.echo("The first deployment asks for its settings. Press Enter to accept a value in brackets.\n")
    settings = {
        "stack_name": click.prompt("Name of the stack", default="release-links"),
        "region": click.prompt("AWS region, such as eu-central-1"),
    }
    declarations, overrides = template_parameters(), []
    for name in FIRST_PARAMETERS:
        declaration = declarations[name]
        default = str(declaration["Default"])

        def check(value, name=name, declaration=declaration):
            if problem := find_problem(name, declaration, value):
                raise click.BadParameter(problem)
            return value

        click.echo(f"\n{declaration['Description']}")
        value = click.prompt(name, default=default, value_proc=check)
        if value != default:
            overrides.append(f"{name}={value}")
    if overrides:
        settings["parameter_overrides"] = overrides
    text = tomlkit.dumps({"version": 0.1, "default": {"global": {"parameters": settings}}})
    config_file.write_text(text)
    click.echo(f"\nThe settings are in {config_file.name}. docs/configuration.md lists the other parameters.\n")


def read_settings(config_file):
    """Reads stack name, region and parameters from samconfig.toml, and checks them."""
    try:
        sections = tomllib.loads(config_file.read_text())["default"]
        settings = sections["global"]["parameters"]
        stack, region = settings["stack_name"], settings["region"]
    except tomllib.TOMLDecodeError as error:
        raise Stop(f"{config_file.name} is not valid TOML ({error}). {REMEDY}") from error
    except KeyError as error:
        raise Stop(f"{config_file.name} lacks {error}, which docs/configuration.md shows. {REMEDY}") from error
    for command in ["build", "deploy"]:
        if "parameter_overrides" in sections.get(command, {}).get("parameters", {}):
            raise Stop(f"{config_file.name} sets parameter_overrides for sam {command} alone. Move them to "
                       "[default.global.parameters], so that sam build and sam deploy use the same values.")
    parameters, declarations = {}, template_parameters()
    overrides = settings.get("parameter_overrides", [])
    if not isinstance(overrides, list):
        raise Stop(f'{config_file.name} sets parameter_overrides to {overrides!r}. Write a list, such as ["MemorySize=512"].')
    for override in overrides:
        name, separator, value = override.partition("=")
        if not separator or name not in declarations:
            raise Stop(f"{config_file.name} sets {override!r}, but template.yaml has no such parameter. Write Name=Value.")
        if problem := find_problem(name, declarations[name], value):
            raise Stop(f"{config_file.name} sets {override!r}. {problem}")
        parameters[name] = value
    # Without a value, an existing stack keeps its architecture, whatever sam build compiles for.
    parameters.setdefault("Architecture", declarations["Architecture"]["Default"])
    return stack, region, parameters


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


def stack_exists(stack, region):
    """Whether the stack exists. The call also fails before the build if there are no credentials."""
    try:
        boto3.client("cloudformation", region_name=region).describe_stacks(StackName=stack)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return False
        raise Stop(f"AWS refuses to describe the stack {stack} in {region}: {error}. Check your credentials.") from error
    except BotoCoreError as error:
        raise Stop(f"AWS cannot be reached: {error} Set AWS_PROFILE, or sign in with the AWS CLI.") from error
    return True


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
    # The first deployment shows what it will create, and asks for a confirmation. samconfig.toml can require that each time.
    confirm = ["--confirm-changeset"] if sys.stdin.isatty() and not stack_exists(stack, region) else []
    if not is_built:
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
