"""Tests the service with the unmodified glab, GitLab's own command-line tool."""

import json
import subprocess

import pytest

from local_service import TOKEN
from recipes import GLAB, IS_DEBIAN, Workplace
from releases import get_release, link, release, request, tags

COMMIT = "6104942438c14ec7bd21c6cd5bd995272b3faff6"
APP = {
    "name": "app", "url": "https://e.com/app",
    "direct_asset_path": "/bin/app", "link_type": "package",
}
DOC = {"name": "doc", "url": "https://e.com/doc"}

pytestmark = pytest.mark.skipif(not IS_DEBIAN, reason="glab comes from Debian's archive")


@pytest.fixture(scope="module")
def glab(service, tmp_path_factory):
    """Runs a command of `glab release`, and returns its exit code and its output."""
    place = Workplace(tmp_path_factory.mktemp("glab"), service)
    signed_in = place.sign_in_with_glab(TOKEN)
    environment = place.environment | signed_in | {"GLAMOUR_STYLE": "notty"}

    def run(*arguments):
        command = [GLAB / "glab", "release", *arguments, "--repo", "group/app"]
        result = subprocess.run(
            command, cwd=place.folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
        )
        return result.returncode, result.stdout

    return run


def doc_and_app(service, tag):
    """Returns the release as the service has it, and the bodies that its two links should have."""
    found = get_release(service, tag)
    second, first = [asset["id"] for asset in found["assets"]["links"]]
    assert first < second
    return found, [
        link(service, tag, second, "doc", "https://e.com/doc"),
        link(service, tag, first, "app", "https://e.com/app", "/bin/app", "package"),
    ]


def test_create_makes_a_release_with_asset_links(service, glab):
    tag = "glab/v1.0+b"
    options = ["--ref", COMMIT, "--name", "App 1.0", "--notes", "- faster"]
    code, printed = glab("create", tag, *options, "--assets-links", json.dumps([APP, DOC]))
    assert code == 0, printed
    found, links = doc_and_app(service, tag)
    assert found == release(service, found, tag, "App 1.0", "- faster", COMMIT, links)
    assert f"Release created:\turl={found['_links']['self']}\n" in printed
    for asset in links:
        line = f"Added release asset\tname={asset['name']} url={asset['direct_asset_url']}\n"
        assert line in printed


def test_create_without_a_ref_makes_a_release_of_the_default_branch(service, glab):
    code, printed = glab("create", "no-ref", "--notes", "x")
    assert code == 0 and "Release created:" in printed, printed
    found = get_release(service, "no-ref")
    assert found == release(service, found, "no-ref", description="x")


def test_create_of_an_existing_release_updates_it(service, glab):
    made = request(service, "", {"tag_name": "again", "name": "old", "description": "old"})
    code, printed = glab("create", "again", "--ref", "main", "--name", "new", "--notes", "- new")
    assert code == 0 and "Release updated\turl=" in printed, printed
    assert get_release(service, "again") == made | {"name": "new", "description": "- new"}


def test_upload_adds_asset_links(service, glab):
    request(service, "", {"tag_name": "up/1"})
    code, printed = glab("upload", "up/1", "--assets-links", json.dumps([APP, DOC]))
    assert code == 0, printed
    found, links = doc_and_app(service, "up/1")
    assert found == release(service, found, "up/1", links=links)
    assert f"Added release asset\tname=app url={links[1]['direct_asset_url']}\n" in printed
    code, printed = glab("upload", "up/1", "--assets-links", json.dumps([DOC]))
    assert code == 1 and "Name has already been taken" in printed, printed
    assert get_release(service, "up/1") == found


def test_view_prints_a_release(service, glab):
    tag = "view/1.0"
    body = {"tag_name": tag, "name": "App", "description": "faster", "ref": COMMIT}
    made = request(service, "", body | {"assets": {"links": [APP, DOC]}})
    _, [doc, app] = doc_and_app(service, tag)
    for arguments in [["view", tag], ["view"]]:
        code, printed = glab(*arguments)
        assert code == 0 and printed.startswith("App\ndocumentation released this "), printed
        assert f"\n61049424 - {tag}\n" in printed and "\n  faster" in printed
        assert f"\nASSETS\ndoc\t{doc['url']}\napp\t{app['direct_asset_url']}\n" in printed
        assert printed.endswith(f"View this release on GitLab at {made['_links']['self']}\n")
    code, printed = glab("view", "none")
    assert code == 1 and "release does not exist. error=404 Not Found" in printed, printed


def test_list_prints_the_releases(service, glab):
    for tag in ["list/1", "list/2"]:
        request(service, "", {"tag_name": tag, "name": f"App {tag[-1]}"})
    code, printed = glab("list")
    assert code == 0, printed
    count = len(tags(service)) + 1
    assert printed.startswith(f"Showing {count} releases on group/app."), printed
    newest = [line.split("\t")[:2] for line in printed.splitlines() if "\t" in line][:2]
    assert newest == [["App 2", "list/2"], ["App 1", "list/1"]]


def test_delete_removes_a_release(service, glab):
    request(service, "", {"tag_name": "gone/1", "assets": {"links": [APP]}})
    code, printed = glab("delete", "gone/1", "--yes")
    assert code == 0 and 'Release "gone/1" deleted.' in printed, printed
    assert "gone/1" not in tags(service)
    code, printed = glab("delete", "gone/1", "--yes")
    assert code == 1 and "error=404 Not Found" in printed, printed
