//! The page of a release.

use serde_json::json;

use testkit::app::TestApp;

use super::document::Page;
use super::{DIGEST, RELEASES, create, with_all_types};

const PAGE: &str = "/group/app/-/releases/v1";

#[tokio::test]
async fn the_files_come_before_the_notes_in_the_order_of_their_types() {
    let app = TestApp::start().await;
    create(&app, with_all_types()).await;
    let page = Page::of(&app.get(PAGE).await);
    assert_eq!(page.texts("title"), ["One · group/app"]);
    assert_eq!(page.texts("h1"), ["One"]);
    assert_eq!(page.texts("h2"), ["Files", "Release notes"]);
    let groups = [
        "Packages",
        "Images",
        "Runbooks",
        "Other files",
        "Verify downloads",
        "Notes",
    ];
    assert_eq!(
        page.texts("h3"),
        groups,
        "a heading of the notes moves down"
    );
    assert_eq!(page.texts("time"), ["26 November 2026, 15:43 UTC"]);
    assert_eq!(page.values("time", "datetime"), ["2026-11-26T15:43:42Z"]);
    assert_eq!(page.texts("em"), ["important"]);
    let codes = page.texts("code");
    assert!(codes.contains(&"0123456789abcdef0123456789abcdef01234567".to_owned()));
    assert!(codes.contains(&DIGEST.to_owned()));
}

#[tokio::test]
async fn a_file_leads_to_its_permanent_url_or_else_to_its_url() {
    let app = TestApp::start().await;
    create(&app, with_all_types()).await;
    let page = Page::of(&app.get(PAGE).await);
    let files: Vec<_> = page
        .all("a")
        .filter(|link| link.attributes.get("rel").map(String::as_str) == Some("nofollow noopener"))
        .map(|link| (link.text.clone(), link.attributes["href"].clone()))
        .collect();
    let permanent = "http://127.0.0.1:9000/group/app/-/releases/v1/downloads/bin/pkg.tar.gz";
    let file = |name: &str, href: &str| (name.to_owned(), href.to_owned());
    let expected = [
        file("pkg", permanent),
        file("img", "https://img.example.com/f"),
        file("run", "https://run.example.com/f"),
        file("misc", "https://misc.example.com/f"),
    ];
    assert_eq!(files, expected);
    let command = format!(
        "curl -fL -o pkg.tar.gz {permanent} &&\necho '{DIGEST}  pkg.tar.gz' | sha256sum -c"
    );
    let mut copied = vec![permanent, &command];
    copied.extend(expected[1..].iter().map(|(_, href)| href.as_str()));
    assert_eq!(page.values("button", "data-copy"), copied);
    let hosts: Vec<_> = page.texts("bdi");
    assert!(hosts.contains(&"pkg.example.com".to_owned()), "{hosts:?}");
}

#[tokio::test]
async fn a_release_with_digests_names_its_checksum_file_unless_a_link_has_that_name() {
    let app = TestApp::start().await;
    let file = json!({"name": "a", "url": "https://e.com/a", "digest": DIGEST});
    let own = json!({"name": "b", "url": "https://e.com/b", "direct_asset_path": "/SHA256SUMS"});
    let plain = json!({"name": "c", "url": "https://e.com/c"});
    let sums = "http://127.0.0.1:9000/group/app/-/releases/v1/downloads/SHA256SUMS";
    let cases = [
        (json!([file]), vec![(sums, "SHA256SUMS")]),
        (json!([file, own]), vec![(sums, "b")]),
        (json!([plain]), vec![]),
    ];
    for (links, expected) in cases {
        let body = json!({"tag_name": "v1", "assets": {"links": links}});
        create(&app, body).await;
        let page = Page::of(&app.get(PAGE).await);
        let found = page
            .all("a")
            .map(|link| (link.attributes["href"].as_str(), &*link.text));
        let found: Vec<_> = found.filter(|(href, _)| href.ends_with("SUMS")).collect();
        assert_eq!(found, expected);
        let deleted = app.delete(&format!("{RELEASES}/v1")).await;
        assert_eq!(deleted.status, 200);
    }
}

#[tokio::test]
async fn a_release_without_a_name_and_without_files_has_the_tag_as_its_title() {
    let app = TestApp::start().await;
    let invisible = ["", " ", "\u{200b}", "\u{2060}\u{feff}", "\u{3000}\u{200b} "];
    let names = invisible.map(|name| json!(name)).into_iter();
    for (n, name) in names.chain([json!(null)]).enumerate() {
        let tag = format!("t/{n}");
        create(&app, json!({"tag_name": tag, "name": name})).await;
        let path = format!("/group/app/-/releases/{tag}");
        let page = Page::of(&app.get(&path).await);
        assert_eq!(page.texts("h1"), [tag.as_str()]);
        assert!(
            page.texts("p")
                .contains(&"This release has no files.".to_owned())
        );
        assert!(!page.texts("h2").contains(&"Release notes".to_owned()));
    }
}

