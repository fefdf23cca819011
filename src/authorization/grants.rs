//! The resources that requests name, and the proofs of access to them.

use std::sync::Arc;

use super::authorizer::{Authorizer, Caller};
use super::{Access, AuthorizationContext, Resource};
use crate::http::error::ApiError;
use crate::http::params::{Checks, ParamError, Params};
use crate::http::route::{ReleaseName, ReleasePath};
use crate::project::{Project, ProjectId, ProjectRef, Role};
use crate::release::ReleaseKey;
use crate::token::{Token, TokenId};
use crate::writer::Writer;

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
    /// Authenticates the caller, and looks for the first of these projects that the caller sees.
    async fn of(
        names: &[ProjectRef],
        authorizer: &Authorizer,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> Result<Self, ApiError> {
        let (caller, project) = authorizer.look_up(context, access, names).await?;
        let project = project.ok_or(ApiError::ProjectNotFound)?;
        Ok(Self {
            token: caller.token().cloned(),
            role: caller.role_in(&project),
            is_former_path: !names.iter().any(|name| name.matches(&project)),
            project,
        })
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

    /// The ID of the caller's token, if there is one.
    #[must_use]
    pub fn token_id(&self) -> Option<TokenId> {
        self.token.as_ref().map(|token| token.id)
    }

    fn moved_to(&self) -> Option<ProjectId> {
        self.is_former_path.then_some(self.project.id)
    }
}

/// A project that the path names; `None` if no project can have such a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectName(Option<ProjectRef>);

impl Resource for ProjectName {
    type Path = String;
    type Grant = ProjectGrant;

    fn from_path(path: &String) -> Result<Self, ParamError> {
        Ok(Self(ProjectRef::parse(path)))
    }

    async fn authorize(
        &self,
        authorizer: &Authorizer,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> Result<ProjectGrant, ApiError> {
        ProjectGrant::of(self.0.as_slice(), authorizer, context, access).await
    }

    fn token(grant: &ProjectGrant) -> Option<TokenId> {
        grant.token_id()
    }

    fn moved_to(grant: &ProjectGrant) -> Option<ProjectId> {
        grant.moved_to()
    }
}

/// A member of a project that the path names by a user's ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberName {
    project: ProjectName,
    user: String,
}

/// The proof that the caller may see the members of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberGrant {
    /// The access to the project.
    pub access: ProjectGrant,
    /// The ID of the requested user. GitLab's IDs may exceed 64 bits here, because no user has
    /// such an ID.
    pub user: i128,
}

impl Resource for MemberName {
    type Path = (String, String);
    type Grant = MemberGrant;

    fn from_path((project, user): &(String, String)) -> Result<Self, ParamError> {
        Ok(Self {
            project: ProjectName::from_path(project)?,
            user: user.clone(),
        })
    }

    /// GitLab checks the token first, then the user's ID, and then the project (R75).
    async fn authorize(
        &self,
        authorizer: &Authorizer,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> Result<MemberGrant, ApiError> {
        let access = match self.project.authorize(authorizer, context, access).await {
            Err(error) if error != ApiError::ProjectNotFound => return Err(error),
            access => access,
        };
        if context.credential.is_none() {
            return Err(ApiError::Unauthorized);
        }
        let params = Params::default();
        let mut checks = Checks::of(&params);
        let user = checks.integer_in("user_id", &self.user).unwrap_or_default();
        let user = checks.finish(user)?;
        let access = access?;
        Ok(MemberGrant { access, user })
    }

    fn token(grant: &MemberGrant) -> Option<TokenId> {
        grant.access.token_id()
    }

    fn moved_to(grant: &MemberGrant) -> Option<ProjectId> {
        grant.access.moved_to()
    }
}

/// The proof that the caller may see the project of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseGrant {
    /// The release.
    pub release: ReleaseKey,
    /// The access to its project.
    pub access: ProjectGrant,
}

impl Resource for ReleaseName {
    type Path = ReleasePath;
    type Grant = ReleaseGrant;

    fn from_path(path: &ReleasePath) -> Result<Self, ParamError> {
        Self::try_from(path)
    }

    async fn authorize(
        &self,
        authorizer: &Authorizer,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> Result<ReleaseGrant, ApiError> {
        let access = ProjectGrant::of(&self.projects, authorizer, context, access).await?;
        let release = ReleaseKey {
            project: access.project.id,
            tag: self.tag.clone(),
        };
        Ok(ReleaseGrant { release, access })
    }

    fn token(grant: &ReleaseGrant) -> Option<TokenId> {
        grant.access.token_id()
    }

    fn moved_to(grant: &ReleaseGrant) -> Option<ProjectId> {
        grant.access.moved_to()
    }
}

/// The holder of the request's own token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHolder;

/// The proof that the request has a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenGrant {
    /// The token.
    pub token: Arc<Token>,
    /// Whether it was sent as a job token.
    pub is_job_token: bool,
}

impl Resource for TokenHolder {
    type Path = ();
    type Grant = TokenGrant;

    fn from_path((): &()) -> Result<Self, ParamError> {
        Ok(Self)
    }

    async fn authorize(
        &self,
        authorizer: &Authorizer,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> Result<TokenGrant, ApiError> {
        match authorizer.look_up(context, access, &[]).await? {
            (Caller::Anonymous, _) => Err(ApiError::Unauthorized),
            (Caller::Holder(token), _) => {
                let credential = context.credential;
                let is_job_token = credential.is_some_and(|credential| credential.is_job_token);
                Ok(TokenGrant {
                    token,
                    is_job_token,
                })
            }
        }
    }

    fn token(grant: &TokenGrant) -> Option<TokenId> {
        Some(grant.token.id)
    }
}
