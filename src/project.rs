//! Projects: how a request names one, and what the service knows of it.

use std::fmt;

/// A project's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectId(u64);

impl ProjectId {
    /// The id with this number; `None` below 1 and above what fits 63 bits, where no project can be.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (1..=i64::MAX.unsigned_abs()).contains(&number).then_some(Self(number))
    }

    /// The bare number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Longest project path that can exist, in bytes.
const MAX_PATH_BYTES: usize = 1_024;

/// The two spellings of `:id` in a path (F1, F2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ProjectRef {
    /// Nothing but digits: the project's number.
    Id(ProjectId),
    /// The project's path in lower case, because GitLab looks it up case-insensitively.
    Path(String),
}

impl ProjectRef {
    /// Reads `:id`; `None` where no project can have this number or path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().and_then(ProjectId::new).map(Self::Id);
        }
        let path = text.to_lowercase();
        (path.contains('/') && path.len() <= MAX_PATH_BYTES).then_some(Self::Path(path))
    }
}

/// Who may see a project without being a member (E8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Members only.
    Private,
    /// Everybody.
    Public,
}

impl Visibility {
    /// The word for it in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }

    /// The visibility with this word, or `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Private, Self::Public].into_iter().find(|visibility| visibility.as_str() == text)
    }
}

/// A project as the table knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its number.
    pub id: ProjectId,
    /// Its full path as the operator wrote it, such as `group/app`.
    pub path: String,
    /// Who may see it.
    pub visibility: Visibility,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_a_number_and_a_slash_makes_a_path() {
        let id = |number| ProjectId::new(number).map(ProjectRef::Id);
        assert_eq!(ProjectRef::parse("24"), id(24));
        assert_eq!(ProjectRef::parse("0024"), id(24));
        assert_eq!(ProjectRef::parse("Group/App"), Some(ProjectRef::Path("group/app".to_owned())));
        for nowhere in ["0", "-1", "99999999999999999999", "app", "", ".."] {
            assert_eq!(ProjectRef::parse(nowhere), None, "{nowhere}");
        }
    }
}
