//! The operations, one per file. Each states its facts for the pipeline, checks its parameters
//! (`parse`) and performs its effect (`run`).

mod create_link;
mod create_release;
mod current_job;
mod current_user;
mod delete_link;
mod delete_release;
mod download;
mod get_link;
mod get_member;
mod get_project;
mod get_release;
mod latest;
mod link_input;
mod list_branches;
mod list_links;
mod list_releases;
mod release_input;
mod update_link;
mod update_release;
mod version;

pub use create_link::CreateLink;
pub use create_release::CreateRelease;
pub use current_job::CurrentJob;
pub use current_user::CurrentUser;
pub use delete_link::DeleteLink;
pub use delete_release::DeleteRelease;
pub use download::{Download, DownloadAsset};
pub use get_link::GetLink;
pub use get_member::GetMember;
pub use get_project::GetProject;
pub use get_release::GetRelease;
pub use latest::{Latest, LatestPage};
pub use list_branches::ListBranches;
pub use list_links::ListLinks;
pub use list_releases::ListReleases;
pub use release_input::ReleaseInput;
pub use update_link::UpdateLink;
pub use update_release::UpdateRelease;
pub use version::Version;

use std::time::SystemTime;

use crate::authorization::{Access, ProjectGrant, ReleaseGrant, Resource};
use crate::excerpt::excerpt;
use crate::http::error::ApiError;
use crate::http::params::{Checks, ParamError, Params, Value};
use crate::http::public_url::PublicUrl;
use crate::http::response::{Answer, ReleaseContext};
use crate::http::route::{Endpoint, ProjectEndpoint, ReleaseName, ReleasePath, Route};
use crate::idempotency::{self, IdempotencyKey};
use crate::link::LinkId;
use crate::release::{ReleaseKey, ResponseSize, TagName};
use crate::store::{StoreError, StoreSession};
use crate::writer::Writer;

/// An operation, and the facts about it that the pipeline needs.
pub trait Operation: Sized + Send {
    /// Its name in the log.
    const NAME: &'static str;
    /// The required access.
    const ACCESS: Access;
    /// Whether GitLab checks the access before the parameters, as it does for releases (R53). For
    /// links it checks the parameters first (E4).
    const CHECKS_ACCESS_FIRST: bool = false;
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
        ProjectEndpoint::ListBranches(_) => stages.perform::<ListBranches>(project, ()).await,
        ProjectEndpoint::Member(user) => {
            let member = (project.clone(), user.clone());
            stages.perform::<GetMember>(&member, ()).await
        }
        ProjectEndpoint::ListReleases(_) => stages.perform::<ListReleases>(project, ()).await,
        ProjectEndpoint::CreateRelease => stages.perform::<CreateRelease>(project, ()).await,
        ProjectEndpoint::Latest(suffix) => stages.perform::<Latest>(project, suffix.clone()).await,
    }
}

async fn dispatch_release(
    stages: &mut impl Perform,
    release: &ReleasePath,
    endpoint: Endpoint,
) -> Result<Answer, ApiError> {
    let tag = || release.tag.clone();
    match endpoint {
        Endpoint::ListLinks(_) => stages.perform::<ListLinks>(release, ()).await,
        Endpoint::GetLink(id) => stages.perform::<GetLink>(release, id).await,
        Endpoint::CreateLink => stages.perform::<CreateLink>(release, ()).await,
        Endpoint::UpdateLink(id) => stages.perform::<UpdateLink>(release, id).await,
        Endpoint::DeleteLink(id) => stages.perform::<DeleteLink>(release, id).await,
        Endpoint::Download(filepath) => stages.perform::<Download>(release, filepath).await,
        Endpoint::LatestPage(suffix) => stages.perform::<LatestPage>(release, suffix).await,
        Endpoint::GetRelease => stages.perform::<GetRelease>(&release.project, tag()).await,
        Endpoint::UpdateRelease => {
            stages
                .perform::<UpdateRelease>(&release.project, tag())
                .await
        }
        Endpoint::DeleteRelease => {
            stages
                .perform::<DeleteRelease>(&release.project, tag())
                .await
        }
        Endpoint::DownloadAsset(filepath) => {
            let path = (tag(), filepath);
            stages
                .perform::<DownloadAsset>(&release.project, path)
                .await
        }
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
    /// The client's idempotency key, if it sent one.
    ///
    /// # Errors
    ///
    /// [`ParamError`] for a key that is too long.
    fn idempotency_key(&self) -> Result<Option<IdempotencyKey>, ParamError> {
        let key = self.idempotency_key.map(IdempotencyKey::parse).transpose();
        let key = key.map_err(|error| ParamError::too_long(idempotency::NAME, error))?;
        Ok(key.flatten())
    }

    /// JSON is the only format (C6).
    ///
    /// # Errors
    ///
    /// [`ApiError::UnsupportedFormat`].
    pub fn check_format(&self) -> Result<(), ApiError> {
        match self.params.get("format") {
            Some(Value::Text(format)) if !format.is_empty() && format != "json" => {
                Err(ApiError::UnsupportedFormat(excerpt(format).into_owned()))
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
    /// The service's address as the client sees it.
    pub public_url: &'a PublicUrl,
}

/// The tag of a path.
///
/// # Errors
///
/// [`ParamError`] for a tag that is too long.
fn tag_of(text: &str) -> Result<TagName, ParamError> {
    text.parse()
        .map_err(|error| ParamError::too_long("tag_name", error))
}

/// The key of a release in the project of the grant.
fn release_key(grant: &ProjectGrant, tag: &TagName) -> ReleaseKey {
    ReleaseKey {
        project: grant.project.id,
        tag: tag.clone(),
    }
}

/// Measures responses about the releases of the grant's project.
fn response_size(grant: &ProjectGrant, context: &OperationContext<'_>) -> ResponseSize {
    ResponseSize::new(&context.public_url.project(&grant.project))
}

/// On what the response about a release depends besides the release.
fn release_context(grant: ProjectGrant, context: &OperationContext<'_>) -> ReleaseContext {
    ReleaseContext {
        shows_author: grant.role.is_some(),
        project: grant.project,
        now: context.now,
    }
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

/// The right to change a link. GitLab reports a missing link before missing write access, and that
/// before a rule that the changes break (E4, E5), which the store finds after it has read the link.
async fn writer_for_link(
    context: &OperationContext<'_>,
    grant: &ReleaseGrant,
    id: LinkId,
) -> Result<Writer, ApiError> {
    let writer = grant.access.writer();
    if writer.is_err() {
        context.session.links(&grant.release).get(id).await?;
    }
    writer
}

/// The link ID, or [`StoreError::NotFound`] for a number that no link can have.
fn found(id: Option<LinkId>) -> Result<LinkId, StoreError> {
    id.ok_or(StoreError::NotFound)
}
