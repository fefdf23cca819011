//! What the log says first.

use std::process::Stdio;

use testkit::app::{LINKS, TABLE, seeded_engine};
use testkit::emulator::bootstrap;
use testkit::event::Event;
use testkit::runtime_api::RuntimeApi;

/// The lines that a function with these settings logs for this number of requests.
async fn log_of(requests: usize, settings: &[(&str, &str)]) -> String {
    let endpoint = format!("http://{}", seeded_engine().await);
    let runtime_api = RuntimeApi::start().await;
    let mut process = runtime_api
        .function(bootstrap(env!("CARGO_BIN_EXE_release-links")), settings)
        .env("TABLE_NAME", TABLE)
        .env("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    for _ in 0..requests {
        let response = runtime_api.invoke(Event::new("GET", LINKS)).await;
        assert_eq!(response["statusCode"], 200);
    }
    runtime_api.wait_for_polls(requests + 1).await;
    process.start_kill().unwrap();
    let output = process.wait_with_output().await.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Asserts that a line is the event with the version, with a timestamp in UTC.
#[track_caller]
fn assert_start(line: &str) {
    let timestamp = line.strip_prefix(r#"{"timestamp":""#).unwrap_or_default();
    let (timestamp, rest) = timestamp.split_once('"').unwrap_or_default();
    let parsed = humantime::parse_rfc3339(timestamp);
    assert!(parsed.is_ok(), "{timestamp}: {line}");
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        r#","level":"INFO","fields":{{"message":"release-links starts","version":"{version}"}},"target":"release_links"}}"#
    );
    assert_eq!(rest, expected, "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_request_logs_the_version_before_its_own_line() {
    let log = log_of(2, &[]).await;
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 3, "{log}");
    assert_start(lines[0]);
    for line in &lines[1..] {
        assert!(line.contains(r#""operation":"list_links""#), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_succeeds_logs_nothing() {
    assert_eq!(log_of(0, &[]).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_with_the_version_is_the_first_one_at_the_most_verbose_level() {
    let log = log_of(0, &[("LOG_LEVEL", "debug")]).await;
    assert!(log.lines().count() > 1, "{log}");
    assert_start(log.lines().next().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_version_is_not_logged_above_level_info() {
    let log = log_of(1, &[("AWS_LAMBDA_LOG_LEVEL", "WARN")]).await;
    assert_eq!(log, "");
}

#[test]
fn a_start_that_fails_logs_the_version_before_the_cause() {
    let output = std::process::Command::new(bootstrap(env!("CARGO_BIN_EXE_release-links")))
        .env_clear()
        .output()
        .unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    let [start, failure] = log.lines().collect::<Vec<_>>()[..] else {
        panic!("two lines: {log}");
    };
    assert_start(start);
    assert!(failure.contains("TABLE_NAME is not set"), "{failure}");
}
