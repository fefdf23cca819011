//! Responses: the JSON of an answer, and the headers of every response (A6 to A8, section J).

use std::sync::Arc;
use std::time::Duration;

use headers::HeaderMapExt;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use lambda_http::{Body, Request};
use percent_encoding::utf8_percent_encode;

use super::error::ApiError;
use super::headers::{etag, is_known};
use super::pagination;
use super::params::Params;
use super::public_url::{PublicUrl, QUERY_VALUE};
use super::route::{Endpoint, ProjectEndpoint, ReleasePath, Route};
use super::view;
use crate::link::{self, Link};
use crate::page::{Page, Paged};
use crate::project::{Project, ProjectId, Role, Visibility};
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
        /// The visibility of the project, which limits who may cache the redirect.
        visibility: Visibility,
    },
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

/// Marks the stored response to an `Idempotency-Key` that was used before.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The parts of a request on which its response depends.
#[derive(Debug)]
pub struct ResponseContext<'a> {
    /// The request, for its method and its conditional headers.
    pub request: &'a Request,
    /// The service's address as the client sees it.
    pub public_url: &'a PublicUrl,
    /// The route, for its release, link ID and format suffix.
    pub route: &'a Route,
    /// The query string.
    pub query: &'a str,
    /// The parameters without credentials.
    pub params: Params,
}

impl ResponseContext<'_> {
    fn tag(&self) -> &str {
        match self.route {
            Route::Release(release, _) => &release.tag,
            _ => "",
        }
    }

    /// The parameters with those of the path, which take precedence (B14, C2).
    fn all_params(self) -> Params {
        let mut params = self.params;
        match self.route {
            Route::Release(release, endpoint) => {
                params.set("id", &release.project);
                params.set("tag_name", &release.tag);
                if let Endpoint::ListLinks(Some(format)) = endpoint {
                    params.set("format", format);
                }
            }
            Route::Project(project, _) => params.set("id", project),
            Route::CurrentUser | Route::CurrentJob | Route::Version | Route::Options(_) => {}
        }
        params
    }

    /// The URL of the same request, with the project's ID if there is one, and without its query.
    fn api_url(&self, id: Option<ProjectId>) -> String {
        let project = |path: &str| id.map_or_else(|| path.to_owned(), |id| id.to_string());
        // A new endpoint does not compile until this decides where its requests move.
        match self.route {
            Route::Release(release, endpoint) => {
                let release = ReleasePath::new(project(&release.project), release.tag.clone());
                let links = self.public_url.links(&release);
                match endpoint {
                    Endpoint::GetLink(link)
                    | Endpoint::UpdateLink(link)
                    | Endpoint::DeleteLink(link) => {
                        format!("{links}/{}", utf8_percent_encode(link, QUERY_VALUE))
                    }
                    Endpoint::ListLinks(_) | Endpoint::CreateLink | Endpoint::Download(_) => links,
                }
            }
            Route::Project(path, endpoint) => {
                let project = self.public_url.project_api(&project(path));
                match endpoint {
                    ProjectEndpoint::Show => project,
                    ProjectEndpoint::Member(user) => {
                        let user = utf8_percent_encode(user, QUERY_VALUE);
                        format!("{project}/members/all/{user}")
                    }
                    ProjectEndpoint::ListBranches => format!("{project}/repository/branches"),
                }
            }
            Route::CurrentUser | Route::CurrentJob | Route::Version | Route::Options(_) => {
                String::new()
            }
        }
    }

    /// The URL of the same request with the project's ID (F3).
    fn url_with_id(&self, id: ProjectId) -> String {
        let url = self.api_url(Some(id));
        if self.query.is_empty() {
            return url;
        }
        let query = utf8_percent_encode(self.query, link::NOT_IN_URI);
        format!("{url}?{query}")
    }
}

/// The response to a request that succeeded.
#[must_use]
pub fn of_answer(
    context: ResponseContext<'_>,
    answer: Answer,
    download_max_age: Duration,
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
            let replayed = (IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
            let headers = is_replayed.then_some(replayed).into_iter().collect();
            success(request, StatusCode::CREATED, body, headers)
        }
        Answer::Links(project, page, paged) => list(context, &project, page, &paged),
        Answer::Redirect { url, visibility } => redirect(&url, visibility, download_max_age),
        Answer::Moved(id) => moved(request, &context.url_with_id(id)),
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
    let etag = etag(&body);
    let is_fresh = *request.method() == Method::GET && is_known(request.headers(), &etag);
    response.headers_mut().typed_insert(etag);
    if is_fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
    } else {
        *response.body_mut() = text(body);
    }
    response
}

/// A redirect to a link's URL. The stored URL may be an invalid URI, so it is encoded.
fn redirect(url: &str, visibility: Visibility, max_age: Duration) -> Response<Body> {
    let location = link::to_uri(url);
    let cache = match visibility {
        Visibility::Public => format!("public, max-age={}", max_age.as_secs()),
        Visibility::Private => "private, no-store".to_owned(),
    };
    let mut response = empty(StatusCode::FOUND);
    for (name, value) in [(header::LOCATION, location), (header::CACHE_CONTROL, cache)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A permanent redirect within the API, with GitLab's text (F3). It lasts until another project
/// takes the former path.
fn moved(request: &Request, url: &str) -> Response<Body> {
    let mut response = empty(StatusCode::MOVED_PERMANENTLY);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(location) = HeaderValue::from_str(url) {
        headers.insert(header::LOCATION, location);
    }
    if *request.method() != Method::HEAD {
        *response.body_mut() =
            Body::Text(format!("This resource has been moved permanently to {url}"));
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
    Body::Text(String::from_utf8(json).expect("JSON is UTF-8"))
}
