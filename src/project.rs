//! Projects: their names, their visibility and the roles in them.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The ID of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProjectId(u64);

impl ProjectId {
    /// The ID with this number; `None` below 1 and above 63 bits, where no project can be.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (1..=i64::MAX.unsigned_abs())
            .contains(&number)
            .then_some(Self(number))
    }

    /// The ID as a number.
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

/// Longest project path, in bytes. The limit is ours: the path is part of a DynamoDB key.
const MAX_PATH_BYTES: usize = 1_024;

/// A project's full path as the operator wrote it, such as `group/app`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ProjectPath(String);

impl TryFrom<String> for ProjectPath {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text)
    }
}

impl ProjectPath {
    /// Reads a path: at least a group and a name, made of the characters that GitLab allows. A
    /// segment `releases` is rejected, because in a decoded request path it marks the end of the
    /// project.
    ///
    /// # Errors
    ///
    /// One sentence for the operator.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let is_segment = |segment: &str| {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            !segment.is_empty()
                && segment.chars().all(is_allowed)
                && !segment.starts_with(['-', '.'])
        };
        if !text.contains('/') {
            Err("a path needs a group and a name, such as group/app")
        } else if text.len() > MAX_PATH_BYTES {
            Err("a path has at most 1024 characters")
        } else if !text.split('/').all(is_segment) {
            Err(
                "a part of a path has letters, digits, '_', '-' and '.', and starts with none of the last two",
            )
        } else if text
            .split('/')
            .any(|segment| segment.eq_ignore_ascii_case("releases"))
        {
            Err("no part of a path may be releases, which ends the project in request paths")
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// Reads the path of a new or renamed project. It also rejects a first segment `api`, because
    /// the project's permanent URLs would collide with the API.
    ///
    /// # Errors
    ///
    /// One sentence for the operator.
    pub fn parse_new(text: &str) -> Result<Self, &'static str> {
        if text
            .split('/')
            .next()
            .is_some_and(|group| group.eq_ignore_ascii_case("api"))
        {
            return Err("the first part of a path must not be api, which is reserved for the API");
        }
        Self::parse(text)
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path for lookups, which ignore case (F2).
    #[must_use]
    pub fn to_lowercase(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A project as a request names it, by ID or by path (F1, F2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ProjectRef {
    /// The ID: nothing but digits.
    Id(ProjectId),
    /// The project's path in lower case, because GitLab looks it up case-insensitively.
    Path(String),
}

impl ProjectRef {
    /// Reads `:id`; `None` if no project can have this ID or path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().and_then(ProjectId::new).map(Self::Id);
        }
        ProjectPath::parse(text)
            .ok()
            .map(|path| Self::Path(path.to_lowercase()))
    }

    /// Whether this is the project's ID or its path, and not a former path.
    #[must_use]
    pub fn matches(&self, project: &Project) -> bool {
        match self {
            Self::Id(id) => *id == project.id,
            Self::Path(path) => project.path.as_str().eq_ignore_ascii_case(path),
        }
    }
}

impl fmt::Display for ProjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Path(path) => path.fmt(f),
        }
    }
}

/// The people who see a project without a role in it (E8), in GitLab's words.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Visibility {
    /// Members only.
    Private,
    /// Everybody.
    Public,
}

/// The role of a token in a project, lowest first (E7), in GitLab's words. Every role reads;
/// developers and higher roles also write.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Role {
    /// Reads.
    Guest,
    /// Reads.
    Reporter,
    /// Reads and writes.
    Developer,
    /// Reads and writes.
    Maintainer,
    /// Reads and writes.
    Owner,
}

impl Visibility {
    /// GitLab's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Role {
    /// GitLab's number of the role (R72).
    #[must_use]
    pub fn access_level(self) -> u8 {
        match self {
            Self::Guest => 10,
            Self::Reporter => 20,
            Self::Developer => 30,
            Self::Maintainer => 40,
            Self::Owner => 50,
        }
    }

    /// GitLab's word, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A stored project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its ID.
    pub id: ProjectId,
    /// Its full path.
    pub path: ProjectPath,
    /// Its visibility.
    pub visibility: Visibility,
}

impl fmt::Display for Project {
    /// As the operator's command names it: `project 24 (group/app, public)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            path,
            visibility,
        } = self;
        write!(f, "project {id} ({path}, {})", visibility.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_reference_is_an_id_or_a_path() {
        let id = |number| ProjectId::new(number).map(ProjectRef::Id);
        assert_eq!(ProjectRef::parse("24"), id(24));
        assert_eq!(ProjectRef::parse("0024"), id(24));
        assert_eq!(
            ProjectRef::parse("Group/App"),
            Some(ProjectRef::Path("group/app".to_owned()))
        );
        for nowhere in [
            "0",
            "-1",
            "99999999999999999999",
            "app",
            "",
            "..",
            "a//b",
            "a/releases",
            "a/é",
        ] {
            assert_eq!(ProjectRef::parse(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn an_invalid_project_path_is_rejected_with_a_message() {
        for (path, sentence) in [
            ("app", "a path needs a group and a name, such as group/app"),
            ("group/", "a part of a path has letters"),
            ("/app", "a part of a path has letters"),
            ("group/-/app", "a part of a path has letters"),
            ("group/../app", "a part of a path has letters"),
            ("group/app name", "a part of a path has letters"),
            ("group/Releases/app", "no part of a path may be releases"),
            ("API/app", "the first part of a path must not be api"),
            (
                &format!("group/{}", "a".repeat(1_024)),
                "a path has at most 1024 characters",
            ),
        ] {
            assert!(
                ProjectPath::parse_new(path).is_err_and(|error| error.starts_with(sentence)),
                "{path}"
            );
        }
        assert_eq!(
            ProjectPath::parse("Group/sub_1/app.x-y").unwrap().as_str(),
            "Group/sub_1/app.x-y"
        );
    }
}
