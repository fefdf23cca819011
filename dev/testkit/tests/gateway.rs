//! The gateway as an HTTP client sees it, and the events that it makes.

#![expect(
    clippy::unwrap_used,
    reason = "an unexpected None or Err fails the test"
)]

use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testkit::app::{LINKS, TestApp};
use testkit::gateway::{Gateway, Kind};
use testkit::seed::TOKEN;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const KINDS: [Kind; 2] = [Kind::HttpApi, Kind::FunctionUrl];

/// The event for a request with these headers.
fn event(kind: Kind, target: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Value {
    let mut request = Request::post(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    kind.event(&request.body(()).unwrap().into_parts().0, body)
}

/// Starts a service with a gateway of each kind.
async fn start() -> [Gateway; 2] {
    let engine = TestApp::start().await.address;
    [
        Gateway::start(Kind::HttpApi, engine).await,
        Gateway::start(Kind::FunctionUrl, engine).await,
    ]
}

/// Sends these bytes, and returns the status line with the headers, and the body.
async fn exchange(gateway: &Gateway, head: &str, body: &[u8]) -> (String, String) {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let length = body.len();
    let head = format!("{head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The head of a request with JSON and the documentation's token.
fn post(path: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nprivate-token: {TOKEN}\r\n\
         content-type: application/json"
    )
}

#[test]
fn an_http_api_decodes_the_path_of_its_event() {
    let target = "/a%2Fb%20%C3%A9?x=%2F%20&x=%C3%A9&y";
    let request = event(Kind::HttpApi, target, &[("host", b"x")], b"");
    assert_eq!(
        request,
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/a/b é",
            "rawQueryString": "x=%2F%20&x=%C3%A9&y",
            "headers": {"host": "x"}, "body": null, "isBase64Encoded": false,
            "requestContext": {
                "accountId": "123456789012", "apiId": "api", "domainName": "links.example.com",
                "stage": "$default", "requestId": "id", "routeKey": "$default",
                "time": "10/Mar/2020:05:16:23 +0000", "timeEpoch": 1_583_817_383_220_u64,
                "http": {
                    "method": "POST", "path": "/a/b é", "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1",
                },
            },
        })
    );
}

#[test]
fn a_function_url_passes_the_path_as_the_client_encoded_it() {
    let target = "/a%2Fb%20%C3%A9?x=%2F";
    let request = event(Kind::FunctionUrl, target, &[], b"");
    assert_eq!(request["rawPath"], "/a%2Fb%20%C3%A9");
    assert_eq!(request["requestContext"]["http"]["path"], "/a%2Fb%20%C3%A9");
    assert_eq!(request["rawQueryString"], "x=%2F");
}

#[test]
fn a_path_that_is_not_utf_8_reaches_both_kinds_of_events_as_the_client_sent_it() {
    for kind in KINDS {
        assert_eq!(event(kind, "/%FF%2F", &[], b"")["rawPath"], "/%FF%2F");
    }
}

#[test]
fn repeated_headers_are_joined_by_commas() {
    let headers: [(&str, &[u8]); 6] = [
        ("If-None-Match", b"\"a\""),
        ("if-none-match", b"\"b\", \"c\""),
        ("X-Text", "é".as_bytes()),
        ("X-Bytes", b"\xff"),
        ("Cookie", b"a=1"),
        ("Cookie", b"b=2"),
    ];
    for kind in KINDS {
        let request = event(kind, "/", &headers, b"");
        assert_eq!(
            request["headers"],
            json!({"if-none-match": "\"a\",\"b\", \"c\"", "x-text": "é", "x-bytes": "\u{fffd}"})
        );
        assert_eq!(request["cookies"], json!(["a=1; b=2"]));
    }
}

#[test]
fn only_utf_8_of_a_text_type_is_passed_as_text() {
    let json = "application/json; charset=utf-8";
    let form = "application/x-www-form-urlencoded";
    for (content_type, body, is_text) in [
        (json, b"{}".as_slice(), true),
        ("Application/JSON", "\u{0}é".as_bytes(), true),
        ("text/plain", b"a", true),
        (json, b"\"\xff\"", false),
        (form, b"a=%FF", false),
        ("", b"{}", false),
    ] {
        for kind in KINDS {
            let headers = [("content-type", content_type.as_bytes())];
            let request = event(kind, "/", &headers, body);
            let text = request["body"].as_str().unwrap();
            let passed = match request["isBase64Encoded"].as_bool().unwrap() {
                true => STANDARD.decode(text).unwrap(),
                false => text.as_bytes().to_vec(),
            };
            assert_eq!(passed, body, "{content_type}");
            assert_eq!(request["isBase64Encoded"], !is_text, "{content_type}");
        }
    }
}

#[tokio::test]
async fn a_response_of_the_service_arrives_with_its_status_headers_and_body() {
    for gateway in start().await {
        let head = format!("GET {LINKS}/2 HTTP/1.1\r\nhost: x");
        let (head, body) = exchange(&gateway, &head, b"").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("\r\ncontent-type: application/json\r\n"));
        assert_eq!(
            body,
            json!({
                "id": 2, "name": "awesome-v0.2.msi", "url": "http://192.168.10.15:3000/msi",
                "direct_asset_url": "http://192.168.10.15:3000/msi", "external": true,
                "link_type": "other",
            })
        );
        assert_eq!(gateway.requests().await, 1);
    }
}

#[tokio::test]
async fn urls_of_a_list_lead_to_the_same_gateway() {
    for gateway in start().await {
        let head = format!("HEAD {LINKS} HTTP/1.1\r\nhost: x");
        let (head, body) = exchange(&gateway, &head, b"").await;
        let url = format!("<http://{}{LINKS}?", gateway.address);
        assert!(head.contains(&format!("\r\nlink: {url}")), "{head}");
        assert_eq!(body, "");
    }
}

#[tokio::test]
async fn a_body_that_is_not_utf_8_reaches_the_service() {
    for gateway in start().await {
        let body = b"{\"name\": \"\xff\", \"url\": \"http://a\"}";
        let (head, answer) = exchange(&gateway, &post(LINKS), body).await;
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
        let error = "Bad Request: the body is not valid JSON: invalid unicode code point at line 1 \
                     column 11";
        assert_eq!(answer, json!({ "error": error }).to_string());
    }
}

#[tokio::test]
async fn an_encoded_tag_names_the_same_release_through_each_gateway() {
    let [http_api, function_url] = start().await;
    let links = "/api/v4/projects/group%2Fapp/releases/rel%2F1.0%20%C3%A9/assets/links";
    let body = r#"{"name": "é", "url": "http://a"}"#.as_bytes();
    let (head, created) = exchange(&http_api, &post(links), body).await;
    assert!(head.starts_with("HTTP/1.1 201 Created\r\n"), "{head}");
    let get = format!("GET {links}?per_page=1 HTTP/1.1\r\nhost: x");
    for gateway in [http_api, function_url] {
        let (head, listed) = exchange(&gateway, &get, b"").await;
        assert_eq!(listed, format!("[{created}]"), "{head}");
    }
}
