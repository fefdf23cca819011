//! Errors of parameters, in GitLab's words (C11 to C18).

use std::fmt;

use crate::excerpt::first_of;

/// A parameter that fails GitLab's validation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct ParamError {
    /// The name of the parameter, or several names separated by commas.
    pub name: String,
    /// The problem.
    pub problem: ParamProblem,
}

/// The problem of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamProblem {
    /// A required parameter was not sent (C11).
    #[error("is missing")]
    Missing,
    /// None of several parameters was sent (C13).
    #[error("are missing, at least one parameter must be provided")]
    AllMissing,
    /// The value has the wrong type or form (B7, C15, C16).
    #[error("is invalid")]
    Invalid,
    /// The value is not one of the allowed words (C14).
    #[error("does not have a valid value")]
    NoValidValue,
    /// The value is excluded (B4).
    #[error("has a value not allowed")]
    NotAllowed,
    /// Another parameter excludes this one (R36).
    #[error("Cannot specify milestones and milestone_ids at the same time")]
    MilestonesTwice,
    /// The path has a segment `..` (R62).
    #[error("should be a valid file path")]
    NotAFilePath,
    /// The value exceeds a limit of this service. The text names the limit.
    #[error("{0}")]
    TooLong(String),
}

impl ParamError {
    /// The error of this parameter.
    pub fn new(name: impl Into<String>, problem: ParamProblem) -> Self {
        Self {
            name: name.into(),
            problem,
        }
    }

    /// The value of this parameter is too long; `limit` says so and names the limit.
    pub fn too_long(name: impl Into<String>, limit: impl fmt::Display) -> Self {
        Self::new(name, ParamProblem::TooLong(limit.to_string()))
    }
}

/// All invalid parameters of a request, in GitLab's order (C18). The message names the first 20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamErrors(pub Vec<ParamError>);

impl From<ParamError> for ParamErrors {
    fn from(error: ParamError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ParamErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&first_of(self.0.iter().map(ToString::to_string)))
    }
}

impl std::error::Error for ParamErrors {}

/// Largest number of nested arrays and objects. The body itself counts as one. It is Rack's limit
/// for forms.
pub(super) const MAX_LEVELS: usize = 32;
/// Largest number of values in query string and body together.
pub(super) const MAX_VALUES: usize = 20_000;

/// A limit that the parameters of a request exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooComplex {
    /// Arrays and objects are nested too deeply.
    #[error("The parameters are nested too deeply (maximum is {MAX_LEVELS} levels)")]
    Levels,
    /// There are too many values.
    #[error("The request contains too many values (maximum is {MAX_VALUES})")]
    Values,
}
