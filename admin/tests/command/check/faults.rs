//! Failures of the table, and wrong usage.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;

use super::server::Server;
use super::{check, with_links};
use crate::command;
use crate::platform::end;
use testkit::app::TestApp;

/// The table behind a policy that denies this operation.
async fn denying(engine: SocketAddr, operation: &'static str, action: &str) -> SocketAddr {
    let message = format!(
        "User: arn:aws:iam::123456789012:user/x is not authorized to perform: dynamodb:{action} on \
         resource: arn:aws:dynamodb:eu-central-1:123456789012:table/release-links because no \
         identity-based policy allows the dynamodb:{action} action"
    );
    let kind = "com.amazonaws.dynamodb.v20120810#AccessDeniedException";
    let denial = Arc::new(json!({"__type": kind, "message": message}).to_string());
    // It fails if another test has chosen the same one before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = move |headers: HeaderMap, body: Bytes| {
        let (denial, client) = (denial.clone(), client.clone());
        async move {
            let target = headers["x-amz-target"].to_str().unwrap();
            if target.ends_with(operation) {
                return (StatusCode::BAD_REQUEST, Bytes::from(denial.to_string()));
            }
            let call = client.post(format!("http://{engine}/")).headers(headers);
            let answer = call.body(body).send().await.unwrap();
            (answer.status(), answer.bytes().await.unwrap())
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_read_is_explained() {
    let app = TestApp::start().await;
    for operation in ["Query", "GetItem"] {
        let table = denying(app.address, operation, operation).await;
        end(command(table, "check --project 24"))
            .await
            .assert_fails(&format!(
                "you may not {operation} the table release-links: attach the stack's OperatorPolicy"
            ));
    }
    let mut other = command(app.address, "check");
    other.env("TABLE_NAME", "other");
    end(other).await.assert_fails(
        "there is no table \"other\" in eu-central-1: check TABLE_NAME and AWS_REGION",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_may_not_be_written_ends_the_check_with_what_it_has_found() {
    let server = Server::start().await;
    let app = with_links([
        ("a", server.url("/to/301//file")),
        ("b", server.url("/silent")),
    ])
    .await;
    let table = denying(app.address, "TransactWriteItems", "PutItem").await;
    let ended = end(command(table, "check --allow-private --write-digests")).await;
    let shown = "\
PROJECT    TAG  LINK  RESULT                                URL                                  PERMANENT URL  SINCE
group/app  v1   1 a   moved to http://127.0.0.1:12345/file  http://127.0.0.1:12345/to/301//file  -              v1
";
    let sentence = "release-links-admin: you may not PutItem the table release-links: attach the \
                    stack's OperatorPolicy; checked 1 of 2 URLs of 1 link: 1 moved\n";
    let stdout = server.without_port(&ended.stdout);
    assert_eq!(
        (ended.code, stdout.as_str(), ended.stderr.as_str()),
        (Some(1), shown, sentence)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_service_that_is_no_url_is_explained() {
    let app = TestApp::start().await;
    let mut check = command(app.address, "check");
    check.env("PUBLIC_URL", "links.e.com");
    end(check).await.assert_fails(
        "PUBLIC_URL is 'links.e.com': it is not a URL: relative URL without a base; set it to an \
         address such as https://links.example.com",
    );
}

/// Arguments, and a part of the message that explains what is wrong with them.
const USAGE_ERRORS: [(&str, &str); 10] = [
    ("group/app", "unexpected argument 'group/app' found"),
    (
        "--project app",
        "specify a project by its ID, such as 24, or by its path",
    ),
    ("--latest 0", "0 is not in 1..=4294967295"),
    ("--latest all", "invalid value 'all' for '--latest <N>'"),
    ("--since yesterday", "write a date such as 2027-01-31"),
    ("--timeout 20", "write a duration such as 20s or 1m30s"),
    (
        "--timeout 1ms",
        "the time limit for a response is between 100ms and 10m",
    ),
    (
        "--timeout 11m",
        "the time limit for a response is between 100ms and 10m",
    ),
    ("--write-units 49", "49 is not in 50..=4294967295"),
    (
        "--proxy http://e.com",
        "unexpected argument '--proxy' found",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_explained() {
    let app = TestApp::start().await;
    for (arguments, part) in USAGE_ERRORS {
        let ended = check(&app, arguments).await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{arguments}: {ended:?}"
        );
        assert!(ended.stderr.contains(part), "{arguments}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_has_an_example_and_fits_80_columns() {
    let app = TestApp::start().await;
    let help = check(&app, "--help").await;
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    let example = "  release-links-admin check --project group/app --latest 5 --json\n";
    assert!(help.stdout.contains(example), "{}", help.stdout);
    let wide = help.stdout.lines().filter(|line| line.chars().count() > 80);
    assert_eq!(wide.collect::<Vec<_>>(), [""; 0]);
}
