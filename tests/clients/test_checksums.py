"""Refuses a file that was changed after its release, by the recipes in docs/release-tools.md."""

import hashlib
import io
import json
import re
import shutil
import urllib.request
import zipfile

import jsonpath
import pytest

from local_service import TOKEN, admin
from recipes import GLAB, IS_DEBIAN, IS_LINUX_X64, NODE, Workplace, recipe
from releases import get_release, link, request
from web_server import archive, serve

LINUX, MACOS, WINDOWS = "app-linux-x64.tar.gz", "app-macos-arm64.tar.gz", "app-windows-x64.zip"
PUBLISH = recipe("Checksums", "sh", "digest()")
SCOOP_AND_HOMEBREW = "Scoop and Homebrew"

needs_glab = pytest.mark.skipif(not IS_DEBIAN, reason="glab comes from Debian's archive")
needs_mise = pytest.mark.skipif(not IS_LINUX_X64, reason="npm has mise only for Linux on x64")
needs_shasum = pytest.mark.skipif(shutil.which("shasum") is None, reason="shasum is not installed")
needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


def zipped(name, content):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archived:
        archived.writestr(name, content)
    return packed.getvalue()


FILES = {LINUX: archive("app 1.2.0"), MACOS: archive("app for macOS"), WINDOWS: zipped("app.exe", "app for Windows")}
DIGESTS = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}


@pytest.fixture(scope="module")
def running_server():
    with serve({}) as server:
        yield server


@pytest.fixture
def server(running_server):
    """The web server with the files as they were released."""
    running_server.contents = {f"/app/1.2.0/{name}": content for name, content in FILES.items()}
    return running_server


@pytest.fixture(scope="module")
def published(service, running_server, tmp_path_factory):
    """The place of the publisher, who has followed the recipe."""
    place = Workplace(tmp_path_factory.mktemp("publisher"), service, running_server.url)
    for name, content in FILES.items():
        (place.folder / name).write_bytes(content)
    place.run(PUBLISH, TOKEN=TOKEN)
    return place


@pytest.fixture(scope="module")
def private_token(service, published):
    """A read-only token for the private project group/private, which has the same release."""
    admin(service, "project create --id 25 --path group/private --visibility private")
    writer = admin(service, "token create --label writer --grant 25=developer")
    published.run(in_private_project(PUBLISH), TOKEN=writer)
    return admin(service, "token create --label install --grant 25=guest --scope read_api")


def in_private_project(text):
    return text.replace("group/app", "group/private").replace("group%2Fapp", "group%2Fprivate")


@pytest.fixture
def place(service, published, server, tmp_path):
    """An empty folder of somebody who installs."""
    return Workplace(tmp_path, service, server.url)


def empty(place):
    shutil.rmtree(place.folder)
    place.folder.mkdir()


def change_one_byte(server):
    for path, content in server.contents.items():
        # In an archive, this byte belongs to the time of the compression, so nothing but the digest shows the change.
        server.contents[path] = content[:4] + bytes([content[4] ^ 1]) + content[5:]


def test_the_publishers_recipe_lists_each_file_with_its_digest_and_the_checksum_file(service, published, server):
    names = [*FILES]
    urls = [f"{server.url}/app/1.2.0/{name}" for name in names]
    expected = [
        link(service, "v1.2.0", link_id, name, url, f"/{name}", "package") | {"digest": f"sha256:{DIGESTS[name]}"}
        for link_id, (name, url) in enumerate(zip(names, urls), 1)
    ]
    sums = f"{service.url}/group/app/-/releases/v1.2.0/downloads/SHA256SUMS"
    expected.append(link(service, "v1.2.0", 4, "SHA256SUMS", sums) | {"external": False})
    assert get_release(service, "v1.2.0")["assets"]["links"] == expected[::-1]
    with urllib.request.urlopen(sums, timeout=30) as response:
        assert response.read().decode() == "".join(f"{DIGESTS[name]}  {name}\n" for name in names)


def test_the_publishers_recipe_creates_no_release_if_a_file_is_missing(place):
    script = PUBLISH.replace("v1.2.0", "v1.3.0")
    with pytest.raises(AssertionError, match="Links digest is invalid: write sha256: and 64 hexadecimal digits"):
        place.run(script, TOKEN=TOKEN)


def sha256sum(place):
    return place.run(recipe("Checksums", "sh", "LATEST="))


def shasum(place):
    return place.run(recipe("Checksums", "sh", "LATEST=").replace("sha256sum", "shasum -a 256"))


def checksum_file_of_one_file(place):
    return place.run(recipe("Checksums", "sh", "FILE="))


def download(place, url, digest):
    """Downloads a file and verifies it, as package managers do with the URL and the digest of a manifest."""
    name = url.rsplit("/", 1)[1]
    return place.run(f"curl --fail --location --remote-name '{url}' && echo '{digest}  {name}' | sha256sum --check")


