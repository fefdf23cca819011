//! The paths of pages: bad ones, those with a prefix, and the address of a project.

use serde_json::{Value, json};

use testkit::app::{TestApp, seeded_engine};
use testkit::event::Event;

use super::create;
use crate::gateways::{load_balancer, rest_api};

/// What a table line expects of a path.
async fn assert_answers(app: &TestApp, table: &[(&str, u64, &str)]) {
    for (path, status, expected) in table {
        let reply = app.get(path).await;
        assert_eq!(reply.status, *status, "{path}: {reply:?}");
        let found = match reply.status {
            302 => reply.header("location"),
            _ => reply.media_type(),
        };
        assert_eq!(found, *expected, "{path}");
    }
}

#[tokio::test]
async fn every_path_has_its_answer() {
    const HTML: &str = "text/html";
    const JSON: &str = "application/json";
    let app = TestApp::start().await;
    for tag in ["a/b", "v#1", "x&y=z"] {
        create(&app, json!({"tag_name": tag})).await;
    }
    let long = format!("/group/app/-/releases/{}", "t".repeat(1_025));
    let longest = format!("/group/app/-/releases/{}", "t".repeat(1_024));
    assert_answers(
        &app,
        &[
            ("/group/app/-/releases/", 200, HTML),
            ("/group/app//-//releases//", 200, HTML),
            ("/GROUP/App/-/releases", 200, HTML),
            ("/group%2Fapp/-/releases", 200, HTML),
            ("/24/-/releases", 200, HTML),
            ("/group/app/-/releases/a/b", 200, HTML),
            ("/group/app/-/releases/a%2Fb", 200, HTML),
            ("/group/app/-/releases/v%231", 200, HTML),
            ("/group/app/-/releases/x&y=z", 200, HTML),
            ("/group/app/-/releases/missing", 404, HTML),
            ("/group/app/-/releases/a%3Fb", 404, HTML),
            ("/group/app/-/releases/..", 404, HTML),
            ("/group/app/-/releases/a/downloads", 404, HTML),
            ("/group/app/-/releases/permalink", 404, HTML),
            (&longest, 404, HTML),
            (&long, 400, HTML),
            ("/group/none/-/releases", 404, HTML),
            ("/group/none/-/releases.atom", 404, HTML),
            ("/app/-/releases", 404, HTML),
            ("/group/app/-/releases/a/downloads/x", 404, JSON),
            ("/-/releases", 404, JSON),
            ("/-/releases/v1", 404, JSON),
            ("/api/-/releases", 404, JSON),
            ("/group/app/-/releases.json", 404, JSON),
            ("/group/app/-/tags", 404, JSON),
            ("/group", 404, JSON),
            ("/wp-login.php/x", 404, JSON),
            ("/a/releases", 404, JSON),
            ("/group/app/info/refs?service=git-upload-pack", 404, JSON),
            (
                "/group/app.atom",
                302,
                "http://127.0.0.1:9000/group/app.atom/-/releases",
            ),
            (
                "//evil.example/x",
                302,
                "http://127.0.0.1:9000/evil.example/x/-/releases",
            ),
            (
                "/group%2Fapp",
                302,
                "http://127.0.0.1:9000/group/app/-/releases",
            ),
        ],
    )
    .await;
}

/// Programs that share an address add parameters of their own.
#[tokio::test]
async fn nothing_in_the_query_of_a_page_is_an_error() {
    let app = TestApp::start().await;
    let many = "a[b]=c&".repeat(1_500);
    let queries = [
        "x=%ff",
        "page=%ff",
        "page=%00",
        "page=1&page[]=2",
        "page=1&page[a]=2",
        "page[a]=1&page=1",
        "utm=%E4",
        "x=%zz&%",
        "token[]=x",
        "a[b][c][d][e][f][g][h][i][j][k][l][m][n][o][p]=1",
        &many,
    ];
    for path in [
        "/",
        "/robots.txt",
        "/favicon.ico",
        "/group/app/-/releases",
        "/group/app/-/releases/v0.1",
        "/group/app/-/releases.atom",
    ] {
        let plain = app.get(path).await;
        for query in queries {
            let reply = app.get(&format!("{path}?{query}")).await;
            let found = (reply.status, &reply.body);
            assert_eq!(found, (plain.status, &plain.body), "{path}?{query}");
        }
    }
    for query in ["x=%ff", "page=1&page[]=2", "x=%zz&%"] {
        let reply = app.get(&format!("/group/app?{query}")).await;
        let query = query.replace("[]", "%5B%5D");
        let list = format!("http://127.0.0.1:9000/group/app/-/releases?{query}");
        assert_eq!((reply.status, reply.header("location")), (302, &*list));
    }
}

#[tokio::test]
async fn other_methods_than_get_and_head_are_unknown_routes() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/robots.txt",
        "/group/app",
        "/group/app/-/releases",
        "/group/app/-/releases.atom",
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let reply = app.send(Event::new(method, path)).await;
            reply.assert_error(404, "404 Not Found");
        }
    }
}

