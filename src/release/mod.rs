//! A release: the tag that names it, the key that identifies it, and its rules. This module does
//! no I/O.

mod rules;
mod size;
mod tag;

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::link::{Link, NewLink};
use crate::patch::Patch;
use crate::project::ProjectId;
use crate::timestamp::Timestamp;
use crate::token::{Token, TokenId};

pub use rules::{
    Attribute, Invalid, MAX_DESCRIPTION_BYTES, MAX_NAME_CHARACTERS, ReleaseAttributes, parse_commit,
};
pub use size::{MAX_RESPONSE_BYTES, ResponseSize};
pub use tag::InvalidTagName;

/// Longest tag, in bytes. The limit is ours: the tag is part of a DynamoDB key, which may have
/// 2,048 bytes.
pub const MAX_TAG_BYTES: usize = 1_024;

/// The time from the moment at which a release is locked until it is immutable. No write that began
/// before that moment ends after it: an invocation takes at most 15 s, `Timeout` of the template.
pub const DRAIN: Duration = Duration::from_secs(20);

/// The name of a tag, matched exactly (F5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TagName(String);

/// The tag's name exceeds [`MAX_TAG_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is too long (maximum is {MAX_TAG_BYTES} bytes)")]
pub struct TagTooLong;

impl TagName {
    /// The name as the client wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name has control characters, which Git does not allow. A script with CRLF line
    /// endings sends tags that end in a CR.
    #[must_use]
    pub fn has_control_characters(&self) -> bool {
        self.0.contains(char::is_control)
    }
}

impl FromStr for TagName {
    type Err = TagTooLong;

    fn from_str(text: &str) -> Result<Self, TagTooLong> {
        if text.len() <= MAX_TAG_BYTES {
            Ok(Self(text.to_owned()))
        } else {
            Err(TagTooLong)
        }
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The project and the tag that identify a release.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReleaseKey {
    /// The project.
    pub project: ProjectId,
    /// The tag.
    pub tag: TagName,
}

/// A release. The store keeps its links apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its project.
    pub project: ProjectId,
    /// The tag.
    pub tag: TagName,
    /// Its name, description, commit and author.
    pub details: Details,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it is or was released, which decides the order of releases. It may be in the future.
    pub released_at: Timestamp,
    /// When it became or becomes immutable; `None` unless it is locked. Writes that begin after it
    /// was locked are refused, even before this time.
    pub immutable_at: Option<Timestamp>,
}

/// Whether a release with this [`Release::immutable_at`] can no longer change.
#[must_use]
pub fn is_immutable(immutable_at: Option<Timestamp>, now: SystemTime) -> bool {
    let now = Timestamp::from_clock(now);
    immutable_at.is_some_and(|time| time <= now)
}

impl Release {
    /// Whether its links can no longer change, and it can no longer be deleted.
    #[must_use]
    pub fn is_immutable(&self, now: SystemTime) -> bool {
        is_immutable(self.immutable_at, now)
    }

    /// What a page calls it: its name, or the tag if it has none (R43) or one that nobody sees.
    #[must_use]
    pub fn title(&self) -> &str {
        let name = self.details.name.as_deref().map(str::trim);
        let name = name.filter(|name| name.chars().any(crate::visible::is_visible));
        name.unwrap_or(self.tag.as_str())
    }

    /// Whether its time of release has not come yet, in whole seconds (R24).
    #[must_use]
    pub fn is_upcoming(&self, now: SystemTime) -> bool {
        self.released_at.unix_seconds() > Timestamp::from_clock(now).unix_seconds()
    }
}

/// The details of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Its name; `None` stands for the tag (R43). It may be empty (R16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The ID of the commit, if the client sent it in full (R2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Who created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
}

/// The holder of a token at the time when it created a release (R4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The ID of the token.
    pub id: TokenId,
    /// The token's label at that time.
    pub label: String,
}

impl From<&Token> for Author {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id,
            label: token.settings.label.clone(),
        }
    }
}

