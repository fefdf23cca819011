//! The event, before `lambda_http` makes a request of it.
//!
//! `lambda_http` assembles a URI from the host, the path and the query string, and panics where
//! that is none. A path or a host with `#` or `?` in it would add or swallow query parameters
//! besides. So path and query are taken out of the event here, and the rest of the pipeline reads
//! them from the [`Target`], never from the request's URI.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::uri::Authority;
use lambda_http::http::{HeaderMap, header};
use lambda_http::request::LambdaRequest;
use url::Url;

use crate::error::Error;
use crate::params::MAX_BODY_BYTES;
use crate::route::MAX_URI_BYTES;

/// The path and the query string of a request, as the gateway's event has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The path, encoded or decoded by the gateway, with a slash in front.
    pub path: String,
    /// The query string, percent-encoded, without its question mark.
    pub query: String,
}

/// Takes path and query out of the event, and makes the rest of it one that `lambda_http` can read.
/// The error says what to answer instead.
///
/// # Errors
///
/// [`Error::UriTooLong`], [`Error::BodyTooLarge`], and [`Error::Malformed`] for a body that is not
/// base64 though the event says so.
pub fn normalize(event: &mut LambdaRequest) -> Result<Target, Error> {
    let (target, body, is_base64) = match event {
        LambdaRequest::ApiGatewayV2(event) => {
            normalize_host(&mut event.headers, &mut event.request_context.domain_name);
            let query = event.raw_query_string.take().unwrap_or_default();
            (
                take_target(&mut event.raw_path, query),
                &mut event.body,
                &mut event.is_base64_encoded,
            )
        }
        LambdaRequest::ApiGatewayV1(event) => {
            normalize_host(&mut event.headers, &mut event.request_context.domain_name);
            // A REST API has decoded the parameters.
            let maps = [
                &mut event.multi_value_query_string_parameters,
                &mut event.query_string_parameters,
            ];
            let query = take_parameters(maps).to_query_string();
            (
                take_target(&mut event.path, query),
                &mut event.body,
                &mut event.is_base64_encoded,
            )
        }
        LambdaRequest::Alb(event) => {
            normalize_host(&mut event.headers, &mut None);
            // A load balancer leaves the parameters as the client encoded them.
            let maps = [
                &mut event.multi_value_query_string_parameters,
                &mut event.query_string_parameters,
            ];
            let parameters = take_parameters(maps);
            let pairs: Vec<String> = parameters
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            (
                take_target(&mut event.path, pairs.join("&")),
                &mut event.body,
                &mut event.is_base64_encoded,
            )
        }
        // The features of lambda_http that this crate turns on make no other event.
        _ => return Ok(Target::default()),
    };
    let body = check_body(body, is_base64);
    if target.path.len() + target.query.len() > MAX_URI_BYTES {
        return Err(Error::UriTooLong {
            limit: MAX_URI_BYTES,
        });
    }
    body.map(|()| target)
}

fn take_target(path: &mut Option<String>, query: String) -> Target {
    let mut path = path.replace("/".to_owned()).unwrap_or_default();
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    Target { path, query }
}

/// The map with several values for a name, or the other one where that is empty.
fn take_parameters([several, single]: [&mut QueryMap; 2]) -> QueryMap {
    let [several, single] = [several, single].map(std::mem::take);
    if several.is_empty() { single } else { several }
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

fn check_body(body: &mut Option<String>, is_base64: &mut bool) -> Result<(), Error> {
    let Some(text) = body else { return Ok(()) };
    let result = if *is_base64 && text.len() / 4 * 3 > MAX_BODY_BYTES + 3 {
        Err(Error::BodyTooLarge {
            limit: MAX_BODY_BYTES,
        })
    } else if *is_base64 && STANDARD.decode(&*text).is_err() {
        Err(Error::Malformed(
            "the event says that its body is base64, but it is not".to_owned(),
        ))
    } else {
        Ok(())
    };
    if result.is_err() {
        *body = None;
        *is_base64 = false;
    }
    result
}
