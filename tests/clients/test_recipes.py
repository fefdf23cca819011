"""Follows docs/release-tools.md from publishing a file to running it, with every publisher and every installer."""

import re

import pytest

from local_service import TOKEN, start, stop
from loopback import free_port
from publishers import PUBLISHERS
from recipes import GLAB, IS_DEBIAN, IS_LINUX_X64, NODE, PAGE, Workplace, recipe
from releases import get_release, link
from web_server import archive, serve

LINUX, MACOS = "app-linux-x64.tar.gz", "app-macos-arm64.tar.gz"
# The recipes of these publishers name both files, those of the others only the first one.
BOTH = ["curl", "release_it", "python_semantic_release"]


@pytest.fixture(scope="module")
def files():
    """A web server with the files of version 1.2.0; its URL."""
    contents = {LINUX: archive("app 1.2.0"), MACOS: archive("the wrong file")}
    with serve({f"/app/1.2.0/{name}": content for name, content in contents.items()}) as server:
        yield server.url


@pytest.fixture(scope="module", params=PUBLISHERS, ids=lambda publisher: publisher.__name__)
def published(request, files, tmp_path_factory):
    """A separate service for each publisher, which has published v1.2.0."""
    if request.param.__name__ == "glab" and not IS_DEBIAN:
        pytest.skip("glab comes from Debian's archive")
    service = start(tmp_path_factory.mktemp("state") / "dynamodb.sqlite", free_port())
    request.param(Workplace(tmp_path_factory.mktemp(request.param.__name__), service, files))
    yield service, request.param.__name__
    assert stop(service) == 0


def test_the_publisher_names_each_link_after_its_file(published, files):
    service, publisher = published
    expected = [
        link(service, "v1.2.0", link_id, name, f"{files}/app/1.2.0/{name}", f"/{name}", "package")
        for link_id, name in enumerate([LINUX, MACOS] if publisher in BOTH else [LINUX], 1)
    ]
    assert get_release(service, "v1.2.0")["assets"]["links"] == expected[::-1]


@pytest.fixture
def place(published, files, tmp_path):
    return Workplace(tmp_path, published[0], files)


def test_curl_installs_what_was_published(place):
    assert place.run(recipe("curl", "sh", "LATEST=")) == "app 1.2.0\n"


@pytest.mark.skipif(not IS_DEBIAN, reason="glab comes from Debian's archive")
def test_glab_installs_what_was_published(place):
    place.environment |= place.sign_in_with_glab(TOKEN)
    assert place.run(recipe("glab", "sh", "mkdir"), GLAB) == "app 1.2.0\n"


@pytest.mark.skipif(not IS_LINUX_X64, reason="npm has mise only for Linux on x64")
def test_mise_installs_what_was_published(place):
    place.write("mise.toml", recipe("mise", "toml", "[tools]\n"))
    assert place.run(recipe("mise", "sh"), NODE) == "app 1.2.0\n"


def test_every_recipe_names_a_link_after_its_file():
    code = "\n".join(re.findall(r"^```\w+\n(.*?)^```$", PAGE, re.M | re.S))
    found = re.findall(r'(?:filepath|direct_asset_path)"?[:=] ?"?/([^"\s]+|{{.*?}})"', code)
    objects = r'"(?:name|label)": "([^"]+)",\s+"url": "[^"]+/([^"/]+)",\s+"(?:filepath|direct_asset_path)": "/([^"]+)"'
    forms = r'"name=([^"]+)"[^"]+"url=[^"]+/([^"/]+)"[^"]+"filepath=/([^"]+)"'
    links = re.findall(objects, code) + re.findall(forms, code)
    assert len(links) == len(found) == 9, (links, found)
    for name, file, path in links:
        assert name == file == path
        is_variable = name in ["$file", "{{ .ArtifactName }}"]
        assert is_variable or re.search(r"-(linux|macos|windows)-(x64|arm64)\.", name), name
