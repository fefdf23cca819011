//! [`ApiError`]: every error that a client can receive, with its status, its body and its header.
//!
//! GitLab has two envelopes: `{"error": …}` for a malformed request and `{"message": …}` for
//! a problem with the requested resource. This module builds both, and no other one does.

use std::fmt;

use lambda_http::http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::param_error::{ParamError, ParamErrors, TooComplex};
use crate::excerpt::excerpt;
use crate::link::Violation;
use crate::release::{Attribute, Invalid, TagName};
use crate::store::StoreError;
use crate::token::TokenError;

/// An error response.
///
/// [`ApiError::status_and_body`] is the table of the responses. The causes in
/// [`ApiError::Unavailable`], [`ApiError::Corrupt`] and [`ApiError::InvalidCall`] are for the log
/// and never leave the service.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiError {
    /// The request is malformed: JSON, form, multipart, base64, percent-encoding or UTF-8 is
    /// invalid, or it contains a NUL byte (C7, C9).
    Malformed(String),
    /// Parameters are missing or have the wrong type (C11 to C18).
    Params(ParamErrors),
    /// There are more parameters than the service reads (R82).
    TooComplex(TooComplex),
    /// The API does not support the media type of the body (C3).
    UnsupportedContentType(String),
    /// The body is compressed. The service never decompresses input (RFC 9110, 15.5.16).
    UnsupportedContentEncoding(String),
    /// The parameter `format` requests a format other than JSON (C6).
    UnsupportedFormat(String),
    /// The body is larger than the service accepts.
    BodyTooLarge {
        /// The largest accepted size in bytes.
        limit: usize,
    },
    /// The path and query are longer than the service accepts.
    UriTooLong {
        /// The longest accepted length in bytes.
        limit: usize,
    },
    /// The `Location` of a redirect, which repeats parts of the request, would be too long.
    RedirectTooLong {
        /// The longest `Location` in bytes.
        limit: usize,
    },
    /// No route matches the method and the path (E1, E2).
    UnknownRoute,
    /// The path belongs to version 3 of the API (E1).
    ApiV3,
    /// The token is unknown, or a required token is missing (E1, E13).
    Unauthorized,
    /// The token is known but invalid for this request (E1, E17).
    Token(TokenError),
    /// The project does not exist, or its existence is hidden from the caller (E1, E8).
    ProjectNotFound,
    /// A request that writes names the project by a former path (E2, F3).
    ProjectMoved,
    /// The link, its release or the member does not exist (E1, E19, R75).
    NotFound,
    /// The release does not exist (R54).
    ReleaseNotFound,
    /// The release exists already (R40).
    ReleaseExists,
    /// The release breaks a rule, or something that it names does not exist (R40 to R48).
    Rejected(String),
    /// An update of a release breaks rules of these attributes (R49).
    InvalidRelease(Vec<Attribute>),
    /// The response would exceed Lambda's limit. The text says what to do (R82).
    ResponseTooLarge(String),
    /// The token is not a job token (R74).
    JobNotFound,
    /// The caller sees the project but lacks write access (E1, E8).
    Forbidden,
    /// The release with this tag is locked, so nobody may change its links or delete it
    /// (R90).
    Immutable(TagName),
    /// The link violates rules, all of which are reported together (section D).
    Invalid(Vec<Violation>),
    /// The client used the idempotency key for another link or release.
    IdempotencyKeyReused,
    /// DynamoDB is unavailable or did not respond in time. The write may have happened; a retry is
    /// safe.
    Unavailable(String),
    /// An item of the table is corrupt.
    Corrupt(String),
    /// DynamoDB rejected a call as invalid. This is a bug of the service, so a retry does not help.
    InvalidCall(String),
}

/// Delay before a client should retry after a 503, in seconds.
const RETRY_AFTER_SECONDS: u16 = 1;

