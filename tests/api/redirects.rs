//! Redirects that repeat the query of a request: to the latest release (R64), and from the former
//! path of a project (F3).

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use release_links::project::{ProjectPath, ProjectRef};
use release_links::store::operator::{ProjectChanges, Takeover};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use testkit::app::{LINKS, TestApp};
use testkit::event::Event;
use testkit::reply::Reply;

use crate::properties::without_files;

const HOST: &str = "http://127.0.0.1:9000";
const API: &str = "/api/v4/projects/24/releases";
const WEB: &str = "/group/app/-/releases";
const FORMER: &str = "/api/v4/projects/old%2Fapp/releases/v0.1/assets/links";

/// The seeded project, which was renamed from `old/app`. Its latest release is `v0.1`.
async fn start() -> TestApp {
    let app = TestApp::start().await;
    for path in ["old/app", "group/app"] {
        let session = app.operator.session(Duration::from_secs(5));
        let changes = ProjectChanges {
            path: Some(ProjectPath::parse(path).unwrap()),
            visibility: None,
        };
        let project = ProjectRef::parse("24").unwrap();
        let updated =
            session
                .projects()
                .update(&project, changes, Takeover::Allow, SystemTime::now());
        updated.await.unwrap();
    }
    app
}

/// The path of each request that is redirected with its query, the status and the target.
fn redirects() -> [(String, u64, String); 3] {
    [
        (
            format!("{API}/permalink/latest"),
            302,
            format!("{API}/v0.1"),
        ),
        (
            format!("{WEB}/permalink/latest"),
            302,
            format!("{HOST}{WEB}/v0.1"),
        ),
        (FORMER.to_owned(), 301, format!("{HOST}{LINKS}")),
    ]
}

#[tokio::test]
async fn a_redirect_keeps_the_encoding_of_the_query() {
    let app = start().await;
    for (path, status, target) in redirects() {
        for (query, expected) in [
            ("a=b%20c&d", "a=b%20c&d"),
            ("a=b+c%2Bd&e=%c3%A9", "a=b+c%2Bd&e=%c3%A9"),
            ("&&a=%7e~&=&&b=", "&&a=%7e~&=&&b="),
            ("q=!$'()*,;:@/?-._", "q=!$'()*,;:@/?-._"),
            ("x%5By%5D=%22%3C%3E", "x%5By%5D=%22%3C%3E"),
            (
                "x[y]=é \"<>^`{|}\\#",
                "x%5By%5D=%C3%A9%20%22%3C%3E%5E%60%7B%7C%7D%5C%23",
            ),
        ] {
            let reply = app.get(&format!("{path}?{query}")).await;
            let location = format!("{target}?{expected}");
            assert_eq!(
                (reply.status, reply.header("location")),
                (status, location.as_str()),
                "{path}?{query}"
            );
        }
    }
}

#[tokio::test]
async fn the_redirect_to_the_latest_release_omits_order_by() {
    let app = start().await;
    for (path, _, target) in &redirects()[..2] {
        for (query, expected) in [
            ("order_by=released_at", ""),
            ("order_by", ""),
            ("a=%7E&order_by=x&b=+", "?a=%7E&b=+"),
            (
                "order%5Fby=x&%20order_by=%20&a&order_by=y",
                "?%20order_by=%20&a",
            ),
        ] {
            let reply = app.get(&format!("{path}?{query}")).await;
            assert_eq!(
                (reply.status, reply.header("location")),
                (302, format!("{target}{expected}").as_str()),
                "{path}?{query}"
            );
        }
    }
}

/// The text of a body, without the quotation marks of the API's JSON strings.
fn text(reply: &Reply) -> &str {
    reply.body.as_str().unwrap_or_default().trim_matches('"')
}

#[tokio::test]
async fn a_redirect_has_at_most_8192_bytes_of_location() {
    let app = start().await;
    for (path, status, target) in redirects() {
        let query = |length: usize| format!("a={}", "x".repeat(length - target.len() - 3));
        for method in ["GET", "HEAD"] {
            let send = |length| {
                let target = format!("{path}?{}", query(length));
                app.send(Event::new(method, &target))
            };
            for length in [7_999, 8_000, 8_001, 8_192] {
                let reply = send(length).await;
                let location = format!("{target}?{}", query(length));
                assert_eq!(
                    (reply.status, reply.header("location")),
                    (status, location.as_str())
                );
                let body = reply.body.as_str().unwrap_or_default();
                assert!(body.len() <= 8_192, "{path}, {length}: {}", body.len());
                let is_whole = text(&reply).trim_end_matches('.').ends_with(&location);
                let is_cut = text(&reply).trim_end_matches('.').ends_with("x…");
                let is_expected = (is_whole, is_cut) == (length <= 8_000, length > 8_000);
                assert!(body.is_empty() || is_expected, "{path}, {length}");
            }
            let reply = send(8_193).await;
            assert_too_long(&reply, method);
        }
        let reply = app.get(&format!("{path}?{}", "é".repeat(4_000))).await;
        assert_too_long(&reply, "GET");
    }
}

