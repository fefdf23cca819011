//! Why a call to DynamoDB failed: for the log with everything that the SDK says, and for people in
//! parts of which the operator's command makes a sentence.

use std::error::Error;
use std::fmt::{self, Debug};

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// The cause of a failure. Its text is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    text: String,
    call: Option<Box<FailedCall>>,
}

/// A call that DynamoDB did not carry out, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCall {
    /// How far the call came.
    pub kind: FailureKind,
    /// The code of DynamoDB's error, such as `ResourceNotFoundException`.
    pub code: Option<String>,
    /// The message of DynamoDB's error.
    pub message: Option<String>,
    /// The status of the HTTP response.
    pub status: Option<u16>,
    /// The error and its causes in the words of the SDK, the innermost last.
    pub causes: Vec<String>,
    /// Whether the endpoint has a certificate that no trusted root has signed.
    pub is_untrusted: bool,
}

/// How far a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// It was not sent, for example because there are no credentials.
    NotSent,
    /// No connection carried it.
    NoConnection,
    /// There was no response in time.
    NoResponse,
    /// The response is not one of DynamoDB's.
    Unreadable,
    /// DynamoDB answered with an error.
    Refused,
}

impl Cause {
    /// The cause of a failed call.
    pub(super) fn from_error<E>(error: &SdkError<E>) -> Self
    where
        E: Error + ProvideErrorMetadata + Debug + 'static,
    {
        let call = FailedCall::from_error(error);
        let mut text = DisplayErrorContext(error).to_string();
        if call.is_untrusted {
            text += "; set SSL_CERT_FILE to the root certificates that the endpoint's certificate \
                     chains to";
        }
        Self {
            text,
            call: Some(Box::new(call)),
        }
    }

    /// The cause of a call that was given up before the SDK gave it up.
    pub(super) fn no_response(text: &str) -> Self {
        let call = FailedCall {
            kind: FailureKind::NoResponse,
            code: None,
            message: None,
            status: None,
            causes: Vec::new(),
            is_untrusted: false,
        };
        Self {
            text: text.to_owned(),
            call: Some(Box::new(call)),
        }
    }

    /// The call that failed, if it is a call.
    #[must_use]
    pub fn call(&self) -> Option<&FailedCall> {
        self.call.as_deref()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<String> for Cause {
    fn from(text: String) -> Self {
        Self { text, call: None }
    }
}

impl From<&str> for Cause {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl FailedCall {
    fn from_error<E>(error: &SdkError<E>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let kind = match error {
            SdkError::TimeoutError(_) => FailureKind::NoResponse,
            SdkError::DispatchFailure(failure) if failure.is_timeout() || failure.is_io() => {
                FailureKind::NoConnection
            }
            SdkError::ResponseError(_) => FailureKind::Unreadable,
            SdkError::ServiceError(_) if error.code().is_none() => FailureKind::Unreadable,
            SdkError::ServiceError(_) => FailureKind::Refused,
            _ => FailureKind::NotSent,
        };
        let is_untrusted = causes(error).any(|cause| {
            matches!(
                cause.downcast_ref(),
                Some(rustls::Error::InvalidCertificate(_))
            )
        });
        let status = error.raw_response().map(|raw| raw.status().as_u16());
        Self {
            kind,
            code: error.code().map(str::to_owned),
            message: error.message().map(str::to_owned),
            status,
            causes: causes(error).map(ToString::to_string).collect(),
            is_untrusted,
        }
    }
}

/// The error and its causes. The source of an I/O error is not the error that it wraps, but the
/// source of that one.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<std::io::Error>() {
            Some(error) => error.get_ref().map(|wrapped| wrapped as _),
            None => error.source(),
        }
    })
}
