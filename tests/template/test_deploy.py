"""Checks that `make deploy` refuses wrong settings and programs. The tests of the deployment cover successful runs."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MACHINE = 18
"""The offset of the machine in the header of an ELF file (ELF specification, e_machine)."""
X86_64, AARCH64 = 62, 183


def config(*overrides, extra=""):
    return (
        'version = 0.1\n[default.global.parameters]\nstack_name = "links"\nregion = "eu-central-1"\n'
        f"parameter_overrides = {list(overrides)}\n{extra}"
    )


def deploy(folder, settings, program=b""):
    """Runs the program with these settings on a build folder with this function, and returns its one sentence."""
    (folder / "Function").mkdir()
    (folder / "Function/bootstrap").write_bytes(program)
    (folder / "template.yaml").write_text("")
    file = folder / "samconfig.toml"
    if settings is not None:
        file.write_text(settings)
    command = [ROOT / ".tools/sam/bin/python", "dev/deploy.py", "--built", "--build-dir", folder, "--config-file", file]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert result.returncode == 1 and result.stderr.startswith("make deploy: "), result
    return result.stderr.removeprefix("make deploy: ").strip()


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """A program that needs glibc."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "main.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["cc", "-o", folder / "main", folder / "main.c"], check=True)
    return (folder / "main").read_bytes()


def with_machine(program, number):
    return program[:MACHINE] + bytes([number, 0]) + program[MACHINE + 2:]


@pytest.mark.parametrize("settings", [config(), config("Architecture=arm64")])
def test_a_program_for_x86_64_is_not_deployed_to_arm64_which_is_the_default(tmp_path, program, settings):
    sentence = deploy(tmp_path, settings, with_machine(program, X86_64))
    assert sentence.startswith("The function has the architecture arm64, but the program was built for x86_64. ")
    assert "set Architecture=x86_64 in samconfig.toml" in sentence


def test_a_program_of_an_arm64_host_is_not_deployed_to_x86_64(tmp_path, program):
    sentence = deploy(tmp_path, config("Architecture=x86_64"), with_machine(program, AARCH64))
    assert sentence.startswith("The function has the architecture x86_64, but the program was built for arm64. ")
    assert "set Architecture=arm64 in samconfig.toml" in sentence


def test_a_program_that_needs_a_newer_glibc_is_not_deployed(tmp_path, program):
    newer, replaced = re.subn(rb"GLIBC_2\.\d\d\0", b"GLIBC_2.99\0", program)
    assert replaced, "the program of the fixture names no version of glibc"
    sentence = deploy(tmp_path, config(), with_machine(newer, AARCH64))
    assert sentence == (
        "The program requires glibc 2.99, but the function's Amazon Linux 2023 has 2.34. Unset CARGO_LAMBDA_COMPILER, so that "
        "cargo-lambda links with zig."
    )


def test_a_program_with_packed_relocations_needs_glibc_2_36(tmp_path):
    source, program = tmp_path / "main.c", tmp_path / "main"
    source.write_text("int x; int *p = &x; int main(void) { return !p; }\n")
    subprocess.run(["cc", "-fPIE", "-pie", "-Wl,-z,pack-relative-relocs", "-o", program, source], check=True)
    sentence = deploy(tmp_path, config(), with_machine(program.read_bytes(), AARCH64))
    assert sentence.startswith("The program requires glibc 2.36, ")