/// The redirect does not look for the project.
#[tokio::test]
async fn the_address_of_a_project_leads_to_its_releases_and_passes_the_query_on() {
    let app = TestApp::start().await;
    let list = "http://127.0.0.1:9000/group/none/-/releases";
    for (query, location, cache) in [
        ("", "", "public, max-age=5, stale-if-error=0"),
        ("?a=b&c", "?a=b&c", "public, max-age=5, stale-if-error=0"),
        ("?order_by=x", "", "public, max-age=5, stale-if-error=0"),
        (
            "?page=2&private_token=x",
            "?page=2&private_token=x",
            "private, no-store",
        ),
        ("?a=1;token=x", "?a=1;token=x", "private, no-store"),
    ] {
        let reply = app.get(&format!("/group/none{query}")).await;
        reply.assert_calls(302, &[]);
        assert_eq!(reply.body, Value::Null);
        assert_eq!(reply.header("location"), format!("{list}{location}"));
        assert_eq!(reply.header("cache-control"), cache, "{query}");
    }
}

#[tokio::test]
async fn pages_work_whether_the_gateway_keeps_or_removes_the_prefix() {
    let engine = seeded_engine().await;
    let app = TestApp::builder(engine)
        .public_url("https://example.com/gl")
        .start();
    create(&app, json!({"tag_name": "v1"})).await;
    let base = "https://example.com/gl";
    for prefix in ["", "/gl"] {
        let project = app.get(&format!("{prefix}/group/app")).await;
        let releases = format!("{base}/group/app/-/releases");
        assert_eq!(project.header("location"), releases, "{prefix}");
        for path in [
            "/",
            "/robots.txt",
            "/api/v4/projects/24",
            "/group/app/-/releases",
            "/group/app/-/releases/v1",
            "/group/app/-/releases.atom",
        ] {
            let reply = app.get(&format!("{prefix}{path}")).await;
            assert_eq!(reply.status, 200, "{prefix}{path}");
        }
        let home = app.get(&format!("{prefix}/")).await;
        let text = home.body.as_str().unwrap();
        assert!(text.contains(&format!("{base}/api/v4<")), "{text}");
        let page = app.get(&format!("{prefix}/group/app/-/releases/v1")).await;
        let text = page.body.as_str().unwrap();
        assert!(text.contains(&format!("href=\"{releases}\"")), "{text}");
    }
    assert_eq!(app.get("/gl").await.status, 200);
    for path in ["/gl/api", "/gl/api/x", "/gl/api/v5/projects"] {
        app.get(path).await.assert_error(404, "404 Not Found");
    }
}

/// Such a path names no page, so the error is that of the API (R92).
#[tokio::test]
async fn a_path_that_does_not_decode_or_is_too_long_is_an_error_in_json() {
    let app = TestApp::start().await;
    let not_utf8 = "Bad Request: the path is not UTF-8 once it is decoded";
    let nul = "Bad Request: the path contains a NUL byte";
    for (path, reason) in [
        ("/group/app/-/releases/%ff", not_utf8),
        ("/group/app/-/releases.atom%ff", not_utf8),
        ("/group%00/app/-/releases", nul),
        ("/%00", nul),
    ] {
        app.get(path).await.assert_error(400, reason);
    }
    let long = format!("/group/app/-/releases/{}", "t".repeat(17_000));
    let reply = app.get(&long).await;
    let found = (reply.status, reply.media_type());
    assert_eq!(found, (414, "application/json"));
}

/// An HTTP API decodes the path, and the others pass it on as it is.
#[tokio::test]
async fn pages_arrive_through_every_gateway() {
    let app = TestApp::start().await;
    create(&app, json!({"tag_name": "a/b c"})).await;
    for (encoded, decoded, status) in [
        ("/", "/", 200),
        ("/robots.txt", "/robots.txt", 200),
        ("/favicon.ico", "/favicon.ico", 204),
        ("/group%2Fapp", "/group/app", 302),
        ("/group/app/-/releases", "/group/app/-/releases", 200),
        (
            "/group/app/-/releases.atom",
            "/group/app/-/releases.atom",
            200,
        ),
        (
            "/group/app/-/releases/a%2Fb%20c",
            "/group/app/-/releases/a/b c",
            200,
        ),
        (
            "/group/app/-/releases/none",
            "/group/app/-/releases/none",
            404,
        ),
    ] {
        let http_api = app.send(Event::new("GET", decoded)).await;
        assert_eq!(http_api.status, status, "{decoded}");
        for event in [
            load_balancer(encoded),
            rest_api(encoded),
            Event::new("GET", encoded).into(),
        ] {
            let reply = app.send(event).await;
            let found = (reply.status, reply.media_type());
            assert_eq!(found, (status, http_api.media_type()), "{encoded}");
        }
    }
}
