//! The headers of pages (sections J and R).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use release_links::project::{Role, Visibility};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use testkit::app::{TestApp, granted, project};
use testkit::event::Event;

use super::document::Page;
use super::{FEED, LIST, create, with_all_types};

const PAGE: &str = "/group/app/-/releases/v1";

/// The policy names the text between the tags, and the page asks for nothing else.
#[tokio::test]
async fn a_page_is_one_document_whose_style_and_script_the_policy_allows() {
    let app = TestApp::start().await;
    create(&app, with_all_types()).await;
    for path in ["/", LIST, PAGE, "/group/app/-/releases/missing"] {
        let reply = app.get(path).await;
        let html = reply.body.as_str().unwrap();
        let [style, script] = ["style", "script"].map(|name| {
            let (_, rest) = html.split_once(&format!("<{name}>")).unwrap();
            let (text, rest) = rest.split_once(&format!("</{name}>")).unwrap();
            assert!(!rest.contains(&format!("<{name}")), "{path}");
            STANDARD.encode(Sha256::digest(text))
        });
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; \
             img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        assert_eq!(reply.header("content-security-policy"), policy, "{path}");
        let page = Page::of(&reply);
        assert_eq!(page.values("link", "href")[0], "data:,");
        let attributes = page.0.iter().flat_map(|element| element.attributes.keys());
        let loads = |name: &&String| matches!(name.as_str(), "src" | "style" | "srcset");
        assert_eq!(attributes.filter(loads).count(), 0, "{path}");
    }
}

#[tokio::test]
async fn pages_and_feed_have_their_headers_for_get_and_head() {
    let app = TestApp::start().await;
    create(&app, with_all_types()).await;
    for path in ["/", LIST, PAGE, FEED] {
        let get = app.get(path).await;
        let head = app.send(Event::new("HEAD", path)).await;
        assert_eq!((head.status, &head.body), (200, &Value::Null), "{path}");
        for (name, value) in [
            ("cache-control", "max-age=0, private, must-revalidate"),
            ("referrer-policy", "no-referrer"),
            ("vary", "Origin"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "SAMEORIGIN"),
        ] {
            assert_eq!(get.header(name), value, "{name} of {path}");
        }
        for name in [
            "etag",
            "content-type",
            "content-security-policy",
            "cache-control",
        ] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
        assert!(get.header("etag").starts_with("W/\""), "{path}");
        for method in ["GET", "HEAD"] {
            let event = Event::new(method, path).header("if-none-match", get.header("etag"));
            let known = app.send(event).await;
            assert_eq!((known.status, &known.body), (304, &Value::Null), "{path}");
            assert_eq!(known.header("etag"), get.header("etag"), "{path}");
        }
        for accept in ["*/*", "application/json", "text/html"] {
            let event = Event::new("GET", path).header("accept", accept);
            let reply = app.send(event).await.without_runtime();
            assert_eq!(reply, get.clone().without_runtime(), "{path}, {accept}");
        }
    }
}

#[tokio::test]
async fn no_cache_keeps_the_pages_of_a_private_project() {
    let app = TestApp::start().await;
    app.add(project(7, "group/private", Visibility::Private))
        .await;
    let token = app.issue(granted("guest", 7, Role::Maintainer)).await;
    let body = json!({"tag_name": "v1"});
    let event = Event::new("POST", "/api/v4/projects/7/releases").token(&token);
    assert_eq!(app.send(event.json(body)).await.status, 201);
    for path in ["releases", "releases/v1", "releases.atom"] {
        let path = format!("/group/private/-/{path}");
        let reply = app.send(Event::new("GET", &path).token(&token)).await;
        let found = (reply.status, reply.header("cache-control"));
        assert_eq!(found, (200, "private, no-store"), "{path}");
    }
}

#[tokio::test]
async fn crawlers_and_browsers_get_answers_that_they_keep_for_a_day() {
    let app = TestApp::start().await;
    let robots = app.get("/robots.txt").await;
    robots.assert(200, json!("User-agent: *\nDisallow:\n"));
    robots.assert_calls(200, &[]);
    let favicon = app.get("/favicon.ico").await;
    favicon.assert(204, Value::Null);
    favicon.assert_calls(204, &[]);
    for reply in [robots, favicon] {
        assert_eq!(
            reply.header("cache-control"),
            "public, max-age=86400, stale-if-error=0"
        );
    }
}

/// A program that downloads reads JSON. A browser names HTML.
#[tokio::test]
async fn an_error_of_a_download_is_a_page_only_on_the_web_and_for_a_browser() {
    let app = TestApp::start().await;
    create(&app, json!({"tag_name": "v1"})).await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for path in [
        format!("{PAGE}/downloads/x"),
        "/group/none/-/releases/permalink/latest".to_owned(),
    ] {
        for (accept, is_page) in [
            (browser, true),
            ("text/html", true),
            ("TEXT/HTML;level=1", true),
            ("text/html;q=0", false),
            ("*/*", false),
            ("text/*", false),
            ("application/json", false),
            ("", false),
        ] {
            let reply = app
                .send(Event::new("GET", &path).header("accept", accept))
                .await;
            let expected = if is_page {
                ("text/html", "Origin, Accept")
            } else {
                ("application/json", "Origin")
            };
            assert_eq!(reply.status, 404, "{path}");
            assert_eq!(
                (reply.media_type(), reply.header("vary")),
                expected,
                "{accept}"
            );
        }
    }
    let path = "/api/v4/projects/24/releases/v1/downloads/x";
    let reply = app
        .send(Event::new("GET", path).header("accept", browser))
        .await;
    reply.assert(404, json!({"message": "404 Not found"}));
}
