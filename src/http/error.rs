//! [`ApiError`]: every error that a client can receive, with its status, its body and its header.
//!
//! GitLab has two envelopes: `{"error": …}` for a malformed request and `{"message": …}` for
//! a problem with the requested resource. This module builds both, and no other one does.

use std::fmt;

use lambda_http::http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::param_error::{ParamError, ParamErrors};
use crate::link::Violation;
use crate::store::StoreError;
use crate::token::TokenError;

/// Why a request was not carried out.
///
/// The variants know nothing of HTTP; [`ApiError::status`] and [`ApiError::body`] give each of them its
/// answer. The causes that [`ApiError::Unavailable`] and [`ApiError::Corrupt`] carry are for the log and
/// never leave the service.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiError {
    /// The request cannot be read: broken JSON, form, multipart, base64, percent-encoding or UTF-8,
    /// or a NUL byte (C7, C9).
    Malformed(String),
    /// Parameters are missing or of the wrong kind, in GitLab's order (C11 to C18).
    Params(ParamErrors),
    /// The body's media type is not one that the API reads (C3).
    UnsupportedContentType(String),
    /// The body is compressed, or encoded otherwise, which the API does not undo (RFC 9110,
    /// 15.5.16).
    UnsupportedContentEncoding(String),
    /// The parameter `format` asks for something other than JSON (C6).
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
    /// No route matches the method and the path (E1, E2).
    UnknownRoute,
    /// The path belongs to the API's third version (E1).
    ApiV3,
    /// The credential is unknown, or one is required and none was sent (E1, E13).
    Unauthorized,
    /// The token is known, but does not serve for this request (E1, E17).
    Token(TokenError),
    /// The project does not exist, or the caller may not know that it does (E1, E8).
    ProjectNotFound,
    /// The request would change something, but names the project by a former path (E2, F3).
    ProjectMoved,
    /// The release or the link does not exist (E1, E19).
    NotFound,
    /// The caller sees the project, but may not do this (E1, E8).
    Forbidden,
    /// The link breaks rules of its own or of its release, all of them reported together (section
    /// D).
    Invalid(Vec<Violation>),
    /// The client has used the same idempotency key for another link.
    IdempotencyKeyReused,
    /// DynamoDB did not carry the request out in time; repeating it later is safe.
    Unavailable(String),
    /// An item of the table does not have the shape that this service writes.
    Corrupt(String),
    /// DynamoDB found a call invalid. That is a fault of this service, so repeating it is no use.
    InvalidCall(String),
}

/// How long a client should wait before it repeats a request that was answered 503, in seconds.
const RETRY_AFTER_SECONDS: u16 = 1;

impl ApiError {
    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) | Self::Params(_) | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::Token(TokenError::Expired | TokenError::Revoked) => {
                StatusCode::UNAUTHORIZED
            }
            Self::Token(TokenError::InsufficientScope) | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::UnknownRoute | Self::ProjectNotFound | Self::NotFound => StatusCode::NOT_FOUND,
            Self::ProjectMoved => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnsupportedFormat(_) => StatusCode::NOT_ACCEPTABLE,
            Self::ApiV3 => StatusCode::GONE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UriTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::UnsupportedContentType(_) | Self::UnsupportedContentEncoding(_) => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Corrupt(_) | Self::InvalidCall(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The JSON body of the answer, in one of GitLab's two envelopes.
    #[must_use]
    pub fn body(&self) -> Value {
        match self {
            Self::Malformed(reason) => error(&format!("Bad Request: {reason}")),
            Self::Params(errors) => error(&errors.to_string()),
            Self::UnsupportedContentType(media_type) => error(&format!(
                "The provided content-type '{media_type}' is not supported."
            )),
            Self::UnsupportedContentEncoding(coding) => error(&format!(
                "The provided content-encoding '{coding}' is not supported."
            )),
            Self::UnsupportedFormat(format) => error(&format!(
                "The requested format '{format}' is not supported."
            )),
            Self::BodyTooLarge { limit } => error(&format!(
                "The request body is too large (maximum is {limit} bytes)"
            )),
            Self::UriTooLong { limit } => error(&format!(
                "The request path and query are too long (maximum is {limit} bytes)"
            )),
            Self::UnknownRoute => error("404 Not Found"),
            Self::ApiV3 => error("API V3 is no longer supported. Use API V4 instead."),
            Self::Unauthorized => message("401 Unauthorized"),
            Self::Token(failure) => token_body(*failure),
            Self::ProjectNotFound => message("404 Project Not Found"),
            Self::ProjectMoved => message("Non GET methods are not allowed for moved projects"),
            Self::NotFound => message("404 Not found"),
            Self::Forbidden => message("403 Forbidden"),
            Self::Invalid(violations) => {
                json!({ "message": violations.iter().map(ToString::to_string).collect::<Vec<_>>() })
            }
            Self::IdempotencyKeyReused => message(
                "422 Unprocessable Entity: this Idempotency-Key was used for another link, choose a new one",
            ),
            Self::Unavailable(_) => {
                message("503 Service Unavailable: nothing is lost, please try again")
            }
            Self::Corrupt(_) | Self::InvalidCall(_) => message("500 Internal Server Error"),
        }
    }

    /// The header that the answer carries besides those of every error, if it needs one.
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

    /// What the log says of the failure beyond its answer: the cause of a 5xx.
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
    /// The status and the body that a client receives. The cause of a 5xx is no part of it.
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

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Taken(violations) => Self::Invalid(violations),
            StoreError::IdempotencyKeyReused => Self::IdempotencyKeyReused,
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::Corrupt(cause) => Self::Corrupt(cause),
            StoreError::InvalidCall(cause) => Self::InvalidCall(cause),
        }
    }
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

/// The value of `WWW-Authenticate`, which GitLab sends with a 401 but not with a 403.
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
