//! Permalinks to the latest release, and downloads below a release (R60 to R69).

use release_links::project::{Role, Visibility};
use serde_json::json;

use testkit::app::{TestApp, granted, project};
use testkit::event::Event;

use crate::releases::RELEASES;

async fn release(app: &TestApp, tag: &str, released_at: &str) {
    let links =
        json!([{"name": "a", "url": format!("https://e.com/{tag}/a"), "filepath": "/bin/a"}]);
    let body = json!({"tag_name": tag, "released_at": released_at, "assets": {"links": links}});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
}

#[tokio::test]
async fn latest_redirects_to_the_release_with_the_last_time_of_release() {
    let app = TestApp::start().await;
    let api = format!("{RELEASES}/permalink/latest");
    let web = "/group/app/-/releases/permalink/latest";
    for (tag, released_at, latest) in [
        ("v1/x y", "2027-01-01", "v1%2Fx%20y"),
        ("v0", "2020-01-01", "v1%2Fx%20y"),
        ("v3", "2999-01-01", "v3"),
    ] {
        release(&app, tag, released_at).await;
        for method in ["GET", "HEAD"] {
            let reply = app.send(Event::new(method, &api)).await;
            let location = format!("/api/v4/projects/24/releases/{latest}");
            assert_eq!(
                (reply.status, reply.header("location")),
                (302, location.as_str())
            );
            let text = format!("\"This resource has been moved temporarily to {location}.\"");
            let text = if method == "GET" {
                json!(text)
            } else {
                json!(null)
            };
            assert_eq!(
                (&reply.body, reply.header("content-type")),
                (&text, "text/plain")
            );
            let cache = "public, max-age=5, stale-if-error=0";
            assert_eq!(reply.header("cache-control"), cache);
            let reply = app.send(Event::new(method, web)).await;
            let location = format!("http://127.0.0.1:9000/group/app/-/releases/{latest}");
            assert_eq!(
                (reply.status, reply.header("location")),
                (302, location.as_str())
            );
            assert!(reply.body.is_null());
        }
    }
    assert_eq!(
        app.put(
            &format!("{RELEASES}/v3"),
            json!({"released_at": "2019-01-01"})
        )
        .await
        .status,
        200
    );
    assert!(
        app.get(&api)
            .await
            .header("location")
            .ends_with("v1%2Fx%20y")
    );
    assert_eq!(
        app.delete(&format!("{RELEASES}/v1%2Fx%20y")).await.status,
        200
    );
    assert!(app.get(&api).await.header("location").ends_with("v0.1"));
}

#[tokio::test]
async fn latest_keeps_the_suffix_and_the_query() {
    let app = TestApp::start().await;
    release(&app, "v1", "2999-01-01").await;
    let api = "/api/v4/projects/24/releases/v1";
    let web = "http://127.0.0.1:9000/group/app/-/releases/v1";
    for (path, base) in [
        (
            "/api/v4/projects/group%2Fapp/releases/permalink/latest",
            api,
        ),
        ("/api/v4/projects/group/app/releases/permalink/latest", api),
        ("/group/app/-/releases/permalink/latest", web),
    ] {
        for (rest, expected) in [
            ("/downloads/bin/a?noCache=1", "/downloads/bin/a?noCache=1"),
            ("/downloads/bin%20x/%C3%A9", "/downloads/bin%20x/%C3%A9"),
            ("/assets/links/1", "/assets/links/1"),
            ("?order_by=released_at&a=b%20c&d", "?a=b%20c&d"),
        ] {
            let reply = app.get(&format!("{path}{rest}")).await;
            let location = format!("{base}{expected}");
            assert_eq!(
                (reply.status, reply.header("location")),
                (302, location.as_str()),
                "{path}"
            );
        }
    }
    let reply = app
        .get(&format!(
            "{RELEASES}/permalink/latest?private_token=gDybLx3yrUK_HLp3qPjS"
        ))
        .await;
    assert_eq!(
        reply.header("location"),
        format!("{api}?private_token=gDybLx3yrUK_HLp3qPjS")
    );
    assert_eq!(reply.header("cache-control"), "private, no-store");
    app.get(&format!("{RELEASES}/permalink/latest/a/%2e%2e/b"))
        .await
        .assert_error(400, "suffix_path should be a valid file path");
}

#[tokio::test]
async fn a_client_reaches_the_asset_through_latest() {
    let app = TestApp::start().await;
    release(&app, "v1", "2999-01-01").await;
    for start in [
        format!("{RELEASES}/permalink/latest/downloads/bin/a"),
        "/group/app/-/releases/permalink/latest/downloads/bin/a".to_owned(),
    ] {
        let first = app.get(&start).await;
        let next = first
            .header("location")
            .replace("http://127.0.0.1:9000", "");
        let second = app.get(&next).await;
        assert_eq!(second.header("location"), "https://e.com/v1/a");
        second.assert_calls(302, &["BatchGetItem"]);
        app.get(&start).await.assert_calls(302, &["Query"]);
    }
}

