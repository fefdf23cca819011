//! A link of a release and every rule that it has by itself. No input or output happens here.

mod input;
mod rules;
mod url;

use std::fmt;

use serde::Serialize;

pub use input::LinkInput;
pub use rules::{LinkChanges, NewLink, Violation, may_be_filepath};
pub use url::{NOT_IN_URI, to_uri};

/// The number of a link within its release: 1, 2, 3 … and never used twice (profile: "link ids").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct LinkId(u64);

impl LinkId {
    /// The id with this number; `None` below 1 and above what fits 63 bits, where no link can be.
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

/// What kind of asset a link leads to (C14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkType {
    /// Anything that is none of the others.
    #[default]
    Other,
    /// Instructions for operating the release.
    Runbook,
    /// A container image.
    Image,
    /// A package.
    Package,
}

impl LinkType {
    /// All kinds, in GitLab's order.
    pub const ALL: [Self; 4] = [Self::Other, Self::Runbook, Self::Image, Self::Package];

    /// The kind as clients write it, in exact lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Runbook => "runbook",
            Self::Image => "image",
            Self::Package => "package",
        }
    }

    /// The kind of this name, or `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A link as it is stored: a name, where it leads, and the path of its permanent URL if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number within the release.
    pub id: LinkId,
    /// Its name, unique within the release.
    pub name: String,
    /// Where it leads, unique within the release.
    pub url: String,
    /// The path of its permanent URL, unique within the release; starts with a slash.
    pub filepath: Option<String>,
    /// What kind of asset it leads to.
    pub link_type: LinkType,
}
