//! `Idempotency-Key`: a client may repeat the creation of a link without making another one.
//!
//! The header is the IETF's (draft-ietf-httpapi-idempotency-key-header); GitLab has no such thing.
//! Its value is taken as it stands, in quotes or not.

use lambda_http::http::HeaderMap;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::link::NewLink;

const NAME: &str = "Idempotency-Key";
/// Longest key, in bytes (ours).
const MAX_BYTES: usize = 255;

/// The key that a client has chosen for one creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Vec<u8>);

impl IdempotencyKey {
    /// Reads the header, if it was sent.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParams`] where it is too long. An empty one counts as absent.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Error> {
        let Some(value) = headers.get(NAME) else {
            return Ok(None);
        };
        let value = value.as_bytes().trim_ascii();
        match value.len() {
            0 => Ok(None),
            length if length > MAX_BYTES => Err(Error::InvalidParams(vec![format!(
                "{NAME} is too long (maximum is {MAX_BYTES} bytes)"
            )])),
            _ => Ok(Some(Self(value.to_vec()))),
        }
    }

    /// The key as the holder of this token uses it for this link: nobody meets another's keys.
    #[must_use]
    pub fn once(&self, token: Option<u64>, link: &NewLink) -> Once {
        // The whole link, so that no attribute can be missing from the fingerprint.
        let attributes = serde_json::to_vec(link).expect("a link's attributes always serialize");
        let caller = token.unwrap_or_default().to_be_bytes();
        Once {
            key: base16ct::lower::encode_string(
                &Sha256::new()
                    .chain_update(caller)
                    .chain_update(&self.0)
                    .finalize(),
            ),
            fingerprint: base16ct::lower::encode_string(&Sha256::digest(attributes)),
        }
    }
}

/// A creation that is to happen once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// SHA-256 of the caller and the key, in hexadecimal digits.
    pub key: String,
    /// SHA-256 of the link, in hexadecimal digits: of what was understood, because a repeated
    /// multipart body has another boundary.
    pub fingerprint: String,
}
