//! The operations, one per file. Each states its facts for the pipeline, checks its parameters
//! (`parse`) and performs its effect (`run`).

mod create_link;
mod current_job;
mod current_user;
mod delete_link;
mod download;
mod get_link;
mod get_member;
mod get_project;
mod link_input;
mod list_branches;
mod list_links;
mod update_link;
mod version;

pub use create_link::CreateLink;
pub use current_job::CurrentJob;
pub use current_user::CurrentUser;
pub use delete_link::DeleteLink;
pub use download::Download;
pub use get_link::GetLink;
pub use get_member::GetMember;
pub use get_project::GetProject;
pub use link_input::LinkInput;
pub use list_branches::ListBranches;
pub use list_links::ListLinks;
pub use update_link::UpdateLink;
pub use version::Version;

use std::time::SystemTime;

use crate::authorization::{Access, ReleaseGrant, Resource};
use crate::http::error::ApiError;
use crate::http::params::{Checks, Params, Value};
use crate::http::response::Answer;
use crate::http::route::{Endpoint, ProjectEndpoint, ReleaseName, ReleasePath, Route};
use crate::link::LinkId;
use crate::store::{StoreError, StoreSession};

/// An operation, and the facts about it that the pipeline needs.
pub trait Operation: Sized + Send {
    /// Its name in the log.
    const NAME: &'static str;
    /// The required access.
    const ACCESS: Access;
    /// Whether it serves a project under a former path. Other operations redirect or reject such a
    /// request (F3).
    const SERVES_FORMER_PATHS: bool = false;
    /// The resource that a caller needs access to.
    type Resource: Resource;
    /// The part of the path below the resource, such as a link's ID.
    type Path: Send;

    /// Checks the parameters.
    ///
    /// # Errors
    ///
    /// [`ApiError::Params`] and [`ApiError::UnsupportedFormat`].
    fn parse(path: Self::Path, input: &Input<'_, Self::Resource>) -> Result<Self, ApiError>;

    /// Performs the operation.
    ///
    /// # Errors
    ///
    /// Those of the store, and the operation's own.
    fn run(
        self,
        grant: <Self::Resource as Resource>::Grant,
        context: &OperationContext<'_>,
    ) -> impl Future<Output = Result<Answer, ApiError>> + Send;
}

/// The stages that all operations share.
pub trait Perform {
    /// Takes a request through the stages of this operation. `resource` and `path` are the parts of
    /// its path.
    ///
    /// # Errors
    ///
    /// The error of the first stage that fails.
    fn perform<O: Operation>(
        &mut self,
        resource: &<O::Resource as Resource>::Path,
        path: O::Path,
    ) -> impl Future<Output = Result<Answer, ApiError>> + Send;
}

/// The table of operations: performs the one that the route names.
///
/// # Errors
///
/// Those of the operation.
pub async fn dispatch(stages: &mut impl Perform, route: &Route) -> Result<Answer, ApiError> {
    match route {
        Route::Options(methods) => Ok(Answer::Allow(methods)),
        Route::CurrentUser => stages.perform::<CurrentUser>(&(), ()).await,
        Route::CurrentJob => stages.perform::<CurrentJob>(&(), ()).await,
        Route::Version => stages.perform::<Version>(&(), ()).await,
        Route::Project(project, endpoint) => dispatch_project(stages, project, endpoint).await,
        Route::Release(release, endpoint) => {
            dispatch_release(stages, release, endpoint.clone()).await
        }
    }
}

async fn dispatch_project(
    stages: &mut impl Perform,
    project: &String,
    endpoint: &ProjectEndpoint,
) -> Result<Answer, ApiError> {
    match endpoint {
        ProjectEndpoint::Show => stages.perform::<GetProject>(project, ()).await,
        ProjectEndpoint::ListBranches => stages.perform::<ListBranches>(project, ()).await,
        ProjectEndpoint::Member(user) => {
            let member = (project.clone(), user.clone());
            stages.perform::<GetMember>(&member, ()).await
        }
    }
}

async fn dispatch_release(
    stages: &mut impl Perform,
    release: &ReleasePath,
    endpoint: Endpoint,
) -> Result<Answer, ApiError> {
    match endpoint {
        Endpoint::ListLinks(suffix) => stages.perform::<ListLinks>(release, suffix).await,
        Endpoint::GetLink(id) => stages.perform::<GetLink>(release, id).await,
        Endpoint::CreateLink => stages.perform::<CreateLink>(release, ()).await,
        Endpoint::UpdateLink(id) => stages.perform::<UpdateLink>(release, id).await,
        Endpoint::DeleteLink(id) => stages.perform::<DeleteLink>(release, id).await,
        Endpoint::Download(filepath) => stages.perform::<Download>(release, filepath).await,
    }
}

/// The parts of a request that an operation parses.
#[derive(Debug)]
pub struct Input<'a, S> {
    /// The resource that the path names.
    pub resource: &'a S,
    /// The parameters of query string and body, without credentials.
    pub params: &'a Params,
    /// The value of the header `Idempotency-Key`.
    pub idempotency_key: Option<&'a [u8]>,
}

impl<S> Input<'_, S> {
    /// JSON is the only format (C6).
    ///
    /// # Errors
    ///
    /// [`ApiError::UnsupportedFormat`].
    pub fn check_format(&self) -> Result<(), ApiError> {
        match self.params.get("format") {
            Some(Value::Text(format)) if !format.is_empty() && format != "json" => {
                Err(ApiError::UnsupportedFormat(format.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// The context of an operation besides its grant.
#[derive(Debug)]
pub struct OperationContext<'a> {
    /// The store session of the request.
    pub session: &'a StoreSession<'a>,
    /// The time of the request.
    pub now: SystemTime,
}

/// The link ID of an operation without other parameters than `format`; see [`link_id`].
///
/// # Errors
///
/// As [`Operation::parse`].
fn link_id_alone(text: &str, input: &Input<'_, ReleaseName>) -> Result<Option<LinkId>, ApiError> {
    input.check_format()?;
    let mut checks = Checks::of(input.params);
    let id = link_id(&mut checks, text);
    Ok(checks.finish(id)?)
}

/// The link ID of a path. `None` is a number that no link can have, such as -1: like any other
/// missing link, it is not found (C16).
fn link_id(checks: &mut Checks<'_>, text: &str) -> Option<LinkId> {
    checks.integer_in("link_id", text).and_then(LinkId::new)
}

/// The changes, if the caller may make them. GitLab reports a missing link before missing write
/// access, and that before a rule that the changes break (E4, E5). The link is read only if there
/// is such an error.
async fn permitted<T>(
    context: &OperationContext<'_>,
    grant: &ReleaseGrant,
    id: LinkId,
    changes: Result<T, ApiError>,
) -> Result<T, ApiError> {
    let permitted = grant.require_write().and(changes);
    if permitted.is_err() {
        context.session.get_link(&grant.release, id).await?;
    }
    permitted
}

/// The link ID, or [`StoreError::NotFound`] for a number that no link can have.
fn found(id: Option<LinkId>) -> Result<LinkId, StoreError> {
    id.ok_or(StoreError::NotFound)
}
