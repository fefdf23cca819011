"""Checks what the function is built for: arm64 for AWS, and the processor of this computer for the tests. Runs no build."""

import platform
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from test_translation import ROOT, resources, translate

HOST = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
OS_RELEASE = Path("/etc/os-release")
IS_DEBIAN = OS_RELEASE.exists() and "ID=debian" in OS_RELEASE.read_text().splitlines()
MAKEFILE = (ROOT / "Makefile").read_text()
PACKAGES = re.findall(r"\$\(call unpack-from-debian,([^,]+),([^,]+),([^)]+)\)", MAKEFILE)


def commands(*targets):
    """The commands that make would run if no target had been made yet, with each command in one line."""
    command = ["make", "--dry-run", "--always-make", "--no-print-directory", *targets]
    result = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    return result.stdout.replace("\\\n", " ").splitlines()


def test_the_function_runs_on_arm64_by_default():
    assert translate()["Parameters"]["Architecture"]["Default"] == "arm64"
    assert resources()["Function"]["Properties"]["Architectures"] == [{"Ref": "Architecture"}]


def test_what_runs_here_is_built_for_this_computer():
    [build] = [line for line in commands(".aws-sam/local/template.yaml") if "sam build" in line]
    assert build.endswith(f" --parameter-overrides Architecture={HOST}")
    assert "CARGO_LAMBDA_COMPILER=cargo" in build, "the tests need no zig"


@pytest.mark.parametrize("target", ["run", "test", "deploy-local", "validate", "client-tests", "page-tests", "tools"])
def test_no_target_of_ci_builds_for_another_processor(target):
    lines = commands(target)
    assert not [line for line in lines if "arm64/" in line or "--arm64" in line or "rust-src" in line]


def test_ci_does_not_run_the_tests_of_arm64():
    assert "arm64" not in (ROOT / ".ci/run").read_text()


@pytest.mark.skipif(HOST == "arm64" or not IS_DEBIAN, reason="make test-arm64 needs Debian on x86_64")
def test_the_build_for_arm64_leaves_rustup_and_the_toolchain_alone():
    lines = commands("test-arm64")
    [build] = [line for line in lines if " lambda build " in line]
    assert {"--release", "--arm64", "--skip-target-check"} <= set(build.split())
    assert f"RUSTC={ROOT}/.tools/sysroot/bin/rustc" in build and "RUSTC_BOOTSTRAP" not in build
    [std] = [line for line in lines if "CARGO_UNSTABLE_BUILD_STD=std,panic_unwind" in line]
    assert f"RUSTC={ROOT}/.tools/sysroot/bin/rustc" in std
    advice = "cargo is missing; install Rust with rustup"
    assert "rustup" not in "\n".join(lines).replace(advice, "")


def test_std_for_arm64_has_the_version_of_the_compiler():
    pinned = tomllib.loads((ROOT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    [version] = [version for name, version, _ in PACKAGES if name == "rust-src"]
    assert version.split("+")[0] == pinned, "pin rust-src of the same version in the Makefile, and its hash in requirements/"


def test_every_package_from_debian_has_a_hash_of_its_version():
    for name, version, _ in PACKAGES:
        files = [line.split("  ")[1] for line in (ROOT / f"requirements/{name}.sha256").read_text().splitlines()]
        start = f"{name}_{version.replace(':', '%3a')}_"
        assert files and all(file.startswith(start) and file.endswith(".deb") for file in files), name
    assert {"glab", "nginx", "rust-src", "qemu-user-static", "libc6-arm64-cross"} == {name for name, _, _ in PACKAGES}
