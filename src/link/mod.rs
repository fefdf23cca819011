//! A link of a release and its rules. This module does no I/O.

mod rules;
mod url;

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumString, VariantNames};

pub use rules::{
    MAX_FILEPATH_CHARACTERS, MAX_NAME_CHARACTERS, MAX_URL_CHARACTERS, Violation, may_be_filepath,
};
pub use url::{NOT_IN_URI, to_uri};

use rules::{filepath_of, is_in_url, name_of, new_filepath_of, url_of};

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

/// The kind of asset that a link leads to, in GitLab's words and order (C14).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, EnumString, VariantNames,
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
    /// The kind of asset that it leads to.
    pub link_type: LinkType,
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
}

impl NewLink {
    /// A link with a name and a URL.
    ///
    /// # Errors
    ///
    /// Every rule that they break, in GitLab's order.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Result<Self, Vec<Violation>> {
        Self::from_attributes(
            Some(name.into()),
            Some(url.into()),
            None,
            LinkType::default(),
        )
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
            link_type,
            ..
        } = self;
        Self::from_attributes(Some(name), Some(url), Some(filepath.into()), link_type)
    }

    /// A link with all its attributes, of which `None` stands for null.
    ///
    /// # Errors
    ///
    /// Every rule that the link breaks, in GitLab's order.
    pub fn from_attributes(
        name: Option<String>,
        url: Option<String>,
        filepath: Option<String>,
        link_type: LinkType,
    ) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        let link = Self {
            url: url_of(url, &mut violations),
            name: name_of(name, &mut violations),
            filepath: new_filepath_of(filepath, &mut violations),
            link_type,
        };
        if violations.is_empty() {
            Ok(link)
        } else {
            Err(violations)
        }
    }

    /// The link with its ID.
    #[must_use]
    pub fn with_id(self, id: LinkId) -> Link {
        let Self {
            name,
            url,
            filepath,
            link_type,
        } = self;
        Link {
            id,
            name,
            url,
            filepath,
            link_type,
        }
    }
}

/// The attributes that an update sets. The outer `None` leaves an attribute as it was (I2), the
/// inner one stands for null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// See [`Link::name`].
    pub name: Option<Option<String>>,
    /// See [`Link::url`].
    pub url: Option<Option<String>>,
    /// See [`Link::filepath`].
    pub filepath: Option<Option<String>>,
    /// See [`Link::link_type`].
    pub link_type: Option<LinkType>,
}

/// Valid changes to a link; `None` leaves an attribute as it was (I2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChanges {
    name: Option<String>,
    url: Option<String>,
    filepath: Option<Option<String>>,
    link_type: Option<LinkType>,
}

impl LinkChanges {
    /// Checks the attributes that an update sets, apart from a filepath that cannot be part of a
    /// URL; see [`Self::apply`].
    ///
    /// # Errors
    ///
    /// Every rule that a changed attribute breaks, in GitLab's order.
    pub fn new(attributes: Attributes) -> Result<Self, Vec<Violation>> {
        let Attributes {
            name,
            url,
            filepath,
            link_type,
        } = attributes;
        let mut violations = Vec::new();
        let changes = Self {
            url: url.map(|url| url_of(url, &mut violations)),
            name: name.map(|name| name_of(name, &mut violations)),
            filepath: filepath.map(|filepath| filepath_of(filepath, &mut violations)),
            link_type,
        };
        if violations.is_empty() {
            Ok(changes)
        } else {
            Err(violations)
        }
    }

    /// The link with the changes. Its ID stays the same (I7).
    ///
    /// # Errors
    ///
    /// [`Violation::FilepathNotInUrl`] for a new filepath. A link that has such a filepath may keep
    /// it.
    pub fn apply(&self, link: &Link) -> Result<Link, Vec<Violation>> {
        let filepath = self.filepath.as_ref().unwrap_or(&link.filepath);
        if *filepath != link.filepath && !filepath.as_deref().is_none_or(is_in_url) {
            return Err(vec![Violation::FilepathNotInUrl]);
        }
        Ok(Link {
            id: link.id,
            name: self.name.clone().unwrap_or_else(|| link.name.clone()),
            url: self.url.clone().unwrap_or_else(|| link.url.clone()),
            filepath: filepath.clone(),
            link_type: self.link_type.unwrap_or(link.link_type),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_name_and_url_are_reported_together_in_gitlabs_order() {
        let link = NewLink::from_attributes(
            Some(" \t".to_owned()),
            None,
            Some(String::new()),
            LinkType::Other,
        );
        let messages: Vec<_> = link.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "Url can't be blank",
                "Url must be a valid URL",
                "Name can't be blank",
                "Filepath is in an invalid format"
            ]
        );
    }
}
