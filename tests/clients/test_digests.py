"""Compares a downloaded file with the digest of its link, by the recipe in docs/release-tools.md."""

import hashlib
import shutil

import pytest

from recipes import Workplace, recipe
from releases import request
from web_server import serve

FILE = "app-linux-x64.tar.gz"
CONTENT = b"one" * 100_000
pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
VERIFY = recipe("curl", "sh", "FILE=")


@pytest.fixture
def server():
    with serve({f"/app/1.2.0/{FILE}": CONTENT}) as server:
        yield server


@pytest.fixture
def place(service, server, tmp_path):
    """A folder to which the published file may be downloaded."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    asset = {"name": FILE, "url": f"{server.url}/app/1.2.0/{FILE}", "filepath": f"/{FILE}", "digest": digest}
    posted = request(service, "", {"tag_name": f"v1/{tmp_path.name}", "assets": {"links": [asset]}})
    assert posted["assets"]["links"][0]["digest"] == f"sha256:{digest}"
    return Workplace(tmp_path, service)


def test_the_recipe_accepts_the_file_that_was_released(place):
    assert place.run(VERIFY) == f"{FILE}: OK\n"
    assert (place.folder / FILE).read_bytes() == CONTENT


def test_the_recipe_refuses_a_file_without_a_digest(place, service, server):
    asset = {"name": FILE, "url": f"{server.url}/app/1.2.0/{FILE}"}
    request(service, "", {"tag_name": f"v2/{place.folder.name}", "assets": {"links": [asset]}})
    with pytest.raises(AssertionError, match="no properly formatted"):
        place.run(VERIFY)


def test_the_recipe_refuses_a_file_that_was_changed_by_one_byte(place, server):
    server.contents[f"/app/1.2.0/{FILE}"] = CONTENT[:-1] + b"E"
    with pytest.raises(AssertionError, match=f"{FILE}: FAILED"):
        place.run(VERIFY)
