"""The feed of releases, as a program for feeds reads it."""

import feedparser
import httpx
import pytest

from local_service import start, stop
from loopback import free_port
from published import ODD_NOTES, RELEASES, manage, publish


def read(url):
    """Reads a feed, which has to be well-formed."""
    response = httpx.get(url, timeout=30)
    assert response.status_code == 200, response.text
    feed = feedparser.parse(response.content, response_headers=dict(response.headers))
    assert not feed.bozo, feed.bozo_exception
    assert feed.version == "atom10"
    return feed


@pytest.fixture(scope="module")
def feed(service, pages):
    return read(f"{pages['list']}.atom")


def test_the_feed_has_the_newest_releases_that_are_out(feed):
    titles = [
        release.get("name") or release["tag_name"]
        for release in RELEASES
        if "rc" not in release["tag_name"]
    ]
    older = [f"v1.7.{number}" for number in range(19, 3, -1)]
    assert [entry.title for entry in feed.entries] == [titles[-1], "v0.1", *titles[-2::-1], *older][
        :20
    ]


def test_the_feed_names_its_page_and_itself(feed, pages):
    links = {link.rel: (link.href, link.get("type")) for link in feed.feed.links}
    assert links == {
        "alternate": (pages["list"], "text/html"),
        "self": (f"{pages['list']}.atom", "application/atom+xml"),
    }
    assert [entry.link for entry in feed.entries if entry.title == "App 2.0"] == [pages["release"]]


def test_the_notes_are_html_without_what_markdown_must_not_become(feed):
    [entry] = [entry for entry in feed.entries if entry.title == RELEASES[2]["name"]]
    [content] = entry.content
    assert "<b>" in ODD_NOTES and content.type == "text/html"
    assert "&lt;b&gt;bold&lt;/b&gt; picture relative" in content.value
    assert "<code>code</code> and Latin" in content.value


def test_the_ids_stay_where_the_project_and_the_service_move(tmp_path):
    state, ids = tmp_path / "dynamodb.sqlite", []
    running = start(state, free_port())
    publish(running, {"tag_name": "v1"})
    publish(
        running, {"tag_name": "v2/<&>", "name": "\u0001", "description": "\u0001 \u202e & <x>\n"}
    )
    feeds = [read(f"{running.url}/group/app/-/releases.atom")]
    manage(running, "project", "update", "24", "--path", "group/renamed")
    feeds.append(read(f"{running.url}/group/renamed/-/releases.atom"))
    assert stop(running) == 0
    moved = start(state, free_port())
    feeds.append(read(f"{moved.url}/group/renamed/-/releases.atom"))
    assert stop(moved) == 0
    ids = [[feed.feed.id, *(entry.id for entry in feed.entries)] for feed in feeds]
    assert ids[0] == ids[1] == ids[2]
    assert len(set(ids[0])) == 4
