//! The JSON of GitLab's API from 11.7 on. Whatever a version leaves out is optional, and members
//! that the import does not use are not declared.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use serde_json::value::RawValue;

/// A project (R71).
#[derive(Debug, Deserialize)]
#[serde(expecting = "a project")]
pub struct Project {
    /// Its ID.
    pub id: u64,
    /// Its path.
    pub path_with_namespace: String,
    /// Who sees it; old versions do not tell anonymous callers.
    #[serde(default)]
    pub visibility: Option<String>,
    /// Who sees its releases, `disabled` for nobody.
    #[serde(default)]
    pub releases_access_level: Option<String>,
}

/// A release (R23 to R32, R90).
#[derive(Debug, Deserialize)]
#[serde(expecting = "a release")]
pub struct Release {
    #[serde(default)]
    pub tag_name: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub created_at: Option<String>,
    /// Absent before about 12.1.
    #[serde(default)]
    pub released_at: Option<String>,
    /// Only another release-links has it.
    #[serde(default)]
    pub immutable_at: Option<String>,
    #[serde(default)]
    pub commit: Option<Commit>,
    #[serde(default)]
    pub assets: Option<Assets>,
    #[serde(default)]
    pub milestones: Option<Vec<Box<RawValue>>>,
    #[serde(default)]
    pub evidences: Option<Vec<Box<RawValue>>>,
}

impl Release {
    /// The links, which are read one by one.
    pub fn links(&self) -> &[Box<RawValue>] {
        self.assets.as_ref().map_or(&[], |assets| &assets.links)
    }

    /// When it was created, as far as that is known.
    pub fn created_at(&self) -> Option<&str> {
        self.created_at.as_deref().or(self.released_at.as_deref())
    }
}

/// The commit of a release.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a commit")]
pub struct Commit {
    #[serde(default)]
    pub id: Option<String>,
}

/// The assets of a release. Links and sources have nothing to do with each other.
#[derive(Debug, Default, Deserialize)]
#[serde(expecting = "assets")]
pub struct Assets {
    #[serde(default, deserialize_with = "or_empty")]
    pub links: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "or_empty")]
    pub sources: Vec<Box<RawValue>>,
}

/// A link (A6).
#[derive(Debug, Deserialize)]
#[serde(expecting = "a link")]
pub struct Link {
    #[serde(deserialize_with = "whole")]
    pub id: i128,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    /// Absent before about 12.10.
    #[serde(default)]
    pub direct_asset_url: Option<String>,
    /// Absent before about 13.1.
    #[serde(default)]
    pub link_type: Option<String>,
    /// Only another release-links has it.
    #[serde(default)]
    pub digest: Option<String>,
}

/// A whole number, also beyond 64 bits.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i128, D::Error> {
    let number = Number::deserialize(deserializer)?;
    let error = || D::Error::custom(format_args!("the ID {number} is not an integer"));
    number.as_i128().ok_or_else(error)
}

/// The list; null is an empty one.
fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Box<RawValue>>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
