//! A link of a release and every rule that it has by itself. No input or output happens here.

mod rules;
mod url;

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::EnumString;

pub use rules::{Attributes, LinkChanges, NewLink, Violation, may_be_filepath};
pub use url::{NOT_IN_URI, to_uri};

/// The ID of a link within its release: 1, 2, 3 …, never used twice (profile: "link ids").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkId(u64);

impl LinkId {
    /// The ID with this number; `None` below 1 and above 63 bits, where no link can be.
    #[must_use]
    pub fn new(number: i128) -> Option<Self> {
        let number = i64::try_from(number).ok().filter(|number| *number >= 1)?;
        Some(Self(number.unsigned_abs()))
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The kind of asset that a link leads to, in GitLab's words and order (C14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum LinkType {
    /// Anything else.
    #[default]
    Other,
    /// Instructions for operating the release.
    Runbook,
    /// A container image.
    Image,
    /// A package.
    Package,
}

/// A stored link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its ID within the release.
    pub id: LinkId,
    /// Its name, unique within the release.
    pub name: String,
    /// Where it leads, unique within the release.
    pub url: String,
    /// The path of its permanent URL, unique within the release; starts with a slash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filepath: Option<String>,
    /// What kind of asset it leads to.
    pub link_type: LinkType,
}
