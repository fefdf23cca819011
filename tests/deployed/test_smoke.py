"""Runs `make smoke` against the deployment."""

import json
import subprocess

import pytest

from conftest import ROOT


@pytest.fixture(scope="module")
def tokens(deployment):
    """A token that may write to the public project 26 and the private project 27, and a revoked one."""
    for project, visibility in [("26", "public"), ("27", "private")]:
        deployment.admin("project", "create", "--id", project, "--path", f"group/{visibility}", "--visibility", visibility)
    token, revoked = [
        deployment.admin("token", "create", "--label", label, "--grant", "26=developer", "--grant", "27=developer").strip()
        for label in ["smoke", "smoke-revoked"]
    ]
    deployment.admin("token", "revoke", "smoke-revoked")
    return token, revoked


def smoke(deployment, project, **tokens):
    command = ["make", "--no-print-directory", "smoke", f"API_URL=http://{deployment.api}", f"PROJECT={project}"]
    environment = {**deployment.aws.environment, **tokens}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("project", ["26", "27"])
def test_every_check_is_as_expected_and_nothing_is_left(deployment, tokens, project):
    token, revoked = tokens
    result = smoke(deployment, project, TOKEN=token, REVOKED_TOKEN=revoked)
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "checks, all as expected." in result.stdout and "DIFFERENT" not in result.stdout
    assert "round trip of a warm request" in result.stdout
    is_public = project == "26"
    assert ("a download that was answered before" in result.stdout) == is_public
    assert ("a call of the function" in result.stdout) == is_public, "nothing is kept without an edge"
    table = deployment.outputs["TableName"]
    items = deployment.aws.cli("dynamodb", "scan", "--table-name", table, "--consistent-read")["Items"]
    left = [item for item in items if item["pk"]["S"].startswith(f"{project}#") and "#l#" in item["sk"]["S"]]
    assert left == [], json.dumps(left)


def test_a_token_that_may_not_write_is_explained(deployment, tokens):
    result = smoke(deployment, "26", TOKEN="unknown")
    assert result.returncode != 0 and "make smoke: a release cannot be created in /api/v4/projects/26/releases (401 " in result.stderr


def test_a_difference_fails_the_command(deployment, tokens):
    token, _ = tokens
    # This token is valid, so the service does not challenge it.
    result = smoke(deployment, "26", TOKEN=token, REVOKED_TOKEN=token)
    assert result.returncode != 0 and "make smoke: 1 of " in result.stderr
