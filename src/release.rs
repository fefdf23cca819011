//! A release: the tag that names it, and the key that identifies it.

use std::fmt;
use std::str::FromStr;

use crate::project::ProjectId;

/// Longest tag, in bytes. The limit is ours: the tag is part of a DynamoDB key, which may have
/// 2,048 bytes.
pub const MAX_TAG_BYTES: usize = 1_024;

/// The name of a tag, matched exactly (F5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
