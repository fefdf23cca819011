//! Tokens: the secret that a client holds, the hash that is stored, and the access that it grants.
//! This module does no I/O.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::project::{ProjectId, Role};

/// The prefix of generated tokens, by which people and secret scanners recognize them.
const PREFIX: &str = "rlat-";
/// Maximum number of projects in which a token can have roles. The transaction that creates the
/// token has a step for each of them and two of its own; DynamoDB allows 100. One stays in reserve.
pub const MAX_GRANTS: usize = 97;
/// Random bytes in a token: 256 bits.
const RANDOM_BYTES: usize = 32;

/// A token as its client holds it. It is wiped from memory after use, and `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct PlainToken(SecretString);

impl PlainToken {
    /// Generates a token of 256 random bits, with the prefix `rlat-`.
    ///
    /// # Errors
    ///
    /// The operating system's, if it cannot provide randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random)?;
        Ok(Self::from(format!(
            "{PREFIX}{}",
            URL_SAFE_NO_PAD.encode(random)
        )))
    }

    /// The hash of the token, which is all that may be stored.
    #[must_use]
    pub fn hash(&self) -> HashedToken {
        HashedToken(Sha256::digest(self.0.expose_secret()).into())
    }

    /// The token itself, for the only time that it is shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for PlainToken {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// The SHA-256 of a token, which is all that the service stores. Tokens are compared by their
/// hashes alone, so the time of a comparison reveals nothing about a token. `Debug` does not show
/// it either.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct HashedToken([u8; 32]);

/// The error of a text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not the hash of a token")]
pub struct NotAHash;

impl From<HashedToken> for String {
    fn from(hash: HashedToken) -> Self {
        hash.hex()
    }
}

impl TryFrom<String> for HashedToken {
    type Error = NotAHash;

    fn try_from(hex: String) -> Result<Self, NotAHash> {
        let mut hash = [0; 32];
        let decoded = base16ct::lower::decode(hex, &mut hash)
            .map_err(|_| NotAHash)?
            .len();
        if decoded == hash.len() {
            Ok(Self(hash))
        } else {
            Err(NotAHash)
        }
    }
}

impl HashedToken {
    /// Its 64 hexadecimal digits, for the table's keys.
    #[must_use]
    pub fn hex(&self) -> String {
        base16ct::lower::encode_string(&self.0)
    }
}

impl fmt::Debug for HashedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedToken")
    }
}

/// The scope of a token (E17), in GitLab's words.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    /// Everything that its roles allow.
    Api,
    /// Reading only.
    ReadApi,
}

impl Scope {
    /// GitLab's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The name of all projects in a grant.
pub const EVERY_PROJECT: &str = "all";

/// The roles of a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// The role in all current and future projects.
    pub every: Option<Role>,
    /// The roles in single projects.
    pub projects: BTreeMap<ProjectId, Role>,
}

impl Grants {
    /// The higher of the roles that apply to this project.
    #[must_use]
    pub fn role_in(&self, project: ProjectId) -> Option<Role> {
        self.every.max(self.projects.get(&project).copied())
    }

    /// All roles, each with the project's ID or [`EVERY_PROJECT`].
    pub fn by_name(&self) -> impl Iterator<Item = (String, Role)> {
        let every = self.every.map(|role| (EVERY_PROJECT.to_owned(), role));
        let projects = self.projects.iter();
        every
            .into_iter()
            .chain(projects.map(|(id, role)| (id.to_string(), *role)))
    }
}

/// The attributes that a token is created with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The name that the operator gives to the token.
    pub label: String,
    /// Its roles.
    pub grants: Grants,
    /// Its scope.
    pub scope: Scope,
    /// When it was created.
    pub created_at: SystemTime,
    /// Its expiry; `None` if it never expires.
    pub expires_at: Option<SystemTime>,
}

/// An error of a known token (E1, E17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The operator has revoked the token.
    #[error("the token was revoked")]
    Revoked,
    /// The token's scope does not allow the operation (E17).
    #[error("the token's scope does not allow the operation")]
    InsufficientScope,
}

/// The ID of a token, 1, 2, 3 …, by which logs and the operator name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub u64);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TokenId {
    /// The username of the token's holder, in the form of GitLab's users of access tokens.
    #[must_use]
    pub fn username(self) -> String {
        format!("token_{self}")
    }
}

/// A stored token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its ID.
    pub id: TokenId,
    /// Its settings.
    pub settings: NewToken,
    /// When the operator revoked it.
    pub revoked_at: Option<SystemTime>,
}

impl Token {
    /// When it expired; `None` if it has not expired yet.
    #[must_use]
    pub fn expired_at(&self, now: SystemTime) -> Option<SystemTime> {
        self.settings.expires_at.filter(|end| *end <= now)
    }

    /// Whether it has expired.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expired_at(now).is_some()
    }

    /// Checks the token in GitLab's order; `writes` says whether the request writes.
    ///
    /// # Errors
    ///
    /// The first check that fails.
    pub fn check(&self, writes: bool, now: SystemTime) -> Result<(), TokenError> {
        if self.is_expired(now) {
            Err(TokenError::Expired)
        } else if self.revoked_at.is_some() {
            Err(TokenError::Revoked)
        } else if writes && self.settings.scope == Scope::ReadApi {
            Err(TokenError::InsufficientScope)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_generated_token_has_the_prefix_and_256_random_bits() {
        let [first, second] = [
            PlainToken::generate().unwrap(),
            PlainToken::generate().unwrap(),
        ];
        assert_ne!(first.reveal(), second.reveal());
        let random = first.reveal().strip_prefix("rlat-").unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(random).unwrap().len(), 32);
    }

    #[test]
    fn debug_output_contains_neither_a_token_nor_its_hash() {
        let token = PlainToken::from("gDybLx3yrUK_HLp3qPjS".to_owned());
        assert_eq!(HashedToken::try_from(token.hash().hex()), Ok(token.hash()));
        assert!(!format!("{token:?}").contains("gDyb"));
        assert_eq!(format!("{:?}", token.hash()), "HashedToken");
    }

    #[test]
    fn a_token_expires_at_the_moment_of_its_expiry() {
        let (end, second) = (SystemTime::now(), Duration::from_secs(1));
        let settings = NewToken {
            label: "ci".to_owned(),
            grants: Grants::default(),
            scope: Scope::Api,
            created_at: end - second,
            expires_at: Some(end),
        };
        let token = Token {
            id: TokenId(1),
            settings,
            revoked_at: None,
        };
        assert_eq!(token.expired_at(end - second), None);
        for now in [end, end + second] {
            assert_eq!(token.expired_at(now), Some(end));
            assert_eq!(token.check(false, now), Err(TokenError::Expired));
        }
    }

    #[test]
    fn the_higher_of_two_roles_applies() {
        let id = |number| ProjectId::new(number).unwrap();
        let projects = BTreeMap::from([(id(1), Role::Guest), (id(2), Role::Owner)]);
        let grants = Grants {
            every: Some(Role::Reporter),
            projects,
        };
        assert_eq!(grants.role_in(id(1)), Some(Role::Reporter));
        assert_eq!(grants.role_in(id(2)), Some(Role::Owner));
        assert_eq!(grants.role_in(id(3)), Some(Role::Reporter));
        assert_eq!(Grants::default().role_in(id(3)), None);
    }
}
