//! The lines of an export, which `import` reads again. `docs/export.schema.json` describes them.
//!
//! Their values are texts and numbers as they stand in the line: a value that breaks a rule is for
//! `import` to list, and does not end the reading. Times are RFC 3339 in UTC with six decimals.

use release_links::release::Details;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;

/// The name of the format in the first line.
pub const FORMAT: &str = "release-links";
/// The version of the format. A reader refuses a higher one.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// When the export began.
    pub exported_at: String,
}

/// Each of the other lines: a project is followed by its releases, and a release by its links. A
/// reader looks at the type, and then reads the record of this type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Record {
    /// A project.
    Project(ProjectRecord),
    /// A release.
    Release(ReleaseRecord),
    /// A link.
    Link(LinkRecord),
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRecord {
    /// Its ID.
    pub id: u64,
    /// Its path.
    pub path: String,
    /// Who sees it without a role in it.
    pub visibility: String,
    /// Its former paths, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_paths: Vec<String>,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRecord {
    /// The ID of its project.
    pub project: u64,
    /// The tag.
    pub tag: String,
    /// Its name, description, commit and author, as members of the line.
    #[serde(flatten)]
    pub details: Details,
    /// When it was created.
    pub created_at: String,
    /// When it is or was released.
    pub released_at: String,
    /// When it became or becomes immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immutable_at: Option<String>,
    /// The highest ID that one of its links has or had.
    #[serde(default, deserialize_with = "whole_number")]
    pub last_link_id: i128,
    /// The number of its links, whose lines follow. If it is absent, a file that is cut off behind a
    /// line looks whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<usize>,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRecord {
    /// The ID of its project.
    pub project: u64,
    /// The tag of its release.
    pub tag: String,
    /// Its ID within the release.
    #[serde(deserialize_with = "whole_number")]
    pub id: i128,
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// The end of its permanent URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filepath: Option<String>,
    /// The kind of asset at its URL; empty stands for `other`.
    #[serde(default)]
    pub link_type: String,
    /// When it was created.
    pub created_at: String,
    /// The digest of the file at its URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Reads a number. For an `i128`, `serde_json` takes what follows its digits for a syntax error.
fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i128, D::Error> {
    let number = Number::deserialize(deserializer)?;
    let whole = number.as_i128();
    whole.ok_or_else(|| {
        D::Error::custom(format!(
            "{number} is no whole number with at most 19 digits"
        ))
    })
}
