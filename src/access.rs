//! The station for access rights: which project a request names, and what the caller may do with it.
//!
//! Rights are not checked yet: every request passes. A number that the table does not know is let through as a project
//! whose path is its number.

use std::time::Duration;

use moka::sync::Cache;

use crate::error::Error;
use crate::project::{Project, ProjectRef, Visibility};
use crate::store::Session;

/// Projects that a warm process remembers at the most.
const MAX_REMEMBERED: u64 = 10_000;

/// The proof that the caller may do what the request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The project that the request is about.
    pub project: Project,
}

/// Looks projects up and remembers them for a while.
#[derive(Debug, Clone)]
pub struct Gatekeeper {
    projects: Cache<ProjectRef, Project>,
}

impl Gatekeeper {
    /// Remembers what it has looked up for this long; zero means never.
    #[must_use]
    pub fn new(remember: Duration) -> Self {
        Self { projects: Cache::builder().max_capacity(MAX_REMEMBERED).time_to_live(remember).build() }
    }

    /// Lets a request through to the project that its path names.
    ///
    /// # Errors
    ///
    /// [`Error::ProjectNotFound`], [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn admit(&self, session: &Session<'_>, project: &str) -> Result<Access, Error> {
        let wanted = ProjectRef::parse(project).ok_or(Error::ProjectNotFound)?;
        if let Some(project) = self.projects.get(&wanted) {
            return Ok(Access { project });
        }
        let project = match (session.project(&wanted).await?, &wanted) {
            (Some(project), _) => project,
            (None, ProjectRef::Id(id)) => Project { id: *id, path: id.to_string(), visibility: Visibility::Public },
            (None, ProjectRef::Path(_)) => return Err(Error::ProjectNotFound),
        };
        self.projects.insert(wanted, project.clone());
        Ok(Access { project })
    }
}
