"""Requests to the Releases API, and the bodies that it returns for the seeded project and token."""

import json
import urllib.request
from urllib.parse import quote

from local_service import TOKEN


def request(service, path, body=None):
    """Sends a GET, or a POST of the body, to the path below `/projects/24/releases`."""
    message = urllib.request.Request(
        f"{service.url}/api/v4/projects/24/releases{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"PRIVATE-TOKEN": TOKEN, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(message, timeout=30) as response:
        return json.load(response)


def get_release(service, tag):
    """Returns the release as the service has it."""
    return request(service, "/" + quote(tag, safe=""))


def tags(service):
    """Returns the tags of all releases but the seeded one, newest first."""
    listed = [release["tag_name"] for release in request(service, "?per_page=100")]
    return [tag for tag in listed if tag != "v0.1"]


def link(service, tag, link_id, name, url, filepath=None, link_type="other"):
    """Returns the body of a link, in a release or alone."""
    downloads = f"{service.url}/group/app/-/releases/{quote(tag, safe='')}/downloads"
    return {
        "id": link_id, "name": name, "url": url, "external": True,
        "direct_asset_url": downloads + filepath if filepath else url, "link_type": link_type,
    }


def release(service, shown, tag, name=None, description=None, ref="", links=()):
    """Returns the body of a release as the seeded token sees it; only its time is `shown`'s."""
    made = shown["created_at"]
    return {
        "name": name or tag, "tag_name": tag, "description": description,
        "created_at": made, "released_at": made, "upcoming_release": False,
        "author": {
            "id": 1, "username": "token_1", "name": "documentation", "state": "active",
            "avatar_url": None, "web_url": f"{service.url}/token_1",
        },
        "commit": {
            "id": ref, "short_id": ref[:8], "created_at": made, "parent_ids": [],
            "title": "", "message": "", "author_name": "", "author_email": "",
            "authored_date": made, "committer_name": "", "committer_email": "",
            "committed_date": made,
        },
        "assets": {"count": len(links), "sources": [], "links": list(links)},
        "evidences": [],
        "_links": {"self": f"{service.url}/group/app/-/releases/{quote(tag, safe='')}"},
    }