impl ApiError {
    /// The HTTP status and the JSON body, in one of GitLab's two envelopes.
    #[must_use]
    pub fn status_and_body(&self) -> (StatusCode, Value) {
        use StatusCode as Status;
        match self {
            Self::Malformed(reason) => error(Status::BAD_REQUEST, format!("Bad Request: {reason}")),
            Self::Params(errors) => error(Status::BAD_REQUEST, errors),
            Self::TooComplex(limit) => error(Status::BAD_REQUEST, limit),
            Self::Invalid(violations) => (Status::BAD_REQUEST, link_violations(violations)),
            Self::InvalidRelease(attributes) => (Status::BAD_REQUEST, invalid_release(attributes)),
            Self::Rejected(reason) | Self::ResponseTooLarge(reason) => {
                message(Status::BAD_REQUEST, reason)
            }
            Self::Unauthorized => message(Status::UNAUTHORIZED, "401 Unauthorized"),
            Self::Token(failure) => token_error(*failure),
            Self::Forbidden => message(Status::FORBIDDEN, "403 Forbidden"),
            Self::Immutable(tag) => message(Status::FORBIDDEN, immutable(tag)),
            Self::UnknownRoute => error(Status::NOT_FOUND, "404 Not Found"),
            Self::ProjectNotFound => message(Status::NOT_FOUND, "404 Project Not Found"),
            Self::NotFound => message(Status::NOT_FOUND, "404 Not found"),
            Self::ReleaseNotFound => message(Status::NOT_FOUND, "404 Not Found"),
            Self::JobNotFound => message(Status::NOT_FOUND, "404 Job Not Found"),
            Self::ProjectMoved => message(Status::METHOD_NOT_ALLOWED, PROJECT_MOVED),
            Self::UnsupportedFormat(format) => unsupported_format(format),
            Self::ReleaseExists => message(Status::CONFLICT, "Release already exists"),
            Self::ApiV3 => error(Status::GONE, API_V3),
            Self::BodyTooLarge { limit } => too_long(Status::PAYLOAD_TOO_LARGE, BODY, *limit),
            Self::UriTooLong { limit } => too_long(Status::URI_TOO_LONG, PATH_AND_QUERY, *limit),
            Self::RedirectTooLong { limit } => redirect_too_long(*limit),
            Self::UnsupportedContentType(value) => unsupported("content-type", value),
            Self::UnsupportedContentEncoding(value) => unsupported("content-encoding", value),
            Self::IdempotencyKeyReused => message(Status::UNPROCESSABLE_ENTITY, KEY_REUSED),
            Self::Unavailable(_) => message(Status::SERVICE_UNAVAILABLE, UNAVAILABLE),
            Self::Corrupt(_) | Self::InvalidCall(_) => {
                message(Status::INTERNAL_SERVER_ERROR, "500 Internal Server Error")
            }
        }
    }

    /// The additional header of the response, if any.
    #[must_use]
    pub fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        if let Self::Token(failure) = self {
            return challenge(*failure).map(|challenge| (header::WWW_AUTHENTICATE, challenge));
        }
        match self {
            Self::Unavailable(_) => {
                Some((header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS)))
            }
            Self::ProjectMoved => Some((header::ALLOW, HeaderValue::from_static("GET, HEAD"))),
            _ => None,
        }
    }

    /// The cause of a 5xx for the log. It never reaches the client.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Unavailable(cause) | Self::Corrupt(cause) | Self::InvalidCall(cause) => {
                Some(cause)
            }
            _ => None,
        }
    }
}

impl fmt::Display for ApiError {
    /// The status and the body that a client receives, without the cause of a 5xx.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, body) = self.status_and_body();
        write!(f, "{status} {body}")
    }
}

impl std::error::Error for ApiError {}

impl From<ParamErrors> for ApiError {
    fn from(errors: ParamErrors) -> Self {
        Self::Params(errors)
    }
}

impl From<ParamError> for ApiError {
    fn from(error: ParamError) -> Self {
        Self::Params(error.into())
    }
}

impl From<TooComplex> for ApiError {
    fn from(limit: TooComplex) -> Self {
        Self::TooComplex(limit)
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::Rejected(invalid.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::ReleaseNotFound => Self::ReleaseNotFound,
            StoreError::ReleaseExists => Self::ReleaseExists,
            StoreError::PageTooLarge => Self::ResponseTooLarge(PAGE_TOO_LARGE.to_owned()),
            StoreError::ReleaseTooLarge(tag) => Self::ResponseTooLarge(format!(
                "The release {} {RELEASE_TOO_LARGE}",
                excerpt(tag.as_str())
            )),
            StoreError::ChangeTooLarge => Self::ResponseTooLarge(CHANGE_TOO_LARGE.to_owned()),
            StoreError::Taken(violations) | StoreError::Invalid(violations) => {
                Self::Invalid(violations)
            }
            StoreError::Immutable(tag) => Self::Immutable(tag),
            StoreError::IdempotencyKeyReused => Self::IdempotencyKeyReused,
            StoreError::Unavailable(cause) => Self::Unavailable(cause.to_string()),
            StoreError::Corrupt(cause) => Self::Corrupt(cause),
            StoreError::InvalidCall(cause) => Self::InvalidCall(cause.to_string()),
        }
    }
}

