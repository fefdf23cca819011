//! The operations on releases (section R).

use super::facts::{Content, Facts, Format, FormerPaths, Order, Query};
use super::params::{
    ID, INCLUDE_HTML_DESCRIPTION, ORDER_BY, PAGE, PER_PAGE, SORT, TAG_NAME, UPDATED_AFTER,
    UPDATED_BEFORE,
};
use super::release_input::{
    CREATE_RELEASE_PARAMS, Milestones, ReleaseInput, UPDATE_RELEASE_PARAMS, read_update,
};
use super::{Answer, Context, Operation};
use crate::authorization::{Access, ProjectGrant};
use crate::http::error::ApiError;
use crate::http::json::{ReleaseScope, View};
use crate::http::params::{MAX_BODY_BYTES, MAX_RELEASE_BODY_BYTES, Param};
use crate::http::request::Request;
use crate::http::{Method, pagination, paths};
use crate::idempotency::IdempotencyKey;
use crate::page::Page;
use crate::release::{
    MAX_RESPONSE_BYTES, NewRelease, Order as ReleaseOrder, OrderBy, ReleaseAttributes,
    ReleaseChanges, ResponseSize, TagName,
};
use crate::store::StoreError;

/// Lists the releases of a project with all their links (R56).
pub struct ListReleases {
    page: Page,
    order: ReleaseOrder,
    shows_html: bool,
}

impl Operation for ListReleases {
    const FACTS: &'static Facts = &Facts {
        name: "list_releases",
        method: Method::GET,
        path: paths::RELEASES,
        access: Access::Read,
        order: Order::AccessFirst,
        format: Format::JsonWithSuffix,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Redirect),
        max_body_bytes: MAX_BODY_BYTES,
        params: LIST_RELEASES_PARAMS,
        statuses: &[200, 304, 400, 401, 404],
        content: Content::Page(View::Release),
        summary: "List the releases of a project",
        description: "Returns the releases with their links, by default in descending order of \
                      `released_at`. A page that would exceed 6 MB leads to 400: choose a smaller \
                      `per_page` (R82).",
        statements: &["R56", "R3", "R20", "R82"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut checks = request.checks();
        let page = pagination::read(&mut checks);
        let by = match checks.word(&ORDER_BY) {
            "created_at" => OrderBy::CreatedAt,
            _ => OrderBy::ReleasedAt,
        };
        let is_ascending = checks.word(&SORT) == "asc";
        let shows_html = checks.boolean(&INCLUDE_HTML_DESCRIPTION) == Some(true);
        let order = ReleaseOrder { by, is_ascending };
        Ok(checks.finish(Self {
            page,
            order,
            shows_html,
        })?)
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let size = response_size(&grant, context);
        let paged = context
            .session
            .releases()
            .list(grant.project.id, self.order, self.page, size)
            .await?;
        let scope = ReleaseScope {
            shows_html: self.shows_html,
            ..scope(&grant, context)
        };
        let body = scope.releases(&paged.items);
        Ok(context.list(body, self.page, paged.counted))
    }
}

const LIST_RELEASES_PARAMS: &[Param] = &[
    ID,
    PAGE,
    PER_PAGE,
    ORDER_BY,
    SORT,
    INCLUDE_HTML_DESCRIPTION,
    UPDATED_BEFORE,
    UPDATED_AFTER,
];

/// Returns a release (R21).
pub struct GetRelease {
    tag: TagName,
    shows_html: bool,
}

impl Operation for GetRelease {
    const FACTS: &'static Facts = &Facts {
        name: "get_release",
        method: Method::GET,
        path: paths::RELEASE,
        access: Access::Read,
        order: Order::AccessFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Redirect),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[ID, TAG_NAME, INCLUDE_HTML_DESCRIPTION],
        statuses: &[200, 304, 400, 401, 404],
        content: Content::One(View::Release),
        summary: "Get a release with its links",
        description: "",
        statements: &["R21", "R3"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut checks = request.checks();
        let shows_html = checks.boolean(&INCLUDE_HTML_DESCRIPTION) == Some(true);
        checks.finish(())?;
        Ok(Self {
            tag: request.tag()?,
            shows_html,
        })
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let key = grant.release(self.tag);
        let size = response_size(&grant, context);
        let release = context.session.releases().get(&key, size).await?;
        let scope = ReleaseScope {
            shows_html: self.shows_html,
            ..scope(&grant, context)
        };
        Ok(Answer::Json(scope.release(&release)))
    }
}

/// Creates a release with its links (R40), once for each idempotency key.
pub struct CreateRelease {
    input: ReleaseInput,
    key: Option<IdempotencyKey>,
}

