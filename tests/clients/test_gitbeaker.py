"""Tests the service with the unmodified gitbeaker, both its library and its command line."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from local_service import TOKEN
from releases import get_release, link, release, tags

FOLDER = Path(__file__).parent


def run_node(service, *arguments):
    # Isolate the command from the developer's own configuration.
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    environment |= {"GITBEAKER_HOST": service.url, "GITBEAKER_TOKEN": TOKEN}
    return subprocess.run(
        ["node", *arguments],
        cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=120,
    )


# The releases are tested first, because the tests of links create releases, which the list would contain.
@pytest.mark.parametrize(("script", "printed"), [
    ("gitbeaker-releases.mjs", "a release created, changed, listed and deleted, the errors met"),
    ("gitbeaker.mjs", "45 links created and listed, one changed, one deleted, the errors met"),
])
def test_library_succeeds_at_every_request(service, script, printed):
    result = run_node(service, script, service.url, TOKEN)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"gitbeaker: {printed}\n"


def test_command_line_manages_a_release(service):
    def run(resource, action, *arguments):
        return run_node(service, "node_modules/.bin/gb", resource, action, "group/app", *arguments)

    tag = "gb/1.0"
    options = ["--tag-name", tag, "--name", "App", "--description", "faster"]
    created = run("project-releases", "create", *options)
    made = json.loads(created.stdout)
    assert made == release(service, made, tag, "App", "faster"), created
    asset = run("release-links", "create", tag, "app", "https://e.com/app")
    shown = json.loads(asset.stdout)
    assert shown == link(service, tag, shown["id"], "app", "https://e.com/app"), asset
    edited = run("project-releases", "edit", tag, "--name", "App 1.0")
    changed = release(service, made, tag, "App 1.0", "faster", links=[shown])
    assert json.loads(edited.stdout) == get_release(service, tag) == changed, edited
    assert json.loads(run("project-releases", "show", tag).stdout) == changed
    assert changed in json.loads(run("project-releases", "all").stdout)
    assert run("project-releases", "remove", tag).returncode == 0
    assert tag not in tags(service)
    missing = run("project-releases", "show", tag)
    assert missing.returncode == 1 and "404 Not Found" in missing.stdout, missing
