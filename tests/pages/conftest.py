"""Fixtures with a service that has releases, and with what a browser shows of its pages."""

import pytest

import chromium
from local_service import ROOT, start, stop
from loopback import free_port
from published import publish_all

SHOTS = ROOT / "target/pages"


def pytest_collection_modifyitems(items):
    if not chromium.IS_DEBIAN:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="Chromium comes from Debian's archive"))


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """A service with the seeded data and what the tests publish."""
    running = start(tmp_path_factory.mktemp("state") / "dynamodb.sqlite", free_port())
    assert running.process.poll() is None, running.lines
    yield running
    assert stop(running) == 0


@pytest.fixture(scope="session")
def pages(service):
    """The addresses of the published pages by their names."""
    return publish_all(service)


@pytest.fixture(scope="session")
def looked(pages):
    """What a browser shows of each page, in two widths and two colour schemes."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    return chromium.run("look.mjs", folder=str(SHOTS), pages=pages)


@pytest.fixture(scope="session")
def used(pages):
    """What people get out of the page of a release in a browser."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    return chromium.run("use.mjs", folder=str(SHOTS), url=pages["release"])