def run_rustc_from(folder):
    """Puts a `rustc` whose sysroot has no target into the folder, and returns the environment that has no other tool."""
    real = subprocess.run(["rustc", "--print", "sysroot"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    rustc = folder / "rustc"
    rustc.write_text(f'#!/bin/sh\nexec "{real}/bin/rustc" --sysroot "{folder}" "$@"\n')
    rustc.chmod(0o755)
    return {"PATH": str(folder), "HOME": str(folder), "AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}


def build_and_deploy(folder, settings, environment):
    """Runs the program with these settings and this environment, and returns all of its output."""
    (folder / "samconfig.toml").write_text(settings)
    command = [ROOT / ".tools/sam/bin/python", "dev/deploy.py", "--build-dir", folder, "--config-file", folder / "samconfig.toml"]
    result = subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=60,
    )
    assert result.returncode == 1, result
    return result.stdout


@pytest.mark.parametrize("settings, architecture, target, other", [
    (config(), "arm64", "aarch64-unknown-linux-gnu", "x86_64"),
    (config("Architecture=x86_64"), "x86_64", "x86_64-unknown-linux-gnu", "arm64"),
])
def test_a_computer_without_the_target_is_told_how_to_add_it(tmp_path, settings, architecture, target, other):
    assert build_and_deploy(tmp_path, settings, run_rustc_from(tmp_path)) == (
        f"make deploy: Rust on this computer has no standard library for {architecture} (target {target}), and rustup, which "
        f"could install it, is missing. Install Rust with rustup and run rustup target add {target}; or, if this computer has "
        f"the standard library for {other}, set Architecture={other} in samconfig.toml.\n"
    )


@pytest.mark.parametrize("settings, architecture", [(config(), "arm64"), (config("Architecture=x86_64"), "x86_64")])
def test_the_function_is_built_for_arm64_unless_the_settings_say_otherwise(tmp_path, settings, architecture):
    """Without cargo, `sam build` ends after it has said what it is about to do."""
    environment = run_rustc_from(tmp_path)
    target = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}[architecture]
    (tmp_path / "lib/rustlib" / target / "lib").mkdir(parents=True)
    output = build_and_deploy(tmp_path, settings, environment)
    assert f"runtime: provided.al2023 architecture: {architecture} functions: Function" in output
    assert "make deploy: sam build failed. Its output above says why." in output


def test_a_build_folder_without_a_program_is_not_deployed(tmp_path):
    assert "is not a Linux program" in deploy(tmp_path, config(), b"#!/bin/sh\n")


@pytest.mark.parametrize("settings, expected", [
    (None, "samconfig.toml is missing. Run make deploy once in a terminal"),
    ("version = 0.1\n", "samconfig.toml lacks 'default', which docs/configuration.md shows."),
    ("not toml", "samconfig.toml is not valid TOML ("),
    (config("Architektur=arm64"), "samconfig.toml sets 'Architektur=arm64', but template.yaml has no such parameter."),
    (config("Architecture"), "samconfig.toml sets 'Architecture', but template.yaml has no such parameter. Write Name=Value."),
    (config("Architecture=sparc"), "Architecture must be one of x86_64, arm64."),
    (config("MemorySize=64"), "MemorySize must be from 128 to 10240."),
    (config("RequestBurst=0"), "RequestBurst must be at least 1."),
    (config("MaxReadUnits=0"), "MaxReadUnits does not have the form that template.yaml requires: ^(-1|[1-9][0-9]{0,8})$"),
    (config("SharedCacheSeconds=86401"), "SharedCacheSeconds must be from -1 to 86400."),
    (config("MemorySize=much"), "MemorySize must be a whole number."),
    (config().replace("[]", '"MemorySize=512"'), "samconfig.toml sets parameter_overrides to 'MemorySize=512'. Write a list"),
    (config("PublicUrl=https://user@example.com"), "PublicUrl does not have the form that template.yaml requires"),
    (
        config(extra='[default.deploy.parameters]\nparameter_overrides = "Architecture=arm64"\n'),
        "samconfig.toml sets parameter_overrides for sam deploy alone. Move them to [default.global.parameters]",
    ),
])
def test_settings_that_cannot_work_are_refused_before_the_build(tmp_path, settings, expected):
    assert expected in deploy(tmp_path, settings)


def test_the_build_refuses_a_lock_file_that_does_not_fit(tmp_path):
    """`sam build` passes no options on, so cargo-lambda reads `locked` from Cargo.toml."""
    build = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["metadata"]["lambda"]["build"]
    assert build == {"locked": True}
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.rs").write_text("fn main() {}\n")
    (tmp_path / "Cargo.toml").write_text(
        '[package]\nname = "app"\nversion = "0.1.0"\n[workspace]\n[package.metadata.lambda.build]\nlocked = true\n'
    )
    (tmp_path / "Cargo.lock").write_text('version = 4\n\n[[package]]\nname = "app"\nversion = "0.0.1"\n')
    command = [ROOT / ".tools/cargo-lambda/bin/cargo-lambda", "lambda", "build", "--release", "--bin", "app"]
    environment = {**os.environ, "CARGO_LAMBDA_COMPILER": "cargo"}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0 and "because --locked was passed to prevent this" in result.stdout + result.stderr, result
