//! The station for access rights: who asks, which project is meant, and what the one may do with the other (section E).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::cache::Cache;
use crate::error::Error;
use crate::project::{Project, ProjectRef, Role, Visibility};
use crate::store::Session;
use crate::token::{HashedToken, Token};

/// How long an unknown token stays unknown at the most: a flood of junk does not read the table, and a token that was
/// tried too early works soon.
const REMEMBER_UNKNOWN: Duration = Duration::from_secs(5);

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
}

impl Access {
    /// Checks that the caller may change links. GitLab does so after it has looked for the link (E5).
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`].
    pub fn require_write(&self) -> Result<(), Error> {
        if self.role >= Some(Role::Developer) { Ok(()) } else { Err(Error::Forbidden) }
    }
}

/// Looks tokens and projects up and remembers them for a while.
#[derive(Debug, Clone)]
pub struct Gatekeeper {
    tokens: Cache<HashedToken, Arc<Token>>,
    unknown_tokens: Cache<HashedToken, ()>,
    projects: Cache<ProjectRef, Arc<Project>>,
}

impl Gatekeeper {
    /// Remembers what it has looked up for this long; zero means never. So long may a revoked token still work.
    #[must_use]
    pub fn new(remember: Duration) -> Self {
        Self {
            tokens: Cache::new(remember),
            unknown_tokens: Cache::new(remember.min(REMEMBER_UNKNOWN)),
            projects: Cache::new(remember),
        }
    }

    /// Lets a request through to the project that its path names, if its token serves and its caller may see the
    /// project (E4); `writes` says whether the request changes something.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthorized`], [`Error::Token`], [`Error::ProjectNotFound`], [`Error::Unavailable`],
    /// [`Error::Corrupt`].
    pub async fn admit(
        &self,
        session: &Session<'_>,
        credential: Option<&HashedToken>,
        project: &str,
        writes: bool,
        now: SystemTime,
    ) -> Result<Access, Error> {
        let wanted = ProjectRef::parse(project);
        let (caller, project) = self.look_up(session, credential, wanted.as_ref()).await?;
        if let Caller::Holder(token) = &caller {
            token.check(writes, now).map_err(Error::Token)?;
        }
        let project = project.filter(|project| caller.sees(project)).ok_or(Error::ProjectNotFound)?;
        Ok(Access { role: caller.role_in(&project), token: caller.token(), project })
    }

    /// The token of a request that is about its holder.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthorized`], also without a token, [`Error::Token`], [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn authenticate(
        &self,
        session: &Session<'_>,
        credential: Option<&HashedToken>,
        now: SystemTime,
    ) -> Result<Arc<Token>, Error> {
        match self.look_up(session, credential, None).await? {
            (Caller::Anonymous, _) => Err(Error::Unauthorized),
            (Caller::Holder(token), _) => token.check(false, now).map_err(Error::Token).map(|()| token),
        }
    }

    /// Finds the token and the project, in one call where either is not remembered.
    ///
    /// A remembered project counts only for those who may see it. For all others the table is asked each time, as it is
    /// for a project that does not exist, so that the time of a 404 does not tell the one from the other.
    async fn look_up(
        &self,
        session: &Session<'_>,
        credential: Option<&HashedToken>,
        wanted: Option<&ProjectRef>,
    ) -> Result<(Caller, Option<Arc<Project>>), Error> {
        let known = self.remembered_caller(credential)?;
        let remembered = wanted.and_then(|wanted| self.projects.get(wanted));
        let remembered = remembered.filter(|project| known.as_ref().is_none_or(|caller| caller.sees(project)));
        let missing_token = credential.filter(|_| known.is_none());
        let missing_project = wanted.filter(|_| remembered.is_none());
        if missing_token.is_none() && missing_project.is_none() {
            return Ok((known.unwrap_or(Caller::Anonymous), remembered));
        }
        let (token, project) = session.identify(missing_token, missing_project).await?;
        let caller = match known {
            Some(caller) => caller,
            None => self.remember_caller(missing_token, token)?,
        };
        let project = match (missing_project, project) {
            (Some(wanted), Some(project)) => Some(self.remember_project(wanted, project)),
            _ => remembered,
        };
        Ok((caller, project))
    }

    fn remembered_caller(&self, credential: Option<&HashedToken>) -> Result<Option<Caller>, Error> {
        match credential {
            None => Ok(Some(Caller::Anonymous)),
            Some(hash) if self.unknown_tokens.get(hash).is_some() => Err(Error::Unauthorized),
            Some(hash) => Ok(self.tokens.get(hash).map(Caller::Holder)),
        }
    }

    /// An unknown token is refused, also on a public project (E13).
    fn remember_caller(&self, credential: Option<&HashedToken>, token: Option<Token>) -> Result<Caller, Error> {
        match (credential, token) {
            (None, _) => Ok(Caller::Anonymous),
            (Some(hash), Some(token)) => {
                let token = Arc::new(token);
                self.tokens.insert(hash.clone(), Arc::clone(&token));
                Ok(Caller::Holder(token))
            }
            (Some(hash), None) => {
                self.unknown_tokens.insert(hash.clone(), ());
                Err(Error::Unauthorized)
            }
        }
    }

    fn remember_project(&self, wanted: &ProjectRef, project: Project) -> Arc<Project> {
        let project = Arc::new(project);
        self.projects.insert(wanted.clone(), Arc::clone(&project));
        project
    }
}
