"""The page of a release with the keyboard, a screen reader, the clipboard, and on paper."""

from pathlib import Path

import chromium
import published

FILES = [link["name"] for link in published.FEW]
PERMANENT = [link["name"] for link in published.FEW if "direct_asset_path" in link]
TREE = Path(__file__).with_name("release.yaml")


def test_screen_readers_find_headings_lists_and_names(used, service):
    assert used["tree"].replace(service.url, "https://links.example.com") + "\n" == TREE.read_text()


def test_the_tab_key_reaches_every_link_and_button_in_the_order_of_the_page(used):
    of_files = []
    for name in FILES:
        of_files += [name, f"Copy URL of {name}"]
        of_files += [f"Copy curl command for {name}"] if name in PERMANENT else []
    assert [stop["name"] for stop in used["stops"]] == [
        "group/app",
        "Latest release",
        "All releases",
        "Feed",
        "Release notes ↓",
        *of_files,
        "SHA256SUMS",
        "the upgrade guide",
        "Release as JSON",
        "release-links",
    ]


def test_the_focus_is_visible_on_targets_of_24_pixels(used):
    # A link in a sentence may be as high as its line.
    in_sentences = ["SHA256SUMS", "the upgrade guide"]
    targets = [stop for stop in used["stops"] if stop["name"] not in in_sentences]
    assert [stop for stop in targets if min(stop["width"], stop["height"]) < 24] == []
    assert {stop["outline"] for stop in used["stops"]} == {"solid 2px"}


def test_targets_are_larger_for_fingers(used):
    assert used["onPhone"]["lowest"] >= 44


def test_the_tab_key_reaches_what_scrolls_and_without_a_script_nothing_does(used):
    assert used["onPhone"]["scrolling"] == [{"tag": "PRE", "tabIndex": 0}]
    assert used["onPhoneWithoutScript"]["scrolling"] == []


def test_each_button_copies_what_it_names_and_says_so(pages, service):
    downloads = f"{service.url}/group/app/-/releases/v2.0/downloads/bin"
    expected = []
    for link in published.FEW:
        name = link["name"]
        copies = {f"URL of {name}": link["url"]}
        if name in PERMANENT:
            command = f"curl -fL -o {name} {downloads}/{name}"
            if "digest" in link:
                command += f" &&\necho '{link['digest']}  {name}' | sha256sum -c"
            copies = {
                f"URL of {name}": f"{downloads}/{name}",
                f"curl command for {name}": command,
            }
        for what, copied in copies.items():
            expected.append(
                {"name": f"Copy {what}", "said": f"Copied the {what}", "copied": copied}
            )
    assert chromium.run("copy.mjs", url=pages["release"]) == expected


def test_a_refused_clipboard_is_said(used):
    assert used["refusal"] == f"Could not copy the URL of {PERMANENT[0]}"


def test_without_a_script_the_page_lacks_only_its_buttons(used):
    assert used["withoutScript"]["buttons"] == 0
    assert all(f"\n{name}\n" in used["withoutScript"]["text"] for name in FILES)


def test_over_plain_http_the_page_lacks_only_its_buttons(used):
    assert used["overPlainHttp"] == used["withoutScript"]


def test_paper_shows_the_page_without_its_links_to_other_pages(used):
    whole = used["withoutScript"]["text"]
    for links in [
        "Latest release\nAll releases\nFeed\n",
        "Release notes ↓\n",
        "\n\nRelease as JSON\nServed by release-links",
    ]:
        assert whole.count(links) == 1
        whole = whole.replace(links, "")
    assert whole == used["onPaper"]