def homebrew(place):
    formula = place.run(recipe(SCOOP_AND_HOMEBREW, "sh"))
    return download(place, *re.fullmatch('url "(.+)"\nsha256 "([0-9a-f]{64})"\n', formula).groups())


def select(path, url):
    """The only value at a JSONPath of a response."""
    with urllib.request.urlopen(url, timeout=30) as response:
        [found] = jsonpath.findall(path, json.load(response))
    return found


def scoop(place):
    """Updates the manifest as Scoop's `checkver` does, and downloads what it then names."""
    manifest = json.loads(place.fill_in(recipe(SCOOP_AND_HOMEBREW, "json")))
    check, update = manifest["checkver"], manifest["autoupdate"]
    version = re.search(check["regex"], select(check["jsonpath"], check["url"]))[1]
    url, source = [text.replace("$version", version) for text in [update["url"], update["hash"]["url"]]]
    path = update["hash"]["jsonpath"].replace("$basename", url.rsplit("/", 1)[1])
    return download(place, url, select(path, source).removeprefix("sha256:"))


def glab(place, token=TOKEN, in_project=lambda text: text):
    place.environment |= place.sign_in_with_glab(token)
    place.run(in_project(recipe("glab", "sh", "mkdir")).split("\n")[0], GLAB)
    return place.run(recipe("glab", "sh", "(cd downloads"))


def mise(place):
    place.write("mise.toml", recipe("mise", "toml", "[tools]\n"))
    return place.run(recipe("mise", "sh"), NODE)


TOOLS = [
    pytest.param(sha256sum, f"{LINUX}: OK\napp 1.2.0\n", f"{LINUX}: FAILED\n", id="sha256sum"),
    pytest.param(shasum, f"{LINUX}: OK\napp 1.2.0\n", f"{LINUX}: FAILED\n", id="shasum", marks=needs_shasum),
    pytest.param(checksum_file_of_one_file, f"{LINUX}: OK\n", f"{LINUX}: FAILED\n", id="checksum file of one file"),
    pytest.param(homebrew, f"{MACOS}: OK\n", f"{MACOS}: FAILED\n", id="digest for Homebrew", marks=needs_jq),
    pytest.param(scoop, f"{WINDOWS}: OK\n", f"{WINDOWS}: FAILED\n", id="digest for Scoop"),
    pytest.param(glab, "".join(f"{name}: OK\n" for name in FILES), f"{LINUX}: FAILED\n", id="glab", marks=needs_glab),
    pytest.param(mise, "app 1.2.0\n", f"Checksum mismatch for .*/{LINUX}:\nExpected: sha256:{DIGESTS[LINUX]}\n", id="mise", marks=needs_mise),
]


@pytest.mark.parametrize("tool, accepted, refused", TOOLS)
def test_the_file_that_was_released_is_installed_and_a_changed_one_refused(place, server, tool, accepted, refused):
    assert tool(place) == accepted
    empty(place)
    change_one_byte(server)
    with pytest.raises(AssertionError, match=refused):
        tool(place)
    assert not (place.folder / "app").exists()
    assert not [*place.folder.glob(".local/share/mise/installs/*/1.2.0/app")]


@needs_jq
def test_the_recipe_for_homebrew_fails_if_the_link_has_no_digest(service, place):
    asset = {"name": MACOS, "url": f"{place.files}/app/1.2.0/{MACOS}"}
    body = {"tag_name": "v9", "released_at": "2000-01-01T00:00:00Z", "assets": {"links": [asset]}}
    request(service, "", body)
    with pytest.raises(AssertionError, match="the link has no digest"):
        place.run(recipe(SCOOP_AND_HOMEBREW, "sh").replace("permalink/latest", "v9"))


def test_no_name_of_another_link_disturbs_the_verification(service, place):
    names = ["😀" * 255, "SHA256SUMS", "-", "a\nb", "a\u2028b", "\\", "../a", "\u202egnp.a", " a", "*a", "\ufeff"]
    links = [{"name": name, "url": f"https://e.com/{number}", "digest": "0" * 64} for number, name in enumerate(names)]
    links.append({"name": "app", "url": f"{place.files}/app/1.2.0/{LINUX}", "filepath": f"/{LINUX}", "digest": DIGESTS[LINUX]})
    body = {"tag_name": "v8", "released_at": "2000-01-01T00:00:00Z", "assets": {"links": links}}
    request(service, "", body)
    script = recipe("Checksums", "sh", "LATEST=").replace("permalink/latest", "v8")
    assert place.run(script) == f"{LINUX}: OK\napp 1.2.0\n"


def test_sha256sum_fails_if_no_file_has_a_line(place):
    script = recipe("Checksums", "sh", "LATEST=").replace("sha256sum", f"mv {LINUX} other.tar.gz\nsha256sum")
    with pytest.raises(AssertionError, match="SHA256SUMS: no file was verified"):
        place.run(script)


