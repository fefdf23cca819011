//! The credential of a request: the token in its headers or parameters.

use lambda_http::http::{HeaderMap, header};

use crate::http::params::{Params, Value};
use crate::token::{HashedToken, PlainToken};

/// The token of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The hash of the token.
    pub hash: HashedToken,
    /// Whether it was sent in one of the places of GitLab's job tokens.
    pub is_job_token: bool,
}

/// The parameters that may contain a token.
const PARAMETERS: [&str; 5] = [
    "private_token",
    "access_token",
    "bearer_token",
    "job_token",
    "token",
];

/// Finds the token in GitLab's order of precedence (E14, E16). It removes every parameter that may
/// contain a token from `params`, so that no later stage can echo it. A blank value counts as absent
/// (E13).
pub fn take(headers: &HeaderMap, params: &mut Params) -> Option<Credential> {
    let mut parameter = |name| params.take(name).and_then(token_of_parameter);
    let [
        private_token,
        access_token,
        bearer_token,
        job_token,
        other_token,
    ] = PARAMETERS.map(&mut parameter);
    let token = private_token
        .or_else(|| token_of_header(headers, "private-token"))
        .or_else(|| bearer(headers))
        .or(access_token)
        .or(bearer_token);
    let is_job_token = token.is_none();
    let token = token
        .or_else(|| token_of_header(headers, "job-token"))
        .or(job_token)
        .or(other_token);
    token.map(|token| Credential {
        hash: token.hash(),
        is_job_token,
    })
}

/// Whether a parameter may be a token, also in a notation that [`take`] does not read, such as
/// `[private_token]=…` or `a=1;private_token=…`.
pub fn may_contain_token(name: &str, value: &str) -> bool {
    name.contains("token") || value.contains("token=")
}

/// A parameter that is not text counts as an unknown token, not as a missing one.
fn token_of_parameter(value: Value) -> Option<PlainToken> {
    match value {
        Value::Null => None,
        Value::Text(text) => present(text),
        Value::Array(_) | Value::Object(_) | Value::File => Some(PlainToken::from(String::new())),
    }
}

fn token_of_header(headers: &HeaderMap, name: &str) -> Option<PlainToken> {
    present(String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned())
}

/// Only the scheme Bearer is supported (E15).
fn bearer(headers: &HeaderMap) -> Option<PlainToken> {
    let value =
        String::from_utf8_lossy(headers.get(header::AUTHORIZATION)?.as_bytes()).into_owned();
    let (scheme, token) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        present(token.to_owned())
    } else {
        None
    }
}

fn present(text: String) -> Option<PlainToken> {
    (!text.trim().is_empty()).then(|| PlainToken::from(text))
}
