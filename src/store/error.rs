//! Errors of the store: [`StoreError`] for requests and [`AdminError`] for the operator.

use std::time::SystemTime;

use humantime::format_rfc3339_seconds;

use crate::link::Violation;
use crate::project::{Project, ProjectId, ProjectPath};
use crate::token::{MAX_GRANTS, TokenId};

/// An operation on releases and links that failed. It changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The release or the link does not exist.
    #[error("the release or the link does not exist")]
    NotFound,
    /// Other links of the release have the name, the URL or the filepath (D5).
    #[error("another link of the release has {0:?}")]
    Taken(Vec<Violation>),
    /// The idempotency key was used for another link.
    #[error("the idempotency key was used for another link")]
    IdempotencyKeyReused,
    /// DynamoDB did not carry the call out in time. A retry is safe.
    #[error("{0}")]
    Unavailable(String),
    /// An item of the table does not have the shape that this service writes.
    #[error("{0}")]
    Corrupt(String),
    /// DynamoDB found a call invalid. That is a bug of this service, so a retry is no use.
    #[error("{0}")]
    InvalidCall(String),
}

/// A change by the operator that failed, in one sentence. It changed nothing.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum AdminError {
    /// The number is another project's.
    #[error("there is a project {0} already: `project show {0}` shows it")]
    IdTaken(ProjectId),
    /// The path is another project's.
    #[error("there is a project {0} already: `project show {0}` shows it")]
    PathTaken(ProjectPath),
    /// The ID was that of a project which is deleted.
    #[error("project {id} was deleted at {}, and its ID is never used again: choose another one", format_rfc3339_seconds(*.deleted_at))]
    IdUsed {
        /// The ID.
        id: ProjectId,
        /// When its project was deleted.
        deleted_at: SystemTime,
    },
    /// The path is one that a project had before.
    #[error("{path} is a former path of project {0}, which is {1} now: name it by its ID or that path", .project.id, .project.path)]
    FormerPath {
        /// The path.
        path: String,
        /// The project as it is now.
        project: Project,
    },
    /// The project has moved too often.
    #[error("project {0} keeps as many former paths as it can: it cannot get another path")]
    TooManyFormerPaths(ProjectId),
    /// There is no such project.
    #[error("there is no project {0}: `project list` shows all there are")]
    UnknownProject(String),
    /// The project was left half deleted.
    #[error("project {0} is being deleted: `project delete {0}` again finishes that")]
    PendingDeletion(ProjectId),
    /// The project is deleted.
    #[error("project {id} was deleted at {}: `project list` shows all there are", format_rfc3339_seconds(*.deleted_at))]
    Deleted {
        /// The project's ID.
        id: ProjectId,
        /// When it was deleted.
        deleted_at: SystemTime,
    },
    /// The token is stored already.
    #[error("this token is stored already: nothing can be stored twice")]
    TokenTaken,
    /// There is no such token.
    #[error("there is no token {0}: `token list` shows all there are")]
    UnknownToken(String),
    /// The token has roles in more projects than one transaction can check.
    #[error(
        "a token has roles in {MAX_GRANTS} projects at the most: issue several tokens, or grant `all`"
    )]
    TooManyGrants,
    /// The token has expired.
    #[error("token {id} has expired, at {}: it grants nothing any more", format_rfc3339_seconds(*.expired_at))]
    TokenExpired {
        /// The token's ID.
        id: TokenId,
        /// When it expired.
        expired_at: SystemTime,
    },
    /// The token was revoked before.
    #[error("token {id} was revoked already, at {}", format_rfc3339_seconds(*.revoked_at))]
    AlreadyRevoked {
        /// The token's number.
        id: TokenId,
        /// When it was revoked.
        revoked_at: SystemTime,
    },
    /// Another operator was faster.
    #[error("somebody else changed this at the same time: look at it as it is now, and try again")]
    Changed,
    /// The table is out of reach, or an item in it out of shape.
    #[error("the table could not be used: {0}")]
    Failed(StoreError),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}