#[tokio::test]
async fn the_state_of_a_release_is_on_its_page() {
    let app = TestApp::start().await;
    let body = json!({"tag_name": "v1", "released_at": "2999-01-01", "immutable": true});
    create(&app, body).await;
    create(&app, json!({"tag_name": "v2"})).await;
    let page = Page::of(&app.get(PAGE).await);
    assert!(page.texts("p").contains(&"No files yet.".to_owned()));
    let spans = page.texts("span");
    assert!(spans.contains(&"Upcoming".to_owned()), "{spans:?}");
    assert!(spans.contains(&"Immutable".to_owned()), "{spans:?}");
    let page = Page::of(&app.get("/group/app/-/releases/v2").await);
    let spans = page.texts("span");
    assert!(!spans.contains(&"Upcoming".to_owned()), "{spans:?}");
    assert!(!spans.contains(&"Immutable".to_owned()), "{spans:?}");
}

/// A name that XML forbids in part, or that runs from right to left, stays in its element.
#[tokio::test]
async fn odd_names_are_shown_without_their_control_characters() {
    let app = TestApp::start().await;
    let controls: String = (1..0x20_u8).map(char::from).collect();
    let names = [
        format!("a{controls}b"),
        "\u{1f600}".repeat(255),
        "שלום".to_owned(),
        "app\u{202e}gpj.exe".to_owned(),
        "w".repeat(255),
    ];
    let links = names.iter().enumerate();
    let links = links.map(|(n, name)| json!({"name": name, "url": format!("https://e.com/{n}")}));
    let links: Vec<_> = links.collect();
    let description = "x".repeat(300_000);
    let body = json!({"tag_name": "v1", "name": &names[0], "description": description,
        "assets": {"links": links}});
    create(&app, body).await;
    let page = Page::of(&app.get(PAGE).await);
    let shown: Vec<_> = page
        .all("bdi")
        .map(|element| element.text.clone())
        .collect();
    let is_allowed = |c: char| c >= ' ' || matches!(c, '\t' | '\n' | '\r');
    let texts = page.0.iter().map(|element| &element.text);
    assert!(texts.flat_map(|text| text.chars()).all(is_allowed));
    assert!(shown.contains(&names[1]) && shown.contains(&names[2]));
    assert!(
        shown.contains(&"app\u{fffd}gpj.exe".to_owned()),
        "{shown:?}"
    );
    assert_eq!(
        page.all("p")
            .filter(|text| text.text.len() == 300_000)
            .count(),
        1
    );
}

/// GitLab's rules accept such URLs (D7).
#[tokio::test]
async fn a_link_without_a_host_leads_nowhere() {
    let app = TestApp::start().await;
    let link = |(n, url): (usize, &str)| json!({"name": format!("file {n}"), "url": url});
    let urls = ["http:///x", "http:h", "https://:80/x", "http://user@/x"];
    let links: Vec<_> = urls.into_iter().enumerate().map(link).collect();
    create(&app, json!({"tag_name": "v1", "assets": {"links": links}})).await;
    let page = Page::of(&app.get(PAGE).await);
    let expected = ["v1", "file 0", "file 1", "file 2", "file 3"];
    let shown = page.texts("bdi");
    let shown = shown.iter().filter(|text| !text.starts_with("group/"));
    assert_eq!(
        shown.collect::<Vec<_>>(),
        expected[1..].iter().collect::<Vec<_>>()
    );
    let hrefs = page.values("a", "href");
    assert!(hrefs.iter().all(|href| !urls.contains(href)), "{hrefs:?}");
}

#[tokio::test]
async fn a_description_that_renders_to_nothing_has_no_section() {
    let app = TestApp::start().await;
    let descriptions = ["[a]: https://e.com", " \n ", "\u{a0}", "", "text"];
    for (n, description) in descriptions.into_iter().enumerate() {
        let tag = format!("n{n}");
        create(&app, json!({"tag_name": tag, "description": description})).await;
        let page = Page::of(&app.get(&format!("/group/app/-/releases/{tag}")).await);
        let has_notes = page.texts("h2").contains(&"Release notes".to_owned());
        assert_eq!(has_notes, description == "text", "{description}");
    }
}

#[tokio::test]
async fn a_link_with_ftp_keeps_its_address() {
    let app = TestApp::start().await;
    let links = json!([{"name": "f", "url": "ftp://files.example.com:21/a b\"c"}]);
    create(&app, json!({"tag_name": "v1", "assets": {"links": links}})).await;
    let page = Page::of(&app.get(PAGE).await);
    let uri = "ftp://files.example.com:21/a%20b%22c";
    assert!(page.values("a", "href").contains(&uri));
    assert!(
        page.texts("bdi")
            .contains(&"files.example.com:21".to_owned())
    );
}
