//! The error of an operator's change.

use std::fmt;
use std::time::SystemTime;

use crate::project::{Project, ProjectId, ProjectPath};
use crate::store::error::StoreError;
use crate::store::transaction::TransactionError;
use crate::timestamp::Timestamp;
use crate::token::{MAX_GRANTS, TokenId};

/// A change by the operator that failed, in one sentence. After [`Self::Failed`], the change may
/// still have happened. After any other error, its transaction changed nothing, but earlier ones of
/// the same command may have.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum AdminError {
    /// Another project has the ID.
    #[error("project {0} already exists: `project show {0}` shows it")]
    IdTaken(ProjectId),
    /// Another project has the path.
    #[error("project {0} already exists: `project show {0}` shows it")]
    PathTaken(ProjectPath),
    /// The ID belonged to a deleted project.
    #[error(
        "project {id} was deleted at {}, and its ID cannot be reused: choose another ID",
        print_time(*.deleted_at)
    )]
    IdUsed {
        /// The ID.
        id: ProjectId,
        /// When its project was deleted.
        deleted_at: SystemTime,
    },
    /// The path is a former path of a project.
    #[error(
        "{path} is a former path of project {0}, which is now {1}: use its ID or its current path",
        .project.id,
        .project.path
    )]
    FormerPath {
        /// The path.
        path: String,
        /// The project that had the path.
        project: Project,
    },
    /// Another project published downloads under the path, and nobody agreed to take it over.
    #[error(
        "{path} {owner}: its published download URLs would lead to project {taker} instead; \
         pass --take-former-path if you want that"
    )]
    FormerPathOfAnother {
        /// The path.
        path: ProjectPath,
        /// The project that had it.
        owner: FormerOwner,
        /// The project that would have it.
        taker: ProjectId,
    },
    /// The project has the maximum number of former paths.
    #[error(
        "project {0} has the maximum number of former paths: it can only move back to one of them"
    )]
    TooManyFormerPaths(ProjectId),
    /// The project does not exist.
    #[error(
        "there is no project {0}: `project list` shows the visible projects, and `project list \
         --hidden` the hidden ones"
    )]
    UnknownProject(String),
    /// The project is hidden.
    #[error(
        "project {0} is hidden: `project restore {0}` brings it back, and `project purge {0}` \
         deletes it for good"
    )]
    Hidden(ProjectId),
    /// The project is being deleted for good.
    #[error(
        "project {0} is being purged: run `project purge {0}` to finish the deletion; after that, \
         `project restore {0} --from TABLE` can undo it"
    )]
    Purging(ProjectId),
    /// The project is not hidden.
    #[error("project {0} is not hidden: `project list --hidden` shows the hidden projects")]
    NotHidden(ProjectId),
    /// The project exists, so it cannot be restored from another table.
    #[error(
        "project {0} was not purged: `release restore --all` restores its releases from another \
         table"
    )]
    NotPurged(ProjectId),
    /// Another project has the path of the project that was to be restored.
    #[error(
        "another project has the path {path} of project {id}: pass --path with another path to \
         restore project {id}"
    )]
    PathOfAnother {
        /// The project's ID.
        id: ProjectId,
        /// Its path.
        path: ProjectPath,
    },
    /// The project was deleted.
    #[error(
        "project {id} was purged at {}: until 35 days after the purge began, `project restore {id} \
         --from TABLE` can bring it back from a table restored to a moment before that",
        print_time(*.deleted_at)
    )]
    Deleted {
        /// The project's ID.
        id: ProjectId,
        /// When it was deleted.
        deleted_at: SystemTime,
    },
    /// The token is already stored.
    #[error("this token is already stored: choose a different token")]
    TokenTaken,
    /// The token does not exist.
    #[error("there is no token {0}: `token list` shows all tokens")]
    UnknownToken(String),
    /// The token has roles in more projects than one transaction can check.
    #[error(
        "a token can have roles in at most {MAX_GRANTS} projects: use several tokens or grant `all`"
    )]
    TooManyGrants,
    /// The token cannot get back its role in a project that is being restored.
    #[error(
        "token {0} already has roles in {MAX_GRANTS} projects, so it cannot get its role back: run \
         the command again without --with-grants, and create another token"
    )]
    NoRoomForGrant(TokenId),
    /// The token has expired.
    #[error(
        "token {id} expired at {}, so there is no need to revoke it",
        print_time(*.expired_at)
    )]
    TokenExpired {
        /// The token's ID.
        id: TokenId,
        /// When it expired.
        expired_at: SystemTime,
    },
    /// The token was already revoked.
    #[error("token {id} was already revoked at {}", print_time(*.revoked_at))]
    AlreadyRevoked {
        /// The token's ID.
        id: TokenId,
        /// When it was revoked.
        revoked_at: SystemTime,
    },
    /// Another operator changed the same data.
    #[error("somebody else changed this at the same time: check its current state, and try again")]
    Changed,
    /// The change kept conflicting with others, or DynamoDB throttled it.
    #[error("the table is busy, and nothing was changed: run the command again in a minute")]
    Busy,
    /// The table is unavailable, or one of its items is corrupt.
    #[error("the operation on the table failed: {0}")]
    Failed(StoreError),
}

impl AdminError {
    /// The error of a transaction that is a part of a longer change, so that it does not say that
    /// nothing was changed.
    pub(super) fn from_part(error: TransactionError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// A project that had a path before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerOwner {
    /// The project.
    pub project: Project,
    /// Whether it is hidden or deleted.
    pub is_deleted: bool,
}

impl fmt::Display for FormerOwner {
    /// Completes a sentence that begins with the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Project { id, path, .. } = &self.project;
        if self.is_deleted {
            write!(
                f,
                "is reserved for project {id}, which is hidden or deleted"
            )
        } else {
            write!(f, "is a former path of project {id}, which is now {path}")
        }
    }
}

/// The time as the sentences name it.
fn print_time(time: SystemTime) -> String {
    Timestamp::from_clock(time).to_seconds_text()
}

impl From<TransactionError> for AdminError {
    /// For an error that the caller does not handle.
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Steps(_) => Self::Changed,
            TransactionError::Conflict | TransactionError::Throttled => Self::Busy,
            TransactionError::Failed(error) => Self::Failed(error),
        }
    }
}
