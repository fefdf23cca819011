//! Attacks: access to other projects through crafted paths, spoofed and injected headers, and
//! forged log lines.

use serde_json::json;

use release_links::project::Visibility;
use release_links::telemetry::RequestRecord;
use testkit::app::{LINKS, TestApp, project};
use testkit::event::Event;
use testkit::log::Log;
use testkit::seed;

#[tokio::test]
async fn no_path_bypasses_the_access_checks_of_a_private_project() {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    for project in [
        "7",
        "0007",
        "24%2F..%2F7",
        "24/../7",
        "24/..%2f7",
        "%2e%2e%2F7",
        "7%00",
        "7%3F",
        "7?",
        "7#",
        "7%23v1",
        "24%2Freleases%2Fv1",
        "secret%2Fapp",
        "SECRET%2FAPP",
        "secret%2F.%2Fapp",
        "secret%2F%2Fapp",
        "group%2Fapp%2F..%2F..%2Fsecret%2Fapp",
        "projects",
        "project-path#secret/app",
        "tokens",
    ] {
        for tag in [
            "v1",
            "v1%2Fassets%2Flinks%2F1",
            "..%2F..%2F7%2Freleases%2Fv1",
        ] {
            let links = format!("/api/v4/projects/{project}/releases/{tag}/assets/links");
            for event in [
                Event::new("GET", &links),
                Event::new("POST", &links).form("name=a&url=http://a"),
            ] {
                let reply = app.send(event).await;
                assert!(matches!(reply.status, 400 | 404), "{links}: {reply:?}");
            }
        }
    }
    assert!(
        app.items()
            .await
            .iter()
            .all(|item| !item["pk"].as_s().unwrap().starts_with("7#"))
    );
}

#[tokio::test]
async fn client_input_cannot_inject_headers_or_log_lines() {
    let app = TestApp::start().await;
    let log = Log::capture();
    let forged = "v1%0d%0aSet-Cookie:%20a=b%0a%7B%22level%22:%22FORGED%22%7D%3E;%20rel=%22next%22";
    let list = app
        .get(&format!(
            "/api/v4/projects/24/releases/{forged}/assets/links"
        ))
        .await;
    list.assert(404, json!({"message": "404 Not found"}));
    let tag = "v1%22%7B%22level%22:%22FORGED%22%7D%3E;%20rel=%22next%22";
    let links = format!("/api/v4/projects/24/releases/{tag}/assets/links");
    let body = json!({"name": "<script>alert(1)</script>", "url": "https://e.com/é?a=\u{2028}b", "filepath": "/bin/x"});
    assert_eq!(app.post(&links, body).await.status, 201);
    let list = app
        .get(&format!("{links}?%0d%0aX-Evil:=1&foo=%3E%3B%0a"))
        .await;
    assert_eq!(list.status, 200);
    let allowed = |c: char| c.is_ascii_graphic() || c == ' ';
    assert!(
        list.header("link").chars().all(allowed)
            && list.header("link").matches("rel=").count() == 2,
        "{list:?}"
    );
    assert!(!list.has_header("set-cookie") && !list.has_header("x-evil"));
    let download = app
        .get(&format!("/group/app/-/releases/{tag}/downloads/bin/x"))
        .await;
    assert_eq!(
        (download.status, download.header("location")),
        (302, "https://e.com/%C3%A9?a=%E2%80%A8b")
    );
    assert_eq!(
        download.header("content-security-policy"),
        "default-src 'none'"
    );
    for line in log.text().lines() {
        let event: serde_json::Value =
            serde_json::from_str(line).expect("each log line should be one JSON event");
        assert_ne!(event["level"], "FORGED");
    }
    assert!(
        log.text().contains(r"v1\r\nSet-Cookie: a=b\n{\"),
        "{}",
        log.text()
    );
}

#[tokio::test]
async fn no_client_chooses_the_length_of_a_log_line() {
    let app = TestApp::start().await;
    let log = Log::capture();
    let long = "X".repeat(6_000);
    for (method, project, tag) in [
        (long.as_str(), "24", "v1"),
        ("GET", long.as_str(), "v1"),
        ("GET", "24", long.as_str()),
        ("GET", "24", &"é\u{1}".repeat(2_000)),
    ] {
        let links = format!("/api/v4/projects/{project}/releases/{tag}/assets/links?{long}");
        let event = Event::new(method, &links).header("x-amzn-trace-id", &long);
        assert!(app.send(event.form(&long)).await.status < 500);
    }
    // Lambda takes a part of the trace ID from the client. A cause may quote an item.
    let record = RequestRecord {
        request_id: long.clone(),
        xray_trace_id: Some(long.clone()),
        cause: Some(long.clone()),
        ..RequestRecord::default()
    };
    record.log();
    let mut longest = 0;
    for line in log.text().lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let fields = event["fields"].as_object().unwrap();
        if !fields.contains_key("operation") {
            continue;
        }
        for (name, value) in fields {
            let length = value.as_str().unwrap_or_default().chars().count();
            let limit = if name == "cause" { 4_096 } else { 256 };
            assert!(length <= limit, "{name} has {length} characters");
            longest = longest.max(length);
        }
    }
    assert_eq!(longest, 4_096, "{}", log.text());
}

