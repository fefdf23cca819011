//! The permanent URL of a link (section G).

use aws_sdk_dynamodb::types::AttributeValue;
use release_links::project::{Role, Visibility};
use serde_json::json;

use testkit::app::{LINKS, TABLE, TestApp, granted, project};
use testkit::event::Event;
use testkit::invariants::assert_invariants;

const NOT_IN_URL: &str =
    "ilepath cannot be part of a URL: remove '?', '%' and the segments '.' and '..'";

#[tokio::test]
async fn the_permanent_url_redirects_to_the_current_url() {
    let app = TestApp::start().await;
    let body = json!({"name": "a", "url": "https://e.com/a?x=%0a#y", "filepath": "/bin/x.exe"});
    let link = app.post(LINKS, body).await;
    let permanent = link.body["direct_asset_url"]
        .as_str()
        .unwrap()
        .strip_prefix("http://127.0.0.1:9000")
        .unwrap()
        .to_owned();
    assert_eq!(permanent, "/group/app/-/releases/v0.1/downloads/bin/x.exe");
    for method in ["GET", "HEAD"] {
        let reply = app.send(Event::new(method, &permanent)).await;
        assert_eq!(
            (reply.status, reply.header("location"), reply.body.is_null()),
            (302, "https://e.com/a?x=%0a#y", true)
        );
        assert_eq!(
            reply.header("cache-control"),
            "public, max-age=60, stale-if-error=0"
        );
    }
    let with_query = format!("{permanent}?format=zip&noCache=1");
    assert_eq!(
        app.get(&with_query).await.status,
        302,
        "a query changes nothing"
    );
    let target = format!("{LINKS}/{}", link.body["id"]);
    assert_eq!(
        app.put(&target, json!({"url": "https://e.com/é b"}))
            .await
            .status,
        200
    );
    let changed = app.get(&permanent).await;
    assert_eq!(changed.header("location"), "https://e.com/%C3%A9%20b");
    changed.assert_calls(302, &["BatchGetItem"]);
    assert_eq!(app.delete(&target).await.status, 200);
    app.get(&permanent)
        .await
        .assert(404, json!({"message": "404 Not found"}));
}

#[tokio::test]
async fn every_accepted_filepath_can_be_downloaded() {
    let app = TestApp::start().await;
    for (n, filepath) in [
        "/:bc",
        "/#bc",
        "/éab",
        "/ ab",
        "/+ab",
        "/\\ab",
        "/..a/b.c",
        "/downloads/abc",
        "/assets/links",
    ]
    .iter()
    .enumerate()
    {
        let body = json!({"name": n.to_string(), "url": format!("http://e.com/{n}"), "filepath": filepath});
        let reply = app.post(LINKS, body).await;
        let url = reply.body["direct_asset_url"].as_str().unwrap().to_owned();
        let reply = app
            .get(url.strip_prefix("http://127.0.0.1:9000").unwrap())
            .await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (302, format!("http://e.com/{n}").as_str()),
            "{filepath}"
        );
    }
}

#[tokio::test]
async fn missing_downloads_return_404() {
    let app = TestApp::start().await;
    let not_found = json!({"message": "404 Not found"});
    app.get("/group/app/-/releases/v0.1/downloads/none")
        .await
        .assert(404, not_found.clone());
    app.get("/group/app/-/releases/none/downloads/none")
        .await
        .assert(404, not_found);
    let project_not_found = json!({"message": "404 Project Not Found"});
    app.get("/group/other/-/releases/v0.1/downloads/none")
        .await
        .assert(404, project_not_found);
    app.send(Event::new("POST", "/group/app/-/releases/v0.1/downloads/x"))
        .await
        .assert_error(404, "404 Not Found");
}

#[tokio::test]
async fn redirects_of_private_projects_are_not_cacheable() {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    let token = app.issue(granted("secret", 7, Role::Developer)).await;
    let body = json!({"name": "a", "url": "http://a", "filepath": "/abc"});
    let links = "/api/v4/projects/7/releases/v1/assets/links";
    assert_eq!(
        app.send(Event::new("POST", links).token(&token).json(body))
            .await
            .status,
        201
    );
    let permanent = "/secret/app/-/releases/v1/downloads/abc";
    let reply = app.send(Event::new("GET", permanent).token(&token)).await;
    assert_eq!(
        (reply.status, reply.header("cache-control")),
        (302, "private, no-store")
    );
    let reply = app
        .send(Event::new("GET", &format!("{permanent}?private_token={token}")).anonymous())
        .await;
    assert_eq!((reply.status, reply.header("location")), (302, "http://a"));
    app.send(Event::new("GET", permanent).anonymous())
        .await
        .assert(404, json!({"message": "404 Project Not Found"}));
}

#[tokio::test]
async fn a_filepath_that_a_path_cannot_name_is_not_created() {
    let app = TestApp::start().await;
    let before = app.items().await;
    for filepath in ["/?bc", "/%ab", "/%zz", "/./abc", "/../abc", "/a/../bc"] {
        let body = json!({"name": "", "url": "http://a", "filepath": filepath});
        let message = json!(["Name can't be blank", format!("F{NOT_IN_URL}")]);
        app.post(LINKS, body)
            .await
            .assert(400, json!({ "message": message }));
        let link = json!({"name": "a", "url": "http://a", "direct_asset_path": filepath});
        let body = json!({"tag_name": "v2", "assets": {"links": [link]}});
        let message = format!("Validation failed: Links f{NOT_IN_URL}");
        app.post("/api/v4/projects/24/releases", body)
            .await
            .assert(400, json!({ "message": message }));
    }
    assert_eq!(app.items().await, before);
}

/// A restore from a backup may bring back such links.
#[tokio::test]
async fn a_link_keeps_a_filepath_that_is_no_longer_created() {
    let app = TestApp::start().await;
    let body = json!({"name": "a", "url": "http://a", "filepath": "/abc"});
    let id = app.post(LINKS, body).await.body["id"].clone();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for mut item in app.items().await {
        let sk = item["sk"].as_s().unwrap().clone();
        if sk == "g000000000001#c#f#/abc" {
            app.remove("24#v0.1", &sk).await;
            item.insert("sk".to_owned(), text("g000000000001#c#f#/?bc"));
        } else if item.get("filepath") == Some(&text("/abc")) {
            item.insert("filepath".to_owned(), text("/?bc"));
        } else {
            continue;
        }
        let put = app.client.put_item().table_name(TABLE);
        put.set_item(Some(item)).send().await.unwrap();
    }
    assert_invariants(&app.items().await);
    let link = format!("{LINKS}/{id}");
    let all = json!({"name": "b", "url": "http://b", "filepath": "/?bc"});
    let changed = app.put(&link, all).await;
    assert_eq!((changed.status, &changed.body["name"]), (200, &json!("b")));
    let not_in_url = json!({"message": [format!("F{NOT_IN_URL}")]});
    for filepath in ["/%ab", "/../abc"] {
        let body = json!({"name": "c", "filepath": filepath});
        app.put(&link, body).await.assert(400, not_in_url.clone());
    }
    let read = app.get(&link).await;
    assert_eq!(read.body, changed.body);
    let download = "/group/app/-/releases/v0.1/downloads/%3Fbc";
    assert_eq!(app.get(download).await.header("location"), "http://b");
    let body = json!({"name": "c", "filepath": "/abc"});
    assert_eq!(app.put(&link, body).await.status, 200);
    let body = json!({"name": "c", "filepath": "/?bc"});
    app.put(&link, body).await.assert(400, not_in_url);
    assert_invariants(&app.items().await);
}
