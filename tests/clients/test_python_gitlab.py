"""Tests the service with the unmodified python-gitlab, both its library and its command line."""

import json
import os
import subprocess

import gitlab
import pytest

from local_service import ROOT, TOKEN
from releases import get_release, link, release, tags


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
    assert client.version() == ("18.0.0", "Unknown")
    project = client.projects.get("group/app")
    assert (project.id, project.path_with_namespace, project.visibility) == (24, "group/app", "public")
    assert project.permissions["project_access"]["access_level"] == gitlab.const.AccessLevel.DEVELOPER
    assert project.members_all.get(1).access_level == gitlab.const.AccessLevel.DEVELOPER
    assert project.branches.list(get_all=True) == []
    with pytest.raises(gitlab.GitlabGetError) as error:
        client.projects.get("group/unknown")
    assert (error.value.response_code, error.value.error_message) == (404, "404 Project Not Found")


def releases(service):
    """Returns the releases of a project. The library has fetched the project, so it names it by its ID."""
    return gitlab.Gitlab(service.url, private_token=TOKEN).projects.get("group/app").releases


def test_library_creates_a_release_with_links(service):
    tag, commit = "py/2.0+b", "6104942438c14ec7bd21c6cd5bd995272b3faff6"
    app = {"name": "app", "url": "https://e.com/app", "direct_asset_path": "/bin/app"}
    doc = {"name": "doc", "url": "https://e.com/doc", "link_type": "runbook"}
    created = releases(service).create({
        "tag_name": tag, "name": "App 2.0", "description": "- faster", "ref": commit,
        "assets": {"links": [app, doc]},
    })
    links = [
        link(service, tag, 2, "doc", "https://e.com/doc", link_type="runbook"),
        link(service, tag, 1, "app", "https://e.com/app", "/bin/app"),
    ]
    expected = release(service, created.attributes, tag, "App 2.0", "- faster", commit, links)
    assert get_release(service, tag) == expected
    fetched = releases(service).get(tag)
    for shown in [created, fetched]:
        assert {name: shown.attributes[name] for name in expected} == expected
    assert [asset.id for asset in fetched.links.list(get_all=True)] == [2, 1]
    assert fetched.links.create({"name": "sums", "url": "https://e.com/sums"}).id == 3
    fetched.links.delete(1)
    assert [asset["id"] for asset in get_release(service, tag)["assets"]["links"]] == [3, 2]


def test_library_lists_the_releases_newest_first(service):
    manager = releases(service)
    made = [f"page-{n}" for n in range(1, 46)]
    for tag in made:
        manager.create({"tag_name": tag})
    manager.create({"tag_name": "old", "released_at": "2019-01-03T01:55:18.203Z"})
    listed = [shown.tag_name for shown in manager.list(get_all=True)]
    assert listed[:45] == made[::-1] and listed[-1] == "old"
    page = manager.list(iterator=True)
    assert (page.total, page.per_page) == (len(listed), 20)
    oldest = manager.list(order_by="released_at", sort="asc", per_page=1, page=1)
    assert [shown.released_at for shown in oldest] == ["2019-01-03T01:55:18.203Z"]


def test_library_updates_a_release(service):
    manager = releases(service)
    created = manager.create({"tag_name": "py/update", "name": "old", "description": "old"})
    created.name = "new"
    created.save()
    manager.update("py/update", {"released_at": "2019-01-03T01:55:18Z", "description": "new"})
    changes = {"name": "new", "description": "new", "released_at": "2019-01-03T01:55:18.000Z"}
    expected = release(service, created.attributes, "py/update") | changes
    assert get_release(service, "py/update") == expected


def test_library_deletes_a_release(service):
    manager = releases(service)
    manager.create({"tag_name": "py/gone"})
    manager.delete("py/gone")
    assert "py/gone" not in tags(service)


def test_library_receives_the_errors_of_releases(service):
    manager = releases(service)
    manager.create({"tag_name": "py/taken"})
    with pytest.raises(gitlab.GitlabCreateError) as taken:
        manager.create({"tag_name": "py/taken"})
    with pytest.raises(gitlab.GitlabGetError) as missing:
        manager.get("none")
    with pytest.raises(gitlab.GitlabUpdateError) as not_updated:
        manager.update("none", {"name": "a"})
    with pytest.raises(gitlab.GitlabDeleteError) as not_deleted:
        manager.delete("none")
    errors = [raised.value for raised in [taken, missing, not_updated, not_deleted]]
    assert [(error.response_code, error.error_message) for error in errors] == [
        (409, "Release already exists"), (404, "404 Not Found"),
        (403, "403 Forbidden"), (403, "403 Forbidden"),
    ]


def run_cli(service, resource, action, *arguments):
    # Isolate the command from the developer's own configuration.
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    gitlab_cli = ROOT / ".tools/clients/bin/gitlab"
    command = [gitlab_cli, "--server-url", service.url, "--private-token", TOKEN, "-o", "json"]
    command += [resource, action, "--project-id", "24", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_command_line_manages_links(service):
    def run(action, *arguments):
        return run_cli(service, "project-release-link", action, "--tag-name", "cli-1.0", *arguments)

    for n in range(1, 46):
        created = run("create", "--name", f"n{n}", "--url", f"https://e.com/{n}")
        assert json.loads(created.stdout)["id"] == n, created
    listed = run("list", "--get-all")
    assert [found["id"] for found in json.loads(listed.stdout)] == list(range(45, 0, -1)), listed
    assert run("update", "--id", "45", "--name", "renamed").returncode == 0
    fetched = run("get", "--id", "45")
    assert json.loads(fetched.stdout)["name"] == "renamed", fetched
    assert run("delete", "--id", "45").returncode == 0
    deleted = run("get", "--id", "45")
    assert deleted.returncode == 1 and "404 Not found" in deleted.stderr, deleted


def test_command_line_manages_releases(service):
    def run(action, *arguments):
        return run_cli(service, "project-release", action, *arguments)

    tag = ["--tag-name", "cli/2.0"]
    created = run("create", *tag, "--name", "App", "--description", "- faster", "--ref", "main")
    made = json.loads(created.stdout)
    assert made == release(service, made, "cli/2.0", "App", "- faster"), created
    assert get_release(service, "cli/2.0") == json.loads(run("get", *tag).stdout) == made
    repeated = run("create", *tag)
    assert repeated.returncode == 1 and "409: Release already exists" in repeated.stderr, repeated
    assert run("update", *tag, "--description", "- fast").returncode == 0
    listed = run("list", "--get-all")
    assert made | {"description": "- fast"} in json.loads(listed.stdout), listed
    assert run("delete", *tag).returncode == 0
    assert "cli/2.0" not in tags(service)
    fetched = run("get", *tag)
    assert fetched.returncode == 1 and "404: 404 Not Found" in fetched.stderr, fetched