/// A release with all its links, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseWithLinks {
    /// The release.
    pub release: Release,
    /// Its links.
    pub links: Vec<Link>,
}

/// A valid release that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewRelease {
    /// Its name, description, commit and author.
    pub details: Details,
    /// Its time of release; `None` stands for the time of its creation (R43).
    pub released_at: Option<Timestamp>,
    /// Its links, the oldest first. Their names, URLs and filepaths are unique.
    pub links: Vec<NewLink>,
    /// Whether it is immutable from its creation on. Otherwise the attribute is left out, so that
    /// the fingerprint of a request stays the same as before the attribute existed.
    #[serde(rename = "immutable", skip_serializing_if = "std::ops::Not::not")]
    pub is_immutable: bool,
}

impl NewRelease {
    /// The release without its links, if it is created at this time.
    #[must_use]
    pub fn release(&self, key: &ReleaseKey, created_at: Timestamp) -> Release {
        Release {
            project: key.project,
            tag: key.tag.clone(),
            details: self.details.clone(),
            created_at,
            released_at: self.released_at.unwrap_or(created_at),
            // All its links appear in the transaction that creates it, so nothing has to end first.
            immutable_at: self.is_immutable.then_some(created_at),
        }
    }
}

/// Valid changes to a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseChanges {
    /// See [`Details::name`].
    pub name: Patch<String>,
    /// See [`Details::description`].
    pub description: Patch<String>,
    /// See [`Release::released_at`]; `None` keeps it (R48).
    pub released_at: Option<Timestamp>,
    /// Whether to lock the release. A locked one keeps its time, and nothing but the operator's
    /// command unlocks it.
    pub immutable: Option<bool>,
}

impl ReleaseChanges {
    /// The release with the changes, if they are made at this time.
    #[must_use]
    pub fn apply_to(&self, release: &Release, now: SystemTime) -> Release {
        let Self {
            name,
            description,
            released_at,
            immutable,
        } = self.clone();
        let mut changed = release.clone();
        let details = &mut changed.details;
        details.name = name.apply(details.name.take());
        details.description = description.apply(details.description.take());
        changed.released_at = released_at.unwrap_or(release.released_at);
        if immutable == Some(true) && release.immutable_at.is_none() {
            changed.immutable_at = Some(Timestamp::from_clock(now + DRAIN));
        }
        changed
    }
}

/// The order of a list of releases (R20, R38).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    /// The attribute by which releases are ordered first.
    pub by: OrderBy,
    /// Whether the smallest value comes first.
    pub is_ascending: bool,
}

/// The attribute by which releases are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderBy {
    /// [`Release::released_at`].
    #[default]
    ReleasedAt,
    /// [`Release::created_at`].
    CreatedAt,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idempotency::IdempotencyKey;

    #[test]
    fn the_drain_is_the_functions_timeout_and_5_seconds() {
        let timeout = DRAIN - Duration::from_secs(5);
        let timeout = format!("\n      Timeout: {}\n", timeout.as_secs());
        assert!(include_str!("../../template.yaml").contains(&timeout));
    }

    /// A request that was sent to an earlier version may be repeated to this one.
    #[test]
    fn the_fingerprint_of_a_release_that_is_not_immutable_stays_as_it_was() {
        let key = IdempotencyKey::parse(b"key").unwrap().unwrap();
        let fingerprint = |is_immutable| {
            let new = NewRelease {
                details: Details {
                    name: Some("One".to_owned()),
                    author: Some(Author {
                        id: TokenId(1),
                        label: "ci".to_owned(),
                    }),
                    ..Details::default()
                },
                released_at: Some(Timestamp::from_clock(SystemTime::UNIX_EPOCH)),
                links: vec![NewLink::new("a", "https://e.com/a").unwrap()],
                is_immutable,
            };
            key.for_creation(TokenId(1), &new).fingerprint
        };
        let former = "cnOGFt559-6ZxsTwwVd6HsXdzP4LB_3D9Fpj4EmHQVg";
        assert_eq!(fingerprint(false), former);
        assert_ne!(fingerprint(true), former);
    }
}
