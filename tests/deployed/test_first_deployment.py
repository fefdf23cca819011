"""Runs the first deployment in a terminal, which asks for the settings."""

import os
import pty
import select
import shutil
import subprocess
import time

from conftest import ARCHITECTURE, BUILD, REGION, ROOT

ANSWERS = [
    ("Name of the stack [release-links]: ", "first"),
    ("AWS region, such as eu-central-1: ", REGION),
    ("Architecture [arm64]: ", "sparc"),
    ("Architecture must be one of x86_64, arm64.", ARCHITECTURE),
    ("PublicUrl []: ", "links.example.com"),
    ("PublicUrl does not have the form that template.yaml requires", "https://links.example.com"),
    ("DomainName []: ", ""),
    ("CertificateArn []: ", ""),
    ("ExistingTableName []: ", ""),
    ("AlarmTopicArn []: ", ""),
    ("KmsKeyArn []: ", ""),
    ("Deploy this changeset? [y/N]: ", "y"),
]


def run_in_terminal(aws, command, answers):
    """Runs a program of `dev` with a terminal, gives each answer after its prompt, and returns the exit code and the output."""
    terminal, side = pty.openpty()
    command = [ROOT / ".tools/sam/bin/python", *command]
    process = subprocess.Popen(command, cwd=ROOT, env=aws.environment, stdin=side, stdout=side, stderr=side)
    os.close(side)
    text, answers, deadline = "", list(answers), time.monotonic() + 120
    while True:
        assert select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0], f"no more output after: {text}"
        try:
            chunk = os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # Linux reports the end of the process in this way.
            break
        text += chunk
        if answers and answers[0][0] in text.rsplit("\x00", 1)[-1]:
            # The mark separates the output before this answer from the text in which the next prompt is searched for.
            text += "\x00"
            os.write(terminal, answers.pop(0)[1].encode() + b"\n")
    assert not answers, text
    return process.wait(timeout=60), text


def test_the_first_deployment_asks_for_the_settings(aws):
    config = aws.folder / "first" / "samconfig.toml"
    shutil.rmtree(config.parent, ignore_errors=True)
    config.parent.mkdir()
    code, output = run_in_terminal(aws, ["dev/deploy.py", "--built", "--build-dir", BUILD, "--config-file", config], ANSWERS)
    assert code == 0, output
    assert f"The program fits the function: {ARCHITECTURE}, glibc 2." in output
    assert "Instruction set of the function." in output, "each prompt is explained"
    architecture = "" if ARCHITECTURE == "arm64" else f'"Architecture={ARCHITECTURE}", '
    assert config.read_text() == (
        'version = 0.1\n\n[default.global.parameters]\nstack_name = "first"\nregion = "eu-central-1"\n'
        f'parameter_overrides = [{architecture}"PublicUrl=https://links.example.com"]\n'
    )
    described = aws.cli("cloudformation", "describe-stacks", "--stack-name", "first")["Stacks"][0]
    parameters = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in described["Parameters"]}
    assert parameters["PublicUrl"] == "https://links.example.com"
    assert parameters["Architecture"] == ARCHITECTURE and len(parameters["Revision"]) == 16


def test_a_parameter_can_be_set_back_to_its_empty_default(aws):
    aws.deploy("emptied", PublicUrl="https://links.example.com")
    aws.deploy("emptied", PublicUrl="")
    described = aws.cli("cloudformation", "describe-stacks", "--stack-name", "emptied")["Stacks"][0]
    assert {"ParameterKey": "PublicUrl", "ParameterValue": ""} in described["Parameters"]