def test_scoop_finds_the_digest_in_the_checksum_file_too(service, published):
    url = f"{service.url}/group/app/-/releases/v1.2.0/downloads/{WINDOWS}.sha256"
    with urllib.request.urlopen(url, timeout=30) as response:
        text = response.read().decode()
    # The expression of Scoop's autoupdate for a file that is more than a digest.
    found = re.search(rf"([a-fA-F0-9]{{32,128}})[\x20\t]+.*{re.escape(WINDOWS)}(?:\s|$)", text)
    assert found[1] == DIGESTS[WINDOWS]


def install_with_mise(place, toml, **environment):
    """Installs and runs the file, and returns what mise says when it is verbose, and what the file prints."""
    place.write("mise.toml", toml)
    script = recipe("mise", "sh").replace("mise install", "mise install --verbose 2>&1")
    return place.run(script, NODE, **environment)


def settings(version="1.2.0"):
    return recipe("mise", "toml", "[tools]\n").replace("1.2.0", version)


@needs_glab
def test_glab_saves_the_checksum_file_of_a_private_project_too(place, private_token):
    assert glab(place, private_token, in_private_project) == "".join(f"{name}: OK\n" for name in FILES)


@needs_mise
def test_mise_says_that_it_verifies_the_file(place):
    output = install_with_mise(place, settings())
    assert f"Found checksum for {LINUX} from SHA256SUMS: sha256:{DIGESTS[LINUX]}\n" in output
    assert f"[2/3] checksum {LINUX}\n" in output
    assert output.endswith("\napp 1.2.0\n")


def publish_old(service, server, version, name=None):
    """Publishes an old release, with or without a link to one of its checksum files."""
    url = f"{service.url}/group/app/-/releases/v{version}/downloads"
    asset = {"name": LINUX, "url": f"{server.url}/app/1.2.0/{LINUX}", "filepath": f"/{LINUX}", "digest": DIGESTS[LINUX]}
    file = name if name and name.startswith(LINUX) else "SHA256SUMS"
    links = [asset, *([{"name": name, "url": f"{url}/{file}"}] if name else [])]
    request(service, "", {"tag_name": f"v{version}", "released_at": "2000-01-01T00:00:00Z", "assets": {"links": links}})


# The names in the section about mise.
@needs_mise
@pytest.mark.parametrize("number, name", enumerate(["SHA256SUMS", "SHA256SUMS.txt", "checksums.txt", f"{LINUX}.sha256"], 1))
def test_mise_finds_the_checksum_file_by_these_names(service, place, server, number, name):
    publish_old(service, server, f"0.{number}.0", name)
    change_one_byte(server)
    with pytest.raises(AssertionError, match="Checksum mismatch for file"):
        install_with_mise(place, settings(f"0.{number}.0"))


@needs_mise
@pytest.mark.parametrize("number, name", enumerate([f"*{LINUX}", f" {LINUX}"]))
def test_mise_takes_no_digest_of_another_link(service, place, server, number, name):
    publish_old(service, server, f"0.1{number}.0", "SHA256SUMS")
    other = {"name": name, "url": "https://e.com", "digest": "0" * 64}
    request(service, f"/v0.1{number}.0/assets/links", other)
    output = install_with_mise(place, settings(f"0.1{number}.0"))
    assert f"Found checksum for {LINUX} from SHA256SUMS: sha256:{DIGESTS[LINUX]}\n" in output


@needs_mise
def test_mise_installs_a_changed_file_if_no_link_leads_to_the_checksum_file(service, place, server):
    publish_old(service, server, "0.9.0")
    change_one_byte(server)
    output = install_with_mise(place, settings("0.9.0"))
    assert "Found checksum" not in output and "Failed to fetch" not in output
    assert output.endswith("\napp 1.2.0\n")


@needs_mise
def test_mise_installs_a_changed_file_from_a_private_project(place, server, private_token):
    change_one_byte(server)
    toml = in_private_project(settings())
    output = install_with_mise(place, toml, MISE_GITLAB_ENTERPRISE_TOKEN=private_token)
    sums = f"{place.service.url}/group/private/-/releases/v1.2.0/downloads/SHA256SUMS"
    assert f"Failed to fetch checksum file {sums}: HTTP status client error (404 Not Found)" in output
    assert f"[2/3] generate checksum {LINUX}\n" in output
    assert output.endswith("\napp 1.2.0\n")


@needs_mise
def test_the_setting_checksum_makes_mise_refuse_a_changed_file_from_a_private_project(place, server, private_token):
    toml = in_private_project(recipe("mise", "toml", '[tools."gitlab'))
    for name in [LINUX, MACOS]:
        toml = toml.replace(f"<digest of {name}>", DIGESTS[name])
    assert "<" not in toml
    output = install_with_mise(place, toml, MISE_GITLAB_ENTERPRISE_TOKEN=private_token)
    assert output.endswith("\napp 1.2.0\n")
    empty(place)
    change_one_byte(server)
    with pytest.raises(AssertionError, match=f"Checksum mismatch for .*\n *Expected: sha256:{DIGESTS[LINUX]}\n"):
        install_with_mise(place, toml, MISE_GITLAB_ENTERPRISE_TOKEN=private_token)
