//! A link of a release and its rules. This module does no I/O.

pub mod checksums;
mod digest;
mod rules;
mod url;

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

pub use digest::{Digest, InvalidDigest};
pub use rules::{
    MAX_FILEPATH_CHARACTERS, MAX_NAME_CHARACTERS, MAX_URL_CHARACTERS, Violation, may_be_filepath,
};
pub use url::{NOT_IN_URI, Target, to_uri};

use crate::patch::Patch;
use rules::{is_in_url, read_digest, read_filepath, read_name, read_new_filepath, read_url};

/// The ID of a link within its release: 1, 2, 3 …, never used twice (K1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkId(u64);

impl LinkId {
    /// The highest ID.
    pub const MAX: Self = Self(i64::MAX.unsigned_abs());

    /// The ID with this number; `None` below 1 and above 63 bits, where no link can be.
    #[must_use]
    pub fn new(number: i128) -> Option<Self> {
        let number = i64::try_from(number).ok().filter(|number| *number >= 1)?;
        Some(Self(number.unsigned_abs()))
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The kind of asset at a link's URL, in GitLab's words and order (C14).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
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

impl LinkType {
    /// GitLab's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A stored link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its ID within the release.
    pub id: LinkId,
    /// Its name, unique within the release.
    pub name: String,
    /// Its URL, unique within the release.
    pub url: String,
    /// The end of its permanent URL, after `downloads`. It is unique within the release and starts
    /// with a slash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filepath: Option<String>,
    /// The kind of asset at its URL.
    pub link_type: LinkType,
    /// The digest of the file at its URL, if a client has said it (D16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

impl Link {
    /// The texts that a response contains as they are.
    pub fn shown_texts(&self) -> impl Iterator<Item = &str> {
        // A new attribute does not compile until this decides whether clients see it.
        let Self {
            id: _,
            name,
            url,
            filepath: _,
            link_type: _,
            digest,
        } = self;
        let digest = digest.as_ref().map(Digest::as_str);
        [name.as_str(), url].into_iter().chain(digest)
    }
}

/// A valid link without an ID. The store decides whether its name, URL and filepath are unique in
/// the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewLink {
    /// See [`Link::name`].
    pub name: String,
    /// See [`Link::url`].
    pub url: String,
    /// See [`Link::filepath`].
    pub filepath: Option<String>,
    /// See [`Link::link_type`].
    pub link_type: LinkType,
    /// See [`Link::digest`]. Without one, the fingerprint of a request is that of a version that
    /// knows no digests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

impl NewLink {
    /// A link with a name and a URL.
    ///
    /// # Errors
    ///
    /// Every rule that they break, in GitLab's order.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Result<Self, Vec<Violation>> {
        let input = LinkInput {
            name: Patch::Set(name.into()),
            url: Patch::Set(url.into()),
            ..LinkInput::default()
        };
        input.into_new_link()
    }

    /// The link with this filepath.
    ///
    /// # Errors
    ///
    /// Every rule that the path breaks.
    pub fn with_filepath(self, filepath: impl Into<String>) -> Result<Self, Vec<Violation>> {
        let Self {
            name,
            url,
            filepath: _,
            link_type,
            digest,
        } = self;
        let input = LinkInput {
            name: Patch::Set(name),
            url: Patch::Set(url),
            filepath: Patch::Set(filepath.into()),
            link_type: Patch::Set(link_type),
            digest: digest.map_or(Patch::Keep, |digest| Patch::Set(digest.to_string())),
        };
        input.into_new_link()
    }

    /// The link with its ID.
    #[must_use]
    pub fn with_id(self, id: LinkId) -> Link {
        let Self {
            name,
            url,
            filepath,
            link_type,
            digest,
        } = self;
        Link {
            id,
            name,
            url,
            filepath,
            link_type,
            digest,
        }
    }
}

/// The attributes of a link as a client sent them: of the right types, but not yet checked against
/// the rules of a link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkInput {
    /// See [`Link::name`].
    pub name: Patch<String>,
    /// See [`Link::url`].
    pub url: Patch<String>,
    /// See [`Link::filepath`].
    pub filepath: Patch<String>,
    /// See [`Link::link_type`].
    pub link_type: Patch<LinkType>,
    /// See [`Link::digest`].
    pub digest: Patch<String>,
}

impl LinkInput {
    /// The new link.
    ///
    /// # Errors
    ///
    /// Every rule that it breaks, in GitLab's order.
    pub fn into_new_link(self) -> Result<NewLink, Vec<Violation>> {
        let Self {
            name,
            url,
            filepath,
            link_type,
            digest,
        } = self;
        let mut violations = Vec::new();
        let link = NewLink {
            url: read_url(url.into_value(), &mut violations),
            name: read_name(name.into_value(), &mut violations),
            filepath: read_new_filepath(filepath.into_value(), &mut violations),
            link_type: link_type.into_value().unwrap_or_default(),
            digest: read_digest(digest.into_value(), &mut violations),
        };
        if violations.is_empty() {
            Ok(link)
        } else {
            Err(violations)
        }
    }

    /// The link with the attributes that were sent. Its ID stays the same (I7).
    ///
    /// # Errors
    ///
    /// Every rule that a sent attribute breaks, in GitLab's order. If there is none, a filepath
    /// that differs from the link's must also be possible in a URL. If nothing else is wrong, the
    /// digest must not contradict the one that is known of the same URL.
    pub fn apply_to(self, link: &Link) -> Result<Link, Vec<Violation>> {
        let Self {
            name,
            url,
            filepath,
            link_type,
            digest,
        } = self;
        let mut violations = Vec::new();
        let mut changed = Link {
            id: link.id,
            url: url.apply_with(link.url.clone(), |url| read_url(url, &mut violations)),
            name: name.apply_with(link.name.clone(), |name| read_name(name, &mut violations)),
            filepath: filepath.apply_with(link.filepath.clone(), |filepath| {
                read_filepath(filepath, &mut violations)
            }),
            link_type: link_type.apply_with(link.link_type, Option::unwrap_or_default),
            digest: None,
        };
        let is_new_filepath = changed.filepath != link.filepath;
        let is_not_in_url = is_new_filepath && !changed.filepath.as_deref().is_none_or(is_in_url);
        if violations.is_empty() && is_not_in_url {
            violations.push(Violation::FilepathNotInUrl);
        }
        // Nobody has said what is at a new URL (D16).
        let known = link.digest.clone().filter(|_| changed.url == link.url);
        changed.digest =
            digest.apply_with(known.clone(), |digest| read_digest(digest, &mut violations));
        if !violations.is_empty() {
            Err(violations)
        } else if known.is_some() && changed.digest != known {
            Err(vec![Violation::DigestChanged])
        } else {
            Ok(changed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_name_and_url_are_reported_together_in_gitlabs_order() {
        let input = LinkInput {
            name: Patch::Set(" \t".to_owned()),
            url: Patch::Clear,
            filepath: Patch::Set(String::new()),
            link_type: Patch::Keep,
            digest: Patch::Set("sha256:".to_owned()),
        };
        let violations = input.into_new_link().unwrap_err();
        let messages: Vec<_> = violations.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "Url can't be blank",
                "Url must be a valid URL",
                "Name can't be blank",
                "Filepath is in an invalid format",
                "Digest is invalid: write sha256: and 64 hexadecimal digits"
            ]
        );
    }
}
