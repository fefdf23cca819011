//! The proofs of access that operations require.

use std::sync::Arc;

use super::authorizer::{Caller, Identity};
use crate::http::error::ApiError;
use crate::project::{Project, ProjectId, Role};
use crate::release::{ReleaseKey, TagName};
use crate::token::{Token, TokenId};
use crate::writer::Writer;

/// A proof of access, made from the identity of the caller.
pub trait Grant: Sized + Send {
    /// Grants the access.
    ///
    /// # Errors
    ///
    /// [`ApiError::Unauthorized`] or [`ApiError::ProjectNotFound`].
    fn from_identity(identity: Identity) -> Result<Self, ApiError>;

    /// The ID of the caller's token, for the log.
    fn token_id(&self) -> Option<TokenId>;

    /// The project that the request names by a former path.
    fn project_of_former_path(&self) -> Option<ProjectId>;
}

/// The proof that the caller may see a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectGrant {
    /// The project.
    pub project: Arc<Project>,
    /// The caller's token, if there is one.
    pub token: Option<Arc<Token>>,
    /// The caller's role in the project, if any.
    pub role: Option<Role>,
    /// Whether the request named the project by a former path.
    is_former_path: bool,
}

impl ProjectGrant {
    /// The key of the project's release with this tag.
    #[must_use]
    pub fn release(&self, tag: TagName) -> ReleaseKey {
        ReleaseKey {
            project: self.project.id,
            tag,
        }
    }

    /// The right to write, which the store requires for every change. GitLab checks it after it has
    /// looked for the link (E5).
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] for anonymous callers and for tokens that may not write.
    pub fn writer(&self) -> Result<Writer, ApiError> {
        let token = self.token.as_deref();
        let writer = token.and_then(|token| Writer::from_token(token, self.project.id));
        writer.ok_or(ApiError::Forbidden)
    }
}

impl Grant for ProjectGrant {
    fn from_identity(identity: Identity) -> Result<Self, ApiError> {
        let Identity {
            caller,
            project,
            is_former_path,
            is_job_token: _,
        } = identity;
        let project = project.ok_or(ApiError::ProjectNotFound)?;
        Ok(Self {
            role: caller.role_in(&project),
            token: caller.into_token(),
            is_former_path,
            project,
        })
    }

    fn token_id(&self) -> Option<TokenId> {
        self.token.as_ref().map(|token| token.id)
    }

    fn project_of_former_path(&self) -> Option<ProjectId> {
        self.is_former_path.then_some(self.project.id)
    }
}

/// What an operation needs that anyone may call: no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicGrant;

impl Grant for PublicGrant {
    fn from_identity(_identity: Identity) -> Result<Self, ApiError> {
        Ok(Self)
    }

    fn token_id(&self) -> Option<TokenId> {
        None
    }

    fn project_of_former_path(&self) -> Option<ProjectId> {
        None
    }
}

/// The proof that the request has a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenGrant {
    /// The token.
    pub token: Arc<Token>,
    /// Whether it was sent as a job token.
    pub is_job_token: bool,
}

impl Grant for TokenGrant {
    fn from_identity(identity: Identity) -> Result<Self, ApiError> {
        match identity.caller {
            Caller::Anonymous => Err(ApiError::Unauthorized),
            Caller::Holder(token) => Ok(Self {
                token,
                is_job_token: identity.is_job_token,
            }),
        }
    }

    fn token_id(&self) -> Option<TokenId> {
        Some(self.token.id)
    }

    fn project_of_former_path(&self) -> Option<ProjectId> {
        None
    }
}