#[tokio::test]
async fn a_project_without_releases_has_no_latest() {
    let app = TestApp::start().await;
    app.add(project(7, "group/none", Visibility::Public)).await;
    for path in [
        "/api/v4/projects/7/releases/permalink/latest",
        "/group/none/-/releases/permalink/latest",
    ] {
        app.get(path)
            .await
            .assert(404, json!({"message": "404 Not Found"}));
    }
    app.get("/group/missing/-/releases/permalink/latest")
        .await
        .assert(404, json!({"message": "404 Project Not Found"}));
}

#[tokio::test]
async fn a_private_projects_redirects_are_not_cached() {
    let app = TestApp::start().await;
    app.add(project(7, "group/private", Visibility::Private))
        .await;
    let token = app.issue(granted("private", 7, Role::Developer)).await;
    let links = json!([{"name": "a", "url": "https://e.com/a", "filepath": "/bin/a"}]);
    let body = json!({"tag_name": "v1", "assets": {"links": links}});
    let releases = "/api/v4/projects/7/releases";
    assert_eq!(
        app.send(Event::new("POST", releases).token(&token).json(body))
            .await
            .status,
        201
    );
    for path in [
        "/api/v4/projects/7/releases/permalink/latest",
        "/group/private/-/releases/permalink/latest",
        "/api/v4/projects/7/releases/v1/downloads/bin/a",
    ] {
        let reply = app.send(Event::new("GET", path).token(&token)).await;
        assert_eq!(
            (reply.status, reply.header("cache-control")),
            (302, "private, no-store")
        );
        app.send(Event::new("GET", path).anonymous())
            .await
            .assert(404, json!({"message": "404 Project Not Found"}));
    }
}

#[tokio::test]
async fn only_downloads_may_be_kept_longer_by_shared_caches() {
    let app = TestApp::start().await;
    let app = TestApp::builder(app.address)
        .setting("LATEST_CACHE_SECONDS", "0")
        .setting("DOWNLOAD_CACHE_SECONDS", "60")
        .setting("SHARED_CACHE_SECONDS", "600")
        .start();
    release(&app, "v1", "2999-01-01").await;
    let web = "/group/app/-/releases";
    for (path, cache) in [
        ("permalink/latest", "public, max-age=0, stale-if-error=0"),
        (
            "permalink/latest/downloads/bin/a",
            "public, max-age=0, stale-if-error=0",
        ),
        (
            "v1/downloads/bin/a",
            "public, max-age=60, s-maxage=600, stale-if-error=0",
        ),
    ] {
        for releases in [RELEASES, web] {
            let reply = app.get(&format!("{releases}/{path}")).await;
            assert_eq!(
                (reply.status, reply.header("cache-control")),
                (302, cache),
                "{releases}/{path}"
            );
        }
    }
}

#[tokio::test]
async fn the_api_redirects_downloads_with_its_own_errors() {
    let app = TestApp::start().await;
    release(&app, "v1", "2999-01-01").await;
    for path in [
        "v1/downloads/bin/a",
        "v1/downloads/bin%2Fa",
        "v1/downloads//bin//a",
    ] {
        let reply = app.get(&format!("{RELEASES}/{path}")).await;
        let text = "\"This resource has been moved temporarily to https://e.com/v1/a.\"";
        assert_eq!(
            (reply.status, reply.header("location")),
            (302, "https://e.com/v1/a"),
            "{path}"
        );
        assert_eq!(reply.body, json!(text));
    }
    let long = "x".repeat(200);
    for (path, message) in [
        ("v1/downloads/none".to_owned(), "404 Not found"),
        (format!("v1/downloads/{long}"), "404 Not found"),
        ("none/downloads/bin/a".to_owned(), "404 Not Found"),
        (format!("none/downloads/{long}"), "404 Not Found"),
    ] {
        app.get(&format!("{RELEASES}/{path}"))
            .await
            .assert(404, json!({ "message": message }));
    }
    for path in ["v1/downloads/../a", "none/downloads/a/%2E%2E"] {
        app.get(&format!("{RELEASES}/{path}"))
            .await
            .assert_error(400, "direct_asset_path should be a valid file path");
    }
    app.get(&format!("{RELEASES}/v1/downloads"))
        .await
        .assert_error(404, "404 Not Found");
}

#[tokio::test]
async fn other_methods_on_the_paths_of_releases_are_unknown_routes() {
    let app = TestApp::start().await;
    for (path, methods) in [
        ("", "OPTIONS, GET, POST, HEAD"),
        (".json", "OPTIONS, GET, POST, HEAD"),
        ("/v0.1", "OPTIONS, GET, PUT, DELETE, HEAD"),
        ("/permalink", "OPTIONS, GET, PUT, DELETE, HEAD"),
        ("/permalink/latest", "OPTIONS, GET, HEAD"),
        ("/permalink/latest/x", "OPTIONS, GET, HEAD"),
        ("/v0.1/downloads/x", "OPTIONS, GET, HEAD"),
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let event = Event::new(method, &format!("{RELEASES}{path}"));
            let event = if method == "GET" {
                event
            } else {
                event.form("")
            };
            let reply = app.send(event.anonymous()).await;
            if method == "OPTIONS" {
                assert_eq!((reply.status, reply.header("allow")), (204, methods));
            } else {
                let is_unknown = reply.body == json!({"error": "404 Not Found"});
                assert_eq!(
                    is_unknown,
                    !methods.contains(method),
                    "{method} {path}: {reply:?}"
                );
            }
        }
    }
}
