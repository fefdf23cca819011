"""Installs a file as scripts do: with curl, from an address that names the latest release."""

import hashlib
import json
import subprocess

import pytest

from releases import get_release, link, release, request
from web_server import serve

FILES = {"app-1.0": b"one" * 100_000, "app-2.0": b"two" * 100_000}
ADDRESSES = {
    "web": "/group/app/-/releases/permalink/latest/downloads/bin/app",
    "api": "/api/v4/projects/group%2Fapp/releases/permalink/latest/downloads/bin/app",
}


@pytest.fixture(scope="module")
def files():
    """A web server that hosts the released files; its URL."""
    with serve({f"/{name}": content for name, content in FILES.items()}) as server:
        yield server.url


def publish(service, files, tag, file):
    """Posts a release whose file is at /bin/app, and returns the response."""
    asset = {"name": file, "url": f"{files}/{file}", "link_type": "package"}
    links = [asset | {"direct_asset_path": "/bin/app"}]
    return request(service, "", {"tag_name": tag, "assets": {"links": links}})


def install(service, address, target):
    """Downloads with curl, and returns the file's digest and the number of redirects."""
    command = ["curl", "-fsSL", "--max-time", "30", "--output", target]
    result = subprocess.run(
        [*command, "--write-out", "%{num_redirects}", service.url + address],
        capture_output=True, check=True, text=True,
    )
    return hashlib.sha256(target.read_bytes()).hexdigest(), int(result.stdout)


def test_curl_downloads_the_file_of_the_latest_release(service, files, tmp_path):
    for tag, file in [("install/1.0", "app-1.0"), ("install/2.0+é", "app-2.0")]:
        posted = publish(service, files, tag, file)
        asset = link(service, tag, 1, file, f"{files}/{file}", "/bin/app", "package")
        assert posted == release(service, posted, tag, links=[asset])
        expected = hashlib.sha256(FILES[file]).hexdigest()
        permanent = asset["direct_asset_url"].removeprefix(service.url)
        assert install(service, permanent, tmp_path / "permanent") == (expected, 1)
        for name, address in ADDRESSES.items():
            assert install(service, address, tmp_path / name) == (expected, 2), name


def test_a_script_without_a_token_reads_the_latest_release_without_its_author(service, files):
    publish(service, files, "install/3.0", "app-2.0")
    latest = f"{service.url}/api/v4/projects/24/releases/permalink/latest"
    command = ["curl", "-fsSL", "--max-time", "30", latest]
    shown = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    expected = get_release(service, "install/3.0")
    assert json.loads(shown) == {name: expected[name] for name in expected if name != "author"}
