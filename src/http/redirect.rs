//! Redirects: to the URL of a link (G3), to the latest release (R63, R68), and to the ID of
//! a project that has moved (F3).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use lambda_http::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use lambda_http::{Body, Request};
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use url::form_urlencoded;

use super::credentials::may_hold_token;
use super::error::ApiError;
use super::public_url::{PublicUrl, QUERY_VALUE};
use super::response_context::ResponseContext;
use crate::link::{self, NOT_IN_URI};
use crate::project::{Project, Visibility};
use crate::release::TagName;

/// A redirect to the URL of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The link's URL.
    pub url: String,
    /// The visibility of the project, which limits who may cache the redirect.
    pub visibility: Visibility,
    /// Whether the request was for the API, which says in its body where the asset is (R66).
    pub is_api: bool,
}

/// How long anyone may cache the redirects of a public project.
#[derive(Debug, Clone, Copy)]
pub struct MaxAges {
    /// To the URL of a link.
    pub download: Duration,
    /// To the latest release.
    pub latest: Duration,
}

/// A redirect to the latest release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestRedirect {
    /// The project.
    pub project: Arc<Project>,
    /// The tag of its latest release.
    pub tag: TagName,
    /// The segments of the path after `latest`.
    pub suffix: Vec<String>,
    /// Whether the request was for the API.
    pub is_api: bool,
}

/// Longest `Location` that repeats parts of the request, in bytes. Clients and gateways limit the
/// size of headers.
const MAX_LOCATION_BYTES: usize = 8_192;
/// Longest location in a body, in bytes. The body stays below 8,192 bytes with GitLab's text.
const MAX_SHOWN_BYTES: usize = 8_000;

/// A redirect to a link's URL. The stored URL may be an invalid URI, so it is encoded.
pub(super) fn to_link(request: &Request, redirect: &Redirect, max_age: Duration) -> Response<Body> {
    let location = link::to_uri(&redirect.url);
    let cache = cache_control(redirect.visibility, max_age);
    let mut response = found(&location, &cache);
    if redirect.is_api {
        explain(request, &mut response, &location);
    }
    response
}

/// A redirect to the latest release, with the query of the request. In the API, the location has
/// no host, so that clients keep their credentials.
///
/// # Errors
///
/// [`ApiError::RedirectTooLong`].
pub(super) fn to_latest(
    context: &ResponseContext<'_>,
    latest: &LatestRedirect,
    max_age: Duration,
) -> Result<Response<Body>, ApiError> {
    let public_url = context.public_url;
    let LatestRedirect {
        project,
        tag,
        suffix,
        is_api,
    } = latest;
    let mut location = if *is_api {
        let url = public_url.release_api(&project.id.to_string(), tag.as_str());
        PublicUrl::path_of(&url).to_owned()
    } else {
        public_url.release(project, tag.as_str())
    };
    for segment in suffix {
        location.push('/');
        location.extend(utf8_percent_encode(segment, QUERY_VALUE));
    }
    let (query, may_have_token) = passed_on(context.query);
    if !query.is_empty() {
        location = format!("{location}?{query}");
    }
    check_length(&location)?;
    let visibility = if may_have_token {
        Visibility::Private
    } else {
        project.visibility
    };
    let mut response = found(&location, &cache_control(visibility, max_age));
    if *is_api {
        explain(context.request, &mut response, &location);
    }
    Ok(response)
}

/// The query of the request without `order_by`, and whether it may have a token (R64). Only
/// characters that no URI may contain are encoded.
fn passed_on(query: &str) -> (String, bool) {
    let mut may_have_token = false;
    let pairs = query.split('&').filter(|pair| {
        let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
            return true;
        };
        may_have_token |= may_hold_token(&name, &value);
        name != "order_by"
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    let query = utf8_percent_encode(&query, NOT_IN_URI).to_string();
    (query, may_have_token)
}

/// A permanent redirect within the API, with GitLab's text (F3). It lasts until another project
/// takes the former path, and repeats a token in the query, so no cache may store it.
///
/// # Errors
///
/// [`ApiError::RedirectTooLong`].
pub(super) fn moved(request: &Request, url: &str) -> Result<Response<Body>, ApiError> {
    check_length(url)?;
    let mut response = redirect(StatusCode::MOVED_PERMANENTLY, url, NO_STORE);
    let text = format!("This resource has been moved permanently to {}", shown(url));
    set_text(request, &mut response, text);
    Ok(response)
}

fn check_length(location: &str) -> Result<(), ApiError> {
    if location.len() <= MAX_LOCATION_BYTES {
        Ok(())
    } else {
        Err(ApiError::RedirectTooLong {
            limit: MAX_LOCATION_BYTES,
        })
    }
}

fn found(location: &str, cache_control: &str) -> Response<Body> {
    redirect(StatusCode::FOUND, location, cache_control)
}

fn redirect(status: StatusCode, location: &str, cache_control: &str) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    for (name, value) in [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, cache_control),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Who may cache a redirect of a project with this visibility.
fn cache_control(visibility: Visibility, max_age: Duration) -> String {
    match visibility {
        Visibility::Public => format!("public, max-age={}", max_age.as_secs()),
        Visibility::Private => NO_STORE.to_owned(),
    }
}

const NO_STORE: &str = "private, no-store";

/// GitLab's text of a temporary redirect in the API: a JSON string, as plain text (R66).
fn explain(request: &Request, response: &mut Response<Body>, location: &str) {
    let text = format!(
        "This resource has been moved temporarily to {}.",
        shown(location)
    );
    set_text(request, response, Value::String(text).to_string());
}

/// A location in a body. A URI is ASCII, so it can be cut at any byte.
fn shown(location: &str) -> Cow<'_, str> {
    match location.get(..MAX_SHOWN_BYTES) {
        Some(start) if start.len() < location.len() => format!("{start}…").into(),
        _ => location.into(),
    }
}

fn set_text(request: &Request, response: &mut Response<Body>, text: String) {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    if *request.method() != Method::HEAD {
        *response.body_mut() = Body::Text(text);
    }
}
