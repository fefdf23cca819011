//! The five operations on links (sections A, D, H, I).

use serde_json::{Value, json};

use testkit::app::{LINKS, TestApp};
use testkit::event::Event;

fn link(id: u64, name: &str, url: &str) -> Value {
    json!({"id": id, "name": name, "url": url, "external": true, "direct_asset_url": url, "link_type": "other"})
}

#[tokio::test]
async fn a_link_can_be_created_read_updated_and_deleted() {
    let app = TestApp::start().await;
    let list = "/api/v4/projects/24/releases/v9/assets/links";
    app.get(list)
        .await
        .assert(404, json!({"message": "404 Not found"}));
    app.post(list, json!({"name": "a", "url": "https://e.com/a"}))
        .await
        .assert(201, link(1, "a", "https://e.com/a"));
    app.get(&format!("{list}/1"))
        .await
        .assert(200, link(1, "a", "https://e.com/a"));
    app.put(&format!("{list}/1"), json!({"name": "b"}))
        .await
        .assert(200, link(1, "b", "https://e.com/a"));
    app.delete(&format!("{list}/1"))
        .await
        .assert(200, link(1, "b", "https://e.com/a"));
    app.delete(&format!("{list}/1"))
        .await
        .assert(404, json!({"message": "404 Not found"}));
    app.get(list).await.assert(200, json!([]));
    app.post(list, json!({"name": "a", "url": "https://e.com/a"}))
        .await
        .assert(201, link(2, "a", "https://e.com/a"));
}

