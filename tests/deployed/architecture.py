"""Changes the architecture of a stack, with the program that `make test-arm64` has built. `make test` leaves this out.

The emulator starts the function as a process. It shows that each deployment replaces the program, keeps the data, and tells
the function and its alias the new architecture. It does not show how Lambda moves from one processor to another, and it has no
CodeDeploy, so it moves all requests of a gradual deployment at once.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from conftest import BUILD, ROOT
from test_order import check_order

ARM64 = ROOT / ".aws-sam/arm64"
BUILDS = {"x86_64": BUILD, "arm64": ARM64}
# The kernel runs these programs in the processes of the two.
EXECUTABLES = {"x86_64": "bootstrap", "arm64": "qemu-aarch64-static"}
runs_arm64 = pytest.mark.skipif("RUNS_ARM64" not in os.environ, reason="this kernel cannot start programs for arm64 here")


def test_the_program_fits_the_function():
    check = f"from deploy import check_program; print(*check_program({str(ARM64 / 'Function/bootstrap')!r}, 'arm64'), sep='.')"
    command = [ROOT / ".tools/sam/bin/python", "-c", check]
    output = subprocess.run(command, cwd=ROOT / "dev", check=True, capture_output=True, text=True).stdout
    print(f"arm64, needs glibc {output.strip()}")


def test_the_functions_of_a_start_come_first_on_arm64_too():
    check_order(ARM64 / "Function/bootstrap")


def architecture(stack, *qualifier):
    """The architecture that the function has, or its version with this alias."""
    command = ["lambda", "get-function-configuration", "--function-name", stack.resource("Function"), *qualifier]
    [found] = stack.aws.cli(*command)["Architectures"]
    return found


def executable(stack):
    """The name of the program of the newest process that runs the stack's function. Those of former versions may stay."""
    variable, found = f"AWS_LAMBDA_FUNCTION_NAME={stack.resource('Function')}".encode(), {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if variable in (process / "environ").read_bytes().split(b"\0"):
                started = int((process / "stat").read_text().rsplit(") ")[-1].split()[19])
                found[started] = (process / "exe").readlink().name
        except OSError:
            continue
    return found[max(found)]


def add_and_list_links(stack, token, name):
    """Adds a link through the API, and returns the names of all links, newest first."""
    links, header = "/api/v4/projects/24/releases/v1/assets/links", ["--header", f"PRIVATE-TOKEN: {token}"]
    status, body = stack.curl(links, *header, "--data", f"name={name}", "--data", f"url=https://e.com/{name}")
    assert status == 201, body
    status, body = stack.curl(links, *header)
    assert status == 200, body
    return [link["name"] for link in json.loads(body)]


@runs_arm64
@pytest.mark.parametrize("preference", ["AllAtOnce", "Canary10Percent5Minutes"])
def test_a_stack_changes_its_architecture_in_both_directions(aws, preference):
    name, names, token = f"switched-{preference.lower()}", [], None
    qualifier = [] if preference == "AllAtOnce" else ["--qualifier", "live"]
    for number, new in enumerate(["x86_64", "arm64", "x86_64", "arm64"]):
        stack = aws.deploy(name, BUILDS[new], Architecture=new, DeploymentPreference=preference)
        if token is None:
            stack.admin("project", "create", "--id", "24", "--path", "group/app", "--visibility", "private")
            token = stack.admin("token", "create", "--label", "ci", "--grant", "24=developer").strip()
        assert architecture(stack, *qualifier) == new
        names.insert(0, f"{number}-{new}")
        assert add_and_list_links(stack, token, names[0]) == names
        assert executable(stack) == EXECUTABLES[new]
    print(f"{name}: {' '.join(reversed(names))}")


def test_a_stack_without_the_parameter_changes_to_arm64(aws):
    stack = aws.deploy("default", Architecture="x86_64")
    assert architecture(stack) == "x86_64"
    stack = aws.deploy("default", ARM64, Architecture=None)
    assert architecture(stack) == "arm64"
