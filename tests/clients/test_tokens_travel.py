"""Checks the table in docs/release-tools.md: which tools send the service's token to the host of the file."""

import json
import re
import shutil
import subprocess
import sys
import urllib.request

import httpx
import pytest
import requests

from local_service import admin
from recipes import GLAB, IS_DEBIAN, IS_LINUX_X64, NODE, PAGE, Workplace
from web_server import archive, serve

NAME = "app-linux-x64.tar.gz"
CURL = ["curl", "--fail", "--silent", "--location", "--output", "/dev/null"]
URLLIB = """
import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers={sys.argv[2]: sys.argv[3]}))
"""
FETCH = """
const [url, name, value] = process.argv.slice(1);
const { ok } = await fetch(url, { headers: { [name]: value } });
process.exit(ok ? 0 : 1);
"""
COMMANDS = {
    "curl": lambda url, name, value: [*CURL, "--header", f"{name}: {value}", url],
    "wget": lambda url, name, value: ["wget", "--quiet", "--header", f"{name}: {value}", "--output-document", "/dev/null", url],
    "Python's urllib": lambda *arguments: [sys.executable, "-c", URLLIB, *arguments],
    "Node's fetch": lambda *arguments: ["node", "--input-type=module", "--eval", FETCH, *arguments],
}
LIBRARIES = {
    "requests": lambda url, name, value: requests.get(url, headers={name: value}, timeout=30),
    "httpx": lambda url, name, value: httpx.get(url, headers={name: value}, timeout=30, follow_redirects=True),
}


def rows():
    """Returns the table: the basis of each tool, and whether it sends PRIVATE-TOKEN and Authorization."""
    section = PAGE.split("\n## Tokens travel\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {re.split(r", ", tool.strip("`"))[0]: columns for tool, *columns in cells}


@pytest.fixture(scope="module")
def file_host():
    """A host other than the service's, which serves the file and records the headers of requests."""
    with serve({f"/{NAME}": archive("app 1.2.0")}) as server:
        yield server


def was_sent(file_host, token):
    """Whether the request that was just made contains the token, in whichever header."""
    headers, file_host.headers = file_host.headers, None
    return any(token in value for value in headers.values())


@pytest.fixture(scope="module")
def token(service, file_host):
    """A read-only token for a private project, whose writer has chosen the host of the file."""
    admin(service, "project create --id 25 --path group/private --visibility private")
    writer = admin(service, "token create --label writer --grant 25=developer")
    link = {"name": NAME, "url": f"http://localhost:{file_host.server_port}/{NAME}", "filepath": f"/{NAME}"}
    body = json.dumps({"tag_name": "v1.2.0", "assets": {"links": [link]}}).encode()
    headers = {"PRIVATE-TOKEN": writer, "Content-Type": "application/json"}
    message = urllib.request.Request(f"{service.url}/api/v4/projects/25/releases", body, headers)
    urllib.request.urlopen(message, timeout=30).close()
    return admin(service, "token create --label install --grant 25=guest --scope read_api")


@pytest.fixture
def url(service):
    return f"{service.url}/group/private/-/releases/v1.2.0/downloads/{NAME}"


@pytest.mark.parametrize("header", ["PRIVATE-TOKEN", "JOB-TOKEN", "Authorization"])
@pytest.mark.parametrize("tool", [*COMMANDS, *LIBRARIES])
def test_the_table_says_what_a_tool_sends_to_the_host_of_the_file(url, token, file_host, tool, header):
    if tool == "wget" and not shutil.which("wget"):
        pytest.skip("wget is not installed")
    value = f"Bearer {token}" if header == "Authorization" else token
    if tool in LIBRARIES:
        LIBRARIES[tool](url, header, value).raise_for_status()
    else:
        subprocess.run(COMMANDS[tool](url, header, value), check=True, timeout=30, capture_output=True)
    basis, named, authorization = rows()[tool]
    said = authorization if header == "Authorization" else named
    assert (basis, said.split(",")[0]) == ("tested", "yes" if was_sent(file_host, token) else "no")


def test_the_table_says_that_curl_sends_no_oauth2_bearer(url, token, file_host):
    assert rows()["curl"][2] == "no, since 7.58; nor with `--oauth2-bearer`"
    subprocess.run([*CURL, "--oauth2-bearer", token, url], check=True, timeout=30)
    assert not was_sent(file_host, token)


@pytest.mark.skipif(not IS_DEBIAN, reason="glab comes from Debian's archive")
def test_the_table_says_that_glab_sends_the_token(service, token, file_host, tmp_path):
    basis, named, _ = rows()["glab release download"]
    assert (basis, named.split(";")[0]) == ("tested", "yes, with 1.53")
    place = Workplace(tmp_path, service)
    place.run("glab release download v1.2.0 --repo group/private", GLAB, **place.sign_in_with_glab(token))
    assert was_sent(file_host, token)


@pytest.mark.skipif(not IS_LINUX_X64, reason="npm has mise only for Linux on x64")
def test_the_table_says_that_mise_does_not_send_the_token(service, token, file_host, tmp_path):
    assert rows()["mise"] == ["tested", "–", "no"]
    place = Workplace(tmp_path, service)
    settings = '{ version = "1.2.0", api_url = "https://links.example.com/api/v4" }'
    place.write("mise.toml", f'[tools]\n"gitlab:group/private" = {settings}\n')
    assert place.run("mise install && mise exec -- app", NODE, MISE_GITLAB_ENTERPRISE_TOKEN=token) == "app 1.2.0\n"
    assert not was_sent(file_host, token)


def test_every_tested_row_of_the_table_has_a_test():
    tested = {tool for tool, (basis, *_) in rows().items() if basis == "tested"}
    assert tested == {*COMMANDS, *LIBRARIES, "glab release download", "mise"}
