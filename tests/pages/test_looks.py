"""What a browser shows of every page, narrow and wide, light and dark.

The screenshots are in target/pages.
"""

import pytest

import chromium
from conftest import SHOTS
from web_server import serve

PAGES = ["list", "older", "release", "many", "odd", "bare", "empty", "missing", "home"]
MISSING = "Failed to load resource: the server responded with a status of 404 (Not Found)"
LOOKS = [(width, scheme) for width in (360, 1440) for scheme in ("light", "dark")]


def by_look(page, observed):
    """Returns what was observed in each width and scheme."""
    return {(look["width"], look["colorScheme"]): look[observed] for look in page["looks"]}


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(looked, name):
    assert by_look(looked[name], "axe") == {look: [] for look in LOOKS}


@pytest.mark.parametrize("name", PAGES)
def test_html_validate_finds_nothing(looked, name):
    assert looked[name]["invalid"] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_requests_nothing_but_its_document(looked, name):
    assert by_look(looked[name], "requests") == {look: [looked[name]["url"]] for look in LOOKS}


@pytest.mark.parametrize("name", PAGES)
def test_the_console_stays_empty(looked, name):
    # The browser itself reports the status of a document that is not there.
    messages = [MISSING] if name == "missing" else []
    assert by_look(looked[name], "messages") == {look: messages for look in LOOKS}


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_the_window(looked, name):
    assert by_look(looked[name], "overflow") == {look: 0 for look in LOOKS}


@pytest.mark.parametrize("name", PAGES)
def test_width_and_colour_scheme_leave_the_text_as_it_is(looked, name):
    assert len(set(by_look(looked[name], "text").values())) == 1


BAD = b"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Bad</title>
<style>p { width: 3000px; color: #ccc; }</style></head><body><main><h1>Bad</h1>
<p style="margin: 0">pale</p><img src="/pixel"></main><script>console.log("said")</script>
</body></html>"""


def test_a_bad_page_is_told_from_a_good_one(looked):
    with serve({"/bad": BAD}) as server:
        url = f"{server.url}/bad"
        [page] = chromium.run("look.mjs", folder=str(SHOTS), pages={"bad": url}).values()
    look = page["looks"][0]
    assert look["requests"] == [url, f"{server.url}/pixel"]
    assert [text.split(":")[0] for text in look["axe"]] == ["color-contrast", "image-alt"]
    assert sorted(look["messages"]) == [MISSING, "said"]
    assert look["overflow"] > 2000
    assert [text.split(": ")[1] for text in page["invalid"]] == ["no-inline-style", "wcag/h37"]
    for picture in SHOTS.glob("bad-*.png"):
        picture.unlink()
