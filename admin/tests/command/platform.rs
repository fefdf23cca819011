//! Failures of AWS, which a fake endpoint plays: each is explained in one sentence.

use std::net::SocketAddr;
use std::process::Command;

use axum::Router;
use axum::http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;

use super::import::{export, project};
use super::{Ended, admin, command, ended, file};
use testkit::app::TestApp;

/// What the endpoint answers to every call.
#[derive(Debug, Clone, Copy)]
struct Answer {
    status: u16,
    code: &'static str,
    message: &'static str,
}

/// An endpoint that answers every call with this error.
async fn endpoint(answer: Answer) -> SocketAddr {
    let Answer {
        status,
        code,
        message,
    } = answer;
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    let body = match code {
        "" => message.to_owned(),
        _ => json!({"__type": kind, "message": message}).to_string(),
    };
    let status = StatusCode::from_u16(status).unwrap();
    let router = Router::new().fallback(move || std::future::ready((status, body.clone())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Runs the command while this task serves its calls.
pub async fn end(mut command: Command) -> Ended {
    tokio::task::spawn_blocking(move || ended(&mut command))
        .await
        .unwrap()
}

const fn error(code: &'static str, message: &'static str) -> Answer {
    let status = 400;
    Answer {
        status,
        code,
        message,
    }
}

const DENIED: &str = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: \
                      dynamodb:Query on resource: \
                      arn:aws:dynamodb:eu-central-1:123456789012:table/release-links because no \
                      identity-based policy allows the dynamodb:Query action";
const FORBIDDEN: &str = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: \
                         dynamodb:Query on resource: \
                         arn:aws:dynamodb:eu-central-1:123456789012:table/release-links with an \
                         explicit deny in a service control policy";
const NO_KEY: &str = "KMS key access denied error: \
                      com.amazonaws.services.kms.model.AWSKMSException: The ciphertext refers to a \
                      customer master key that does not exist, does not exist in this region, or \
                      you are not allowed to access. (Service: AWSKMS; Status Code: 400; \
                      Error Code: AccessDeniedException; Request ID: 1; Proxy: null)";
const KEY_DENIED: &str = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: \
                          kms:Decrypt on resource: arn:aws:kms:eu-central-1:123456789012:key/1";

/// The errors of DynamoDB, and the sentences of `token list`.
const REFUSALS: [(Answer, &str); 24] = [
    (
        error("ResourceNotFoundException", "Requested resource not found"),
        "there is no table \"release-links\" in eu-central-1: check TABLE_NAME and AWS_REGION",
    ),
    (
        error(
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        "your AWS session has expired: sign in again",
    ),
    (
        error("AccessDeniedException", DENIED),
        "you may not Query the table release-links: attach the stack's OperatorPolicy",
    ),
    (
        error("AccessDeniedException", "Access denied."),
        "you may not use the table release-links: attach the stack's OperatorPolicy",
    ),
    (
        error("AccessDeniedException", FORBIDDEN),
        "a policy of your AWS account explicitly denies you dynamodb:Query on the table \
         release-links: ask whoever manages the account",
    ),
    (
        error("AccessDeniedException", NO_KEY),
        "DynamoDB cannot use the KMS key of the table release-links: check that the key is \
         enabled, and that its policy allows you to use it",
    ),
    (
        error("AccessDeniedException", KEY_DENIED),
        "you may not use the KMS key of the table release-links (kms:Decrypt): attach the stack's \
         OperatorPolicy, and check the stack's KmsKeyArn",
    ),
    (
        error("KMSInvalidStateException", "The key is pending deletion"),
        "DynamoDB cannot use the KMS key of the table release-links: check that the key is \
         enabled, and that its policy allows you to use it",
    ),
    (
        error(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        "AWS in eu-central-1 does not know your access key: check AWS_ACCESS_KEY_ID or \
         AWS_PROFILE, and AWS_REGION",
    ),
    (
        error(
            "InvalidSignatureException",
            "The request signature we calculated does not match",
        ),
        "AWS does not accept your secret access key: check AWS_SECRET_ACCESS_KEY or AWS_PROFILE",
    ),
    (
        error(
            "InvalidSignatureException",
            "Signature expired: 20261128T010000Z is now earlier than …",
        ),
        "the clock of this computer differs from that of AWS: set the clock, and run the command \
         again",
    ),
    (
        error(
            "InvalidSignatureException",
            "Signature not yet current: 20261128T230000Z is still later",
        ),
        "the clock of this computer differs from that of AWS: set the clock, and run the command \
         again",
    ),
    (
        error("RequestTimeTooSkewed", "The difference is too large."),
        "the clock of this computer differs from that of AWS: set the clock, and run the command \
         again",
    ),
    (
        error(
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token",
        ),
        "your AWS credentials are incomplete: check AWS_PROFILE, or sign in again",
    ),
    (
        error(
            "ProvisionedThroughputExceededException",
            "The level of throughput was exceeded",
        ),
        "DynamoDB throttles the table release-links: wait a minute, and run the command again",
    ),
    (
        error(
            "ThrottlingException",
            "Rate of requests exceeds the allowed throughput.",
        ),
        "DynamoDB throttles the table release-links: wait a minute, and run the command again",
    ),
    (
        error(
            "RequestLimitExceeded",
            "Throughput exceeds the current limit for your account.",
        ),
        "DynamoDB throttles the table release-links: wait a minute, and run the command again",
    ),
    (
        Answer {
            status: 500,
            code: "InternalServerError",
            message: "Internal server error",
        },
        "DynamoDB in eu-central-1 has a problem (InternalServerError): run the command again in a \
         minute",
    ),
    (
        error(
            "ValidationException",
            "The provided key element does not match the schema",
        ),
        "the table release-links does not have the keys of release-links: check TABLE_NAME",
    ),
    (
        error(
            "ValidationException",
            "TableName must be at least 3 characters long",
        ),
        "\"release-links\" cannot be the name of a table: check TABLE_NAME",
    ),
    (
        error(
            "ValidationException",
            "Invalid KeyConditionExpression: {syntax error}",
        ),
        "DynamoDB rejected the call as invalid; report this bug in the command: Invalid \
         KeyConditionExpression: (syntax error)",
    ),
    (
        error(
            "OptInRequired",
            "The account\nneeds {a} subscription\u{1b}[2K",
        ),
        "DynamoDB in eu-central-1 rejected the call: The account needs (a) subscription\\u001b[2K \
         (OptInRequired); --verbose says more",
    ),
    (
        Answer {
            status: 502,
            code: "",
            message: "<html><body>Bad Gateway</body></html>",
        },
        "the response did not come from DynamoDB in eu-central-1, HTTP 502: check the proxy and \
         AWS_ENDPOINT_URL_DYNAMODB",
    ),
    (
        Answer {
            status: 200,
            code: "",
            message: "<html><body>Sign in to the network</body></html>",
        },
        "the response did not come from DynamoDB in eu-central-1, HTTP 200: check the proxy and \
         AWS_ENDPOINT_URL_DYNAMODB",
    ),
];

/// Asserts that the failure is one short line without anything that the SDK prints for developers.
#[track_caller]
fn assert_short(ended: &Ended) {
    let is_short = ended.stderr.chars().count() <= 251 && !ended.stderr.contains('{');
    let is_line = ended.stderr.matches('\n').count() == 1 && ended.stderr.ends_with('\n');
    assert!(is_short && is_line && ended.code == Some(1), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_error_of_dynamodb_is_explained_in_one_sentence() {
    let checks = REFUSALS.map(|(answer, sentence)| async move {
        let address = endpoint(answer).await;
        let listed = end(command(address, "token list")).await;
        (listed, sentence, answer)
    });
    for check in checks.map(tokio::spawn) {
        let (listed, sentence, _) = check.await.unwrap();
        listed.assert_fails(sentence);
        assert_short(&listed);
    }
}

/// Every subcommand that uses the table.
const SUBCOMMANDS: [&str; 19] = [
    "project create --id 7 --path a/b",
    "project list",
    "project show 24",
    "project update 24 --path a/b",
    "project delete 24 --yes --purge --wait 0s",
    "project purge 24 --yes --wait 0s",
    "project restore 24",
    "project restore 24 --from other",
    "project list --hidden",
    "release list --project 24",
    "release delete v1 --project 24 --yes",
    "release restore v1 --project 24 --from other",
    "release restore --all --project 24 --from other",
    concat!("import --file ", env!("CARGO_TARGET_TMPDIR"), "/platform"),
    "token create --label ci --grant 24=guest",
    "token create --label ci --grant all=guest",
    "token list",
    "token show 1",
    "token revoke 1",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_subcommand_explains_an_error_of_dynamodb_in_one_short_line() {
    file("platform", &export(&[project(31, "new/app")]));
    let long = Box::leak("a long message { code } ".repeat(100).into_boxed_str());
    let answers = [
        error("AccessDeniedException", DENIED),
        error("SomethingNew", long),
    ];
    for answer in answers {
        let address = endpoint(answer).await;
        let runs = SUBCOMMANDS.map(|arguments| tokio::spawn(end(command(address, arguments))));
        for (run, arguments) in runs.into_iter().zip(SUBCOMMANDS) {
            let ended = run.await.unwrap();
            assert_eq!(ended.stdout, "", "{arguments}");
            assert_short(&ended);
        }
    }
    let name = "t".repeat(255);
    let mut long_name = command(endpoint(answers[0]).await, "token list");
    long_name.env("TABLE_NAME", name);
    assert_short(&end(long_name).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_adds_what_the_sdk_says_to_the_sentence() {
    let address = endpoint(error("OptInRequired", "first\u{1b}[2K")).await;
    let listed = end(command(address, "token list --verbose")).await;
    let mut lines = listed.stderr.lines();
    assert_eq!(
        lines.next(),
        Some(
            "release-links-admin: DynamoDB in eu-central-1 rejected the call: first\\u001b[2K \
             (OptInRequired); --verbose says more"
        )
    );
    let details = lines.collect::<Vec<_>>().join("\n");
    assert!(details.contains("ServiceError"), "{listed:?}");
    assert!(!listed.stderr.contains('\u{1b}'), "{listed:?}");
}

/// Variables, each with a value with which no call succeeds, and the sentence that says so.
const UNUSABLE: [(&str, &str, &str); 4] = [
    (
        "TABLE_NAME",
        "nope",
        "there is no table \"nope\" in eu-central-1: check TABLE_NAME and AWS_REGION",
    ),
    (
        "AWS_ENDPOINT_URL_DYNAMODB",
        "http://127.0.0.1:1",
        "cannot connect to DynamoDB in eu-central-1 (Connection refused): check the network, \
         AWS_REGION and AWS_ENDPOINT_URL_DYNAMODB",
    ),
    (
        "AWS_ENDPOINT_URL_DYNAMODB",
        "127.0.0.1:80",
        "cannot call DynamoDB in eu-central-1 (endpoint must contain scheme): check \
         AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB and AWS_PROFILE",
    ),
    (
        "AWS_ENDPOINT_URL_DYNAMODB",
        "http://nowhere.invalid",
        "cannot connect to DynamoDB in eu-central-1 (failed to lookup address information: \
         Name or service not known): check the network, AWS_REGION and \
         AWS_ENDPOINT_URL_DYNAMODB",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_setting_or_connection_is_reported_in_one_sentence() {
    let app = TestApp::start().await;
    let list = || command(app.address, "project list");
    for (name, sentence) in [
        (
            "TABLE_NAME",
            "TABLE_NAME is not set: set it to the name of the DynamoDB table",
        ),
        (
            "AWS_REGION",
            "AWS_REGION is not set: set it to the region of the table, or set AWS_PROFILE",
        ),
    ] {
        ended(list().env_remove(name)).assert_fails(sentence);
        ended(list().env(name, "")).assert_fails(sentence);
    }
    let unused = [
        ("PUBLIC_URL", "links"),
        ("DOWNLOAD_CACHE_SECONDS", "soon"),
        ("WARM_UP_SECONDS", "-1"),
    ];
    let listed = ended(list().envs(unused));
    assert_eq!(
        (listed.code, listed.stderr.as_str()),
        (Some(0), ""),
        "settings that only the function uses are not read"
    );
    let malformed =
        "IDENTITY_CACHE_SECONDS is 'soon': set it to a whole number of seconds, such as 30";
    ended(list().env("IDENTITY_CACHE_SECONDS", "soon")).assert_fails(malformed);
    for (name, value, sentence) in UNUSABLE {
        let ended = ended(list().env(name, value));
        ended.assert_fails(sentence);
        assert_short(&ended);
    }
    assert_eq!(admin(&app, "project list").code, Some(0));
}
