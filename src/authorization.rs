//! Authorization: the token of the caller, the project that the request names, and the caller's
//! access to it (section E).

use std::sync::Arc;
use std::time::Duration;

use crate::cache::{Cache, Moment};
use crate::http::error::ApiError;
use crate::http::params::ParamError;
use crate::http::route::{ReleaseName, ReleasePath};
use crate::project::{Project, ProjectId, ProjectRef, Role, Visibility};
use crate::release::ReleaseKey;
use crate::store::StoreSession;
use crate::token::{HashedToken, Token, TokenId};

/// TTL of the negative cache. It caps the reads that invalid tokens can cause, and is short, so
/// that a token that was used too early works soon.
const UNKNOWN_TOKEN_TTL: Duration = Duration::from_secs(5);

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Caller {
    /// No token was sent.
    Anonymous,
    /// The holder of this token.
    Holder(Arc<Token>),
}

impl Caller {
    fn token(&self) -> Option<TokenId> {
        match self {
            Self::Anonymous => None,
            Self::Holder(token) => Some(token.id),
        }
    }

    fn role_in(&self, project: &Project) -> Option<Role> {
        match self {
            Self::Anonymous => None,
            Self::Holder(token) => token.settings.grants.role_in(project.id),
        }
    }

    fn sees(&self, project: &Project) -> bool {
        project.visibility == Visibility::Public || self.role_in(project).is_some()
    }
}

/// The access that an operation requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads: every scope and every role allows it.
    Read,
    /// Writes: it requires the scope `api` (E17) and the role developer or a higher one (E7).
    Write,
}

/// A resource that a caller needs access to, named by the request's path.
pub trait Resource: Sized + Send + Sync {
    /// The path that names it.
    type Path: Sync;
    /// The proof that the caller has access.
    type Grant: Send;

    /// Reads the path.
    ///
    /// # Errors
    ///
    /// [`ParamError`] for an invalid name.
    fn from_path(path: &Self::Path) -> Result<Self, ParamError>;

    /// Authenticates the caller and checks the access.
    ///
    /// # Errors
    ///
    /// [`ApiError::Unauthorized`], [`ApiError::Token`], [`ApiError::ProjectNotFound`],
    /// [`ApiError::Unavailable`], [`ApiError::Corrupt`].
    fn authorize(
        &self,
        authorizer: &Authorizer,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> impl Future<Output = Result<Self::Grant, ApiError>> + Send;

    /// The ID of the caller's token, for the log.
    fn token(grant: &Self::Grant) -> Option<TokenId>;

    /// The project that the request names by a former path.
    fn moved_to(_grant: &Self::Grant) -> Option<ProjectId> {
        None
    }
}

/// The context of an authorization besides the resource.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationContext<'a> {
    /// The token, if the request has one.
    pub token: Option<&'a HashedToken>,
    /// The store session of the request.
    pub session: &'a StoreSession<'a>,
    /// The time of the request.
    pub now: Moment,
}

/// The proof that the caller may see the project of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseGrant {
    /// The release.
    pub release: ReleaseKey,
    /// Its project.
    pub project: Arc<Project>,
    /// The ID of the caller's token, if there is one.
    pub token: Option<TokenId>,
    /// The caller's role in the project, if any.
    role: Option<Role>,
    /// Whether the request named the project by a former path.
    is_former_path: bool,
}

impl ReleaseGrant {
    /// Checks that the caller may write. GitLab does so after it has looked for the link (E5).
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`].
    pub fn require_write(&self) -> Result<(), ApiError> {
        if self.role >= Some(Role::Developer) {
            Ok(())
        } else {
            Err(ApiError::Forbidden)
        }
    }
}

impl Resource for ReleaseName {
    type Path = ReleasePath;
    type Grant = ReleaseGrant;

    fn from_path(path: &ReleasePath) -> Result<Self, ParamError> {
        Self::try_from(path)
    }

    /// GitLab checks the token before the project (E4).
    async fn authorize(
        &self,
        authorizer: &Authorizer,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> Result<ReleaseGrant, ApiError> {
        let (caller, project) = authorizer.look_up(context, &self.projects).await?;
        if let Caller::Holder(token) = &caller {
            token.check(access == Access::Write, context.now.wall)?;
        }
        let project = project.filter(|project| caller.sees(project));
        let project = project.ok_or(ApiError::ProjectNotFound)?;
        Ok(ReleaseGrant {
            release: ReleaseKey {
                project: project.id,
                tag: self.tag.clone(),
            },
            token: caller.token(),
            role: caller.role_in(&project),
            is_former_path: !self.projects.iter().any(|name| name.is_of(&project)),
            project,
        })
    }

    fn token(grant: &ReleaseGrant) -> Option<TokenId> {
        grant.token
    }

    fn moved_to(grant: &ReleaseGrant) -> Option<ProjectId> {
        grant.is_former_path.then_some(grant.project.id)
    }
}

/// The holder of the request's own token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHolder;

impl Resource for TokenHolder {
    type Path = ();
    type Grant = Arc<Token>;

    fn from_path((): &()) -> Result<Self, ParamError> {
        Ok(Self)
    }

    async fn authorize(
        &self,
        authorizer: &Authorizer,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> Result<Arc<Token>, ApiError> {
        match authorizer.look_up(context, &[]).await? {
            (Caller::Anonymous, _) => Err(ApiError::Unauthorized),
            (Caller::Holder(token), _) => {
                token.check(access == Access::Write, context.now.wall)?;
                Ok(token)
            }
        }
    }

    fn token(grant: &Arc<Token>) -> Option<TokenId> {
        Some(grant.id)
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
    async fn look_up(
        &self,
        context: AuthorizationContext<'_>,
        wanted: &[ProjectRef],
    ) -> Result<(Caller, Option<Arc<Project>>), ApiError> {
        let AuthorizationContext {
            token: credential,
            session,
            now,
        } = context;
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
