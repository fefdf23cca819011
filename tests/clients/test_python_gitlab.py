"""Tests the service with the unmodified python-gitlab, both its library and its command line."""

import json
import os
import subprocess

import gitlab
import pytest

from conftest import ROOT, TOKEN


def manager(service, tag):
    client = gitlab.Gitlab(service.url, private_token=TOKEN)
    return client.projects.get("group/app", lazy=True).releases.get(tag, lazy=True).links


def test_library_manages_links(service):
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


def test_library_receives_the_errors(service):
    links = manager(service, "py-errors")
    links.create({"name": "a", "url": "https://e.com/a"})
    with pytest.raises(gitlab.GitlabCreateError) as error:
        links.create({"name": "a", "url": "https://e.com/a"})
    assert error.value.response_code == 400
    assert error.value.error_message == ["Url has already been taken", "Name has already been taken"]
    with pytest.raises(gitlab.GitlabGetError) as not_found:
        links.get(99)
    assert (not_found.value.response_code, not_found.value.error_message) == (404, "404 Not found")
    with pytest.raises(gitlab.GitlabDeleteError):
        links.delete(99)
    with pytest.raises(gitlab.GitlabUpdateError):
        links.update(99, {"name": "b"})


def test_library_authenticates_as_the_token_user(service):
    client = gitlab.Gitlab(service.url, private_token=TOKEN)
    client.auth()
    assert (client.user.id, client.user.username, client.user.name) == (1, "token_1", "documentation")
    with pytest.raises(gitlab.GitlabAuthenticationError) as error:
        gitlab.Gitlab(service.url, private_token="junk").auth()
    assert (error.value.response_code, error.value.error_message) == (401, "401 Unauthorized")


def test_library_authenticates_with_every_kind_of_token(service):
    for kind in ["private_token", "oauth_token", "job_token"]:
        client = gitlab.Gitlab(service.url, **{kind: TOKEN})
        links = client.projects.get(24, lazy=True).releases.get(f"by-{kind}", lazy=True).links
        assert links.create({"name": "a", "url": "https://e.com/a"}).id == 1
    anonymous = gitlab.Gitlab(service.url).projects.get(24, lazy=True).releases.get("by-job_token", lazy=True).links
    assert [link.name for link in anonymous.list(get_all=True)] == ["a"]
    with pytest.raises(gitlab.GitlabCreateError) as error:
        anonymous.create({"name": "b", "url": "https://e.com/b"})
    assert (error.value.response_code, error.value.error_message) == (403, "403 Forbidden")


def test_library_reads_what_release_tools_ask_first(service):
    client = gitlab.Gitlab(service.url, private_token=TOKEN)
    assert client.version() == ("18.0.0", "0.1.0")
    project = client.projects.get("group/app")
    assert (project.id, project.path_with_namespace, project.visibility) == (24, "group/app", "public")
    assert project.permissions["project_access"]["access_level"] == gitlab.const.AccessLevel.DEVELOPER
    assert project.members_all.get(1).access_level == gitlab.const.AccessLevel.DEVELOPER
    assert project.branches.list(get_all=True) == []
    with pytest.raises(gitlab.GitlabGetError) as error:
        client.projects.get("group/unknown")
    assert (error.value.response_code, error.value.error_message) == (404, "404 Project Not Found")


def run_cli(service, *arguments):
    # Isolate the command from the developer's own configuration.
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    gitlab_cli = ROOT / ".tools/clients/bin/gitlab"
    command = [gitlab_cli, "--server-url", service.url, "--private-token", TOKEN, "-o", "json"]
    release = ["--project-id", "24", "--tag-name", "cli-1.0"]
    command += ["project-release-link", arguments[0], *release, *arguments[1:]]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_command_line_manages_links(service):
    for n in range(1, 46):
        created = run_cli(service, "create", "--name", f"n{n}", "--url", f"https://e.com/{n}")
        assert json.loads(created.stdout)["id"] == n, created
    listed = run_cli(service, "list", "--get-all")
    assert [link["id"] for link in json.loads(listed.stdout)] == list(range(45, 0, -1)), listed
    assert run_cli(service, "update", "--id", "45", "--name", "renamed").returncode == 0
    fetched = run_cli(service, "get", "--id", "45")
    assert json.loads(fetched.stdout)["name"] == "renamed", fetched
    assert run_cli(service, "delete", "--id", "45").returncode == 0
    deleted = run_cli(service, "get", "--id", "45")
    assert deleted.returncode == 1 and "404 Not found" in deleted.stderr, deleted