const KEY_REUSED: &str = "422 Unprocessable Entity: this Idempotency-Key was used for another \
                          request, choose a new one";
const UNAVAILABLE: &str = "503 Service Unavailable: nothing is lost, please try again";

/// The remedy for a page of releases that is too large.
const PAGE_TOO_LARGE: &str =
    "The page is larger than a response can be (6 MB), choose a smaller per_page";
/// What is wrong with a release that is too large, and the remedy.
const RELEASE_TOO_LARGE: &str = "is larger than a response can be (6 MB), list its links with GET \
                                 …/releases/:tag_name/assets/links";
/// The remedy for a change that would make a release too large.
const CHANGE_TOO_LARGE: &str = "The release would be larger than a response can be (6 MB), choose \
                                a shorter description or fewer links";

const API_V3: &str = "API V3 is no longer supported. Use API V4 instead.";
const PROJECT_MOVED: &str = "Non GET methods are not allowed for moved projects";
const BODY: &str = "body is too large";
const PATH_AND_QUERY: &str = "path and query are too long";

fn unsupported(header: &str, value: &str) -> (StatusCode, Value) {
    let text = format!("The provided {header} '{value}' is not supported.");
    error(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
}

fn unsupported_format(format: &str) -> (StatusCode, Value) {
    let text = format!("The requested format '{format}' is not supported.");
    error(StatusCode::NOT_ACCEPTABLE, text)
}

/// The error of a request that exceeds a limit in bytes; `problem` names its part.
fn too_long(status: StatusCode, problem: &str, limit: usize) -> (StatusCode, Value) {
    error(
        status,
        format!("The request {problem} (maximum is {limit} bytes)"),
    )
}

fn redirect_too_long(limit: usize) -> (StatusCode, Value) {
    let text =
        format!("The redirect would be longer than {limit} bytes, send a shorter path or query");
    error(StatusCode::URI_TOO_LONG, text)
}

fn immutable(tag: &TagName) -> String {
    format!(
        "403 Forbidden - release {} is immutable",
        excerpt(tag.as_str())
    )
}

/// All rules that a link breaks.
fn link_violations(violations: &[Violation]) -> Value {
    let violations = violations.iter().map(ToString::to_string);
    json!({ "message": violations.collect::<Vec<_>>() })
}

fn invalid_release(attributes: &[Attribute]) -> Value {
    let problems = attributes.iter().map(|attribute| {
        let (name, problem) = attribute.problem();
        (name.to_owned(), json!([problem]))
    });
    json!({ "message": problems.collect::<serde_json::Map<_, _>>() })
}

fn code_and_description(error: TokenError) -> (&'static str, &'static str) {
    match error {
        TokenError::Expired => (
            "invalid_token",
            "Token is expired. You can either do re-authorization or token refresh.",
        ),
        TokenError::Revoked => (
            "invalid_token",
            "Token was revoked. You have to re-authorize from the user.",
        ),
        TokenError::InsufficientScope => (
            "insufficient_scope",
            "The request requires higher privileges than provided by the access token.",
        ),
    }
}

fn token_error(failure: TokenError) -> (StatusCode, Value) {
    let (code, description) = code_and_description(failure);
    let mut body = json!({ "error": code, "error_description": description });
    let status = match failure {
        TokenError::Expired | TokenError::Revoked => StatusCode::UNAUTHORIZED,
        TokenError::InsufficientScope => {
            body["scope"] = json!("api read_api");
            StatusCode::FORBIDDEN
        }
    };
    (status, body)
}

/// The value of `WWW-Authenticate`. GitLab sends it for an expired or revoked token, but not for an
/// insufficient scope.
fn challenge(failure: TokenError) -> Option<HeaderValue> {
    if failure == TokenError::InsufficientScope {
        return None;
    }
    let (code, description) = code_and_description(failure);
    let realm = "Protected by OAuth 2.0";
    let challenge =
        format!("Bearer realm=\"{realm}\", error=\"{code}\", error_description=\"{description}\"");
    HeaderValue::from_str(&challenge).ok()
}

/// The envelope of a malformed request.
fn error(status: StatusCode, text: impl fmt::Display) -> (StatusCode, Value) {
    (status, json!({ "error": text.to_string() }))
}

/// The envelope of a problem with the requested resource.
fn message(status: StatusCode, text: impl fmt::Display) -> (StatusCode, Value) {
    (status, json!({ "message": text.to_string() }))
}
