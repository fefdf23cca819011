//! The result of an operation, before HTTP gives it a status, headers and a body.

use std::sync::Arc;

use crate::link::Link;
use crate::page::{Page, Paged};
use crate::project::{Project, ProjectId, Visibility};
use crate::token::Token;

/// The result of an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A link of a project's release.
    Link(Arc<Project>, Link),
    /// A link that was created, now or by an earlier request with the same idempotency key.
    Created {
        /// The project.
        project: Arc<Project>,
        /// The link as it was created.
        link: Link,
        /// Whether an earlier request created it.
        is_replayed: bool,
    },
    /// A page of the links of a project's release.
    Links(Arc<Project>, Page, Paged<Link>),
    /// A redirect to the URL of a link.
    Redirect {
        /// The link's URL.
        url: String,
        /// Who may see the project, and so the redirect.
        visibility: Visibility,
    },
    /// The request reads, but names the project by a former path (F3).
    Moved(ProjectId),
    /// The token of the request, as the user whom GitLab shows for it.
    User(Arc<Token>),
    /// The methods that a path supports.
    Allow(&'static str),
}
