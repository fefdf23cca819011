//! The error of an operation on the store.

use std::fmt;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::cause::Cause;

use crate::link::Violation;
use crate::release::TagName;

/// An operation on releases and links that failed. After [`Self::Unavailable`], a write may still
/// have happened; after any other error, nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The link or its release does not exist.
    #[error("the link or its release does not exist")]
    NotFound,
    /// The release does not exist.
    #[error("the release does not exist")]
    ReleaseNotFound,
    /// The release exists already.
    #[error("the release exists already")]
    ReleaseExists,
    /// The releases of a page exceed together what a response can contain.
    #[error("the releases of the page exceed what a response can contain")]
    PageTooLarge,
    /// This release with its links exceeds what a response can contain.
    #[error("the release {0} exceeds what a response can contain")]
    ReleaseTooLarge(TagName),
    /// The release would exceed what a response can contain, so nothing was written.
    #[error("the release would exceed what a response can contain")]
    ChangeTooLarge,
    /// Other links of the release have the name, the URL or the filepath (D5).
    #[error("another link of the release has the name, the URL or the filepath")]
    Taken(Vec<Violation>),
    /// The changed link breaks these rules.
    #[error("the changed link breaks a rule")]
    Invalid(Vec<Violation>),
    /// The release is locked, so its links cannot change, and it cannot be deleted.
    #[error("release {0} is immutable")]
    Immutable(TagName),
    /// The idempotency key was used for another link or release.
    #[error("the idempotency key was used for another link or release")]
    IdempotencyKeyReused,
    /// DynamoDB is unavailable or did not respond in time. A retry is safe.
    #[error("{0}")]
    Unavailable(Cause),
    /// An item of the table does not have the shape that this service writes.
    #[error("{0}")]
    Corrupt(String),
    /// DynamoDB rejected a call as invalid: a bug of this service. A retry does not help.
    #[error("{0}")]
    InvalidCall(Cause),
}

/// The errors of a call that DynamoDB throttles.
const THROTTLED_CALL: [&str; 3] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
];

impl StoreError {
    /// Whether DynamoDB throttled a call until the SDK gave it up.
    pub(super) fn is_throttled(&self) -> bool {
        let Self::Unavailable(cause) = self else {
            return false;
        };
        let code = cause.call().and_then(|call| call.code.as_deref());
        code.is_some_and(|code| THROTTLED_CALL.contains(&code))
    }
}

/// The error of a failed call.
pub(super) fn failure<E>(error: SdkError<E>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + fmt::Debug + 'static,
{
    let is_invalid = matches!(
        error.code(),
        Some("ValidationException" | "SerializationException")
    );
    let cause = Cause::from_error(&error);
    if is_invalid {
        StoreError::InvalidCall(cause)
    } else {
        StoreError::Unavailable(cause)
    }
}

/// Others changed the release in each round of a request.
pub(super) fn kept_changing_error() -> StoreError {
    StoreError::Unavailable("the release kept changing".into())
}
