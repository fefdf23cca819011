//! The rules that GitLab's model sets for a link (section D), and the limits that are ours.

use std::fmt;

use serde::Serialize;

use super::{Link, LinkId, LinkType, url};

/// Longest name, in characters (ours: GitLab has no limit, D10).
const MAX_NAME_CHARACTERS: usize = 255;
/// Longest url, in characters (ours: GitLab has no limit, D10). Presigned URLs of chained roles
/// exceed 2,048.
const MAX_URL_CHARACTERS: usize = 4_096;
/// Longest filepath, in characters (D11).
const MAX_FILEPATH_CHARACTERS: usize = 128;

/// A rule that a link breaks. Its `Display` is GitLab's full message.
///
/// The order of the variants is the order in which GitLab reports them (D2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// The url is missing, null or white space (D4).
    UrlBlank,
    /// The url is longer than the service stores.
    UrlTooLong,
    /// Reported next to [`Violation::UrlBlank`] (D4).
    UrlInvalid,
    /// The url's scheme is none of http, https and ftp (D7).
    UrlScheme,
    /// The url cannot be parsed (D8).
    UrlUnparsable,
    /// The url's host is neither a name nor an address (D9).
    UrlHost,
    /// Another link of the release has this url (D5).
    UrlTaken,
    /// The name is missing, null or white space (D3).
    NameBlank,
    /// The name is longer than the service stores.
    NameTooLong,
    /// Another link of the release has this name (D5).
    NameTaken,
    /// Another link of the release has this filepath (D5).
    FilepathTaken,
    /// The filepath does not have the form that D11 describes.
    FilepathFormat,
    /// The filepath is too long (D11).
    FilepathTooLong,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UrlBlank => f.write_str("Url can't be blank"),
            Self::UrlTooLong => write!(
                f,
                "Url is too long (maximum is {MAX_URL_CHARACTERS} characters)"
            ),
            Self::UrlInvalid => f.write_str("Url must be a valid URL"),
            Self::UrlScheme => {
                f.write_str("Url is blocked: Only allowed schemes are http, https, ftp")
            }
            Self::UrlUnparsable => f.write_str("Url is blocked: URI is invalid"),
            Self::UrlHost => f.write_str("Url is blocked: Hostname or IP address invalid"),
            Self::UrlTaken => f.write_str("Url has already been taken"),
            Self::NameBlank => f.write_str("Name can't be blank"),
            Self::NameTooLong => write!(
                f,
                "Name is too long (maximum is {MAX_NAME_CHARACTERS} characters)"
            ),
            Self::NameTaken => f.write_str("Name has already been taken"),
            Self::FilepathTaken => f.write_str("Filepath has already been taken"),
            Self::FilepathFormat => f.write_str("Filepath is in an invalid format"),
            Self::FilepathTooLong => {
                write!(
                    f,
                    "Filepath is too long (maximum is {MAX_FILEPATH_CHARACTERS} characters)"
                )
            }
        }
    }
}

/// A link that keeps every rule of its own and waits for its id. Whether its name, url and filepath
/// are free in the release is decided by the store.
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

    /// The link with a permanent URL below this path.
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
            filepath: filepath_of(filepath, &mut violations),
            link_type,
        };
        if violations.is_empty() {
            Ok(link)
        } else {
            Err(violations)
        }
    }

    /// The link under the id that it was given.
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

/// Changes to a link that break no rule by themselves; `None` leaves an attribute as it was (I2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChanges {
    name: Option<String>,
    url: Option<String>,
    filepath: Option<Option<String>>,
    link_type: Option<LinkType>,
}

impl LinkChanges {
    /// Checks the attributes that an update sets.
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

    /// The link as it is after the changes. Its id stays (I7).
    #[must_use]
    pub fn apply(&self, link: &Link) -> Link {
        Link {
            id: link.id,
            name: self.name.clone().unwrap_or_else(|| link.name.clone()),
            url: self.url.clone().unwrap_or_else(|| link.url.clone()),
            filepath: self
                .filepath
                .clone()
                .unwrap_or_else(|| link.filepath.clone()),
            link_type: self.link_type.unwrap_or(link.link_type),
        }
    }
}

/// The url without surrounding white space (D6).
fn url_of(text: Option<String>, violations: &mut Vec<Violation>) -> String {
    let text = text.unwrap_or_default();
    let url = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    if is_blank(url) {
        violations.extend([Violation::UrlBlank, Violation::UrlInvalid]);
    } else if url.chars().count() > MAX_URL_CHARACTERS {
        violations.push(Violation::UrlTooLong);
    } else if let Err(violation) = url::check(url) {
        violations.push(violation);
    }
    url.to_owned()
}

/// The name exactly as it was sent (C20).
fn name_of(text: Option<String>, violations: &mut Vec<Violation>) -> String {
    let name = text.unwrap_or_default();
    if is_blank(&name) {
        violations.push(Violation::NameBlank);
    } else if name.chars().count() > MAX_NAME_CHARACTERS {
        violations.push(Violation::NameTooLong);
    }
    name
}

/// Whether a link can have this filepath, as far as its length goes. A longer one does not fit the
/// key of an item.
#[must_use]
pub fn may_be_filepath(text: &str) -> bool {
    text.chars().count() <= MAX_FILEPATH_CHARACTERS
}

fn filepath_of(text: Option<String>, violations: &mut Vec<Violation>) -> Option<String> {
    let filepath = text?;
    if !may_be_filepath(&filepath) {
        violations.push(Violation::FilepathTooLong);
    } else if !is_filepath(&filepath) {
        violations.push(Violation::FilepathFormat);
    }
    Some(filepath)
}

/// GitLab's `\A\/[^\/](?!.*\/\/.*)[\-\.\w\/]+[\da-zA-Z]+\z` (D11), which needs a look-ahead that
/// the `regex` crate does not have.
fn is_filepath(text: &str) -> bool {
    let mut characters = text.chars();
    let starts_well =
        characters.next() == Some('/') && characters.next().is_some_and(|second| second != '/');
    let rest = characters.as_str();
    starts_well
        && rest.len() >= 2
        && !rest.contains("//")
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte))
        && rest.ends_with(|last: char| last.is_ascii_alphanumeric())
}

/// Rails' `blank?`: nothing but white space.
fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D11 and D12, example by example.
    #[test]
    fn a_filepath_has_the_form_that_gitlab_asks_for() {
        for good in [
            "/abc",
            "/?bc",
            "/:bc",
            "/éab",
            "/ ab",
            "/../abc",
            "/bin/big.exe",
            "/a_b-c.d/e1",
        ] {
            assert!(is_filepath(good), "{good}");
        }
        for bad in [
            "", "/", "/a", "/ab", "abc", "//abc", "/a//bc", "/abc/", "/abc-", "/abc.", "/abc_",
            "/ab%20c", "/abc d", "/abcé",
        ] {
            assert!(!is_filepath(bad), "{bad}");
        }
    }

    #[test]
    fn a_filepath_may_have_128_characters_and_a_longer_one_is_only_too_long() {
        let mut violations = Vec::new();
        filepath_of(Some(format!("/{}", "a".repeat(127))), &mut violations);
        assert_eq!(violations, []);
        filepath_of(Some(format!("/{}/", "a".repeat(127))), &mut violations);
        assert_eq!(violations, [Violation::FilepathTooLong]);
    }

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
