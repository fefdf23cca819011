//! `Idempotency-Key`: a client can retry the creation of a link or a release without creating
//! a second one.
//!
//! The header is the IETF's (draft-ietf-httpapi-idempotency-key-header). GitLab does not support
//! it. The value is used as it is, with or without quotes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::token::TokenId;

/// The header's name.
pub const NAME: &str = "Idempotency-Key";
/// Longest key, in bytes (ours).
pub const MAX_BYTES: usize = 255;

/// The key that a client has chosen for one creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Vec<u8>);

/// The key exceeds the limit of 255 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is too long (maximum is {MAX_BYTES} bytes)")]
pub struct KeyTooLong;

impl IdempotencyKey {
    /// Reads the header's value. An empty value counts as absent.
    ///
    /// # Errors
    ///
    /// [`KeyTooLong`].
    pub fn parse(value: &[u8]) -> Result<Option<Self>, KeyTooLong> {
        let value = value.trim_ascii();
        match value.len() {
            0 => Ok(None),
            length if length > MAX_BYTES => Err(KeyTooLong),
            _ => Ok(Some(Self(value.to_vec()))),
        }
    }

    /// The request to create this link or release with this key and this token. Each token has its
    /// own keys.
    #[expect(
        clippy::expect_used,
        reason = "text, numbers and lists always serialize"
    )]
    pub(crate) fn for_creation(&self, token: TokenId, new: &impl Serialize) -> IdempotentRequest {
        // All attributes, so that none can be missing from the fingerprint.
        let attributes = serde_json::to_vec(new).expect("links and releases always serialize");
        let caller = token.0.to_be_bytes();
        IdempotentRequest {
            key: URL_SAFE_NO_PAD.encode(
                Sha256::new()
                    .chain_update(caller)
                    .chain_update(&self.0)
                    .finalize(),
            ),
            fingerprint: URL_SAFE_NO_PAD.encode(Sha256::digest(attributes)),
        }
    }
}

/// A creation under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// SHA-256 of the caller and the key, in base64url.
    pub key: String,
    /// SHA-256 of the parsed link or release, in base64url. The raw body is unsuitable, because a
    /// retried multipart body has another boundary.
    pub fingerprint: String,
}
