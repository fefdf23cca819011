//! The rules of GitLab's models for a release and the links that are created with it (section R),
//! and our limits.

use std::collections::HashSet;
use std::fmt;

use super::{Author, Details, InvalidTagName, NewRelease, ReleaseChanges};
use crate::excerpt::{excerpt, first_of};
use crate::link::{LinkInput, NewLink, Violation};
use crate::patch::Patch;
use crate::timestamp::Timestamp;

/// Longest description, in bytes of UTF-8 (ours, R82). It is an item of the table, which may have
/// 400 KB.
pub const MAX_DESCRIPTION_BYTES: usize = 300 * 1024;
/// Longest name, in characters (ours, R16).
pub const MAX_NAME_CHARACTERS: usize = 255;

/// The attributes of a release as a client sent them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseAttributes {
    /// See [`Details::name`].
    pub name: Patch<String>,
    /// See [`Details::description`].
    pub description: Patch<String>,
    /// The time of release.
    pub released_at: Patch<Timestamp>,
    /// Whether nothing of its links may change any more.
    pub immutable: Option<bool>,
}

/// An attribute of a release that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// The name is longer than the service stores.
    Name,
    /// The description is longer than the service stores.
    Description,
    /// The time of release is null (R13).
    ReleasedAt,
}

impl Attribute {
    /// The name of the attribute, and what is wrong with it.
    #[must_use]
    pub fn problem(self) -> (&'static str, String) {
        match self {
            Self::Name => (
                "name",
                format!("is too long (maximum is {MAX_NAME_CHARACTERS} characters)"),
            ),
            Self::Description => (
                "description",
                format!("is too long (maximum is {MAX_DESCRIPTION_BYTES} bytes)"),
            ),
            Self::ReleasedAt => ("released_at", "can't be blank".to_owned()),
        }
    }
}

/// A new release that breaks rules. Its `Display` is GitLab's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// No tag with this name may be created (R44, R88).
    Tag(InvalidTagName),
    /// A link has a type that does not exist, which GitLab finds first (R47).
    LinkType(String),
    /// The messages of the broken rules (R46).
    Rules(Vec<String>),
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(_) => f.write_str("Tag name invalid"),
            Self::LinkType(text) => write!(f, "'{}' is not a valid link_type", excerpt(text)),
            Self::Rules(messages) => write!(f, "Validation failed: {}", messages.join(", ")),
        }
    }
}

impl ReleaseAttributes {
    /// The new release.
    ///
    /// # Errors
    ///
    /// Every rule that it or its links break.
    pub fn into_new_release(
        self,
        commit: Option<String>,
        author: Author,
        links: Vec<LinkInput>,
    ) -> Result<NewRelease, Invalid> {
        let (links, mut messages) = read_links(links);
        let (name, description) = (self.name.into_value(), self.description.into_value());
        if is_too_long(name.as_ref()) {
            messages.push(format!("Name {}", Attribute::Name.problem().1));
        }
        if is_too_large(description.as_ref()) {
            messages.push(format!(
                "Description {}",
                Attribute::Description.problem().1
            ));
        }
        if !messages.is_empty() {
            return Err(Invalid::Rules(messages));
        }
        let details = Details {
            name,
            description,
            commit,
            author: Some(author),
        };
        Ok(NewRelease {
            details,
            released_at: self.released_at.into_value(),
            links,
            is_immutable: self.immutable == Some(true),
        })
    }

    /// The changes to an existing release.
    ///
    /// # Errors
    ///
    /// Every attribute that breaks a rule.
    pub fn into_changes(self) -> Result<ReleaseChanges, Vec<Attribute>> {
        let mut broken = Vec::new();
        if is_too_long(self.name.value()) {
            broken.push(Attribute::Name);
        }
        if is_too_large(self.description.value()) {
            broken.push(Attribute::Description);
        }
        if self.released_at == Patch::Clear {
            broken.push(Attribute::ReleasedAt);
        }
        if !broken.is_empty() {
            return Err(broken);
        }
        Ok(ReleaseChanges {
            name: self.name,
            description: self.description,
            released_at: self.released_at.into_value(),
            immutable: self.immutable,
        })
    }
}

fn is_too_long(name: Option<&String>) -> bool {
    name.is_some_and(|name| name.chars().count() > MAX_NAME_CHARACTERS)
}

fn is_too_large(description: Option<&String>) -> bool {
    description.is_some_and(|description| description.len() > MAX_DESCRIPTION_BYTES)
}

/// The links, and the messages of the rules that they break.
fn read_links(links: Vec<LinkInput>) -> (Vec<NewLink>, Vec<String>) {
    let (mut valid, mut messages) = (Vec::new(), Vec::new());
    for link in links {
        match link.into_new_link() {
            Ok(link) => valid.push(link),
            // A message that several links share appears once (R47).
            Err(violations) => {
                for message in violations.iter().map(message_in_release) {
                    if !messages.contains(&message) {
                        messages.push(message);
                    }
                }
            }
        }
    }
    if messages.is_empty() {
        messages = duplicate_messages(&valid);
    }
    (valid, messages)
}

/// A link's message within a release: the attribute is in lower case.
fn message_in_release(violation: &Violation) -> String {
    let text = violation.to_string();
    let (first, rest) = text.split_at(1);
    format!("Links {}{rest}", first.to_ascii_lowercase())
}

/// One message for each attribute that several links share (R15).
fn duplicate_messages(links: &[NewLink]) -> Vec<String> {
    let names = links.iter().map(|link| link.name.as_str());
    let urls = links.iter().map(|link| link.url.as_str());
    let filepaths = links.iter().filter_map(|link| link.filepath.as_deref());
    let repeated = [
        find_repeated(names),
        find_repeated(urls),
        find_repeated(filepaths),
    ];
    let messages = repeated.into_iter().filter(|values| !values.is_empty());
    messages
        .map(|values| format!("Links have duplicate values ({})", first_of(values)))
        .collect()
}

/// The values that appear more than once, each once.
fn find_repeated<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let (mut seen, mut repeated) = (HashSet::new(), Vec::new());
    for value in values {
        if !seen.insert(value) && !repeated.contains(&value) {
            repeated.push(value);
        }
    }
    repeated
}

/// The commit that a `ref` names, which is kept only if it is a whole commit ID (R2).
#[must_use]
pub fn parse_commit(reference: &str) -> Option<String> {
    let is_whole = matches!(reference.len(), 40 | 64);
    let is_id = is_whole && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| reference.to_owned())
}
