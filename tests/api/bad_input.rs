//! Malformed or oversized input returns a 4xx with the reason, and nothing is written.

use serde_json::json;

use testkit::app::{LINKS, TestApp};
use testkit::event::Event;

/// What is malformed, and the reason that the error gives.
const MALFORMED: &str = r#"
    json {"name": => the body is not valid JSON: EOF while parsing a value at line 1 column 8
    json {"name":"\u0000"} => the JSON body contains a NUL byte
    form name=a%00 => the form body contains a NUL byte
    form name=% => the form body contains a '%' not followed by two hexadecimal digits
    form name=%ff => the form body is not UTF-8 once it is decoded
    form name=a&name%5Bb%5D=c => the parameter 'name[b]' is given both as text and as an array or object
    multipart x => the body is not valid multipart/form-data: multipart boundary not found in Content-Type
    base64 no base64! => the event says that its body is base64, but it is not
    query a=%zz => the query string contains a '%' not followed by two hexadecimal digits
    path /%ff => the path is not UTF-8 once it is decoded
    path /%00 => the path contains a NUL byte
"#;

fn malformed(kind: &str, text: &str) -> Event {
    let post = Event::new("POST", LINKS);
    match kind {
        "json" => post.body("application/json", text),
        "form" => post.form(text),
        "multipart" => post.body("multipart/form-data", text),
        "base64" => post.raw_body(text, true),
        "query" => Event::new("GET", LINKS).query(text),
        _ => Event::new("GET", LINKS).suffix(text),
    }
}

#[tokio::test]
async fn malformed_input_is_rejected_with_the_reason() {
    let app = TestApp::start().await;
    for line in MALFORMED.lines().filter(|line| !line.is_empty()) {
        let (input, reason) = line.trim().split_once(" => ").unwrap();
        let (kind, text) = input.split_once(' ').unwrap();
        let reply = app.send(malformed(kind, text)).await;
        reply.assert_error(400, &format!("Bad Request: {reason}"));
    }
    let json = |body: &[u8]| Event::new("POST", LINKS).body("application/json", body);
    app.send(json(b"  ")).await.assert_error(
        400,
        "Bad Request: the body is not valid JSON: EOF while parsing a value at line 1 column 2",
    );
    for body in [
        &b"\xff\xfe"[..],
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\\ud800\"}",
        &[b'['; 5_000],
    ] {
        assert_eq!(app.send(json(body)).await.status, 400);
    }
    let broken = Event::new("POST", LINKS).body(
        "multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncut",
    );
    assert_eq!(app.send(broken).await.status, 400);
    assert_eq!(app.get(LINKS).await.ids(), [2]);
}

#[tokio::test]
async fn oversized_input_is_rejected() {
    let app = TestApp::start().await;
    let body = format!("name=a&url=http://a&x={}", "x".repeat(64 * 1024));
    let too_large = "The request body is too large (maximum is 65536 bytes)";
    app.send(Event::new("POST", LINKS).form(&body))
        .await
        .assert_error(413, too_large);
    app.send(Event::new("POST", LINKS).raw_body(&body, false))
        .await
        .assert_error(413, too_large);
    let too_long = "The request path and query are too long (maximum is 16384 bytes)";
    for target in [
        format!("/{}", "a".repeat(1_000_000)),
        format!("{LINKS}?{}", "a=b&".repeat(5_000)),
        "/".repeat(70_000),
    ] {
        app.get(&target).await.assert_error(414, too_long);
    }
    let tag = format!(
        "/api/v4/projects/24/releases/{}/assets/links",
        "t".repeat(1_025)
    );
    app.get(&tag)
        .await
        .assert_error(400, "tag_name is too long (maximum is 1024 bytes)");
    let tag = format!(
        "/api/v4/projects/24/releases/{}/assets/links",
        "t".repeat(1_024)
    );
    assert_eq!(app.get(&tag).await.status, 404);
    let many = (0..10_000)
        .map(|n| format!("{n:x}="))
        .collect::<Vec<_>>()
        .join("&");
    app.send(Event::new("POST", LINKS).form(&many))
        .await
        .assert_error(400, "name is missing, url is missing");
    let expected = "two project items, two token items, the token counter, the release, its \
                    details, its place in the order, the number of releases, the link and its two \
                    unique-constraint items";
    assert_eq!(app.items().await.len(), 12, "{expected}");
}

/// DynamoDB limits the length of an item's key, and the filepath is part of one.
#[tokio::test]
async fn an_overlong_filepath_returns_404_without_a_dynamodb_request() {
    let app = TestApp::start().await;
    assert_eq!(app.get(LINKS).await.status, 200);
    let download = |filepath: &str| format!("/group/app/-/releases/v0.1/downloads/{filepath}");
    assert_eq!(app.get(&download("x")).await.status, 404);
    for length in [128, 1_008, 1_009, 1_010, 8_000] {
        let reply = app.get(&download(&"x".repeat(length))).await;
        reply.assert(404, json!({"message": "404 Not found"}));
        reply.assert_calls(404, &[]);
    }
    let longest = "é".repeat(127);
    let longest = app.get(&download(&longest)).await;
    longest.assert_calls(404, &["BatchGetItem"]);
}

#[tokio::test]
async fn client_chosen_keys_fit_dynamodbs_limits() {
    let app = TestApp::start().await;
    let tag = "t".repeat(1_024);
    let list = format!("/api/v4/projects/24/releases/{tag}/assets/links");
    let body = json!({"name": "n".repeat(255), "url": format!("http://{}", "u".repeat(4_089)),
                      "filepath": format!("/{}", "f".repeat(127))});
    let event = Event::new("POST", &list)
        .json(body)
        .header("idempotency-key", &"k".repeat(255));
    assert_eq!(app.send(event).await.status, 201);
    assert_eq!(app.get(&list).await.ids(), [1]);
    let path = format!("{}/app", "g".repeat(1_020));
    assert_eq!(
        app.get(&format!(
            "/api/v4/projects/{}/releases/v1/assets/links",
            path.replace('/', "%2F")
        ))
        .await
        .status,
        404
    );
    let download = format!("/group/app/-/releases/{tag}/downloads/{}", "f".repeat(127));
    assert_eq!(app.get(&download).await.status, 302);
    assert_eq!(
        app.send(Event::new("GET", LINKS).token(&"t".repeat(8_000)))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_tag_with_control_characters_creates_no_release() {
    let app = TestApp::start().await;
    let before = app.items().await.len();
    for tag in ["v9%0d", "v9%0A", "%09v9", "v%7F9", "v%C2%859"] {
        let list = format!("/api/v4/projects/24/releases/{tag}/assets/links");
        let event = Event::new("POST", &list).form("name=a&url=http://a");
        app.send(event)
            .await
            .assert_error(400, "tag_name is invalid");
        let event = Event::new("POST", &list).form("name=a");
        app.send(event)
            .await
            .assert_error(400, "tag_name is invalid");
        for event in [
            Event::new("GET", &list),
            Event::new("PUT", &format!("{list}/1")).form("name=a"),
            Event::new("DELETE", &format!("{list}/1")),
        ] {
            app.send(event)
                .await
                .assert(404, json!({"message": "404 Not found"}));
        }
    }
    assert_eq!(app.items().await.len(), before);
}

#[tokio::test]
async fn unusual_paths_are_unknown_routes_or_literal_tags() {
    let app = TestApp::start().await;
    for path in [
        "no-slash",
        "/..",
        "/api/v4/projects/24/../25",
        "/api/v4/users",
        "/api/v4/user/1",
        "/%2e%2e/%2e%2e",
        "/api/v4/projects/24/releases/v0.1/assets",
        "/api/v5/projects/24/releases/v0.1/assets/links",
        "/:80",
        "/a b\"<>",
    ] {
        app.get(path).await.assert_error(404, "404 Not Found");
    }
    for method in ["PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
        app.send(Event::new(method, LINKS))
            .await
            .assert_error(404, "404 Not Found");
    }
    app.get("/api/v3/projects")
        .await
        .assert_error(410, "API V3 is no longer supported. Use API V4 instead.");
    for tag in ["...", "a;b%23c", "a+b", "%"] {
        let list = format!("/api/v4/projects/24/releases/{tag}/assets/links");
        let event = Event::new("POST", &list).form("name=a&url=http://a");
        assert_eq!(app.send(event).await.body["id"], 1, "{tag}");
        assert_eq!(app.send(Event::new("GET", &list)).await.ids(), [1], "{tag}");
    }
}

/// A space is not allowed in an entity tag (RFC 9110, 8.8.3). A malformed header is ignored (J3).
#[tokio::test]
async fn malformed_entity_tags_are_ignored() {
    let app = TestApp::start().await;
    let etag = app.get(LINKS).await.header("etag").to_owned();
    for (known, status) in [
        ("\" \"", 200),
        ("\"a b\", W/\"c\"", 200),
        ("\"", 200),
        (",", 200),
        (&*format!("\"a b\", {etag}"), 304),
        (&*etag, 304),
    ] {
        let event = Event::new("GET", LINKS).header("if-none-match", known);
        assert_eq!(app.send(event).await.status, status, "{known}");
    }
}
