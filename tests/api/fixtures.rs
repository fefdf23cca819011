//! Every file in `events/`, in the order of the expected responses in `tests/events.json`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use testkit::app::TestApp;

fn json(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The value with `<time>` for each text that may be any time, with `<page>` for a page or a feed, and
/// with the name of the description of the API for the description.
fn like(value: &Value, expected: &Value) -> Value {
    match (value, expected) {
        (Value::String(time), Value::String(any)) if any == "<time>" => {
            assert!(
                time.parse::<release_links::timestamp::Timestamp>().is_ok(),
                "{time}"
            );
            expected.clone()
        }
        (found, Value::String(file)) if file == "<docs/openapi.json>" => {
            assert_eq!(found, &json("docs/openapi.json"));
            expected.clone()
        }
        (Value::String(text), Value::String(page)) if page == "<page>" => {
            assert!(
                ["<!DOCTYPE html>", "<?xml "]
                    .iter()
                    .any(|start| text.starts_with(start))
            );
            expected.clone()
        }
        (Value::Object(members), Value::Object(_)) => members
            .iter()
            .map(|(name, value)| (name.clone(), like(value, &expected[name])))
            .collect(),
        _ => value.clone(),
    }
}

#[tokio::test]
async fn every_event_gets_the_expected_response() {
    let app = TestApp::start().await;
    for expected in json("tests/events.json").as_array().unwrap() {
        let event = expected["event"].as_str().unwrap();
        let reply = app.send(json(&format!("events/{event}.json"))).await;
        assert_eq!(
            Some(reply.status),
            expected["status"].as_u64(),
            "{event}: {reply:?}"
        );
        assert_eq!(
            like(&reply.body, &expected["body"]),
            expected["body"],
            "{event}"
        );
        for (name, value) in expected["headers"].as_object().unwrap() {
            assert_eq!(
                Some(reply.header(name)),
                value.as_str(),
                "{name} of {event}"
            );
            assert!(reply.has_header(name), "{name} of {event}");
        }
    }
}

#[test]
fn events_and_expected_responses_correspond_one_to_one() {
    let files: BTreeSet<String> = fs::read_dir("events")
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let expected: BTreeSet<String> = json("tests/events.json")
        .as_array()
        .unwrap()
        .iter()
        .map(|expected| expected["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(files, expected);
}
