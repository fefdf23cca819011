//! Headers of responses: those of every response, and entity tags (section J).

use std::time::Duration;

use headers::{ETag, Header, IfNoneMatch};
use lambda_http::Body;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use xxhash_rust::xxh3::xxh3_128;

/// The headers that scripts of other origins may read (J5).
pub const EXPOSED: &str = "ETag, Idempotent-Replayed, Link, Location, X-Next-Page, X-Page, \
                           X-Per-Page, X-Prev-Page, X-Request-Id, X-Total, X-Total-Pages";

/// Adds the headers of every response (J4, J5). A response that has one of them keeps its own.
pub fn finish(
    response: &mut Response<Body>,
    request_headers: &HeaderMap,
    request_id: &str,
    runtime: Duration,
) {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ] {
        let own = headers.entry(name);
        own.or_insert(HeaderValue::from_static(value));
    }
    vary_by_origin(headers);
    let meta = format!(r#"{{"correlation_id":"{request_id}","version":"1"}}"#);
    // Not finer than a millisecond, so that it does not reveal whether a private project exists.
    let runtime = format!("{:.3}", runtime.as_secs_f64());
    for (name, value) in [
        ("x-request-id", request_id),
        ("x-gitlab-meta", &meta),
        ("x-runtime", &runtime),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if request_headers.contains_key(header::ORIGIN) {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        );
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
}

/// Adds `Origin` to the one value of `Vary`. The event of an HTTP API has one value for each header.
fn vary_by_origin(headers: &mut HeaderMap) {
    let own = headers.get(header::VARY).map(HeaderValue::as_bytes);
    let both = own.map(|own| [b"Origin, ", own].concat());
    let both = both.and_then(|both| HeaderValue::from_bytes(&both).ok());
    let vary = both.unwrap_or(HeaderValue::from_static("Origin"));
    headers.insert(header::VARY, vary);
}

/// A weak entity tag of 32 hexadecimal digits (J1). It only has to distinguish a representation
/// from the previous one, so a cryptographic digest is not needed: SHA-256 took an eighth of a
/// request for a list of 20 links.
pub fn etag(body: &[u8]) -> Option<ETag> {
    // Hexadecimal digits in quotes are always an entity tag.
    format!("W/\"{:032x}\"", xxh3_128(body)).parse().ok()
}

/// Whether the client already has this representation (J3). A malformed header is ignored.
pub fn is_known(headers: &HeaderMap, etag: &ETag) -> bool {
    let mut values = headers.get_all(header::IF_NONE_MATCH).iter().peekable();
    values.peek().is_some()
        && IfNoneMatch::decode(&mut values).is_ok_and(|known| !known.precondition_passes(etag))
}

/// Whether a header such as `Accept` names this value, and not only a pattern that includes it, with
/// a weight above 0 (RFC 9110, 12.4.2).
pub fn names(headers: &HeaderMap, name: HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut values = values.flat_map(|value| value.split(','));
    values.any(|value| {
        let mut parts = value.split(';').map(str::trim);
        let is_wanted = parts
            .next()
            .is_some_and(|part| part.eq_ignore_ascii_case(wanted));
        let weight = parts.find_map(|part| {
            let rest = part.strip_prefix(['q', 'Q'])?.trim_start();
            rest.strip_prefix('=')
        });
        let weight = weight.map_or(Ok(1.0), |weight| weight.trim().parse::<f32>());
        is_wanted && weight.is_ok_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_keeps_its_own_policy_and_varies_by_origin_too() {
        let mut response = Response::new(Body::Empty);
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        let policy = HeaderValue::from_static("style-src 'self'");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        finish(&mut response, &HeaderMap::new(), "id", Duration::ZERO);
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], policy);
        let vary: Vec<_> = headers.get_all(header::VARY).iter().collect();
        assert_eq!(vary, ["Origin, Accept"]);
    }
}
