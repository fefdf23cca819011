"""What the tests publish: releases with few, many, odd and no files."""

import hashlib
import os
import subprocess

import httpx

from local_service import ROOT, TOKEN

COMMIT = "6104942438c14ec7bd21c6cd5bd995272b3faff6"
NOTES = """\
Downloads resume after a broken connection, and the indexer needs half the memory.

# Upgrading

Stop the service, replace the program and start it again. The format of `state.db` has not
changed; see [the upgrade guide](https://example.com/upgrade).

```sh
systemctl stop app
install -m 755 app-2.0-linux-amd64 /usr/local/bin/app
systemctl start app
```

## Changes

- The indexer reads files of any size.
  - It needs *half* the memory.
- [x] Windows on Arm
- [ ] FreeBSD

> Thanks to all who reported the slow start on spinning disks.

| platform | package | size |
| --- | --- | ---: |
| Linux | app-2.0-linux-amd64.tar.gz | 12.4 MB |
| macOS | app-2.0.dmg | 18.0 MB |

The option `--legacy` is gone, ~~deprecated since 1.4~~.
"""


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def file(name, link_type="package", host="files.example.com", filepath=True, hashed=True):
    """The attributes of a link with a permanent URL and a digest, if it shall have them."""
    link = {"name": name, "url": f"https://{host}/{name.replace(' ', '-')}", "link_type": link_type}
    link |= {"direct_asset_path": f"/bin/{name}"} if filepath else {}
    return link | ({"digest": digest(name)} if hashed else {})


FEW = [
    file("app-2.0-linux-amd64.tar.gz"),
    file("app-2.0-linux-arm64.tar.gz", hashed=False),
    file("app-2.0-windows-amd64.exe"),
    file("app-2.0.dmg"),
    file("app:2.0", "image", "registry.example.com", filepath=False, hashed=False),
    file("Rolling back to 1.9", "runbook", "wiki.example.com", filepath=False, hashed=False),
    file("checksums.txt", "other", hashed=False),
    file("checksums.txt.asc", "other", filepath=False, hashed=False),
]
MANY = [
    file(
        f"app-1.9-target-{n:03}.tar.gz",
        "package" if n < 160 else "other",
        filepath=n % 5 > 0,
        hashed=n % 3 > 0,
    )
    for n in range(200)
]
ODD_NAMES = [
    "installer_" + "x86_64-unknown-linux-musl_" * 9,
    "w" * 255,
    "תוכנה-2.0.dmg",
    "تطبيق-2.0.dmg",
    "👩" * 255,
    "<script>alert(1)</script>\"'&amp;",
    "\u202egpj.exe",
    "a  b\tc\nd",
]
ODD = [
    {
        "name": name,
        "url": f"https://{'host.' * 30}example.com/{number}",
        "direct_asset_path": f"/odd/{number}bc",
        "digest": digest(name),
    }
    for number, name in enumerate(ODD_NAMES)
]
ODD_NOTES = f"""\
# כותרת

הערות בעברית, `code` and Latin.

{"word" * 200}

| {" | ".join("abcdefgh")} |
{"| --- " * 8}|
| {" | ".join(["some longer words"] * 8)} |

<b>bold</b> ![picture](https://example.com/picture.png) [relative](/x)
"""
RELEASES = [
    {"tag_name": "v1.8", "released_at": "2026-06-01T09:00:00Z"},
    {
        "tag_name": "v1.9",
        "name": "App 1.9",
        "released_at": "2026-09-14T06:30:00Z",
        "description": NOTES,
        "assets": {"links": MANY[::-1]},
    },
    {
        "tag_name": "release/" + "v" * 200,
        "name": "גרסה 2.0 של התוכנה <b>" + "o" * 200,
        "released_at": "2026-10-02T23:59:59Z",
        "description": ODD_NOTES,
        "assets": {"links": ODD},
    },
    {
        "tag_name": "v2.0",
        "name": "App 2.0",
        "released_at": "2026-11-26T15:43:00Z",
        "ref": COMMIT,
        "description": NOTES,
        "assets": {"links": FEW[::-1]},
    },
    {"tag_name": "v3.0-rc1", "name": "App 3.0", "released_at": "2099-01-01T00:00:00Z"},
]


def publish(service, body, project=24, token=TOKEN):
    """Creates a release, and returns it."""
    response = httpx.post(
        f"{service.url}/api/v4/projects/{project}/releases",
        json=body,
        headers={"PRIVATE-TOKEN": token},
        timeout=30,
    )
    assert response.status_code == 201, response.text
    return response.json()


def manage(service, *arguments):
    """Runs the operator's command as the service says, and returns what it prints."""
    line = next(line for line in service.lines if line.endswith("release-links-admin token list"))
    settings = dict(word.split("=", 1) for word in line.split() if "=" in word)
    result = subprocess.run(
        [ROOT / "target/debug/release-links-admin", *arguments],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def publish_all(service):
    """Publishes everything, and returns the pages to look at by their names."""
    for number in range(20):
        publish(
            service,
            {"tag_name": f"v1.7.{number}", "released_at": f"2025-03-{number + 1:02}T12:00:00Z"},
        )
    for body in RELEASES:
        publish(service, body)
    manage(
        service,
        "project",
        "create",
        "--id",
        "25",
        "--path",
        "group/empty",
        "--visibility",
        "public",
    )
    releases = f"{service.url}/group/app/-/releases"
    return {
        "list": releases,
        "older": f"{releases}?page=2",
        "release": f"{releases}/v2.0",
        "many": f"{releases}/v1.9",
        "odd": f"{releases}/{RELEASES[2]['tag_name']}",
        "bare": f"{releases}/v3.0-rc1",
        "empty": f"{service.url}/group/empty/-/releases",
        "missing": f"{releases}/none",
        "home": f"{service.url}/",
    }
