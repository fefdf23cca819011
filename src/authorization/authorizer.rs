//! The lookup of tokens and projects, and their caches.

use std::sync::Arc;
use std::time::Duration;

use super::{Access, AuthorizationContext};
use crate::cache::{Cache, Moment};
use crate::http::error::ApiError;
use crate::project::{Project, ProjectRef, Role, Visibility};
use crate::token::{HashedToken, Token};

/// TTL of the negative cache. It caps the reads that invalid tokens can cause, and is short, so
/// that a token that was used too early works soon.
const UNKNOWN_TOKEN_TTL: Duration = Duration::from_secs(5);

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// No token was sent.
    Anonymous,
    /// The holder of this token.
    Holder(Arc<Token>),
}

impl Caller {
    /// The caller's token, if there is one.
    pub(super) fn into_token(self) -> Option<Arc<Token>> {
        match self {
            Self::Anonymous => None,
            Self::Holder(token) => Some(token),
        }
    }

    pub(super) fn role_in(&self, project: &Project) -> Option<Role> {
        match self {
            Self::Anonymous => None,
            Self::Holder(token) => token.settings.grants.role_in(project.id),
        }
    }

    /// Checks the token, whatever the project (E4).
    fn check(&self, access: Access, now: Moment) -> Result<(), ApiError> {
        match self {
            Self::Anonymous => Ok(()),
            Self::Holder(token) => Ok(token.check(access == Access::Write, now.wall)?),
        }
    }

    fn sees(&self, project: &Project) -> bool {
        project.visibility == Visibility::Public || self.role_in(project).is_some()
    }
}

/// The caller of a request with a valid token or none, and the project that the caller sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The caller.
    pub caller: Caller,
    /// The first of the named projects that the caller sees.
    pub project: Option<Arc<Project>>,
    /// Whether the request named the project by a former path.
    pub is_former_path: bool,
    /// Whether the token was sent as a job token.
    pub is_job_token: bool,
}

/// Looks up tokens and projects, and caches them.
#[derive(Debug, Clone)]
pub struct Authorizer {
    tokens: Cache<HashedToken, Arc<Token>>,
    unknown_tokens: Cache<HashedToken, ()>,
    /// The existing projects among those that a request names. The names are cached together,
    /// because a name alone does not say whether there is a project with an earlier one.
    projects: Cache<Vec<ProjectRef>, Arc<[Arc<Project>]>>,
}

impl Authorizer {
    /// Caches for this long; zero disables the caches. A revoked token may work until its cache
    /// entry expires.
    #[must_use]
    pub fn new(ttl: Duration) -> Self {
        Self {
            tokens: Cache::new(ttl),
            unknown_tokens: Cache::new(ttl.min(UNKNOWN_TOKEN_TTL)),
            projects: Cache::new(ttl),
        }
    }

    /// Authenticates the caller, and looks for the project. A grant follows from the result.
    ///
    /// # Errors
    ///
    /// [`ApiError::Unauthorized`], [`ApiError::Token`], [`ApiError::Unavailable`],
    /// [`ApiError::Corrupt`].
    pub async fn identify(
        &self,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> Result<Identity, ApiError> {
        let (caller, project) = if access == Access::Public {
            (Caller::Anonymous, None)
        } else {
            self.look_up(context, access).await?
        };
        let needs_token = matches!(access, Access::Token | Access::JobToken);
        if needs_token && caller == Caller::Anonymous {
            return Err(ApiError::Unauthorized);
        }
        let is_named = |project: &Arc<Project>| {
            let mut names = context.projects.iter();
            names.any(|name| name.matches(project))
        };
        let credential = context.credential;
        Ok(Identity {
            is_former_path: project.as_ref().is_some_and(|project| !is_named(project)),
            is_job_token: credential.is_some_and(|credential| credential.is_job_token),
            caller,
            project,
        })
    }

    /// Finds the token and the project, in one call if either is not cached. If the project has
    /// several names, the first one that the caller sees is used.
    ///
    /// A hidden project takes the same calls and keys as a missing one, so that the time of a
    /// response does not reveal it. Cached projects therefore count only if one of them is public,
    /// or if the caller is cached, too, and sees one of them. A cached token is checked before any
    /// project, whether that is cached or not.
    async fn look_up(
        &self,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> Result<(Caller, Option<Arc<Project>>), ApiError> {
        let AuthorizationContext {
            credential,
            projects: names,
            session,
            now,
        } = context;
        let credential = credential.map(|credential| &credential.hash);
        let known = self.cached_caller(credential, access, now)?;
        let is_seen = |project: &Arc<Project>| {
            project.visibility == Visibility::Public
                || known.as_ref().is_some_and(|caller| caller.sees(project))
        };
        let cached = self.projects.get(names, now);
        let cached = cached.filter(|projects| projects.iter().any(is_seen));
        let missing_token = credential.filter(|_| known.is_none());
        let missing_names = if cached.is_none() { names } else { &[] };
        let (token, found) = if missing_token.is_none() && missing_names.is_empty() {
            (None, Vec::new())
        } else {
            session.identify(missing_token, missing_names).await?
        };
        let caller = match known {
            Some(caller) => caller,
            None => self.cache_caller(missing_token, token, now)?,
        };
        caller.check(access, now)?;
        let projects = cached.unwrap_or_else(|| self.cache_projects(names, found, now));
        let project = projects
            .iter()
            .find(|project| caller.sees(project))
            .cloned();
        Ok((caller, project))
    }

    /// The caller, if no call is needed to identify it. An invalid token is refused at once.
    fn cached_caller(
        &self,
        credential: Option<&HashedToken>,
        access: Access,
        now: Moment,
    ) -> Result<Option<Caller>, ApiError> {
        match credential {
            None => Ok(Some(Caller::Anonymous)),
            Some(hash) if self.unknown_tokens.get(hash, now).is_some() => {
                Err(ApiError::Unauthorized)
            }
            Some(hash) => {
                let Some(token) = self.tokens.get(hash, now) else {
                    return Ok(None);
                };
                let caller = Caller::Holder(token);
                caller.check(access, now)?;
                Ok(Some(caller))
            }
        }
    }

    /// An unknown token is rejected, even for a public project (E13).
    fn cache_caller(
        &self,
        credential: Option<&HashedToken>,
        token: Option<Token>,
        now: Moment,
    ) -> Result<Caller, ApiError> {
        match (credential, token) {
            (None, _) => Ok(Caller::Anonymous),
            (Some(hash), Some(token)) => {
                let token = Arc::new(token);
                self.tokens.insert(hash.clone(), Arc::clone(&token), now);
                Ok(Caller::Holder(token))
            }
            (Some(hash), None) => {
                self.unknown_tokens.insert(hash.clone(), (), now);
                Err(ApiError::Unauthorized)
            }
        }
    }

    /// Missing projects are not cached.
    fn cache_projects(
        &self,
        names: &[ProjectRef],
        found: Vec<Project>,
        now: Moment,
    ) -> Arc<[Arc<Project>]> {
        let projects: Arc<[_]> = found.into_iter().map(Arc::new).collect();
        if !projects.is_empty() {
            self.projects
                .insert(names.to_vec(), Arc::clone(&projects), now);
        }
        projects
    }
}
