//! The rules of GitLab's model for a link (section D), and our limits.

use std::fmt;

use super::{Digest, InvalidDigest, url};

/// Longest name, in characters (ours: GitLab has no limit, D10).
pub const MAX_NAME_CHARACTERS: usize = 255;
/// Longest url, in characters (ours: GitLab has no limit, D10). Presigned URLs of chained roles
/// exceed 2,048.
pub const MAX_URL_CHARACTERS: usize = 4_096;
/// Longest filepath, in characters (D11).
pub const MAX_FILEPATH_CHARACTERS: usize = 128;

/// A violated rule. Its `Display` is GitLab's full message.
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
    /// The scheme is not http, https or ftp (D7).
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
    /// The filepath does not come out unchanged of the path of a download (R88).
    FilepathNotInUrl,
    /// The text is no digest (D16).
    DigestInvalid,
    /// Another digest of the same url is known (D16).
    DigestChanged,
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
            Self::FilepathNotInUrl => f.write_str(
                "Filepath cannot be part of a URL: remove '?', '%' and the segments '.' and '..'",
            ),
            Self::DigestInvalid => write!(f, "Digest is invalid: {InvalidDigest}"),
            Self::DigestChanged => {
                f.write_str("Digest can't be changed while the url stays the same")
            }
        }
    }
}

/// The url without surrounding white space (D6).
pub(super) fn read_url(text: Option<String>, violations: &mut Vec<Violation>) -> String {
    let text = text.unwrap_or_default();
    let url = strip(&text);
    if is_blank(url) {
        violations.extend([Violation::UrlBlank, Violation::UrlInvalid]);
    } else if url.chars().count() > MAX_URL_CHARACTERS {
        violations.push(Violation::UrlTooLong);
    } else if let Err(violation) = url::check(url) {
        violations.push(violation);
    }
    url.to_owned()
}

/// The text without surrounding white space, as Ruby's `strip` removes it (D6).
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b')
}

/// The digest without surrounding white space (D16).
pub(super) fn read_digest(text: Option<String>, violations: &mut Vec<Violation>) -> Option<Digest> {
    let digest = Digest::parse(strip(&text?));
    if digest.is_err() {
        violations.push(Violation::DigestInvalid);
    }
    digest.ok()
}

/// The name exactly as it was sent (C20).
pub(super) fn read_name(text: Option<String>, violations: &mut Vec<Violation>) -> String {
    let name = text.unwrap_or_default();
    if is_blank(&name) {
        violations.push(Violation::NameBlank);
    } else if name.chars().count() > MAX_NAME_CHARACTERS {
        violations.push(Violation::NameTooLong);
    }
    name
}

/// Whether this text is short enough for a filepath. A much longer text would exceed the limit of a
/// sort key.
#[must_use]
pub fn may_be_filepath(text: &str) -> bool {
    text.chars().count() <= MAX_FILEPATH_CHARACTERS
}

/// The filepath of a new link.
pub(super) fn read_new_filepath(
    text: Option<String>,
    violations: &mut Vec<Violation>,
) -> Option<String> {
    let others = violations.len();
    let filepath = read_filepath(text, violations);
    if violations.len() == others && !filepath.as_deref().is_none_or(is_in_url) {
        violations.push(Violation::FilepathNotInUrl);
    }
    filepath
}

/// The filepath with the length and the form of D11.
pub(super) fn read_filepath(
    text: Option<String>,
    violations: &mut Vec<Violation>,
) -> Option<String> {
    let filepath = text?;
    if !may_be_filepath(&filepath) {
        violations.push(Violation::FilepathTooLong);
    } else if !is_filepath(&filepath) {
        violations.push(Violation::FilepathFormat);
    }
    Some(filepath)
}

/// Whether the filepath comes out unchanged of the path of a download. A `?` begins the query, an
/// escape is decoded, and clients remove segments of dots.
pub(super) fn is_in_url(filepath: &str) -> bool {
    let is_dots = |segment| matches!(segment, "." | "..");
    !filepath.contains(['?', '%']) && !filepath.split('/').any(is_dots)
}

/// GitLab's `\A\/[^\/](?!.*\/\/.*)[\-\.\w\/]+[\da-zA-Z]+\z` (D11). The `regex` crate does not
/// support its look-ahead.
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

/// Rails' `blank?`: white space only.
fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D11 and D12, example by example.
    #[test]
    fn filepaths_have_the_format_that_gitlab_requires() {
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
    fn a_filepath_is_in_a_url_without_query_escapes_and_segments_of_dots() {
        for good in [
            "/:bc", "/#bc", "/éab", "/ ab", "/+ab", "/\\ab", "/.ab", "/..a/b.c", "/a/...b",
        ] {
            assert!(is_filepath(good) && is_in_url(good), "{good}");
        }
        for bad in [
            "/?bc", "/%ab", "/%zz", "/./abc", "/../abc", "/a/../bc", "/a/./bc",
        ] {
            assert!(is_filepath(bad) && !is_in_url(bad), "{bad}");
        }
    }

    #[test]
    fn only_filepaths_longer_than_128_characters_are_too_long() {
        let mut violations = Vec::new();
        read_filepath(Some(format!("/{}", "a".repeat(127))), &mut violations);
        assert_eq!(violations, []);
        read_filepath(Some(format!("/{}/", "a".repeat(127))), &mut violations);
        assert_eq!(violations, [Violation::FilepathTooLong]);
    }
}
