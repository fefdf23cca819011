//! Responses whose bytes the service chooses itself, unlike GitLab's JSON: HEAD has the headers of
//! GET, and `If-None-Match` counts for both.

use headers::{ETag, HeaderMapExt};
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use lambda_http::{Body, Request};

use super::headers::is_known;

/// The `Cache-Control` of what the client keeps, but asks for each time.
pub(super) const REVALIDATE: &str = "max-age=0, private, must-revalidate";

/// The response with a representation that has this entity tag, without it if the client already has
/// it (J3). HEAD has the headers of GET (RFC 9110, 9.3.2).
pub(super) fn representation(
    request: &Request,
    headers: HeaderMap,
    content_type: &'static str,
    etag: Option<ETag>,
    body: impl FnOnce() -> Body,
) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.headers_mut() = headers;
    if let Some(etag) = etag {
        response.headers_mut().typed_insert(etag.clone());
        if is_known(request.headers(), &etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
    }
    let content_type = HeaderValue::from_static(content_type);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    if *request.method() != Method::HEAD {
        *response.body_mut() = body();
    }
    response
}

/// Sets a header whose value is text that the service has made.
pub(super) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
