//! Unreachable DynamoDB, malformed items, and a function that cannot start.

use std::net::SocketAddr;
use std::process::Command;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use testkit::app::{LINKS, TABLE, TestApp};
use testkit::emulator::bootstrap;
use testkit::event::Event;
use testkit::invariants::Item;
use testkit::log::Log;

#[tokio::test]
async fn without_dynamodb_every_operation_returns_a_retryable_503() {
    let nowhere: SocketAddr = ([127, 0, 0, 1], 1).into();
    let app = TestApp::builder(nowhere).start();
    let link = format!("{LINKS}/1");
    for event in [
        Event::new("GET", LINKS),
        Event::new("GET", &link),
        Event::new("POST", LINKS).form("name=a&url=http://a"),
        Event::new("PUT", &link).form("name=a"),
        Event::new("DELETE", &link),
        Event::new("GET", "/group/app/-/releases/v0.1/downloads/abc"),
    ] {
        let reply = app.send(event).await;
        reply.assert(
            503,
            json!({"message": "503 Service Unavailable: nothing is lost, please try again"}),
        );
        assert_eq!(reply.header("retry-after"), "1");
    }
    assert_eq!(app.get("/nowhere").await.status, 404);
}

#[tokio::test]
async fn a_malformed_item_returns_500_without_details() {
    let app = TestApp::start().await;
    let items = app.items().await;
    let is_link = |item: &&Item| item["sk"].as_s().unwrap().contains("#l#");
    let mut item = items.iter().find(is_link).unwrap().clone();
    item.insert("url".to_owned(), AttributeValue::Bool(true));
    app.client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item))
        .send()
        .await
        .unwrap();
    for target in [LINKS.to_owned(), format!("{LINKS}/2")] {
        let log = Log::capture();
        app.get(&target)
            .await
            .assert(500, json!({"message": "500 Internal Server Error"}));
        let message =
            "attribute url of item 24#v0.1/g000000000001#l#000000000002 is missing or mistyped";
        assert!(log.text().contains(message), "{}", log.text());
    }
}

#[test]
fn a_function_with_missing_or_invalid_settings_exits_with_an_explanation() {
    for (settings, message) in [
        (
            vec![],
            "release-links: TABLE_NAME is not set: set it to the name of the DynamoDB table\n",
        ),
        (
            vec![("TABLE_NAME", "links"), ("IDENTITY_CACHE_SECONDS", "-1")],
            "release-links: IDENTITY_CACHE_SECONDS is '-1': set it to a whole number of seconds, such as 30\n",
        ),
        (
            vec![("TABLE_NAME", "links")],
            "release-links: AWS_REGION is not set: set it to the region of the table\n",
        ),
        (
            vec![
                ("TABLE_NAME", "links"),
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ACCESS_KEY_ID", "id"),
            ],
            "release-links: AWS_SECRET_ACCESS_KEY is not set: set it together with AWS_ACCESS_KEY_ID\n",
        ),
    ] {
        let output = Command::new(bootstrap(env!("CARGO_BIN_EXE_release-links")))
            .env_clear()
            .env("AWS_LAMBDA_LOG_LEVEL", "ERROR")
            .envs(settings)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), message);
        let event: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let cause = message.strip_prefix("release-links: ").unwrap().trim_end();
        assert_eq!(
            (&event["level"], &event["fields"]["cause"]),
            (&"ERROR".into(), &cause.into())
        );
    }
}
