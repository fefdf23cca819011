"""Runs the commands of docs/operations.md that restore data, and deploys the stack on the restored table."""

import json

import pytest

from conftest import ROOT

LINKS = "/api/v4/projects/24/releases/v1/assets/links"


def commands(heading):
    """The shell commands below a heading of docs/operations.md."""
    section = (ROOT / "docs/operations.md").read_text().split(f"\n### {heading}\n")[1].split("\n### ")[0].split("\n## ")[0]
    return "".join(block.split("```")[0] for block in section.split("```sh\n")[1:])


def create_link(stack, token, name):
    data = ["--data", f"name={name}", "--data", f"url=https://e.com/{name}", "--data", f"filepath=/{name}"]
    return stack.curl(LINKS, "--header", f"PRIVATE-TOKEN: {token}", *data)


def names(stack):
    status, body = stack.curl(LINKS)
    assert status == 200, body
    return [link["name"] for link in json.loads(body)]


@pytest.fixture(scope="module")
def restored(aws):
    """A stack whose table was restored, after it lost the link `kept` and got the link `lost`."""
    stack = aws.deploy("restored")
    stack.admin("project", "create", "--id", "24", "--path", "group/app", "--visibility", "public")
    token = stack.admin("token", "create", "--label", "ci", "--grant", "24=developer").strip()
    for name in ["other", "kept"]:
        status, body = create_link(stack, token, name)
        assert status == 201, body
    script = commands("Restore the whole table") + commands("Switch to the restored table")
    aws.run("bash", "-euo", "pipefail", "-c", script, TABLE_NAME=stack.outputs["TableName"])
    header = ["--header", f"PRIVATE-TOKEN: {token}"]
    status, body = stack.curl(f"{LINKS}/2", "--request", "DELETE", *header)
    assert status == 200, body
    status, body = create_link(stack, token, "lost")
    assert (status, json.loads(body)["id"]) == (201, 3), body
    return stack, token


def test_the_restored_table_is_protected_as_the_original(aws, restored):
    table = aws.cli("dynamodb", "describe-table", "--table-name", "links-restored")["Table"]
    assert table["DeletionProtectionEnabled"]
    assert table["OnDemandThroughput"] == {"MaxReadRequestUnits": 4000, "MaxWriteRequestUnits": 1000}
    ttl = aws.cli("dynamodb", "describe-time-to-live", "--table-name", "links-restored")["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
    backups = aws.cli("dynamodb", "describe-continuous-backups", "--table-name", "links-restored")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    tags = aws.cli("dynamodb", "list-tags-of-resource", "--resource-arn", table["TableArn"])["Tags"]
    assert {"Key": "application", "Value": "release-links"} in tags


def test_one_release_can_be_restored(aws, restored):
    stack, _ = restored
    assert names(stack) == ["lost", "other"]
    script = commands("Restore one release")
    aws.run("bash", "-euo", "pipefail", "-c", script, TABLE_NAME=stack.outputs["TableName"])
    assert names(stack) == ["lost", "kept", "other"]


def test_the_stack_can_be_moved_to_the_restored_table(aws, restored):
    stack, token = restored
    original = stack.outputs["TableName"]
    moved = aws.deploy("restored", ExistingTableName="links-restored")
    assert moved.outputs["TableName"] == "links-restored"
    assert names(moved) == ["kept", "other"]
    assert create_link(moved, token, "new")[0] == 201
    tables = aws.cli("dynamodb", "list-tables")["TableNames"]
    assert {original, "links-restored"} <= set(tables), "the former table is kept"


def test_a_new_stack_can_use_the_table_of_a_deleted_stack(aws):
    stack = aws.deploy("deleted")
    stack.admin("project", "create", "--id", "24", "--path", "group/app", "--visibility", "public")
    token = stack.admin("token", "create", "--label", "ci", "--grant", "24=developer").strip()
    assert create_link(stack, token, "kept")[0] == 201
    aws.cli("cloudformation", "delete-stack", "--stack-name", "deleted")
    aws.cli("cloudformation", "wait", "stack-delete-complete", "--stack-name", "deleted")
    logs = [group["logGroupName"] for group in aws.cli("logs", "describe-log-groups")["logGroups"]]
    assert {stack.outputs["FunctionLogs"], stack.outputs["AccessLogs"]} <= set(logs), "the logs are kept"
    again = aws.deploy("deleted", ExistingTableName=stack.outputs["TableName"])
    assert names(again) == ["kept"]
    assert again.outputs["FunctionLogs"] != stack.outputs["FunctionLogs"]
