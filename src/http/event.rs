//! The event, before `lambda_http` converts it into a request.
//!
//! `lambda_http` assembles a URI from the host, the path and the query string. It panics if the
//! result is invalid, and a `#` or `?` in the path or the host swallows or adds query parameters.
//! Therefore this stage takes path and query out of the event, and the rest of the pipeline reads
//! them from the [`Target`], never from the request's URI. It also takes out the body, because
//! `lambda_http` panics if that is not base64 although the event says so.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Body;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::uri::Authority;
use lambda_http::http::{HeaderMap, header};
use lambda_http::request::LambdaRequest;
use url::Url;

use crate::http::error::ApiError;

/// Longest accepted path and query together, in bytes (ours; API Gateway's own limit is below it).
pub const MAX_URI_BYTES: usize = 16 * 1024;

/// The path, the query string and the body of a request, as the gateway's event has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The path, encoded or decoded by the gateway, with a slash in front.
    pub path: String,
    /// The query string, percent-encoded, without its question mark.
    pub query: String,
    /// The body.
    pub body: EventBody,
}

/// Takes path, query and body out of the event, and makes the rest safe for `lambda_http`.
///
/// # Errors
///
/// [`ApiError::UriTooLong`].
pub fn normalize(event: &mut LambdaRequest) -> Result<Target, ApiError> {
    match event {
        LambdaRequest::ApiGatewayV2(event) => {
            normalize_host(&mut event.headers, &mut event.request_context.domain_name);
            let body = EventBody::take(&mut event.body, &mut event.is_base64_encoded);
            let query = event.raw_query_string.take().unwrap_or_default();
            take_target(&mut event.raw_path, query, body)
        }
        LambdaRequest::ApiGatewayV1(event) => {
            normalize_host(&mut event.headers, &mut event.request_context.domain_name);
            let body = EventBody::take(&mut event.body, &mut event.is_base64_encoded);
            let several = &mut event.multi_value_query_string_parameters;
            let parameters = take_parameters(several, &mut event.query_string_parameters);
            // A REST API has decoded the parameters.
            take_target(&mut event.path, parameters.to_query_string(), body)
        }
        LambdaRequest::Alb(event) => {
            normalize_host(&mut event.headers, &mut None);
            let body = EventBody::take(&mut event.body, &mut event.is_base64_encoded);
            let several = &mut event.multi_value_query_string_parameters;
            let parameters = take_parameters(several, &mut event.query_string_parameters);
            take_target(&mut event.path, raw_query(&parameters), body)
        }
        // This crate enables no other kind of event in lambda_http.
        _ => Ok(Target::default()),
    }
}

/// Takes the path out of the event, and limits the length of path and query.
fn take_target(
    path: &mut Option<String>,
    query: String,
    body: EventBody,
) -> Result<Target, ApiError> {
    let mut path = path.replace("/".to_owned()).unwrap_or_default();
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    if path.len() + query.len() > MAX_URI_BYTES {
        return Err(ApiError::UriTooLong {
            limit: MAX_URI_BYTES,
        });
    }
    Ok(Target { path, query, body })
}

/// The map with several values for a name, or the other one if that is empty.
fn take_parameters(several: &mut QueryMap, single: &mut QueryMap) -> QueryMap {
    let [several, single] = [several, single].map(std::mem::take);
    if several.is_empty() { single } else { several }
}

/// A load balancer leaves the parameters as the client encoded them.
fn raw_query(parameters: &QueryMap) -> String {
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// An invalid host or scheme carries no information, so it is dropped.
fn normalize_host(headers: &mut HeaderMap, domain_name: &mut Option<String>) {
    if headers
        .get(header::HOST)
        .is_some_and(|host| !host.to_str().is_ok_and(is_host))
    {
        headers.remove(header::HOST);
    }
    if headers
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme != "http" && scheme != "https")
    {
        headers.remove("x-forwarded-proto");
    }
    domain_name.take_if(|name| !is_host(name));
}

fn is_host(text: &str) -> bool {
    let has_no_user =
        Authority::from_str(text).is_ok_and(|authority| !authority.as_str().contains('@'));
    has_no_user && Url::parse(&format!("https://{text}/")).is_ok()
}

/// A body as the event has it. It is decoded once the route is known, because the route decides how
/// large the body may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventBody {
    text: String,
    is_base64: bool,
}

impl EventBody {
    fn take(text: &mut Option<String>, is_base64: &mut bool) -> Self {
        Self {
            text: text.take().unwrap_or_default(),
            is_base64: std::mem::take(is_base64),
        }
    }

    /// The body of the request. Base64 that would exceed `max_bytes` is not decoded.
    ///
    /// # Errors
    ///
    /// [`ApiError::BodyTooLarge`], and [`ApiError::Malformed`] for a body that the event declares
    /// as base64 but that is not.
    pub fn decode(self, max_bytes: usize) -> Result<Body, ApiError> {
        if !self.is_base64 {
            return Ok(Body::from(self.text));
        }
        if self.text.len() / 4 * 3 > max_bytes + 3 {
            return Err(ApiError::BodyTooLarge { limit: max_bytes });
        }
        let decoded = STANDARD.decode(self.text).map_err(|_| {
            let problem = "the event says that its body is base64, but it is not";
            ApiError::Malformed(problem.to_owned())
        })?;
        Ok(Body::from(decoded))
    }
}
