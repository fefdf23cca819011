"""Publishes releases with the unmodified semantic-release and its GitLab plugin."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from local_service import TOKEN
from releases import get_release, link, release, request, tags

NODE = Path(__file__).parent / "node_modules"
FILEPATH = "/bin/app"
ASSET = {
    "url": "https://e.com/app-${nextRelease.version}", "label": "app ${nextRelease.version}",
    "type": "package", "filepath": FILEPATH,
}


class Repository:
    """A git repository whose remote, which has the project's address, is a local folder."""

    def __init__(self, service, folder):
        self.tree = folder / "tree"
        self.tree.mkdir()
        project = f"{service.url}/group/app.git"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@e.com",
            "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@e.com",
            "GITLAB_URL": service.url, "GITLAB_TOKEN": TOKEN,
        }
        self.git("init", "--quiet", "--initial-branch=main", "--bare", folder / "origin")
        self.git("config", "--global", f"url.file://{folder}/origin.insteadOf", project)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "origin", project)
        plugin = ["@semantic-release/gitlab", {
            # The plugin's comments need issues, which the service does not have.
            "assets": [ASSET], "successCommentCondition": False, "failCommentCondition": False,
        }]
        analyzers = ["commit-analyzer", "release-notes-generator"]
        plugins = [f"@semantic-release/{name}" for name in analyzers] + [plugin]
        settings = {"branches": ["main"], "repositoryUrl": project, "plugins": plugins}
        (self.tree / ".releaserc.json").write_text(json.dumps(settings))
        self.git("add", ".")

    def git(self, *arguments):
        command = ["git", *arguments]
        subprocess.run(command, cwd=self.tree, env=self.environment, check=True, timeout=60)

    def commit(self, message):
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        self.git("push", "--quiet", "origin", "main")

    def publish(self):
        """Runs semantic-release, and returns its exit code and its output."""
        result = subprocess.run(
            ["node", NODE / "semantic-release/bin/semantic-release.js", "--no-ci"],
            cwd=self.tree, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
        )
        return result.returncode, result.stdout


@pytest.fixture
def repository(service, tmp_path):
    return Repository(service, tmp_path)


def assert_published(service, version, printed, notes):
    tag = f"v{version}"
    assert f"Published GitLab release: {tag}\n" in printed
    assert f"Published release {version} on default channel\n" in printed
    url = f"https://e.com/app-{version}"
    asset = link(service, tag, 1, f"app {version}", url, FILEPATH, "package")
    found = get_release(service, tag)
    description = found["description"]
    assert found == release(service, found, tag, description=description, links=[asset])
    for note in notes:
        assert note in description


def test_releases_are_published_with_their_asset_links(service, repository):
    repository.commit("feat: first")
    code, printed = repository.publish()
    assert code == 0, printed
    assert_published(service, "1.0.0", printed, ["### Features\n\n* first"])
    repository.commit("fix: second")
    code, printed = repository.publish()
    assert code == 0, printed
    compare = f"({service.url}/group/app/compare/v1.0.0...v1.0.1)"
    assert_published(service, "1.0.1", printed, ["### Bug Fixes\n\n* second", compare])
    assert tags(service) == ["v1.0.1", "v1.0.0"]


def test_the_reason_is_printed_when_the_release_exists(service, repository):
    made = request(service, "", {"tag_name": "v3.0.0"})
    repository.commit("feat: taken")
    repository.git("tag", "v2.9.9")
    repository.git("push", "--quiet", "origin", "v2.9.9")
    repository.commit("feat: more\n\nBREAKING CHANGE: all")
    code, printed = repository.publish()
    assert code == 1 and "Response code 409 (Release already exists)" in printed, printed
    assert get_release(service, "v3.0.0") == made


def test_a_token_that_may_not_write_is_refused(repository):
    repository.environment["GITLAB_TOKEN"] = "junk"
    repository.commit("feat: first")
    code, printed = repository.publish()
    assert code == 1 and "EINVALIDGLTOKEN" in printed, printed