impl Operation for CreateRelease {
    const FACTS: &'static Facts = &Facts {
        name: "create_release",
        method: Method::POST,
        path: paths::RELEASES,
        access: Access::Write,
        order: Order::AccessFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Reject),
        max_body_bytes: MAX_RELEASE_BODY_BYTES,
        params: CREATE_RELEASE_PARAMS,
        statuses: &[201, 400, 401, 403, 404, 409, 422],
        content: Content::Created(View::Release),
        summary: "Create a release with its links",
        description: "Creates a release with all of its links, or nothing. The tag need not exist \
                      (R2).",
        statements: &["R40", "R2", "R14", "R15", "R16"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        Ok(Self {
            input: ReleaseInput::read(request.checks())?,
            key: request.idempotency_key()?,
        })
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let writer = grant.writer()?;
        let key = writer.release(&self.input.tag);
        let size = response_size(&grant, context);
        let new = self.input.into_new_release(writer.author().clone());
        let new = match new.and_then(|new| check_size(new, &key.tag, size)) {
            Ok(new) => new,
            // A release that exists comes before everything that is wrong with the new one (R41).
            Err(_) if context.session.releases().exists(&key).await? => {
                return Err(ApiError::ReleaseExists);
            }
            Err(error) => return Err(error),
        };
        let session = context.session.write_as(&writer);
        let created = session.create_release(&key.tag, &new, self.key.as_ref());
        let created = created.await?;
        let body = scope(&grant, context).release(&created.created);
        Ok(Answer::Created(body, created.is_replayed))
    }
}

/// The release, unless it would be larger than a response can be.
fn check_size(new: NewRelease, tag: &TagName, size: ResponseSize) -> Result<NewRelease, ApiError> {
    if size.new_release_bytes(tag, &new) > MAX_RESPONSE_BYTES {
        return Err(StoreError::ChangeTooLarge.into());
    }
    Ok(new)
}

/// Updates a release (R48).
pub struct UpdateRelease {
    tag: TagName,
    attributes: ReleaseAttributes,
    milestones: Milestones,
}

impl UpdateRelease {
    fn into_changes(self) -> Result<ReleaseChanges, ApiError> {
        if self.attributes == ReleaseAttributes::default() && !self.milestones.is_sent() {
            return Err(ApiError::Rejected("params is empty".to_owned()));
        }
        self.milestones.check()?;
        let changes = self.attributes.into_changes();
        changes.map_err(ApiError::InvalidRelease)
    }
}

impl Operation for UpdateRelease {
    const FACTS: &'static Facts = &Facts {
        name: "update_release",
        method: Method::PUT,
        path: paths::RELEASE,
        access: Access::Write,
        order: Order::AccessFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Reject),
        max_body_bytes: MAX_RELEASE_BODY_BYTES,
        params: UPDATE_RELEASE_PARAMS,
        statuses: &[200, 400, 401, 403, 404],
        content: Content::One(View::Release),
        summary: "Update a release",
        description: "Changes the attributes that are sent: at least one (R48). The links have \
                      operations of their own. A release that does not exist leads to 403 (R51).",
        statements: &["R48", "R51"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut checks = request.checks();
        let (attributes, milestones) = read_update(&mut checks);
        checks.finish(())?;
        Ok(Self {
            tag: request.tag()?,
            attributes,
            milestones,
        })
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let writer = grant.writer()?;
        let key = writer.release(&self.tag);
        let unlocks = self.attributes.immutable == Some(false);
        let changes = match self.into_changes() {
            Ok(changes) => changes,
            // What the caller may not write comes first (R48, R53).
            Err(error) => {
                return Err(match context.session.releases().is_locked(&key).await? {
                    None => ApiError::Forbidden,
                    Some(true) if unlocks => ApiError::Immutable(key.tag),
                    Some(_) => error,
                });
            }
        };
        let size = response_size(&grant, context);
        let session = context.session.write_as(&writer);
        let updated = session.update_release(&key.tag, &changes, size).await;
        let updated = updated.map_err(forbid_if_missing)?;
        Ok(Answer::Json(scope(&grant, context).release(&updated)))
    }
}

/// Deletes a release and returns it without links (R21).
pub struct DeleteRelease(TagName);

impl Operation for DeleteRelease {
    const FACTS: &'static Facts = &Facts {
        name: "delete_release",
        method: Method::DELETE,
        path: paths::RELEASE,
        access: Access::Write,
        order: Order::AccessFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Reject),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[ID, TAG_NAME],
        statuses: &[200, 400, 401, 403, 404],
        content: Content::One(View::Release),
        summary: "Delete a release with its links",
        description: "Returns the deleted release without its links (R21). A release that does \
                      not exist leads to 403 (R51).",
        statements: &["R21", "R51"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        Ok(Self(request.tag()?))
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let writer = grant.writer()?;
        let session = context.session.write_as(&writer);
        let deleted = session.delete_release(&self.0).await;
        let deleted = deleted.map_err(forbid_if_missing)?;
        Ok(Answer::Json(scope(&grant, context).release(&deleted)))
    }
}

/// GitLab forbids a change to a release that does not exist (R51).
fn forbid_if_missing(error: StoreError) -> ApiError {
    match error {
        StoreError::ReleaseNotFound => ApiError::Forbidden,
        error => error.into(),
    }
}

/// Measures responses about the releases of the grant's project.
pub(super) fn response_size(grant: &ProjectGrant, context: &Context<'_>) -> ResponseSize {
    ResponseSize::new(&context.public_url().project(&grant.project))
}

/// What the JSON of a release needs besides the release.
fn scope<'a>(grant: &'a ProjectGrant, context: &Context<'a>) -> ReleaseScope<'a> {
    ReleaseScope {
        public_url: context.public_url(),
        project: &grant.project,
        shows_author: grant.role.is_some(),
        shows_html: false,
        now: context.now,
    }
}
