"""Moves in from GitLab, with answers in the form of GitLab 18, and reads the releases with python-gitlab."""

import json

import gitlab

from local_service import ROOT, admin
from web_server import serve

RECORDED = json.loads((ROOT / "admin/tests/command/gitlab/18.json").read_text())
RELEASES = "/api/v4/projects/1947/releases?order_by=created_at&sort=asc&page=1&per_page=100"
ANSWERS = {"/api/v4/projects/tools%2Fapp": RECORDED["project"], RELEASES: RECORDED["releases"]}


def test_python_gitlab_reads_imported_releases_and_links_by_their_old_names(service):
    with serve({path: json.dumps(answer).encode() for path, answer in ANSWERS.items()}) as old:
        imported = admin(service, f"import --from {old.url} --project tools/app")
    assert imported.splitlines()[0] == "created 1 project, 2 releases and 3 links"
    token = admin(service, "token create --label moved --grant 1947=developer")
    releases = gitlab.Gitlab(service.url, private_token=token).projects.get(1947).releases
    assert [release.tag_name for release in releases.list(get_all=True)] == ["v0.2", "v0.1"]
    for expected in RECORDED["releases"]:
        release = releases.get(expected["tag_name"])
        for name in ["name", "description", "created_at", "released_at"]:
            assert getattr(release, name) == expected[name]
        assert release.commit["id"] == expected["commit"]["id"]
        for link in expected["assets"]["links"]:
            found = release.links.get(link["id"])
            assert (found.name, found.url, found.link_type) == (link["name"], link["url"], link["link_type"])
            assert found.direct_asset_url.split("/-/")[-1] == link["direct_asset_url"].split("/-/")[-1]
    assert releases.get("v0.2").links.create({"name": "new", "url": "https://e.com/new"}).id == 10
