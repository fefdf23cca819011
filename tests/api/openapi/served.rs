//! The description of the API, `GET /api/v4/openapi.json`.

use serde_json::{Value, json};

use testkit::app::{TestApp, seeded_engine};
use testkit::event::Event;
use testkit::reply::Reply;

const PATH: &str = "/api/v4/openapi.json";

fn document() -> Value {
    serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap()
}

fn get() -> Event {
    Event::new("GET", PATH).anonymous()
}

/// Asserts a response with the document or, to HEAD, its headers.
#[track_caller]
fn assert_document(reply: &Reply, body: Value, encoding: &str) {
    reply.assert(200, body);
    reply.assert_calls(200, &[]);
    for (name, value) in [
        ("content-type", "application/json"),
        ("content-encoding", encoding),
        ("cache-control", "public, max-age=3600, stale-if-error=0"),
        ("vary", "Origin, Accept-Encoding"),
        ("content-security-policy", "default-src 'none'"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    let etag = reply.header("etag");
    assert!(etag.starts_with("W/\"") && etag.len() == 36, "{etag}");
}

#[tokio::test]
async fn anyone_reads_the_description_without_a_call_to_dynamodb() {
    let app = TestApp::start().await;
    for event in [get(), Event::new("GET", PATH), get().token("junk")] {
        assert_document(&app.send(event).await, document(), "");
    }
    let app = TestApp::builder(([127, 0, 0, 1], 1).into()).start();
    assert_document(&app.send(get()).await, document(), "");
}

#[tokio::test]
async fn only_a_client_that_accepts_gzip_gets_the_description_compressed() {
    let app = TestApp::start().await;
    let plain = app.send(get()).await;
    for (accepted, encoding) in [
        ("gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("gzip;q=0, br", ""),
        ("*", ""),
        ("identity", ""),
    ] {
        let reply = app.send(get().header("accept-encoding", accepted)).await;
        assert_document(&reply, document(), encoding);
        assert_eq!(reply.header("etag"), plain.header("etag"), "{accepted}");
    }
}

/// A REST API would pass compressed bytes on in base64.
#[tokio::test]
async fn a_rest_api_gets_the_description_uncompressed() {
    let app = TestApp::start().await;
    let event = include_str!("../../../events/list-links-rest-api.json");
    let mut event: Value = serde_json::from_str(event).unwrap();
    event["path"] = json!(PATH);
    event["requestContext"]["path"] = json!(format!("/production{PATH}"));
    event["headers"]["accept-encoding"] = json!("gzip");
    event["multiValueHeaders"]["accept-encoding"] = json!(["gzip"]);
    assert_document(&app.send(event).await, document(), "");
}

#[tokio::test]
async fn a_client_that_knows_the_description_gets_304() {
    let app = TestApp::start().await;
    let etag = app.send(get()).await.header("etag").to_owned();
    let strong = etag.trim_start_matches("W/").to_owned();
    for known in [&*etag, &*strong, "*", &format!("\"other\", {etag}")] {
        for method in ["GET", "HEAD"] {
            let event = get().method(method).header("if-none-match", known);
            let reply = app.send(event.header("accept-encoding", "gzip")).await;
            reply.assert(304, Value::Null);
            assert_eq!(reply.header("etag"), etag);
            assert_eq!(
                reply.header("cache-control"),
                "public, max-age=3600, stale-if-error=0"
            );
            assert_eq!(reply.header("vary"), "Origin, Accept-Encoding");
            assert!(!reply.has_header("content-encoding"));
        }
    }
    for unknown in ["\"other\"", "junk", ""] {
        let event = get().header("if-none-match", unknown);
        assert_document(&app.send(event).await, document(), "");
    }
}

#[tokio::test]
async fn head_and_options_of_the_description_have_no_body() {
    let app = TestApp::start().await;
    let head = app.send(get().method("HEAD")).await;
    assert_document(&head, Value::Null, "");
    let options = app.send(get().method("OPTIONS")).await;
    options.assert(204, Value::Null);
    assert_eq!(options.header("allow"), "OPTIONS, GET, HEAD");
    for method in ["POST", "PUT", "DELETE"] {
        let reply = app.send(get().method(method)).await;
        reply.assert_error(404, "404 Not Found");
    }
}

#[tokio::test]
async fn the_description_is_json_whatever_the_client_accepts() {
    let app = TestApp::start().await;
    for accepted in [
        "text/html",
        "application/yaml",
        "*/*",
        "application/json;q=0",
    ] {
        let reply = app.send(get().header("accept", accepted)).await;
        assert_document(&reply, document(), "");
    }
    let reply = app.send(get().query("format=yaml")).await;
    reply.assert_error(406, "The requested format 'yaml' is not supported.");
}

/// The address of the server in the document is relative, so it has neither.
#[tokio::test]
async fn a_prefix_or_a_stage_does_not_change_the_description() {
    let server = &document()["servers"][0]["url"];
    assert_eq!(server, "../..");
    let engine = seeded_engine().await;
    let with_prefix = TestApp::builder(engine).public_url("https://example.com/links");
    let with_stage = TestApp::builder(engine).without_public_url();
    let mut event: Value = Event::new("GET", &format!("/production{PATH}")).into();
    event["requestContext"]["stage"] = json!("production");
    let stage = with_stage.start().send(event).await;
    assert_document(&stage, document(), "");
    let app = with_prefix.start();
    let prefix = app.get(&format!("/links{PATH}")).await;
    assert_document(&prefix, document(), "");
    assert_eq!(prefix.header("etag"), stage.header("etag"));
    let other = app.get(&format!("/other{PATH}")).await;
    other.assert_error(404, "404 Not Found");
}
