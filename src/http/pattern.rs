//! The path of an operation. A [`Pattern`] matches raw paths, builds URLs, and lists the parameters.
//!
//! A path arrives in encoded or in decoded form. Function URLs, load balancers and REST APIs pass
//! it on as the client encoded it. An HTTP API decodes it, so that
//! `/projects/group%2Fapp/releases/v1` becomes `/projects/group/app/releases/v1`. The path is split
//! at slashes first, and each segment is decoded once. A project and a tag may therefore span
//! several segments. What follows them in the pattern says where they end:
//!
//! - At the last place, if a fixed number of segments follows, such as `assets/links`.
//! - Otherwise at the first place, such as the first `releases` or the first `downloads`.
//!
//! Neither may contain what ends it elsewhere: no project path has a segment `releases`, and no tag
//! is created that the path of another endpoint would name
//! ([`TagName::parse_new`](crate::release::TagName::parse_new)).

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::error::ApiError;
use crate::project::ProjectPath;

/// Characters that are percent-encoded in a query value: all but RFC 3986's unreserved characters.
pub const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Characters that are percent-encoded in a path that keeps its slashes.
pub const PATH: &AsciiSet = &QUERY_VALUE.remove(b'/');

/// A path such as `/api/v4/projects/{id}/releases/{tag_name}/assets/links{.format}`.
///
/// `{name}` is a parameter. `{name+}` spans the rest of the path, as in API Gateway, and `{name*}`
/// may also be empty. `{.format}` is an optional suffix (C17, F6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern(&'static str);

/// The parameters of a path: the decoded segments of each, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures(Vec<(&'static str, Vec<String>)>);

impl Captures {
    /// The text of a parameter: its segments, with a slash between them.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.segments(name).map(|segments| segments.join("/"))
    }

    /// The segments of a parameter.
    #[must_use]
    pub fn segments(&self, name: &str) -> Option<&[String]> {
        let mut all = self.0.iter();
        let (_, segments) = all.find(|(other, _)| *other == name)?;
        Some(segments)
    }

    /// The parameters with their texts.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, String)> {
        let all = self.0.iter();
        all.map(|(name, segments)| (*name, segments.join("/")))
    }

    /// Adds a parameter.
    pub fn push(&mut self, name: &'static str, segments: &[&str]) {
        let segments = segments.iter().map(|&segment| segment.to_owned());
        self.0.push((name, segments.collect()));
    }
}

/// The texts of a pattern between its slashes.
type Texts = std::str::SplitTerminator<'static, char>;