/// The JSON of the seeded link as the service writes it.
async fn json_of_seeded_link(app: &TestApp) -> String {
    let event: Value = Event::new("GET", &format!("{LINKS}/2")).into();
    let payload = serde_json::from_value(event).unwrap();
    let response = app
        .app
        .invoke(lambda_http::LambdaEvent::new(
            payload,
            lambda_http::Context::default(),
        ))
        .await
        .unwrap();
    let response = serde_json::to_value(response).unwrap();
    response["body"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn fields_are_returned_in_the_documented_order() {
    let app = TestApp::start().await;
    let json = r#"{"id":2,"name":"awesome-v0.2.msi","url":"http://192.168.10.15:3000/msi","external":true,"direct_asset_url":"http://192.168.10.15:3000/msi","link_type":"other"}"#;
    assert_eq!(json_of_seeded_link(&app).await, json);
    let digest = format!("sha256:{}", "0".repeat(64));
    let link = format!("{LINKS}/2");
    let updated = app.put(&link, json!({ "digest": digest })).await;
    assert_eq!(updated.status, 200);
    let with_digest = json.replace('}', &format!(r#","digest":"{digest}"}}"#));
    assert_eq!(json_of_seeded_link(&app).await, with_digest);
}

#[tokio::test]
async fn all_uniqueness_violations_are_reported_together() {
    let app = TestApp::start().await;
    let first = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a"});
    assert_eq!(app.post(LINKS, first.clone()).await.status, 201);
    let all = json!({"message": ["Url has already been taken", "Name has already been taken", "Filepath has already been taken"]});
    app.post(LINKS, first.clone())
        .await
        .assert(400, all.clone());
    let second = app
        .post(
            LINKS,
            json!({"name": "b", "url": "https://e.com/b", "filepath": "/bin/b"}),
        )
        .await;
    let second = format!("{LINKS}/{}", second.body["id"]);
    app.put(&second, first).await.assert(400, all);
    app.put(&second, json!({"name": "a"}))
        .await
        .assert(400, json!({"message": ["Name has already been taken"]}));
    assert_eq!(
        app.get(&second).await.body["name"],
        "b",
        "a rejected update changes nothing"
    );
    assert_eq!(
        app.put(&second, json!({"name": "b", "url": "https://e.com/B"}))
            .await
            .status,
        200,
        "uniqueness is case-sensitive"
    );
    let other_release = "/api/v4/projects/24/releases/v2/assets/links";
    assert_eq!(
        app.post(
            other_release,
            json!({"name": "a", "url": "https://e.com/a"})
        )
        .await
        .status,
        201
    );
}

#[tokio::test]
async fn values_released_by_an_update_or_delete_can_be_reused() {
    let app = TestApp::start().await;
    let old = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a"});
    let first = format!("{LINKS}/{}", app.post(LINKS, old.clone()).await.body["id"]);
    let new = json!({"name": "b", "url": "https://e.com/b", "filepath": "/bin/b"});
    assert_eq!(app.put(&first, new.clone()).await.status, 200);
    let second = app.post(LINKS, old).await;
    assert_eq!(second.status, 201);
    assert_eq!(app.delete(&first).await.status, 200);
    assert_eq!(
        app.put(&format!("{LINKS}/{}", second.body["id"]), new)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_update_keeps_omitted_attributes() {
    let app = TestApp::start().await;
    let body =
        json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a", "link_type": "image"});
    let link = format!("{LINKS}/{}", app.post(LINKS, body).await.body["id"]);
    let reply = app
        .put(
            &link,
            json!({"url": " https://e.com/b\n", "id": 7, "link_id": 8}),
        )
        .await;
    assert_eq!(reply.body["url"], "https://e.com/b");
    assert_eq!(reply.body["link_type"], "image");
    assert_eq!(
        reply.body["direct_asset_url"],
        "http://127.0.0.1:9000/group/app/-/releases/v0.1/downloads/bin/a"
    );
    let cleared = app
        .put(
            &link,
            json!({"name": "a", "filepath": null, "link_type": null}),
        )
        .await;
    assert_eq!(cleared.body["direct_asset_url"], "https://e.com/b");
    assert_eq!(cleared.body["link_type"], "other");
}

#[tokio::test]
async fn external_is_false_if_the_url_starts_with_the_projects_url() {
    let app = TestApp::start().await;
    for (url, external) in [
        ("http://127.0.0.1:9000/group/app/x", false),
        ("http://127.0.0.1:9000/group/app2/x", false),
        ("https://127.0.0.1:9000/group/app/x", true),
        ("http://127.0.0.1:9000/group/App/x", true),
    ] {
        let reply = app
            .post(
                LINKS,
                json!({"name": url, "url": url, "external": !external}),
            )
            .await;
        assert_eq!(
            (reply.status, &reply.body["external"]),
            (201, &json!(external)),
            "{url}"
        );
    }
}

#[tokio::test]
async fn all_validation_errors_are_reported_together() {
    let app = TestApp::start().await;
    let long_name =
        json!({"name": "n".repeat(256), "url": format!("https://e.com/{}", "u".repeat(4_083))});
    for (body, messages) in [
        (
            json!({"name": "", "url": null}),
            json!([
                "Url can't be blank",
                "Url must be a valid URL",
                "Name can't be blank"
            ]),
        ),
        (
            json!({"name": "a", "url": "torrent:x"}),
            json!(["Url is blocked: Only allowed schemes are http, https, ftp"]),
        ),
        (
            json!({"name": "a", "url": "http://"}),
            json!(["Url is blocked: URI is invalid"]),
        ),
        (
            json!({"name": "a", "url": "http://-bad"}),
            json!(["Url is blocked: Hostname or IP address invalid"]),
        ),
        (
            json!({"name": "a", "url": "http://a", "filepath": ""}),
            json!(["Filepath is in an invalid format"]),
        ),
        (
            json!({"name": "a", "url": "http://a", "filepath": format!("/{}", "a".repeat(128))}),
            json!(["Filepath is too long (maximum is 128 characters)"]),
        ),
        (
            long_name,
            json!([
                "Url is too long (maximum is 4096 characters)",
                "Name is too long (maximum is 255 characters)"
            ]),
        ),
    ] {
        app.post(LINKS, body.clone())
            .await
            .assert(400, json!({"message": messages}));
        app.put(&format!("{LINKS}/2"), body.clone())
            .await
            .assert(400, json!({"message": messages}));
        app.put(&format!("{LINKS}/99"), body)
            .await
            .assert(404, json!({"message": "404 Not found"}));
    }
    assert_eq!(app.get(LINKS).await.ids(), [2]);
}

#[tokio::test]
async fn a_matching_if_none_match_header_returns_304() {
    let app = TestApp::start().await;
    for target in [LINKS.to_owned(), format!("{LINKS}/2")] {
        let etag = app.get(&target).await.header("etag").to_owned();
        assert!(etag.starts_with("W/\"") && etag.len() == 36, "{etag}");
        for if_none_match in [etag.clone(), "*".to_owned(), format!("\"other\", {etag}")] {
            let reply = app
                .send(Event::new("GET", &target).header("if-none-match", &if_none_match))
                .await;
            assert_eq!(
                (reply.status, reply.body.is_null(), reply.header("etag")),
                (304, true, etag.as_str()),
                "{if_none_match}"
            );
        }
        assert_eq!(
            app.send(Event::new("GET", &target).header("if-none-match", "\"other\""))
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn head_is_get_without_body_or_etag() {
    let app = TestApp::start().await;
    let reply = app.send(Event::new("HEAD", LINKS)).await;
    assert_eq!(
        (reply.status, reply.body.is_null(), reply.header("x-total")),
        (200, true, "1")
    );
    assert_eq!(
        (reply.header("cache-control"), reply.has_header("etag")),
        ("no-cache", false)
    );
    assert_eq!(
        app.send(Event::new("HEAD", &format!("{LINKS}/99")))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn options_returns_the_allowed_methods() {
    let app = TestApp::start().await;
    let list = app.send(Event::new("OPTIONS", LINKS)).await;
    assert_eq!(
        (list.status, list.header("allow")),
        (204, "OPTIONS, GET, POST, HEAD")
    );
    let link = app.send(Event::new("OPTIONS", &format!("{LINKS}/1"))).await;
    assert_eq!(
        (link.status, link.header("allow")),
        (204, "OPTIONS, GET, PUT, DELETE, HEAD")
    );
}

#[tokio::test]
async fn cross_origin_requests_are_allowed() {
    let app = TestApp::start().await;
    let reply = app
        .send(Event::new("GET", LINKS).header("origin", "https://e.com"))
        .await;
    assert_eq!(
        (reply.status, reply.header("access-control-allow-origin")),
        (200, "*")
    );
    assert!(
        reply
            .header("access-control-expose-headers")
            .contains("X-Total-Pages")
    );
    assert!(
        !app.get(LINKS)
            .await
            .has_header("access-control-allow-origin")
    );
}
