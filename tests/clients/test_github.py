"""Moves releases from GitHub by the recipe in docs/operations.md, with answers in the form of GitHub's API."""

import hashlib
import json
import re
import shutil
import subprocess

import pytest

from local_service import ROOT, admin

PAGES = [ROOT / f"tests/clients/github/releases-{page}.json" for page in (1, 2)]
DOWNLOADS = "https://github.com/octo-org/octo-app/releases/download"
SECTION = (ROOT / "docs/operations.md").read_text().split("\n### Releases of GitHub\n")[1].split("\n## ")[0]
RECIPE = next(block for block in re.findall(r"^```sh\n(.*?)^```$", SECTION, re.M | re.S) if block.startswith("jq "))

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


def digest(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def link(tag, number, name, created_at, filepath=True, **more):
    optional = {"filepath": f"/{name}"} if filepath else {}
    return {
        "type": "link", "project": 25, "tag": tag, "id": number, "name": name, "url": f"{DOWNLOADS}/{tag.replace('/', '%2F')}/{name}",
        "link_type": "other", "created_at": created_at, **optional, **more,
    }


def release(tag, created_at, released_at, last_link_id, **more):
    times = {"created_at": created_at, "released_at": released_at}
    return {"type": "release", "project": 25, "tag": tag, **times, "last_link_id": last_link_id, **more}


# The earliest first. The draft and the asset that was never uploaded are not there.
EXPECTED = [
    {"type": "project", "id": 25, "path": "octo-org/octo-app", "visibility": "private"},
    release("cli/v1.0.0", "2023-05-06T07:08:09.000000Z", "2023-05-06T07:30:00.000000Z", 110000001, name="", description=""),
    link("cli/v1.0.0", 110000001, "octo-app.jar", "2023-05-06T07:20:00.000000Z"),
    release("v2.0.0-rc.1", "2026-02-03T10:00:00.000000Z", "2026-02-03T10:15:00.000000Z", 0),
    release(
        "v2.0.0", "2026-03-02T07:59:58.000000Z", "2026-03-02T08:30:00.000000Z", 310000010,
        name="2.0 🦀", description="## Changes\r\n\r\n* größer, schneller\r\n", immutable_at="2026-03-02T08:30:00.000000Z",
    ),
    link("v2.0.0", 310000007, "octo-app-linux-x64.tar.gz", "2026-03-02T08:21:00.000000Z", digest=digest("linux")),
    link("v2.0.0", 310000008, "octo-app_2.0.0+build.7_amd64.deb", "2026-03-02T08:21:40.000000Z", filepath=False, digest=digest("deb")),
    link("v2.0.0", 310000009, "octo-app-windows-x64.zip", "2026-03-02T08:22:10.000000Z", digest=digest("windows")),
]


def convert(folder, pages):
    """Runs the recipe on these answers, one after the other in one file, and returns the lines after the first one."""
    (folder / "github.json").write_bytes(b"".join(page.read_bytes() for page in pages))
    script = RECIPE.replace("group/app", "octo-org/octo-app").replace("id 24", "id 25")
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, check=True)
    header, *lines = map(json.loads, (folder / "github.jsonl").read_text().splitlines())
    assert header == {"format": "release-links", "version": 1, "exported_at": header["exported_at"]}
    return lines


def test_a_repository_without_releases_gives_a_project(tmp_path):
    (tmp_path / "empty.json").write_text("[]\n")
    assert convert(tmp_path, [tmp_path / "empty.json"]) == EXPECTED[:1]


def test_releases_of_github_are_imported_with_their_links_dates_and_digests(service, tmp_path):
    assert convert(tmp_path, PAGES) == EXPECTED
    imported = admin(service, f"import --file {tmp_path / 'github.jsonl'}")
    assert imported == "created 1 project, 3 releases and 4 links"
    lines = admin(service, "export --project octo-org/octo-app").splitlines()[1:]
    exported = [json.loads(line) for line in lines]
    # The recipe leaves out the number of links, which an export has.
    assert [line.pop("links") for line in exported if line["type"] == "release"] == [1, 0, 3]
    assert exported == EXPECTED
