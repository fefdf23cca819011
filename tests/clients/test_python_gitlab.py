"""python-gitlab, library and command line, unmodified."""

import json
import os
import subprocess

import gitlab
import pytest

from conftest import ROOT, TOKEN


def manager(service, tag):
    client = gitlab.Gitlab(service.url, private_token=TOKEN)
    return client.projects.get("group/app", lazy=True).releases.get(tag, lazy=True).links


def test_the_library_creates_lists_changes_and_deletes(service):
    links = manager(service, "py/1.0")
    for n in range(1, 46):
        created = links.create({"name": f"n{n}", "url": f"https://e.com/{n}", "direct_asset_path": f"/bin/{n}x1"})
        assert (created.id, created.link_type) == (n, "other")
    assert [link.id for link in links.list(get_all=True)] == list(range(45, 0, -1))
    page = links.list(iterator=True)
    assert (page.total, page.total_pages, page.per_page) == (45, 3, 20)

    link = links.get(45)
    link.name = "renamed"
    link.save()
    assert links.get(45).name == "renamed"
    links.update(44, {"link_type": "image", "url": "https://e.com/image"})
    assert links.get(44).link_type == "image"
    link.delete()
    links.delete(44)
    assert len(links.list(get_all=True)) == 43


def test_the_library_meets_the_errors(service):
    links = manager(service, "py-errors")
    links.create({"name": "a", "url": "https://e.com/a"})
    with pytest.raises(gitlab.GitlabCreateError) as refused:
        links.create({"name": "a", "url": "https://e.com/a"})
    assert refused.value.response_code == 400
    assert refused.value.error_message == ["Url has already been taken", "Name has already been taken"]
    with pytest.raises(gitlab.GitlabGetError) as missing:
        links.get(99)
    assert (missing.value.response_code, missing.value.error_message) == (404, "404 Not found")
    with pytest.raises(gitlab.GitlabDeleteError):
        links.delete(99)
    with pytest.raises(gitlab.GitlabUpdateError):
        links.update(99, {"name": "b"})


def test_the_library_finds_out_who_it_is(service):
    client = gitlab.Gitlab(service.url, private_token=TOKEN)
    client.auth()
    assert (client.user.id, client.user.username, client.user.name) == (1, "token_1", "documentation")
    with pytest.raises(gitlab.GitlabAuthenticationError) as refused:
        gitlab.Gitlab(service.url, private_token="junk").auth()
    assert (refused.value.response_code, refused.value.error_message) == (401, "401 Unauthorized")


def test_the_library_may_name_its_token_in_each_way(service):
    for carrier in ["private_token", "oauth_token", "job_token"]:
        client = gitlab.Gitlab(service.url, **{carrier: TOKEN})
        links = client.projects.get(24, lazy=True).releases.get(f"by-{carrier}", lazy=True).links
        assert links.create({"name": "a", "url": "https://e.com/a"}).id == 1
    anonymous = gitlab.Gitlab(service.url).projects.get(24, lazy=True).releases.get("by-job_token", lazy=True).links
    assert [link.name for link in anonymous.list(get_all=True)] == ["a"]
    with pytest.raises(gitlab.GitlabCreateError) as refused:
        anonymous.create({"name": "b", "url": "https://e.com/b"})
    assert (refused.value.response_code, refused.value.error_message) == (403, "403 Forbidden")


def run_cli(service, *arguments):
    # Nobody's own configuration takes part.
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    gitlab_cli = ROOT / ".tools/clients/bin/gitlab"
    command = [gitlab_cli, "--server-url", service.url, "--private-token", TOKEN, "-o", "json"]
    release = ["--project-id", "24", "--tag-name", "cli-1.0"]
    command += ["project-release-link", arguments[0], *release, *arguments[1:]]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_the_command_line_creates_lists_changes_and_deletes(service):
    for n in range(1, 46):
        created = run_cli(service, "create", "--name", f"n{n}", "--url", f"https://e.com/{n}")
        assert json.loads(created.stdout)["id"] == n, created
    listed = run_cli(service, "list", "--get-all")
    assert [link["id"] for link in json.loads(listed.stdout)] == list(range(45, 0, -1)), listed
    assert run_cli(service, "update", "--id", "45", "--name", "renamed").returncode == 0
    got = run_cli(service, "get", "--id", "45")
    assert json.loads(got.stdout)["name"] == "renamed", got
    assert run_cli(service, "delete", "--id", "45").returncode == 0
    gone = run_cli(service, "get", "--id", "45")
    assert gone.returncode == 1 and "404 Not found" in gone.stderr, gone
