//! Responses: the JSON of an answer, and the headers of every response (A6 to A8, section J).

use std::sync::Arc;
use std::time::SystemTime;

use headers::HeaderMapExt;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use lambda_http::{Body, Request};

use super::error::ApiError;
use super::headers::{etag, is_known};
use super::pagination;
use super::public_url::PublicUrl;
use super::redirect;
use super::release_view::ReleaseScope;
use super::view;
use crate::link::Link;
use crate::page::{Page, Paged};
use crate::project::{Project, ProjectId, Role};
use crate::release::ReleaseWithLinks;
use crate::store::CreatedRelease;
use crate::token::Token;

pub use super::redirect::{LatestRedirect, MaxAges, Redirect};
pub use super::response_context::ResponseContext;

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
    /// A release.
    Release(ReleaseContext, Box<ReleaseWithLinks>),
    /// A release that was created, now or by an earlier request with the same idempotency key.
    CreatedRelease(ReleaseContext, Box<CreatedRelease>),
    /// A page of a project's releases.
    Releases(ReleaseContext, Page, Paged<ReleaseWithLinks>),
    /// A redirect to the URL of a link.
    Redirect(Redirect),
    /// A redirect to the latest release.
    Latest(LatestRedirect),
    /// The request reads, but names the project by a former path (F3).
    Moved(ProjectId),
    /// The token of the request, as the user whom GitLab shows for it.
    User(Arc<Token>),
    /// A project, with the role of the caller's token in it; `None` for an anonymous caller.
    Project(Arc<Project>, Option<Option<Role>>),
    /// The token of the request, as a member with this role.
    Member(Arc<Token>, Role),
    /// The token of the request, as the job for which GitLab would have issued it.
    Job(Arc<Token>),
    /// A page of the branches of a project. There is no repository, so there are none.
    Branches(Page),
    /// The version of the API.
    Version,
    /// The methods that a path supports.
    Allow(&'static str),
}

/// On what the response about a release depends besides the release.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseContext {
    /// Its project.
    pub project: Arc<Project>,
    /// Whether the caller has a role in the project (R84).
    pub shows_author: bool,
    /// The time of the request.
    pub now: SystemTime,
}

impl ReleaseContext {
    fn scope<'a>(&'a self, public_url: &'a PublicUrl) -> ReleaseScope<'a> {
        ReleaseScope {
            public_url,
            project: &self.project,
            shows_author: self.shows_author,
            now: self.now,
        }
    }
}

/// Marks the stored response to an `Idempotency-Key` that was used before.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The response to a request that succeeded.
#[must_use]
pub fn of_answer(
    context: ResponseContext<'_>,
    answer: Answer,
    max_ages: MaxAges,
) -> Response<Body> {
    let (request, public_url) = (context.request, context.public_url);
    match answer {
        Answer::Link(project, link) => {
            let body = view::link(public_url, &project, context.tag(), &link);
            ok(request, body)
        }
        Answer::Created {
            project,
            link,
            is_replayed,
        } => {
            let body = view::link(public_url, &project, context.tag(), &link);
            created(request, body, is_replayed)
        }
        Answer::Links(project, page, paged) => list(context, &project, page, &paged),
        Answer::Release(scope, found) => release(&context, &scope, &found),
        Answer::CreatedRelease(scope, new) => {
            let body = scope.scope(public_url).release(&new.created);
            created(request, body, new.is_replayed)
        }
        Answer::Releases(scope, page, paged) => releases(context, &scope, page, &paged),
        Answer::Redirect(target) => redirect::to_link(request, &target, max_ages.download),
        Answer::Latest(latest) => redirect::to_latest(&context, &latest, max_ages.latest)
            .unwrap_or_else(|error| of_error(request, &error)),
        Answer::Moved(id) => redirect::moved(request, &context.url_with_id(id))
            .unwrap_or_else(|error| of_error(request, &error)),
        Answer::User(token) => ok(request, view::user(public_url, &token)),
        Answer::Project(project, role) => ok(request, view::project(public_url, &project, role)),
        Answer::Member(token, role) => ok(request, view::member(public_url, &token, role)),
        Answer::Job(token) => ok(request, view::job(public_url, &token)),
        Answer::Branches(page) => branches(context, page),
        Answer::Version => ok(request, view::version()),
        Answer::Allow(methods) => options(methods),
    }
}

fn list(
    context: ResponseContext<'_>,
    project: &Project,
    page: Page,
    paged: &Paged<Link>,
) -> Response<Body> {
    let body = view::links(context.public_url, project, context.tag(), &paged.items);
    let (request, list_url) = (context.request, context.api_url(None));
    let headers = pagination::headers(page, paged.counted, &list_url, &context.all_params());
    success(request, StatusCode::OK, body, headers)
}

fn release(
    context: &ResponseContext<'_>,
    scope: &ReleaseContext,
    found: &ReleaseWithLinks,
) -> Response<Body> {
    let body = scope.scope(context.public_url).release(found);
    ok(context.request, body)
}

fn releases(
    context: ResponseContext<'_>,
    scope: &ReleaseContext,
    page: Page,
    paged: &Paged<ReleaseWithLinks>,
) -> Response<Body> {
    let body = scope.scope(context.public_url).releases(&paged.items);
    let (request, url) = (context.request, context.api_url(None));
    let headers = pagination::headers(page, paged.counted, &url, &context.all_params());
    success(request, StatusCode::OK, body, headers)
}

fn created(request: &Request, body: Vec<u8>, is_replayed: bool) -> Response<Body> {
    let replayed = (IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    let headers = is_replayed.then_some(replayed).into_iter().collect();
    success(request, StatusCode::CREATED, body, headers)
}

/// An empty list with the headers of a page (R76).
fn branches(context: ResponseContext<'_>, page: Page) -> Response<Body> {
    let (request, url) = (context.request, context.api_url(None));
    let headers = pagination::headers(page, 0, &url, &context.all_params());
    success(request, StatusCode::OK, b"[]".to_vec(), headers)
}

fn ok(request: &Request, body: Vec<u8>) -> Response<Body> {
    success(request, StatusCode::OK, body, HeaderMap::new())
}

/// The response to `OPTIONS` (E3) or to a browser's preflight (J5).
fn options(allow: &'static str) -> Response<Body> {
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static(allow),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("*, Authorization"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn success(
    request: &Request,
    status: StatusCode,
    body: Vec<u8>,
    headers: HeaderMap,
) -> Response<Body> {
    let mut response = empty(status);
    *response.headers_mut() = headers;
    set_json(response.headers_mut());
    if *request.method() == Method::HEAD {
        // GitLab answers HEAD without an ETag (F8).
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        return response;
    }
    let revalidate = HeaderValue::from_static("max-age=0, private, must-revalidate");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, revalidate);
    let mut is_fresh = false;
    if let Some(etag) = etag(&body) {
        is_fresh = *request.method() == Method::GET && is_known(request.headers(), &etag);
        response.headers_mut().typed_insert(etag);
    }
    if is_fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
    } else {
        *response.body_mut() = text(body);
    }
    response
}

/// The response to a request that failed.
#[must_use]
pub fn of_error(request: &Request, error: &ApiError) -> Response<Body> {
    let mut response = empty(error.status());
    let headers = response.headers_mut();
    set_json(headers);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.extend(error.header());
    if *request.method() != Method::HEAD {
        *response.body_mut() = text(view::json(&error.body()));
    }
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}

fn set_json(headers: &mut HeaderMap) {
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
}

fn text(json: Vec<u8>) -> Body {
    String::from_utf8(json).map_or_else(|error| Body::Binary(error.into_bytes()), Body::Text)
}