#[track_caller]
fn assert_too_long(reply: &Reply, method: &str) {
    let text = "The redirect would be longer than 8192 bytes, send a shorter path or query";
    let body = if method == "GET" {
        json!({ "error": text })
    } else {
        Value::Null
    };
    reply.assert(414, body);
    assert_eq!(reply.header("cache-control"), "no-cache");
    assert!(!reply.has_header("location"));
}

#[tokio::test]
async fn a_redirect_with_a_long_path_returns_414() {
    let app = start().await;
    let long = "é".repeat(3_000);
    for path in [
        format!("{API}/permalink/latest/{long}"),
        format!("{WEB}/permalink/latest/{long}"),
        format!("{FORMER}/{long}").replace("/assets/links", "/downloads"),
        format!("/api/v4/projects/old%2Fapp/releases/permalink/latest/{long}"),
    ] {
        assert_too_long(&app.get(&path).await, "GET");
    }
}

/// A url of 4,096 characters may be six times as long once it is encoded.
#[tokio::test]
async fn the_body_of_a_download_has_at_most_8192_bytes() {
    let app = start().await;
    let url = format!("https://e.com/{}", "é".repeat(4_000));
    let body = json!({"name": "a", "url": url, "filepath": "/bin/a"});
    assert_eq!(app.post(LINKS, body).await.status, 201);
    let reply = app.get(&format!("{API}/v0.1/downloads/bin/a")).await;
    let location = format!("https://e.com/{}", "%C3%A9".repeat(4_000));
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, location.as_str())
    );
    let shown = &location[..8_000];
    let text = format!("\"This resource has been moved temporarily to {shown}….\"");
    assert_eq!(reply.body, json!(text));
    assert!(text.len() <= 8_192);
}

/// Rack reads each of these as a token, or a client may have meant one.
#[tokio::test]
async fn no_cache_may_store_a_redirect_that_repeats_a_token() {
    let app = start().await;
    let token = testkit::seed::TOKEN;
    for query in [
        format!("private_token={token}"),
        format!("a=1&job_token={token}"),
        format!("private%5Ftoken={token}"),
        format!("[private_token]={token}"),
        format!("a=1;private_token={token}"),
        format!("x[job_token]={token}"),
    ] {
        for (path, status, _) in redirects() {
            let reply = app.get(&format!("{path}?{query}")).await;
            assert_eq!(
                (reply.status, reply.header("cache-control")),
                (status, "private, no-store"),
                "{path}?{query}"
            );
            assert!(reply.header("location").contains(token), "{reply:?}");
        }
    }
    let [(latest, ..), _, (former, ..)] = redirects();
    for (path, cache) in [
        (latest, "public, max-age=5, stale-if-error=0"),
        (former, "private, no-store"),
    ] {
        let reply = app.get(&format!("{path}?noCache=1")).await;
        assert_eq!(reply.header("cache-control"), cache, "{path}");
    }
}

static APP: LazyLock<(Runtime, TestApp)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let app = runtime.block_on(start());
    (runtime, app)
});

proptest! {
    #![proptest_config(without_files())]

    #[test]
    fn every_valid_query_is_repeated_unchanged(
        query in "([A-Za-z0-9._~!$'()*+,;:@/?=&-]|%[2-7][0-9A-Fa-f]|%[cC]3%[aA]9){1,60}",
    ) {
        let (runtime, app) = &*APP;
        for (path, status, target) in redirects() {
            let reply = runtime.block_on(app.get(&format!("{path}?{query}")));
            let location = format!("{target}?{query}");
            // Parameters such as `a=1&a[]=2` contradict each other.
            let is_unreadable = reply.status == 400;
            let is_moved = (reply.status, reply.header("location")) == (status, &location);
            prop_assert!(is_unreadable || is_moved, "{}: {:?}", path, reply);
        }
    }

    #[test]
    fn no_redirect_has_a_long_location_or_body(
        query in "(a|%20|é|&|=|\\[|order_by=|token){1,9}", count in 1_usize..3_000, suffix in "(/[a-zé ]{0,9}){0,3}",
    ) {
        let (runtime, app) = &*APP;
        let query = query.repeat(count);
        for (path, _, _) in redirects() {
            let reply = runtime.block_on(app.get(&format!("{path}{suffix}?{query}")));
            let body = reply.body.to_string();
            // A query that contradicts itself is refused before there is a redirect.
            prop_assert!(matches!(reply.status, 301 | 302 | 400 | 404 | 414), "{:?}", reply);
            prop_assert!(reply.header("location").len() <= 8_192 && body.len() <= 8_192, "{:?}", reply);
        }
    }
}
