//! The lookup of tokens and projects, and their caches.

use std::sync::Arc;
use std::time::Duration;

use super::AuthorizationContext;
use crate::cache::{Cache, Moment};
use crate::http::error::ApiError;
use crate::project::{Project, ProjectRef, Role, Visibility};
use crate::token::{HashedToken, Token};

/// TTL of the negative cache. It caps the reads that invalid tokens can cause, and is short, so
/// that a token that was used too early works soon.
const UNKNOWN_TOKEN_TTL: Duration = Duration::from_secs(5);

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Caller {
    /// No token was sent.
    Anonymous,
    /// The holder of this token.
    Holder(Arc<Token>),
}

impl Caller {
    pub(super) fn token(&self) -> Option<&Arc<Token>> {
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

    pub(super) fn sees(&self, project: &Project) -> bool {
        project.visibility == Visibility::Public || self.role_in(project).is_some()
    }
}

/// Looks up tokens and projects, and caches them.
#[derive(Debug, Clone)]
pub struct Authorizer {
    tokens: Cache<HashedToken, Arc<Token>>,
    unknown_tokens: Cache<HashedToken, ()>,
    projects: Cache<ProjectRef, Arc<Project>>,
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

    /// Finds the token and the project, in one call if either is not cached. If the project has
    /// several names, the first one that exists is used.
    ///
    /// A cached private project counts only for callers who may see it. For all others the table is
    /// read each time, by the same keys as for a missing project, so that the time of a 404 does
    /// not reveal the project.
    pub(super) async fn look_up(
        &self,
        context: AuthorizationContext<'_>,
        wanted: &[ProjectRef],
    ) -> Result<(Caller, Option<Arc<Project>>), ApiError> {
        let AuthorizationContext {
            credential,
            session,
            now,
        } = context;
        let credential = credential.map(|credential| &credential.hash);
        let known = self.cached_caller(credential, now)?;
        let cached = wanted
            .first()
            .and_then(|wanted| self.projects.get(wanted, now));
        let sees =
            |project: &Arc<Project>| known.as_ref().is_some_and(|caller| caller.sees(project));
        let cached =
            cached.filter(|project| project.visibility == Visibility::Public || sees(project));
        let missing_token = credential.filter(|_| known.is_none());
        let missing_project = if cached.is_none() { wanted } else { &[] };
        if missing_token.is_none() && missing_project.is_empty() {
            return Ok((known.unwrap_or(Caller::Anonymous), cached));
        }
        let (token, project) = session.identify(missing_token, missing_project).await?;
        let caller = match known {
            Some(caller) => caller,
            None => self.cache_caller(missing_token, token, now)?,
        };
        let project = match (missing_project.first(), project) {
            (Some(wanted), Some(project)) => Some(self.cache_project(wanted, project, now)),
            _ => cached,
        };
        Ok((caller, project))
    }

    fn cached_caller(
        &self,
        credential: Option<&HashedToken>,
        now: Moment,
    ) -> Result<Option<Caller>, ApiError> {
        match credential {
            None => Ok(Some(Caller::Anonymous)),
            Some(hash) if self.unknown_tokens.get(hash, now).is_some() => {
                Err(ApiError::Unauthorized)
            }
            Some(hash) => Ok(self.tokens.get(hash, now).map(Caller::Holder)),
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

    fn cache_project(&self, wanted: &ProjectRef, project: Project, now: Moment) -> Arc<Project> {
        let project = Arc::new(project);
        self.projects
            .insert(wanted.clone(), Arc::clone(&project), now);
        project
    }
}
