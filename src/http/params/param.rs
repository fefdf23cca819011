//! A parameter of an operation, as data. An operation reads only the parameters that it declares. The
//! `Link` header repeats them with their defaults, and `docs/api.md` describes them.

/// A parameter that an operation reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param {
    /// Its name. A member of an object in an array is a parameter of its own.
    pub name: &'static str,
    /// Where a client sends it.
    pub place: Place,
    /// Its type.
    pub kind: Kind,
    /// Whether a request without it is rejected.
    pub is_required: bool,
    /// Whether null clears the attribute. Elsewhere, null is refused or has no effect.
    pub is_nullable: bool,
    /// What it means, in one sentence.
    pub summary: &'static str,
}

/// The place of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The path.
    Path,
    /// The query string. GitLab also reads the body of a method that has one (C2).
    Query,
    /// The body. GitLab also reads the query string (C2).
    Body,
    /// A header.
    Header,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of at most this length, if there is a limit.
    Text(Option<Length>),
    /// A URL of at most this length.
    Url(Length),
    /// A path of at most this length, which begins with a slash.
    AbsolutePath(Length),
    /// The SHA-256 of a file in hexadecimal, with or without `sha256:` before it.
    Digest,
    /// An integer.
    Integer {
        /// The smallest value.
        min: u64,
        /// The largest value, if there is one.
        max: Option<u64>,
        /// The value that replaces a missing one, if any does.
        default: Option<u64>,
    },
    /// A boolean (R38). GitLab also accepts words such as `yes`.
    Boolean,
    /// A date with or without a time (R39).
    Date,
    /// One of these words; the first one is the default.
    Word(&'static [&'static str]),
    /// An array of text, or text with commas.
    List,
    /// An array of integers.
    Integers,
    /// An object with these members.
    Object(&'static [Param]),
    /// An array of at most so many objects with these members.
    Objects(&'static [Param], usize),
}

/// The length of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// In characters.
    Characters(usize),
    /// In bytes of UTF-8.
    Bytes(usize),
}

impl Param {
    /// A parameter of the path, which always has it.
    #[must_use]
    pub const fn path(name: &'static str, kind: Kind, summary: &'static str) -> Self {
        Self::required(name, Place::Path, kind, summary)
    }

    /// A parameter of the query string.
    #[must_use]
    pub const fn query(name: &'static str, kind: Kind, summary: &'static str) -> Self {
        Self::optional(name, Place::Query, kind, summary)
    }

    /// A parameter of the body that may be left out.
    #[must_use]
    pub const fn body(name: &'static str, kind: Kind, summary: &'static str) -> Self {
        Self::optional(name, Place::Body, kind, summary)
    }

    /// A parameter that may not be left out.
    #[must_use]
    pub const fn required(
        name: &'static str,
        place: Place,
        kind: Kind,
        summary: &'static str,
    ) -> Self {
        Self {
            name,
            place,
            kind,
            is_required: true,
            is_nullable: false,
            summary,
        }
    }

    /// A parameter that may be left out.
    #[must_use]
    pub const fn optional(
        name: &'static str,
        place: Place,
        kind: Kind,
        summary: &'static str,
    ) -> Self {
        Self {
            is_required: false,
            ..Self::required(name, place, kind, summary)
        }
    }

    /// The same parameter, of which null clears the attribute.
    #[must_use]
    pub const fn nullable(self) -> Self {
        Self {
            is_nullable: true,
            ..self
        }
    }

    /// The words of a parameter whose value is one of them.
    #[must_use]
    pub const fn words(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Word(words) => words,
            _ => &[],
        }
    }
}
