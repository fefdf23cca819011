//! Responses: the JSON of an answer, and the headers of every response (A6 to A8, section J).

use std::sync::Arc;
use std::time::Duration;

use headers::HeaderMapExt;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use lambda_http::{Body, Request};
use percent_encoding::utf8_percent_encode;
use serde::Serialize;

use super::error::ApiError;
use super::headers::{etag, is_known};
use super::pagination;
use super::params::Params;
use super::public_url::{PublicUrl, QUERY_VALUE};
use super::route::{Endpoint, ReleasePath, Route};
use crate::link::{self, Link, LinkId, LinkType};
use crate::page::{Page, Paged};
use crate::project::{Project, ProjectId, Visibility};
use crate::token::{Token, TokenId};

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
    fn release(&self) -> Option<&ReleasePath> {
        if let Route::Release(release, _) = self.route {
            Some(release)
        } else {
            None
        }
    }

    fn tag(&self) -> &str {
        self.release().map_or("", |release| release.tag.as_str())
    }

    /// The parameters with those of the path, which take precedence (B14, C2).
    fn all_params(self) -> Params {
        let mut params = self.params;
        if let Route::Release(release, endpoint) = self.route {
            params.set("id", &release.project);
            params.set("tag_name", &release.tag);
            if let Endpoint::ListLinks(Some(format)) = endpoint {
                params.set("format", format);
            }
        }
        params
    }

    /// The URL of the same request with the project's ID (F3).
    fn url_with_id(&self, id: ProjectId) -> String {
        let release = ReleasePath::new(id.to_string(), self.tag());
        let mut url = self.public_url.links(&release);
        if let Route::Release(_, endpoint) = self.route {
            // A new endpoint does not compile until this decides where its requests move.
            match endpoint {
                Endpoint::GetLink(link_id)
                | Endpoint::UpdateLink(link_id)
                | Endpoint::DeleteLink(link_id) => {
                    url = format!("{url}/{}", utf8_percent_encode(link_id, QUERY_VALUE));
                }
                Endpoint::ListLinks(_) | Endpoint::CreateLink | Endpoint::Download(_) => {}
            }
        }
        if !self.query.is_empty() {
            url = format!(
                "{url}?{}",
                utf8_percent_encode(self.query, link::NOT_IN_URI)
            );
        }
        url
    }
}

/// A link as clients see it. The order of the fields is the order in the JSON (profile: "body of a
/// link").
#[derive(Serialize)]
struct LinkView<'a> {
    id: LinkId,
    name: &'a str,
    url: &'a str,
    external: bool,
    direct_asset_url: String,
    link_type: LinkType,
}

impl<'a> LinkView<'a> {
    fn of(public_url: &PublicUrl, project: &Project, tag: &str, link: &'a Link) -> Self {
        // A new attribute of a link does not compile until this decides whether clients see it.
        let Link {
            id,
            name,
            url,
            filepath: _,
            link_type,
        } = link;
        Self {
            id: *id,
            name,
            url,
            // GitLab also compares prefixes as plain text (H1).
            external: !url.starts_with(&public_url.project(project)),
            direct_asset_url: public_url.direct_asset(project, tag, link),
            link_type: *link_type,
        }
    }
}

/// The JSON of one link.
#[must_use]
pub fn link(public_url: &PublicUrl, project: &Project, tag: &str, link: &Link) -> Vec<u8> {
    json(&LinkView::of(public_url, project, tag, link))
}

/// The JSON of a list of links.
#[must_use]
pub fn links(public_url: &PublicUrl, project: &Project, tag: &str, links: &[Link]) -> Vec<u8> {
    json(
        &links
            .iter()
            .map(|link| LinkView::of(public_url, project, tag, link))
            .collect::<Vec<_>>(),
    )
}

/// The holder of a token, as GitLab shows the user of a project access token.
#[derive(Serialize)]
struct UserView<'a> {
    id: TokenId,
    username: &'a str,
    name: &'a str,
    state: &'static str,
    web_url: String,
    bot: bool,
}

/// The JSON of a token's holder.
#[must_use]
pub fn user(public_url: &PublicUrl, token: &Token) -> Vec<u8> {
    let username = format!("token_{}", token.id);
    let web_url = public_url.user(&username);
    let name = &token.settings.label;
    json(&UserView {
        id: token.id,
        username: &username,
        name,
        state: "active",
        web_url,
        bot: true,
    })
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("text, numbers and booleans always serialize")
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
            let body = self::link(public_url, &project, context.tag(), &link);
            success(request, StatusCode::OK, body, HeaderMap::new())
        }
        Answer::Created {
            project,
            link,
            is_replayed,
        } => {
            let body = self::link(public_url, &project, context.tag(), &link);
            let replayed = (IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
            let headers = is_replayed.then_some(replayed).into_iter().collect();
            success(request, StatusCode::CREATED, body, headers)
        }
        Answer::Links(project, page, paged) => list(context, &project, page, &paged),
        Answer::Redirect { url, visibility } => redirect(&url, visibility, download_max_age),
        Answer::Moved(id) => moved(request, &context.url_with_id(id)),
        Answer::User(token) => success(
            request,
            StatusCode::OK,
            user(public_url, &token),
            HeaderMap::new(),
        ),
        Answer::Allow(methods) => options(methods),
    }
}

fn list(
    context: ResponseContext<'_>,
    project: &Project,
    page: Page,
    paged: &Paged<Link>,
) -> Response<Body> {
    let body = links(context.public_url, project, context.tag(), &paged.items);
    let list_url = context
        .release()
        .map(|release| context.public_url.links(release));
    let (request, list_url) = (context.request, list_url.unwrap_or_default());
    let headers = pagination::headers(page, paged.counted, &list_url, &context.all_params());
    success(request, StatusCode::OK, body, headers)
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
        *response.body_mut() = text(json(&error.body()));
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