#[tokio::test]
async fn untrusted_request_headers_do_not_change_the_response() {
    let app = TestApp::start().await;
    let get = |name: &'static str, value: &'static str| {
        app.send(Event::new("GET", LINKS).header(name, value))
    };
    let expected = get("accept", "*/*").await.without_runtime();
    for (name, value) in [
        ("host", "evil.example.com"),
        ("x-forwarded-host", "evil.example.com"),
        ("forwarded", "host=evil.example.com"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-prefix", "/evil"),
        ("x-original-url", "/api/v4/projects/7"),
        ("x-http-method-override", "DELETE"),
        ("transfer-encoding", "chunked"),
        ("content-length", "7"),
    ] {
        assert_eq!(
            get(name, value).await.without_runtime(),
            expected,
            "{name}: {value}"
        );
    }
    assert!(expected.header("cache-control").contains("private"));
}

#[tokio::test]
async fn compressed_bodies_are_never_decompressed() {
    let app = TestApp::start().await;
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV\xcaK\xccMU\xb2RJT\xaa\x05\x00";
    for content_type in ["application/json", "application/x-www-form-urlencoded"] {
        let event = Event::new("POST", LINKS)
            .body(content_type, gzip)
            .header("content-encoding", "gzip");
        app.send(event).await.assert_error(
            415,
            "The provided content-encoding 'gzip' is not supported.",
        );
    }
    let event = Event::new("POST", LINKS)
        .form("name=a&url=http://a")
        .header("content-encoding", "identity");
    assert_eq!(app.send(event).await.status, 201);
}

/// Gateways join duplicate headers with a comma.
#[tokio::test]
async fn duplicate_token_headers_return_401() {
    let app = TestApp::start().await;
    let duplicate = format!("{},junk", seed::TOKEN);
    let event = Event::new("POST", LINKS)
        .token(&duplicate)
        .form("name=a&url=http://a");
    app.send(event)
        .await
        .assert(401, json!({"message": "401 Unauthorized"}));
}

/// Gateways join duplicate headers with a comma.
#[tokio::test]
async fn the_first_of_duplicate_content_types_is_used() {
    let app = TestApp::start().await;
    let multipart = "--a,b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nn\r\n\
                     --a,b\r\nContent-Disposition: form-data; name=\"url\"\r\n\r\nhttp://4\r\n--a,b--\r\n";
    for (content_type, body) in [
        (
            "application/json,application/json",
            r#"{"name":"1","url":"http://1"}"#,
        ),
        (
            "application/json; charset=utf-8, application/json",
            r#"{"name":"2","url":"http://2"}"#,
        ),
        (
            "application/x-www-form-urlencoded,text/plain",
            "name=3&url=http://3",
        ),
        (
            r#"multipart/form-data; boundary="a,b",multipart/form-data; boundary="a,b""#,
            multipart,
        ),
    ] {
        assert_eq!(
            app.send(Event::new("POST", LINKS).body(content_type, body))
                .await
                .status,
            201,
            "{content_type}"
        );
    }
    let event = Event::new("POST", LINKS).body("text/plain,application/json", "{}");
    app.send(event).await.assert_error(
        415,
        "The provided content-type 'text/plain' is not supported.",
    );
}

#[tokio::test]
async fn only_content_encodings_that_compress_are_rejected() {
    let app = TestApp::start().await;
    let event = |n: usize, coding: &str| {
        Event::new("POST", LINKS)
            .form(&format!("name={n}&url=http://{n}"))
            .header("content-encoding", coding)
    };
    for (n, coding) in [
        "identity",
        "Identity",
        "utf-8",
        "UTF-8",
        "",
        " ",
        "aws-chunked",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(app.send(event(n, coding)).await.status, 201, "{coding}");
    }
    for coding in [
        "gzip",
        "GZip",
        "x-gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "identity, gzip",
    ] {
        let rejected = coding.rsplit(' ').next().unwrap();
        let text = format!("The provided content-encoding '{rejected}' is not supported.");
        app.send(event(99, coding)).await.assert_error(415, &text);
    }
}
