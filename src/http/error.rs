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
use crate::release::{Attribute, Invalid};
use crate::store::StoreError;
use crate::token::TokenError;

/// An error response.
///
/// [`ApiError::status`] and [`ApiError::body`] define the response of each variant. The causes in
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
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_)
            | Self::Params(_)
            | Self::TooComplex(_)
            | Self::Invalid(_)
            | Self::Rejected(_)
            | Self::InvalidRelease(_)
            | Self::ResponseTooLarge(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::Token(TokenError::Expired | TokenError::Revoked) => {
                StatusCode::UNAUTHORIZED
            }
            Self::Token(TokenError::InsufficientScope) | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::UnknownRoute
            | Self::ProjectNotFound
            | Self::NotFound
            | Self::ReleaseNotFound
            | Self::JobNotFound => StatusCode::NOT_FOUND,
            Self::ReleaseExists => StatusCode::CONFLICT,
            Self::ProjectMoved => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnsupportedFormat(_) => StatusCode::NOT_ACCEPTABLE,
            Self::ApiV3 => StatusCode::GONE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UriTooLong { .. } | Self::RedirectTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::UnsupportedContentType(_) | Self::UnsupportedContentEncoding(_) => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Corrupt(_) | Self::InvalidCall(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The JSON body, in one of GitLab's two envelopes.
    #[must_use]
    pub fn body(&self) -> Value {
        match self {
            Self::Malformed(reason) => error(&format!("Bad Request: {reason}")),
            Self::Params(errors) => error(&errors.to_string()),
            Self::TooComplex(limit) => error(&limit.to_string()),
            Self::UnsupportedContentType(media_type) => not_supported("content-type", media_type),
            Self::UnsupportedContentEncoding(coding) => not_supported("content-encoding", coding),
            Self::UnsupportedFormat(format) => error(&format!(
                "The requested format '{format}' is not supported."
            )),
            Self::BodyTooLarge { limit } => error(&format!(
                "The request body is too large (maximum is {limit} bytes)"
            )),
            Self::UriTooLong { limit } => error(&format!(
                "The request path and query are too long (maximum is {limit} bytes)"
            )),
            Self::RedirectTooLong { limit } => error(&format!(
                "The redirect would be longer than {limit} bytes, send a shorter path or query"
            )),
            Self::UnknownRoute => error("404 Not Found"),
            Self::ApiV3 => error("API V3 is no longer supported. Use API V4 instead."),
            Self::Unauthorized => message("401 Unauthorized"),
            Self::Token(failure) => token_body(*failure),
            Self::ProjectNotFound => message("404 Project Not Found"),
            Self::ProjectMoved => message("Non GET methods are not allowed for moved projects"),
            Self::NotFound => message("404 Not found"),
            Self::ReleaseNotFound => message("404 Not Found"),
            Self::ReleaseExists => message("Release already exists"),
            Self::Rejected(reason) | Self::ResponseTooLarge(reason) => message(reason),
            Self::InvalidRelease(attributes) => invalid_release(attributes),
            Self::JobNotFound => message("404 Job Not Found"),
            Self::Forbidden => message("403 Forbidden"),
            Self::Invalid(violations) => {
                json!({ "message": violations.iter().map(ToString::to_string).collect::<Vec<_>>() })
            }
            Self::IdempotencyKeyReused => message(KEY_REUSED),
            Self::Unavailable(_) => message(UNAVAILABLE),
            Self::Corrupt(_) | Self::InvalidCall(_) => message("500 Internal Server Error"),
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
        write!(f, "{} {}", self.status(), self.body())
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

fn not_supported(header: &str, value: &str) -> Value {
    error(&format!(
        "The provided {header} '{value}' is not supported."
    ))
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

fn token_body(failure: TokenError) -> Value {
    let (code, description) = code_and_description(failure);
    let mut body = json!({ "error": code, "error_description": description });
    if failure == TokenError::InsufficientScope {
        body["scope"] = json!("api read_api");
    }
    body
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

fn error(text: &str) -> Value {
    json!({ "error": text })
}

fn message(text: &str) -> Value {
    json!({ "message": text })
}
