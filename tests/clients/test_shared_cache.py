"""Downloads, and publishes, through a shared cache that is configured as edge.yaml configures CloudFront."""

import contextlib
import http.client
import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from local_service import ROOT, TOKEN, Service, start, stop
from loopback import free_port
from recipes import IS_DEBIAN
from shared_cache import start_cache
# Collected here, these run through the cache.
from test_semantic_release import repository, test_releases_are_published_with_their_asset_links  # noqa: F401
from test_python_gitlab import test_library_creates_a_release_with_links, test_library_manages_links  # noqa: F401
from test_glab import glab, test_create_makes_a_release_with_asset_links  # noqa: F401
from test_tokens_travel import admin

pytestmark = pytest.mark.skipif(not IS_DEBIAN, reason="nginx comes from Debian's archive")

RELEASES = "/api/v4/projects/24/releases"
DOWNLOADS = "/group/app/-/releases/v0.1/downloads"
SHORT = 3
"""Seconds for which the second cache keeps a download."""


def send(port, method, path, body=None, **headers):
    """Sends a request with the path exactly as given, and returns the status, the headers and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        body, headers["Content-Type"] = json.dumps(body), "application/json"
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    found = response.status, response.headers, response.read().decode()
    connection.close()
    return found


def location(port, path, **headers):
    status, found, _ = send(port, "GET", path, **headers)
    return status, found["Location"]


def create_link(port, name, url=None, project=24, token=TOKEN, tag="v0.1"):
    body = {"name": name, "url": url or f"https://e.com/{name}", "filepath": f"/bin/{name}"}
    path = f"/api/v4/projects/{project}/releases/{tag}/assets/links"
    status, _, text = send(port, "POST", path, body, PRIVATE_TOKEN=token)
    assert status == 201, text
    return f"{path}/{json.loads(text)['id']}"


@contextlib.contextmanager
def run(folder, seconds):
    """The service with a cache in front, which is its public URL."""
    folder.mkdir(exist_ok=True)
    port, origin_port = free_port(), free_port()
    settings = {"PUBLIC_URL": f"http://127.0.0.1:{port}", "SHARED_CACHE_SECONDS": str(seconds)}
    origin = start(folder / "dynamodb.sqlite", origin_port, **settings)
    assert origin.process.poll() is None, origin.lines
    create_link(origin_port, "probe")
    status, headers, _ = send(origin_port, "GET", f"{DOWNLOADS}/bin/probe")
    assert status == 302
    try:
        with start_cache(folder, port, origin_port, headers["Cache-Control"]) as cache:
            yield cache, origin
    finally:
        if origin.process.poll() is None:
            stop(origin)


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    with run(tmp_path_factory.mktemp("edge"), 600) as running:
        yield running


@pytest.fixture(scope="module")
def cache(edge):
    return edge[0]


@pytest.fixture(scope="module")
def service(edge):
    """What real clients see."""
    cache, origin = edge
    return Service(cache.port, origin.lines, origin.process, origin.reader)


@pytest.fixture(scope="module")
def private(service):
    """A token for the private project 25, which has the link `secret`."""
    admin(service, "project create --id 25 --path group/private --visibility private")
    token = admin(service, "token create --label private --grant 25=developer")
    create_link(service.port, "secret", project=25, token=token)
    return token


def test_2000_downloads_of_a_file_are_one_call(cache):
    create_link(cache.port, "popular")
    path = f"{DOWNLOADS}/bin/popular"
    connection = http.client.HTTPConnection("127.0.0.1", cache.port, timeout=30)
    for _ in range(2_000):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert (response.status, response.headers["Location"]) == (302, "https://e.com/popular")
    connection.close()
    assert cache.calls(path) == 1


def test_smoke_passes_and_reports_that_the_cache_answers(service):
    command = ["make", "--no-print-directory", "smoke", f"API_URL={service.url}"]
    environment = {**os.environ, "TOKEN": admin(service, "token create --label smoke --grant 24=developer")}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    row = "a download that was answered before"
    [seen] = [line.removeprefix(row).split("  ") for line in result.stdout.splitlines() if line.startswith(row)]
    assert "no call of the function (X-Cache: HIT)" in [cell.strip() for cell in seen]


def test_curl_publishes_and_downloads(cache):
    url = f"{cache.url}{RELEASES}/v0.1/assets/links"
    data = ["--data", "name=curl", "--data", "url=https://e.com/curl", "--data", "filepath=/bin/curl"]
    curl = ["curl", "--silent", "--show-error", "--fail", "--max-time", "30"]
    created = subprocess.run([*curl, "--header", f"PRIVATE-TOKEN: {TOKEN}", *data, url], capture_output=True, check=True)
    permanent = json.loads(created.stdout)["direct_asset_url"]
    assert permanent == f"{cache.url}{DOWNLOADS}/bin/curl"
    for _ in range(2):
        found = subprocess.run([*curl, "--write-out", "%{redirect_url}", permanent], capture_output=True, check=True)
        assert found.stdout == b"https://e.com/curl"
    assert cache.calls(f"{DOWNLOADS}/bin/curl") == 1


def test_private_downloads_and_errors_are_never_kept(cache, private):
    path = "/group/private/-/releases/v0.1/downloads/bin/secret"
    for header in ["PRIVATE_TOKEN", "JOB_TOKEN"]:
        assert location(cache.port, path, **{header: private}) == (302, "https://e.com/secret")
    assert location(cache.port, path) == (404, None)
    assert location(cache.port, path, Authorization=f"Bearer {private}") == (302, "https://e.com/secret")
    assert location(cache.port, path, PRIVATE_TOKEN="unknown") == (401, None)
    assert location(cache.port, path, PRIVATE_TOKEN="unknown") == (401, None)
    assert location(cache.port, path) == (404, None)
    assert cache.calls(path) == 7


def test_an_unknown_token_gets_401_although_the_download_is_kept(cache):
    create_link(cache.port, "kept")
    path = f"{DOWNLOADS}/bin/kept"
    assert location(cache.port, path) == (302, "https://e.com/kept")
    assert location(cache.port, path, PRIVATE_TOKEN="unknown") == (401, None)
    assert location(cache.port, path) == (302, "https://e.com/kept")


def test_two_callers_at_once_get_their_own_answers(cache, private):
    with ThreadPoolExecutor(8) as threads:
        for n in range(10):
            create_link(cache.port, f"at-once-{n}", project=25, token=private)
            path = f"/group/private/-/releases/v0.1/downloads/bin/at-once-{n}"
            allowed = [threads.submit(location, cache.port, path, PRIVATE_TOKEN=private) for _ in range(4)]
            others = [threads.submit(location, cache.port, path) for _ in range(4)]
            assert {one.result() for one in allowed} == {(302, f"https://e.com/at-once-{n}")}
            assert {one.result() for one in others} == {(404, None)}


def test_a_link_that_was_missing_is_found_right_after_its_creation(cache):
    path = f"{DOWNLOADS}/bin/late"
    assert location(cache.port, path) == (404, None)
    create_link(cache.port, "late")
    assert location(cache.port, path) == (302, "https://e.com/late")


@pytest.mark.parametrize("tag", ["a%2Fb", "a%23b", "a+b", "a%20b", "a%2F-%2Freleases%2Fb", "e/-/releases/f"])
def test_a_path_means_the_same_with_and_without_the_cache(edge, tag):
    cache, origin = edge
    create_link(cache.port, "path", f"https://e.com/{tag}", tag=tag)
    for path in ["bin/path", "bin//path", "bin/path?a=%2F", "bin/path?a=/", "bin/none", "bin/x%2F..%2Fpath"]:
        path = f"/group/app/-/releases/{tag}/downloads/{path}"
        expected = location(origin.port, path)
        assert [location(cache.port, path) for _ in range(2)] == [expected, expected], path


def test_a_question_mark_in_a_tag_is_refused_through_the_cache_too(edge):
    cache, origin = edge
    body = {"name": "a", "url": "https://e.com/a"}
    path = f"{RELEASES}/a%3Fb/assets/links"
    assert [send(port, "POST", path, body, PRIVATE_TOKEN=TOKEN)[0] for port in [origin.port, cache.port]] == [400, 400]


def test_every_header_reaches_the_service_where_the_tag_looks_like_a_permanent_url(cache):
    body = {"name": "once", "url": "https://e.com/once"}
    path = f"{RELEASES}/c/-/releases/d/assets/links"
    answers = [send(cache.port, "POST", path, body, PRIVATE_TOKEN=TOKEN, Idempotency_Key="once") for _ in range(2)]
    assert [(status, headers["Idempotent-Replayed"]) for status, headers, _ in answers] == [(201, None), (201, "true")]


def test_a_change_is_seen_after_the_time_and_nothing_expired_while_the_service_fails(tmp_path):
    with run(tmp_path / "short", SHORT) as (cache, origin):
        link = create_link(cache.port, "changing", "https://e.com/before")
        path = f"{DOWNLOADS}/bin/changing"
        assert location(cache.port, path) == (302, "https://e.com/before")
        kept_since = time.monotonic()
        status, _, text = send(cache.port, "PUT", link, {"url": "https://e.com/after"}, PRIVATE_TOKEN=TOKEN)
        assert status == 200, text
        assert location(origin.port, path) == (302, "https://e.com/after")
        while (seen := location(cache.port, path)) == (302, "https://e.com/before"):
            assert time.monotonic() - kept_since < SHORT + 2, "the edge keeps it for longer than the service says"
            time.sleep(0.1)
        # nginx counts whole seconds.
        assert seen == (302, "https://e.com/after") and time.monotonic() - kept_since > SHORT - 1
        stop(origin)
        time.sleep(SHORT + 1)
        assert location(cache.port, path)[0] == 502