/// A part of a pattern between two slashes.
enum Part {
    Literal(&'static str),
    /// A parameter that spans one or more segments.
    Span(&'static str),
    /// A parameter of one segment, whose format suffix does not belong to it.
    WithoutSuffix(&'static str),
    /// A literal at the end of the path, with an optional format suffix.
    LiteralWithSuffix(&'static str),
    /// A parameter that is the rest of the path, and how many segments it has at least.
    Rest(&'static str, usize),
}

impl Part {
    fn parse(text: &'static str) -> Self {
        let (text, has_suffix) = match text.strip_suffix("{.format}") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let parameter = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        match (parameter, has_suffix) {
            (None, false) => Self::Literal(text),
            (None, true) => Self::LiteralWithSuffix(text),
            (Some(name), true) => Self::WithoutSuffix(name),
            (Some(name), false) => match (name.strip_suffix('+'), name.strip_suffix('*')) {
                (Some(name), _) => Self::Rest(name, 1),
                (_, Some(name)) => Self::Rest(name, 0),
                _ => Self::Span(name),
            },
        }
    }
}

impl Pattern {
    /// The pattern with this text, which begins with a slash.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// Whether it is outside the API.
    #[must_use]
    pub fn is_web(&self) -> bool {
        !self.0.starts_with("/api/")
    }

    /// The names of the parameters, without the format suffix.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.parts().filter_map(|part| match part {
            Part::Span(name) | Part::WithoutSuffix(name) | Part::Rest(name, _) => Some(name),
            Part::Literal(_) | Part::LiteralWithSuffix(_) => None,
        })
    }

    /// The parameters of a path, if these are its segments.
    #[must_use]
    pub fn captures(&self, segments: &[&str]) -> Option<Captures> {
        let parts = self.texts();
        // Most patterns do not match, so only those that do allocate.
        if !self.match_parts(parts.clone(), segments, None) {
            return None;
        }
        let mut captures = Captures::default();
        self.match_parts(parts, segments, Some(&mut captures));
        Some(captures)
    }

    /// The path with these values of its parameters, without a format suffix. Each value is encoded
    /// so that every gateway passes it on as it is (B14). The rest of a path may be left out.
    #[must_use]
    pub fn fill(&self, values: &[(&str, &str)]) -> String {
        let value = |name| {
            let value = values.iter().find(|(other, _)| *other == name);
            value.map_or("", |(_, value)| *value)
        };
        let mut path = String::new();
        for part in self.parts() {
            match part {
                Part::Literal(text) | Part::LiteralWithSuffix(text) => {
                    path.push('/');
                    path.push_str(text);
                }
                // On the web, the path of a project keeps its slashes.
                Part::Span("id") if self.is_web() => push(&mut path, value("id"), PATH),
                Part::Span(name) | Part::WithoutSuffix(name) => {
                    push(&mut path, value(name), QUERY_VALUE)
                }
                Part::Rest(name, _) if value(name).is_empty() => {}
                Part::Rest(name, _) => push(&mut path, value(name), PATH),
            }
        }
        path
    }

    fn parts(&self) -> impl Iterator<Item = Part> {
        self.texts().map(Part::parse)
    }

    /// The texts between the slashes; none for the path `/`.
    fn texts(&self) -> Texts {
        self.0[1..].split_terminator('/')
    }

    fn match_parts(
        &self,
        mut parts: Texts,
        segments: &[&str],
        mut captures: Option<&mut Captures>,
    ) -> bool {
        let Some(part) = parts.next().map(Part::parse) else {
            return segments.is_empty();
        };
        match (part, segments) {
            (Part::Literal(text), [first, rest @ ..]) => {
                text == *first && self.match_parts(parts, rest, captures)
            }
            (Part::LiteralWithSuffix(text), [last]) => {
                let (name, format) = split_format(last);
                if let Some(format) = format {
                    add(&mut captures, "format", &[format]);
                }
                name == text
            }
            (Part::WithoutSuffix(name), [last]) => {
                add(&mut captures, name, &[split_format(last).0]);
                true
            }
            (Part::Rest(name, at_least), rest) => {
                add(&mut captures, name, rest);
                rest.len() >= at_least
            }
            (Part::Span(name), segments) => match end_of_span(parts.clone(), segments) {
                None => false,
                Some(end) => {
                    let (span, rest) = segments.split_at(end);
                    add(&mut captures, name, span);
                    self.may_be(name, span, rest.is_empty())
                        && self.match_parts(parts, rest, captures)
                }
            },
            (Part::Literal(_) | Part::LiteralWithSuffix(_) | Part::WithoutSuffix(_), _) => false,
        }
    }

    /// Whether these segments may be the project or the tag.
    fn may_be(&self, name: &str, segments: &[&str], is_last: bool) -> bool {
        match name {
            "id" => self.may_be_project(segments),
            "tag_name" => {
                let is_latest = segments.starts_with(&["permalink", "latest"]);
                // On the web, nothing but downloads is below a release, and they are tried before.
                let is_tag = self.is_web() || !is_last || !is_below_release(segments);
                !is_latest && is_tag
            }
            _ => true,
        }
    }

    /// No project path has a segment `releases`, and after an ID, more segments are an unknown path
    /// of the project. In a path of the API to releases, the first segment may have any text. A path
    /// of the web without `releases` is only that of a project that could be created.
    fn may_be_project(&self, segments: &[&str]) -> bool {
        let has_releases = self.0.contains("/releases");
        if self.is_web() && !has_releases {
            let path = ProjectPath::parse_new(&segments.join("/"));
            return path.is_ok() && !is_of_other_programs(segments);
        }
        let later = if has_releases && !self.is_web() {
            &segments[1..]
        } else {
            segments
        };
        let is_api_path = self.is_web() && segments[0] == "api";
        let is_id = segments[0].bytes().all(|byte| byte.is_ascii_digit());
        !is_api_path
            && !later.contains(&"releases")
            && (has_releases || segments.len() == 1 || !is_id)
    }
}

/// Prints the path without the notations for the rest of a path and for the format suffix.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == "/" {
            return f.write_str(self.0);
        }
        for part in self.parts() {
            match part {
                Part::Literal(text) | Part::LiteralWithSuffix(text) => write!(f, "/{text}")?,
                Part::Span(name) | Part::WithoutSuffix(name) | Part::Rest(name, _) => {
                    write!(f, "/{{{name}}}")?;
                }
            }
        }
        Ok(())
    }
}

