//! Responses: of an answer and of an error, with their headers (A6 to A8, section J).

use headers::HeaderMapExt;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use lambda_http::{Body, Request};

use super::error::ApiError;
use super::headers::{etag, is_known, names};
use super::json;
use super::openapi;
use super::page::{self, Page};
use super::redirect::Redirect;
use super::representation::{REVALIDATE, insert};
use super::text_file::TextFile;

/// The result of an operation, in the shape of its response.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// JSON.
    Json(Vec<u8>),
    /// The JSON of what was created, and whether an earlier request with the same idempotency key
    /// created it.
    Created(Vec<u8>, bool),
    /// The JSON of a page of a list, and the headers of the page.
    List(Vec<u8>, HeaderMap),
    /// A redirect.
    Redirect(Redirect),
    /// A file of plain text.
    TextFile(TextFile),
    /// The description of the API.
    OpenApi,
    /// A page for people, or a feed.
    Page(Page),
    /// Plain text that changes only with the service, or nothing.
    Fixed(Option<&'static str>),
    /// The methods that a path supports.
    Allow(String),
}

/// How the errors of a request are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors {
    /// Their format.
    pub format: ErrorFormat,
    /// The URL of the page about the service, unless all errors are JSON.
    pub home_url: String,
}

/// The format of the errors of an operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorFormat {
    /// JSON.
    #[default]
    Json,
    /// A page for people.
    Html,
    /// A page for a client that names HTML in `Accept`, and JSON for others.
    HtmlIfNamed,
}

/// Marks the stored response to an `Idempotency-Key` that was used before.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The response to a request that succeeded.
#[must_use]
pub fn from_answer(request: &Request, answer: Answer) -> Response<Body> {
    match answer {
        Answer::Json(body) => success(request, StatusCode::OK, body, HeaderMap::new()),
        Answer::Created(body, is_replayed) => {
            let replayed = (IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
            let headers = is_replayed.then_some(replayed).into_iter().collect();
            success(request, StatusCode::CREATED, body, headers)
        }
        Answer::List(body, headers) => success(request, StatusCode::OK, body, headers),
        Answer::Redirect(redirect) => redirect_to(request, redirect),
        Answer::TextFile(file) => file.response(request),
        Answer::OpenApi => openapi::response(request),
        Answer::Page(page) => page.response(request),
        Answer::Fixed(text) => fixed(request, text),
        Answer::Allow(methods) => options(&methods),
    }
}

fn redirect_to(request: &Request, redirect: Redirect) -> Response<Body> {
    let mut response = empty(redirect.status);
    let headers = response.headers_mut();
    insert(headers, header::LOCATION, &redirect.location);
    insert(headers, header::CACHE_CONTROL, &redirect.cache_control);
    if let Some(text) = redirect.text {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        if *request.method() != Method::HEAD {
            *response.body_mut() = Body::Text(text);
        }
    }
    response
}

/// Anyone may keep it for a day.
fn fixed(request: &Request, text: Option<&'static str>) -> Response<Body> {
    let status = text.map_or(StatusCode::NO_CONTENT, |_| StatusCode::OK);
    let mut response = empty(status);
    let headers = response.headers_mut();
    let public = HeaderValue::from_static("public, max-age=86400, stale-if-error=0");
    headers.insert(header::CACHE_CONTROL, public);
    if let Some(text) = text {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        if *request.method() != Method::HEAD {
            *response.body_mut() = Body::Text(text.to_owned());
        }
    }
    response
}

/// The response to `OPTIONS` (E3) or to a browser's preflight (J5).
fn options(allow: &str) -> Response<Body> {
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    insert(headers, header::ALLOW, allow);
    insert(headers, header::ACCESS_CONTROL_ALLOW_METHODS, allow);
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
    let revalidate = HeaderValue::from_static(REVALIDATE);
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
pub fn from_error(request: &Request, error: &ApiError, errors: &Errors) -> Response<Body> {
    let names_html = || names(request.headers(), header::ACCEPT, page::HTML);
    match errors.format {
        ErrorFormat::Html => error_page(request, error, errors),
        ErrorFormat::HtmlIfNamed if names_html() => {
            let mut response = error_page(request, error, errors);
            let headers = response.headers_mut();
            headers.insert(header::VARY, HeaderValue::from_static("Accept"));
            response
        }
        ErrorFormat::Json | ErrorFormat::HtmlIfNamed => json_error(request, error),
    }
}

/// A page with one sentence.
fn error_page(request: &Request, error: &ApiError, errors: &Errors) -> Response<Body> {
    let (status, _) = error.status_and_body();
    let mut response = empty(status);
    let page = page::error(status, &errors.home_url);
    let headers = response.headers_mut();
    *headers = page.headers();
    let content_type = HeaderValue::from_static(page.content_type());
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.extend(error.header());
    if *request.method() != Method::HEAD {
        *response.body_mut() = Body::Text(page.text);
    }
    response
}

fn json_error(request: &Request, error: &ApiError) -> Response<Body> {
    let (status, body) = error.status_and_body();
    let mut response = empty(status);
    let headers = response.headers_mut();
    set_json(headers);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.extend(error.header());
    if *request.method() != Method::HEAD {
        *response.body_mut() = text(json::to_json(&body));
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
