"""Deletes stacks with `make delete`'s program, in the states in which people find them."""

import json
import subprocess

import pytest

from conftest import REGION, ROOT
from test_first_deployment import run_in_terminal

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
BROKEN = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "taken"}}}
NETWORK = {"Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}


def config(aws, name):
    file = aws.folder / f"delete-{name}.toml"
    file.write_text(f'version = 0.1\n[default.global.parameters]\nstack_name = "{name}"\nregion = "{REGION}"\n')
    return file


def delete(aws, name, *arguments):
    """Runs the program without a terminal."""
    command = [ROOT / ".tools/sam/bin/python", "dev/delete.py", "--config-file", config(aws, name), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=aws.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )


def status(aws, name):
    """The status of the stack, or None if there is none."""
    stacks = aws.cli("cloudformation", "describe-stacks")["Stacks"]
    return next((stack["StackStatus"] for stack in stacks if stack["StackName"] == name), None)


def create(aws, name, resources):
    """Creates a stack of these resources, and returns its status."""
    aws.cli("cloudformation", "create-stack", "--stack-name", name, "--template-body", json.dumps({"Resources": resources}),
            "--capabilities", "CAPABILITY_IAM")
    for _ in range(300):
        if not (seen := status(aws, name)).endswith("_IN_PROGRESS"):
            return seen
    raise AssertionError(f"the stack {name} is still {seen}")


def attach(aws, stack):
    """Attaches the policy for operators to a role, a user and a group, and returns how the program names them."""
    for kind, more in [("role", ["--assume-role-policy-document", TRUST]), ("user", []), ("group", [])]:
        aws.cli("iam", f"create-{kind}", f"--{kind}-name", f"{stack.name}-{kind}", *more)
        policy = ["--policy-arn", stack.outputs["OperatorPolicy"]]
        aws.cli("iam", f"attach-{kind}-policy", f"--{kind}-name", f"{stack.name}-{kind}", *policy)
    return [f"  {kind} {stack.name}-{kind}" for kind in ["user", "group", "role"]]


def tables(aws, name):
    return [table for table in aws.cli("dynamodb", "list-tables")["TableNames"] if table.startswith(f"{name}-Table-")]


def logs(aws, name):
    groups = [group["logGroupName"] for group in aws.cli("logs", "describe-log-groups")["logGroups"]]
    return [group for group in groups if f"release-links/{name}/" in group]


def test_a_stack_whose_policy_is_attached_is_deleted_with_everything_on_request(aws):
    stack = aws.deploy("unwanted")
    attached = attach(aws, stack)
    refused = delete(aws, "unwanted")
    assert (refused.returncode, refused.stderr) == (1, (
        "make delete: nothing was changed. Run make delete in a terminal, which asks for a confirmation, or make delete YES=1.\n"
    ))
    shown = refused.stdout.splitlines()
    assert shown[1:5] == ["The policy for operators is attached to these, and will be detached:", *attached]
    [table] = tables(aws, "unwanted")
    assert f"  table {table}: 0.0 MB, less than $0.01 a month, with its backups" in shown
    assert f"  log group {stack.outputs['FunctionLogs']}: 0.0 MB, less than $0.01 a month, until its events expire" in shown
    command = ["dev/delete.py", "--config-file", config(aws, "unwanted")]
    code, output = run_in_terminal(aws, command, [("Detach the policy and delete the stack? [y/N]: ", "n")])
    assert code == 1 and "make delete: nothing was changed." in output and status(aws, "unwanted") == "CREATE_COMPLETE"
    code, output = run_in_terminal(aws, command, [("Detach the policy and delete the stack? [y/N]: ", "y")])
    assert code == 0 and "The stack unwanted is deleted." in output and status(aws, "unwanted") is None
    again = delete(aws, "unwanted")
    assert again.returncode == 0 and again.stdout.startswith(f"There is no stack unwanted in {REGION}.\n"), again
    assert tables(aws, "unwanted") == [table] and len(logs(aws, "unwanted")) == 2
    aws.run("bash", "-euo", "pipefail", "-c", again.stdout.split("for good:\n")[1])
    assert not tables(aws, "unwanted") and not logs(aws, "unwanted")
    assert delete(aws, "unwanted").stdout == f"There is no stack unwanted in {REGION}.\n"


def test_a_deletion_that_has_failed_is_explained_and_finished(aws):
    """The emulator deletes an attached policy, which CloudFormation refuses, so a network with a subnet stands for it."""
    assert create(aws, "stuck", NETWORK) == "CREATE_COMPLETE"
    resources = aws.cli("cloudformation", "describe-stack-resources", "--stack-name", "stuck")["StackResources"]
    network = ["--vpc-id", resources[0]["PhysicalResourceId"], "--cidr-block", "10.0.1.0/24"]
    subnet = aws.cli("ec2", "create-subnet", *network)["Subnet"]["SubnetId"]
    failed = delete(aws, "stuck", "--yes")
    start = "make delete: CloudFormation could not delete the stack:\n  Network: "
    assert failed.returncode == 1 and failed.stderr.startswith(start) and status(aws, "stuck") == "DELETE_FAILED", failed
    aws.cli("ec2", "delete-subnet", "--subnet-id", subnet)
    finished = delete(aws, "stuck", "--yes")
    assert (finished.returncode, finished.stderr) == (0, "") and status(aws, "stuck") is None, finished
    assert finished.stdout.startswith(f"The stack stuck in {REGION} has the status DELETE_FAILED.\n")


def test_a_stack_whose_creation_was_rolled_back_is_deleted(aws):
    aws.cli("s3api", "create-bucket", "--bucket", "taken", "--create-bucket-configuration", f"LocationConstraint={REGION}")
    assert create(aws, "broken", BROKEN) == "ROLLBACK_COMPLETE"
    result = delete(aws, "broken", "--yes")
    assert (result.returncode, result.stderr) == (0, "") and status(aws, "broken") is None, result


def test_a_permissions_boundary_is_never_removed(aws):
    allowed = {"Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}], "Version": "2012-10-17"}
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": allowed}}
    assert create(aws, "boundary", {"OperatorPolicy": policy}) == "CREATE_COMPLETE"
    [resource] = aws.cli("cloudformation", "describe-stack-resources", "--stack-name", "boundary")["StackResources"]
    policy = resource["PhysicalResourceId"]
    aws.cli("iam", "create-user", "--user-name", "bounded")
    aws.cli("iam", "put-user-permissions-boundary", "--user-name", "bounded", "--permissions-boundary", policy)
    result = delete(aws, "boundary", "--yes")
    assert (result.returncode, result.stderr) == (1, (
        f"make delete: the policy for operators, {policy}, is the permissions boundary of user bounded. Give them another "
        "boundary first: without one, they could do more than before.\n"
    ))
    assert status(aws, "boundary") == "CREATE_COMPLETE"


@pytest.mark.parametrize("text, expected", [
    (None, "make delete: delete-unknown.toml is missing. It names the stack and its region; docs/configuration.md shows it.\n"),
    ("version = 0.1\n", "make delete: delete-unknown.toml lacks 'default', which docs/configuration.md shows."),
])
def test_settings_that_name_no_stack_are_explained(aws, text, expected):
    file = aws.folder / "delete-unknown.toml"
    file.unlink(missing_ok=True)
    if text is not None:
        file.write_text(text)
    command = [ROOT / ".tools/sam/bin/python", "dev/delete.py", "--config-file", file]
    result = subprocess.run(command, cwd=ROOT, env=aws.environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1 and result.stderr.startswith(expected), result
