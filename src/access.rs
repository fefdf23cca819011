//! The station for access rights: who asks, which project is meant, and what the one may do with
//! the other (section E).

use std::sync::Arc;
use std::time::Duration;

use crate::cache::{Cache, Moment};
use crate::error::Error;
use crate::project::{Project, ProjectId, ProjectRef, Role, Visibility};
use crate::route::ReleasePath;
use crate::store::Session;
use crate::token::{HashedToken, Token};

/// TTL of the negative cache: it caps the reads that invalid tokens can cause, and a token that was
/// tried too early works soon.
const UNKNOWN_TOKEN_TTL: Duration = Duration::from_secs(5);

/// Who asks: the holder of a token that serves for the request, or anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Caller {
    /// No token was sent.
    Anonymous,
    /// The holder of this token.
    Holder(Arc<Token>),
}

impl Caller {
    fn token(&self) -> Option<u64> {
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

/// The proof that the caller may see the project that the request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The project.
    pub project: Arc<Project>,
    /// The number of the caller's token, if there is one.
    pub token: Option<u64>,
    /// The caller's role in it, if any.
    role: Option<Role>,
    /// Whether the request named the project by a former path.
    is_former_path: bool,
}

impl Access {
    /// Checks that the caller may change links. GitLab does so after it has looked for the link
    /// (E5).
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`].
    pub fn require_write(&self) -> Result<(), Error> {
        if self.role >= Some(Role::Developer) {
            Ok(())
        } else {
            Err(Error::Forbidden)
        }
    }

    /// The project that the request named by a former path, which the API redirects (F3).
    #[must_use]
    pub fn moved_to(&self) -> Option<ProjectId> {
        self.is_former_path.then_some(self.project.id)
    }
}

/// Looks tokens and projects up and caches them for a while.
#[derive(Debug, Clone)]
pub struct Gatekeeper {
    tokens: Cache<HashedToken, Arc<Token>>,
    unknown_tokens: Cache<HashedToken, ()>,
    projects: Cache<ProjectRef, Arc<Project>>,
}

impl Gatekeeper {
    /// Caches for this long; zero means never. A revoked token may still work for as long.
    #[must_use]
    pub fn new(ttl: Duration) -> Self {
        Self {
            tokens: Cache::new(ttl),
            unknown_tokens: Cache::new(ttl.min(UNKNOWN_TOKEN_TTL)),
            projects: Cache::new(ttl),
        }
    }

    /// Lets a request through to the project that its path names, if its token serves and its
    /// caller may see the project (E4); `writes` says whether the request changes something.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthorized`], [`Error::Token`], [`Error::ProjectNotFound`],
    /// [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn admit(
        &self,
        session: &Session<'_>,
        credential: Option<&HashedToken>,
        release: &ReleasePath,
        writes: bool,
        now: Moment,
    ) -> Result<Access, Error> {
        let names = std::iter::once(&release.project).chain(&release.project_without_prefix);
        let wanted: Vec<ProjectRef> = names.filter_map(|name| ProjectRef::parse(name)).collect();
        let (caller, project) = self.look_up(session, credential, &wanted, now).await?;
        if let Caller::Holder(token) = &caller {
            token.check(writes, now.wall).map_err(Error::Token)?;
        }
        let project = project
            .filter(|project| caller.sees(project))
            .ok_or(Error::ProjectNotFound)?;
        let is_former_path = !wanted.iter().any(|name| name.is_of(&project));
        Ok(Access {
            role: caller.role_in(&project),
            token: caller.token(),
            project,
            is_former_path,
        })
    }

    /// The token of a request that is about its holder.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthorized`], also without a token, [`Error::Token`], [`Error::Unavailable`],
    /// [`Error::Corrupt`].
    pub async fn authenticate(
        &self,
        session: &Session<'_>,
        credential: Option<&HashedToken>,
        now: Moment,
    ) -> Result<Arc<Token>, Error> {
        match self.look_up(session, credential, &[], now).await? {
            (Caller::Anonymous, _) => Err(Error::Unauthorized),
            (Caller::Holder(token), _) => token
                .check(false, now.wall)
                .map_err(Error::Token)
                .map(|()| token),
        }
    }

    /// Finds the token and the project, in one call if either is not cached. Of several names for
    /// the project the first counts by which there is one.
    ///
    /// A cached project that is private counts only for those who may see it. For all others the
    /// table is read each time, by the same keys as for a project that does not exist, so that the
    /// time of a 404 does not tell the one from the other.
    async fn look_up(
        &self,
        session: &Session<'_>,
        credential: Option<&HashedToken>,
        wanted: &[ProjectRef],
        now: Moment,
    ) -> Result<(Caller, Option<Arc<Project>>), Error> {
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
    ) -> Result<Option<Caller>, Error> {
        match credential {
            None => Ok(Some(Caller::Anonymous)),
            Some(hash) if self.unknown_tokens.get(hash, now).is_some() => Err(Error::Unauthorized),
            Some(hash) => Ok(self.tokens.get(hash, now).map(Caller::Holder)),
        }
    }

    /// An unknown token is refused, also on a public project (E13).
    fn cache_caller(
        &self,
        credential: Option<&HashedToken>,
        token: Option<Token>,
        now: Moment,
    ) -> Result<Caller, Error> {
        match (credential, token) {
            (None, _) => Ok(Caller::Anonymous),
            (Some(hash), Some(token)) => {
                let token = Arc::new(token);
                self.tokens.insert(hash.clone(), Arc::clone(&token), now);
                Ok(Caller::Holder(token))
            }
            (Some(hash), None) => {
                self.unknown_tokens.insert(hash.clone(), (), now);
                Err(Error::Unauthorized)
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
