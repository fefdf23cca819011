//! Credentials that are missing or that their source does not give.

use axum::Router;
use axum::http::StatusCode;
use tokio::net::TcpListener;

use super::{Ended, command, ended, file};

const CONFIG: &str = "\
[profile sso]
sso_session = company
sso_account_id = 123456789012
sso_role_name = Operator
[sso-session company]
sso_region = eu-central-1
sso_start_url = https://company.awsapps.com/start
sso_registration_scopes = sso:account:access
[profile empty]
output = json
[profile process]
credential_process = sh -c \"echo no smart card >&2; exit 3\"
[profile broken]
role_arn = arn:aws:iam::123456789012:role/operator
source_profile = nope
[profile role]
role_arn = arn:aws:iam::123456789012:role/operator
source_profile = base
[profile base]
aws_access_key_id = local
aws_secret_access_key = local
";

/// Lists the tokens with a profile of [`CONFIG`].
fn with_profile(profile: &str, more: &[(&str, &str)]) -> Ended {
    let config = file(&format!("aws-config-{profile}"), CONFIG);
    let mut list = command("127.0.0.1:1".parse().unwrap(), "token list");
    list.env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env("AWS_CONFIG_FILE", config)
        .envs(more.iter().copied());
    if !profile.is_empty() {
        list.env("AWS_PROFILE", profile);
    }
    ended(&mut list)
}

#[test]
fn a_profile_without_credentials_is_explained_in_one_sentence() {
    for (profile, sentence) in [
        (
            "",
            "no AWS credentials found: set AWS_PROFILE, or sign in with the AWS CLI",
        ),
        (
            "nope",
            "there is no AWS profile \"nope\": check AWS_PROFILE, and run `aws configure \
             list-profiles`",
        ),
        (
            "empty",
            "the AWS profile \"empty\" has no credentials: correct it, or set AWS_PROFILE",
        ),
        (
            "sso",
            "you are not signed in to AWS: run `aws sso login` with your AWS_PROFILE",
        ),
        (
            "process",
            "cannot get AWS credentials (Error retrieving credentials: external process exited \
             with code exit status: 3. Stderr: no smart card): check AWS_PROFILE and the network, \
             or sign in again",
        ),
        (
            "broken",
            "the AWS profile \"broken\" has no credentials (profile `nope` was not defined: could \
             not find source profile nope referenced from broken): correct it, or set AWS_PROFILE",
        ),
    ] {
        with_profile(profile, &[]).assert_fails(sentence);
    }
}

#[test]
fn a_missing_profile_is_named_rather_than_the_region_that_it_would_set() {
    let missing = with_profile("nope", &[("AWS_REGION", "")]);
    missing.assert_fails(
        "there is no AWS profile \"nope\": check AWS_PROFILE, and run `aws configure \
         list-profiles`",
    );
}

#[test]
fn a_configuration_that_cannot_be_read_is_explained_in_one_sentence() {
    file("aws-config-malformed", "[profile");
    let malformed = with_profile("", &[("AWS_CONFIG_FILE", "aws-config-malformed")]);
    malformed.assert_fails(
        "cannot read the AWS configuration (error parsing aws-config-malformed on line 1: Profile \
         definition must end with ']'): correct the file, or set AWS_CONFIG_FILE",
    );
}

#[test]
fn an_expired_sign_in_is_explained_in_one_sentence() {
    let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("expired-home");
    let cache = home.join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).unwrap();
    // The name of the file is the SHA-1 of the session's name.
    let token = cache.join("71b21161ffa1e6516bcc072aaf5ef38cbe85b511.json");
    let content = r#"{"accessToken": "x", "expiresAt": "2020-01-01T00:00:00Z"}"#;
    std::fs::write(token, content).unwrap();
    let expired = with_profile("sso", &[("HOME", home.to_str().unwrap())]);
    expired.assert_fails("your AWS session has expired: sign in again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_sts_is_explained_in_one_sentence() {
    let denied = "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRole on \
                  resource: arn:aws:iam::123456789012:role/operator";
    for (code, message, sentence) in [
        (
            "AccessDenied",
            denied,
            "you may not assume the role of your AWS profile (sts:AssumeRole): check AWS_PROFILE, \
             and the trust policy of the role",
        ),
        (
            "ExpiredToken",
            "The security token included in the request is expired",
            "your AWS session has expired: sign in again",
        ),
        (
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            "AWS in eu-central-1 does not know your access key: check AWS_ACCESS_KEY_ID or \
             AWS_PROFILE, and AWS_REGION",
        ),
        (
            "SomethingNew",
            "It is not possible",
            "cannot get AWS credentials (It is not possible): check AWS_PROFILE and the network, \
             or sign in again",
        ),
    ] {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error></ErrorResponse>"
        );
        let answer = move || std::future::ready((StatusCode::FORBIDDEN, body.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sts = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let list = move || with_profile("role", &[("AWS_ENDPOINT_URL_STS", &sts)]);
        let listed = tokio::task::spawn_blocking(list).await.unwrap();
        listed.assert_fails(sentence);
    }
}