/// Adds a parameter, if they are asked for.
fn add(captures: &mut Option<&mut Captures>, name: &'static str, segments: &[&str]) {
    if let Some(captures) = captures {
        captures.push(name, segments);
    }
}

/// Adds a segment, or several if the set leaves slashes as they are.
fn push(path: &mut String, text: &str, encoded: &'static AsciiSet) {
    path.push('/');
    path.extend(utf8_percent_encode(text, encoded));
}

/// The number of segments that a project or a tag has before these parts.
fn end_of_span(parts: Texts, segments: &[&str]) -> Option<usize> {
    let is_fixed = !parts
        .clone()
        .any(|part| matches!(Part::parse(part), Part::Span(_) | Part::Rest(..)));
    let end = if is_fixed {
        segments.len().checked_sub(parts.count())?
    } else {
        let literals = parts.take_while(|part| !part.contains('{'));
        let mut ends = 1..segments.len();
        ends.find(|end| {
            let mut following = segments[*end..].iter();
            let mut literals = literals.clone();
            literals.all(|literal| following.next() == Some(&literal))
        })?
    };
    (end > 0).then_some(end)
}

/// Whether the rest of a path ends like a path below a release, and so is not a tag alone. No tag
/// is created that ends so: [`TagName::parse_new`](crate::release::TagName::parse_new) also refuses
/// a few tags that a path could name, because its rule is simpler without exceptions.
fn is_below_release(segments: &[&str]) -> bool {
    let is_list = |last: &str| split_format(last).0 == "links";
    match segments {
        [_, .., "assets"] => true,
        [_, .., "assets", last] if is_list(last) => true,
        [_, rest @ ..] if rest.contains(&"downloads") => true,
        _ => segments.windows(2).any(|pair| pair == ["assets", "links"]),
    }
}

/// Whether only programs ask for such a path: Git, scanners for other software, and clients of the API
/// with a wrong prefix. They understand a 404, but not the page of a project.
fn is_of_other_programs(segments: &[&str]) -> bool {
    let is_script = |segment: &&str| segment.ends_with(".php");
    segments.ends_with(&["info", "refs"])
        || segments.iter().any(is_script)
        || segments.windows(2).any(|pair| pair == ["api", "v4"])
}

/// The decoded segments of a path; empty ones are ignored.
///
/// # Errors
///
/// [`ApiError::Malformed`] for a path that is not UTF-8 or contains a NUL byte (C9).
pub fn segments(path: &str) -> Result<Vec<String>, ApiError> {
    let pieces = path.split('/').filter(|piece| !piece.is_empty());
    pieces.map(decode).collect()
}

/// Decodes one segment once. A `%` without a valid escape is literal, because a gateway has already
/// decoded the path.
fn decode(piece: &str) -> Result<String, ApiError> {
    let decoded = percent_decode_str(piece)
        .decode_utf8()
        .map_err(|_| ApiError::Malformed("the path is not UTF-8 once it is decoded".to_owned()))?;
    if decoded.contains('\0') {
        return Err(ApiError::Malformed(
            "the path contains a NUL byte".to_owned(),
        ));
    }
    Ok(decoded.into_owned())
}

/// Splits off a format suffix, as in `links.json` or `1.json` (C17, F6).
fn split_format(segment: &str) -> (&str, Option<&str>) {
    match segment.rsplit_once('.') {
        Some((name, format)) if !name.is_empty() && !format.is_empty() => (name, Some(format)),
        _ => (segment, None),
    }
}
