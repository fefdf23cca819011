//! The digest of the file at a link's URL.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a digest begins with: the algorithm, of which there is only one.
const ALGORITHM: &str = "sha256:";
/// The number of hexadecimal digits of a digest.
const DIGITS: usize = 64;

/// The SHA-256 of a file, as GitHub shows it: `sha256:` and 64 hexadecimal digits in lower case.
///
/// A client that has downloaded the file can tell with it whether the file is the one that was
/// released.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest(String);

/// The text is not a digest. Its `Display` says what one looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write {ALGORITHM} and {DIGITS} hexadecimal digits")]
pub struct InvalidDigest;

impl Digest {
    /// Reads a digest in upper or lower case, with or without the algorithm.
    ///
    /// # Errors
    ///
    /// [`InvalidDigest`].
    pub fn parse(text: &str) -> Result<Self, InvalidDigest> {
        let text = text.to_ascii_lowercase();
        let digits = text.strip_prefix(ALGORITHM).unwrap_or(&text);
        if digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(format!("{ALGORITHM}{digits}")))
        } else {
            Err(InvalidDigest)
        }
    }

    /// The digits.
    #[must_use]
    pub fn hexadecimal(&self) -> &str {
        &self.0[ALGORITHM.len()..]
    }

    /// The algorithm and the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_64_hexadecimal_digits_with_or_without_the_algorithm() {
        let digits = "0123456789abcdef".repeat(4);
        let shown = format!("sha256:{digits}");
        for text in [
            digits.clone(),
            shown.clone(),
            shown.to_uppercase(),
            digits.to_uppercase(),
        ] {
            assert_eq!(Digest::parse(&text).unwrap().as_str(), shown, "{text}");
        }
        for text in [
            String::new(),
            "sha256:".to_owned(),
            digits[1..].to_owned(),
            format!("{digits}0"),
            format!("sha512:{digits}"),
            format!("sha256: {digits}"),
            format!("sha256:sha256:{digits}"),
            format!("{}g", &digits[1..]),
            "٠".repeat(32),
            "０".repeat(64),
        ] {
            assert_eq!(Digest::parse(&text), Err(InvalidDigest), "{text}");
        }
    }
}
