"""Fixtures that deploy the template with `make deploy`'s program to a local AWS emulator."""

import json
import os
import platform
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from loopback import free_port

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".aws-sam/local"
# The emulator starts the function as a process, so its program is one for this computer.
ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
REGION = "eu-central-1"


@dataclass
class Aws:
    """The emulator: its port, a folder for files, and the environment variables that point AWS tools to it."""

    port: int
    folder: Path
    environment: dict

    def run(self, *command, **environment):
        """Runs a command, and returns its standard output."""
        result = subprocess.run(
            command, cwd=ROOT, env={**self.environment, **environment}, capture_output=True, text=True, timeout=300,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def cli(self, *arguments):
        """Runs the AWS CLI, and returns its JSON output."""
        output = self.run("aws", *arguments, "--output", "json")
        return json.loads(output) if output.strip() else None

    def deploy(self, name, build=BUILD, **parameters):
        """Deploys the stack of this name with these parameters, as `make deploy` does after the build. None leaves one out."""
        config = self.folder / f"{name}.toml"
        parameters = {"Architecture": ARCHITECTURE, **parameters}
        overrides = [f"{parameter}={value}" for parameter, value in parameters.items() if value is not None]
        config.write_text(
            f'version = 0.1\n[default.global.parameters]\nstack_name = "{name}"\nregion = "{REGION}"\n'
            f"parameter_overrides = {json.dumps(overrides)}\n"
        )
        self.run(
            str(ROOT / ".tools/sam/bin/python"), "dev/deploy.py", "--built", "--build-dir", str(build),
            "--config-file", str(config),
        )
        outputs = self.cli("cloudformation", "describe-stacks", "--stack-name", name)["Stacks"][0]["Outputs"]
        return Stack(self, name, {output["OutputKey"]: output["OutputValue"] for output in outputs})


@dataclass
class Stack:
    """A deployed stack and its outputs."""

    aws: Aws
    name: str
    outputs: dict

    @property
    def api(self):
        """The host name by which the emulator routes requests to the API."""
        return self.outputs["ApiUrl"].removeprefix("https://").split(".")[0] + f".execute-api.localhost:{self.aws.port}"

    def admin(self, *arguments):
        """Runs the operator's command, and returns its standard output."""
        return self.aws.run("release-links-admin", *arguments, TABLE_NAME=self.outputs["TableName"])

    def curl(self, path, *arguments):
        """Sends a request to the API, and returns the status and the raw body."""
        command = ["curl", "-sS", "--max-time", "30", "--header", f"Host: {self.api}", "--write-out", "\n%{http_code}"]
        output = self.aws.run(*command, *arguments, f"http://127.0.0.1:{self.aws.port}{path}")
        body, status = output.rsplit("\n", 1)
        return int(status), body

    def resource(self, logical_id):
        """The physical ID of one of its resources."""
        described = self.aws.cli(
            "cloudformation", "describe-stack-resource", "--stack-name", self.name, "--logical-resource-id", logical_id,
        )
        return described["StackResourceDetail"]["PhysicalResourceId"]


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
def aws(tmp_path_factory):
    """The emulator, started once per session."""
    port, folder = free_port(), tmp_path_factory.mktemp("aws")
    endpoint = f"http://127.0.0.1:{port}"
    path = os.pathsep.join([str(ROOT / "target/debug"), str(ROOT / ".tools/awscli/bin"), os.environ["PATH"]])
    # Isolate the tools from the developer's own configuration, and keep all traffic on this machine.
    environment = {
        "PATH": path, "HOME": str(folder), "TMPDIR": str(folder), "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", "SAM_CLI_TELEMETRY": "0",
        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "MINISTACK_REGION": REGION,
    }
    with open(folder / "emulator.log", "w") as log:
        emulator = subprocess.Popen([ROOT / ".tools/ministack/bin/ministack"], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        wait_for(f"{endpoint}/_ministack/health", emulator)
        yield Aws(port, folder, environment)
    finally:
        emulator.terminate()
        emulator.wait(timeout=20)


@pytest.fixture(scope="session")
def deployment(aws):
    """This repository's template with its default parameters, deployed once per session."""
    return aws.deploy("release-links")
