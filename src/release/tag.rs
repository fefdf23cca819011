//! The names of tags that may be created (R88).
//!
//! A body can name a tag that the path of a request cannot name. No request could address such a
//! release, or its path would name another one, so it is not created.

use super::{TagName, TagTooLong};

/// The reason why no tag with this name may be created. Its `Display` completes the sentence "the
/// tag …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTagName {
    /// See [`TagTooLong`].
    #[error(transparent)]
    TooLong(#[from] TagTooLong),
    /// The name is empty or white space (R2).
    #[error("is blank")]
    Blank,
    /// See [`TagName::has_control_characters`].
    #[error("has a control character")]
    ControlCharacter,
    /// A script that adds white space to a tag would create a second release, which looks the same.
    #[error("begins or ends with white space")]
    WhiteSpace,
    /// A path has no empty segments.
    #[error("begins or ends with a slash, or has two slashes in a row")]
    EmptySegment,
    /// Clients remove such a segment from a path, some together with the one before it.
    #[error("has a segment '.' or '..'")]
    DotSegment,
    /// In a decoded path, the query begins here.
    #[error("has a '?'")]
    QuestionMark,
    /// GitLab's permanent URLs do not allow it (R67), and browsers read it as a slash.
    #[error("has a backslash")]
    Backslash,
    /// A decoded path is decoded a second time.
    #[error("has a '%' before two hexadecimal digits")]
    Escape,
    /// The path names the latest release (R63, R65).
    #[error("begins with permalink/latest")]
    Permalink,
    /// The path names something below another release.
    #[error("has segments such as /downloads or assets/links, which the API reserves")]
    BelowRelease,
}

impl TagName {
    /// Reads the name of a tag that is to be created. The router recovers it unchanged from the
    /// encoded and from the decoded path of every endpoint.
    ///
    /// # Errors
    ///
    /// The first reason why no tag may have this name.
    pub fn parse_new(text: &str) -> Result<Self, InvalidTagName> {
        let tag: Self = text.parse()?;
        let segments: Vec<&str> = text.split('/').collect();
        let reasons = [
            (text.trim().is_empty(), InvalidTagName::Blank),
            (
                tag.has_control_characters(),
                InvalidTagName::ControlCharacter,
            ),
            (text.trim() != text, InvalidTagName::WhiteSpace),
            (segments.contains(&""), InvalidTagName::EmptySegment),
            (
                segments.contains(&".") || segments.contains(&".."),
                InvalidTagName::DotSegment,
            ),
            (text.contains('?'), InvalidTagName::QuestionMark),
            (text.contains('\\'), InvalidTagName::Backslash),
            (has_escape(text), InvalidTagName::Escape),
            (
                text.starts_with("permalink/latest"),
                InvalidTagName::Permalink,
            ),
            (is_below_release(&segments), InvalidTagName::BelowRelease),
        ];
        match reasons.into_iter().find(|(applies, _)| *applies) {
            None => Ok(tag),
            Some((_, reason)) => Err(reason),
        }
    }
}

/// Whether a `%` stands before two hexadecimal digits.
fn has_escape(text: &str) -> bool {
    let mut triples = text.as_bytes().windows(3);
    triples.any(|triple| triple[0] == b'%' && triple[1..].iter().all(u8::is_ascii_hexdigit))
}

/// Whether a path that ends in these segments names the links or a download of a release whose tag
/// is only a part of them, or matches no route.
fn is_below_release(segments: &[&str]) -> bool {
    let below_first = segments.get(1..).unwrap_or_default();
    let is_links = |segment: &str| segment == "links" || segment.starts_with("links.");
    below_first.contains(&"downloads")
        || below_first.last() == Some(&"assets")
        || segments
            .windows(2)
            .any(|pair| pair[0] == "assets" && is_links(pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    use InvalidTagName as Reason;

    fn assert_refused(tags: &[(&str, InvalidTagName)]) {
        for (text, reason) in tags {
            assert_eq!(TagName::parse_new(text), Err(*reason), "{text}");
        }
    }

    #[test]
    fn a_tag_that_the_router_cannot_recover_from_a_path_is_refused_with_the_reason() {
        assert_refused(&[
            ("", Reason::Blank),
            (" \t\n", Reason::Blank),
            ("v1\r", Reason::ControlCharacter),
            ("v1\u{85}", Reason::ControlCharacter),
            ("v4 ", Reason::WhiteSpace),
            ("\u{a0}v4", Reason::WhiteSpace),
            ("v4\u{3000}", Reason::WhiteSpace),
            ("/", Reason::EmptySegment),
            ("/v2", Reason::EmptySegment),
            ("release/", Reason::EmptySegment),
            ("v//3", Reason::EmptySegment),
            (".", Reason::DotSegment),
            ("..", Reason::DotSegment),
            ("a/./b", Reason::DotSegment),
            ("a/..", Reason::DotSegment),
            ("?", Reason::QuestionMark),
            ("a?b=c", Reason::QuestionMark),
            ("a\\b", Reason::Backslash),
            ("%41", Reason::Escape),
            ("a%2fb", Reason::Escape),
            ("100%%25", Reason::Escape),
            (&"v".repeat(1_025), Reason::TooLong(TagTooLong)),
        ]);
    }

    #[test]
    fn a_tag_whose_path_names_something_else_is_refused() {
        assert_refused(&[
            ("permalink/latest", Reason::Permalink),
            ("permalink/latest/a", Reason::Permalink),
            ("permalink/latestfoo", Reason::Permalink),
            ("permalink/latest.json", Reason::Permalink),
            ("a/downloads", Reason::BelowRelease),
            ("a/downloads/b", Reason::BelowRelease),
            ("x/assets", Reason::BelowRelease),
            ("assets/links", Reason::BelowRelease),
            ("x/assets/links/1", Reason::BelowRelease),
            ("x/assets/links/1/2", Reason::BelowRelease),
            ("x/assets/links.json", Reason::BelowRelease),
        ]);
    }

    #[test]
    fn a_tag_that_every_path_can_name_is_accepted() {
        let long = "v".repeat(1_024);
        for text in [
            "v1.0",
            "v1.0 (2)",
            "a/b c#d;é+~^%",
            "100%",
            "%zz",
            "a%/41",
            "%2",
            "v1.json",
            "HEAD",
            "...",
            "a/.b/..c",
            "releases",
            "a/releases/b",
            "-/releases/x",
            "permalink",
            "permalink/x",
            "a/permalink/latest",
            "downloads",
            "downloads/a",
            "a/Downloads",
            "assets",
            "assets/a",
            "a/assets/b",
            "links",
            "a/links/1",
            long.as_str(),
        ] {
            let tag = TagName::parse_new(text);
            assert_eq!(tag.map(|tag| tag.to_string()), Ok(text.to_owned()));
        }
    }
}
