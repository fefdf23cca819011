//! Text of users in pages: it adds no element, no attribute and no scheme.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use testkit::app::TestApp;

use super::document::Page;
use super::{LIST, RELEASES};

/// What browsers have run somewhere, of OWASP's cheat sheets and of reports about Markdown.
const PAYLOADS: [&str; 40] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext></p><style><img src=x onerror=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><input type=submit>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<a href=javascript:alert(1)>x</a>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version=\"1.0\"?><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)",
    "x\" autofocus onfocus=alert(1) y=\"",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#x3c;img src=x onerror=alert(1)&#x3e;",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1)) [y](data:text/html,<script>1</script>)",
    "[x](  &#106;avascript:alert(1)) <javascript:alert(1)>",
    "![x](https://evil.example/x.png)![y](javascript:alert(1))",
    "[x]: javascript:alert(1)\n\n[x] ![x]",
    "{{ 7*7 }}{% include \"x\" %}${7*7}<%= 7*7 %>",
];

/// The kinds of elements, attributes and schemes of both pages of a release.
async fn kinds(app: &TestApp, tag: &str) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    let encoded: String =
        percent_encoding::percent_encode(tag.as_bytes(), percent_encoding::NON_ALPHANUMERIC)
            .to_string();
    for path in [LIST.to_owned(), format!("{LIST}/{encoded}")] {
        let reply = app.get(&path).await;
        assert_eq!(reply.status, 200, "{path}");
        kinds.extend(Page::of(&reply).kinds());
    }
    kinds
}

/// A release with a text in each of its fields that accepts it.
fn with_text(text: &str, tag: &str) -> Value {
    // Line breaks are no part of a URL.
    let in_url: String = text.chars().filter(|c| !c.is_control()).collect();
    json!({
        "tag_name": tag, "name": text, "description": text,
        "assets": {"links": [
            {"name": text, "url": format!("https://e.com/{in_url}"), "direct_asset_path": "/bin/abc"},
            {"name": "plain", "url": format!("https://e.com/?q={in_url}")},
            {"name": "ftp", "url": "ftp://e.com/x"},
        ]},
    })
}

#[tokio::test]
async fn text_of_users_adds_no_element_no_attribute_and_no_scheme() {
    // A description of everything that Markdown may make, and of nothing that it may not.
    let plain = "# a\n\n*b* **c** ~~d~~ `e` [f](https://e.com) [g](mailto:a@e.com)\n\n- h\n\n1. i\n\n> j\n\n    k\n\n---\n";
    let app = TestApp::start().await;
    let mut body = with_text("plain", "plain");
    body["name"] = "Plain".into();
    body["description"] = plain.into();
    body["assets"]["links"][0]["name"] = "text".into();
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    let allowed = kinds(&app, "plain").await;
    assert!(
        allowed.contains("a href https") && allowed.contains("a href ftp"),
        "{allowed:?}"
    );
    assert_eq!(app.delete(&format!("{RELEASES}/plain")).await.status, 200);
    for payload in PAYLOADS {
        let tag: String = payload
            .chars()
            .filter(|c| !c.is_control() && !"?%\\".contains(*c))
            .collect();
        let tag = tag.replace("//", "").trim_matches(['/', ' ']).to_owned();
        let reply = app.post(RELEASES, with_text(payload, &tag)).await;
        assert_eq!(reply.status, 201, "{payload}: {reply:?}");
        let found = kinds(&app, &tag).await;
        let added: Vec<_> = found.difference(&allowed).collect();
        assert!(added.is_empty(), "{payload}: {added:?}");
        let feed = app.get("/group/app/-/releases.atom").await;
        let feed = feed.body.as_str().unwrap();
        let feed = roxmltree::Document::parse(feed).unwrap();
        let names: BTreeSet<_> = feed
            .descendants()
            .map(|node| node.tag_name().name())
            .collect();
        assert_eq!(names.len(), 10, "{names:?}");
        for content in feed
            .descendants()
            .filter(|node| node.tag_name().name() == "content")
        {
            let added = Page::parse(content.text().unwrap_or_default()).kinds();
            let added: Vec<_> = added.difference(&allowed).collect();
            assert!(added.is_empty(), "{payload}: {added:?}");
        }
        let tag =
            percent_encoding::percent_encode(tag.as_bytes(), percent_encoding::NON_ALPHANUMERIC);
        assert_eq!(app.delete(&format!("{RELEASES}/{tag}")).await.status, 200);
    }
}

/// The second character of a filepath is the only one that may be any (D11).
#[tokio::test]
async fn a_filepath_adds_no_element_no_attribute_and_no_scheme() {
    let app = TestApp::start().await;
    let release = |filepath: &str| {
        let mut body = with_text("plain", "plain");
        let link = &mut body["assets"]["links"][0];
        (link["name"], link["direct_asset_path"]) = ("file".into(), filepath.into());
        body
    };
    let mut allowed = None;
    for character in ['x', '<', '>', '"', '\'', '&', '\\', '`'] {
        let body = release(&format!("/{character}onload"));
        let reply = app.post(RELEASES, body).await;
        assert_eq!(reply.status, 201, "{character}: {reply:?}");
        let reply = app.get(&format!("{LIST}/plain")).await;
        let commands = Page::of(&reply).values("button", "data-copy").join("\n");
        assert!(commands.contains("onload"), "{commands}");
        let found = kinds(&app, "plain").await;
        assert_eq!(found, *allowed.get_or_insert(found.clone()), "{character}");
        assert_eq!(app.delete(&format!("{RELEASES}/plain")).await.status, 200);
    }
}

/// An error page has nothing of the request in it.
#[tokio::test]
async fn the_page_of_an_error_repeats_nothing_of_the_request() {
    let app = TestApp::start().await;
    let plain = app.get("/group/none/-/releases/v1").await;
    for payload in PAYLOADS {
        let encoded = percent_encoding::percent_encode(
            payload.as_bytes(),
            percent_encoding::NON_ALPHANUMERIC,
        );
        for path in [
            format!("/group/none/-/releases/{encoded}"),
            format!("/{encoded}/-/releases/v1"),
            format!("/group/none/-/releases/v1?page={encoded}"),
        ] {
            let reply = app.get(&path).await;
            let found = (reply.status, &reply.body);
            assert_eq!(found, (404, &plain.body), "{path}");
        }
    }
}
