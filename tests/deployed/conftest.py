"""Fixtures that deploy the template with SAM to a local AWS emulator."""

import json
import os
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from loopback import free_port

ROOT = Path(__file__).resolve().parents[2]
STACK = "release-links"


@dataclass
class Deployment:
    """A deployed stack: its outputs, and the environment variables that point AWS tools to it."""

    port: int
    outputs: dict
    environment: dict

    @property
    def api(self):
        """The host name by which the emulator routes requests to the API."""
        return self.outputs["ApiUrl"].removeprefix("https://").split(".")[0] + f".execute-api.localhost:{self.port}"

    def admin(self, *arguments):
        """Runs the admin command, and returns its standard output."""
        environment = {**self.environment, "TABLE_NAME": self.outputs["TableName"]}
        command = [ROOT / "target/debug/release-links-admin", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, check=True, text=True, timeout=60).stdout


def wait_for(url, process):
    for _ in range(300):
        assert process.poll() is None, "the AWS emulator exited"
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no response from {url}")


@pytest.fixture(scope="session")
def deployment(tmp_path_factory):
    """This repository's template, deployed once per session."""
    port, folder = free_port(), tmp_path_factory.mktemp("aws")
    endpoint = f"http://127.0.0.1:{port}"
    # Isolate the tools from the developer's own configuration, and keep all traffic on this machine.
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder), "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true", "SAM_CLI_TELEMETRY": "0",
        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "MINISTACK_REGION": "eu-central-1",
    }
    with open(folder / "emulator.log", "w") as log:
        emulator = subprocess.Popen([ROOT / ".tools/ministack/bin/ministack"], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        wait_for(f"{endpoint}/_ministack/health", emulator)
        deploy(environment)
        yield Deployment(port, outputs(environment), environment)
    finally:
        emulator.terminate()
        emulator.wait(timeout=20)


def sam(environment, *arguments):
    command = [ROOT / ".tools/sam/bin/sam", *arguments, "--stack-name", STACK, "--region", "eu-central-1"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def deploy(environment):
    sam(
        environment, "deploy", "--template-file", str(ROOT / ".aws-sam/build/template.yaml"), "--resolve-s3",
        "--no-confirm-changeset", "--no-progressbar", "--capabilities", "CAPABILITY_IAM",
    )


def outputs(environment):
    stack_outputs = json.loads(sam(environment, "list", "stack-outputs", "--output", "json"))
    return {output["OutputKey"]: output["OutputValue"] for output in stack_outputs}
