//! The event, before `lambda_http` makes a request of it.
//!
//! `lambda_http` panics on some events that a client can bring about, and a panic is a 500 without a word. They are
//! mended here where nothing is lost by it, and refused where something would be.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::{HeaderMap, Uri, header};
use lambda_http::request::LambdaRequest;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Url;

use crate::error::Error;
use crate::params::MAX_BODY_BYTES;
use crate::route::MAX_URI_BYTES;

/// Characters that a request's URI cannot hold; a raw one in a query string is escaped.
const NOT_IN_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'#');

/// Makes the event one that `lambda_http` can read. Where that takes something away, the error says what to answer.
///
/// # Errors
///
/// [`Error::UriTooLong`], [`Error::BodyTooLarge`], and [`Error::Malformed`] for a body that is not base64 though the
/// event says so.
pub fn make_legible(event: &mut LambdaRequest) -> Result<(), Error> {
    match event {
        LambdaRequest::ApiGatewayV2(event) => {
            let query = event.raw_query_string.get_or_insert_default();
            *query = utf8_percent_encode(query, NOT_IN_QUERY).to_string();
            let query_bytes = query.len();
            let address = Address {
                path: &mut event.raw_path,
                headers: &mut event.headers,
                domain_name: &mut event.request_context.domain_name,
            };
            let checked = address.make_legible(query_bytes);
            if checked.is_err() {
                event.raw_query_string = None;
            }
            checked.and(check_body(&mut event.body, &mut event.is_base64_encoded))
        }
        LambdaRequest::ApiGatewayV1(event) => {
            let address = Address {
                path: &mut event.path,
                headers: &mut event.headers,
                domain_name: &mut event.request_context.domain_name,
            };
            let queries = [&mut event.query_string_parameters, &mut event.multi_value_query_string_parameters];
            address.make_legible_with(queries).and(check_body(&mut event.body, &mut event.is_base64_encoded))
        }
        LambdaRequest::Alb(event) => {
            let address = Address { path: &mut event.path, headers: &mut event.headers, domain_name: &mut None };
            let queries = [&mut event.query_string_parameters, &mut event.multi_value_query_string_parameters];
            address.make_legible_with(queries).and(check_body(&mut event.body, &mut event.is_base64_encoded))
        }
        // The features of lambda_http that this crate turns on make no other event.
        _ => Ok(()),
    }
}

/// The parts of an event of which `lambda_http` makes the request's URI.
struct Address<'a> {
    path: &'a mut Option<String>,
    headers: &'a mut HeaderMap,
    domain_name: &'a mut Option<String>,
}

impl Address<'_> {
    /// For events whose query strings come as maps, which are forgotten where they are too long.
    fn make_legible_with(self, queries: [&mut QueryMap; 2]) -> Result<(), Error> {
        let query_bytes = queries.iter().map(|query| query.to_query_string().len()).max().unwrap_or_default();
        let checked = self.make_legible(query_bytes);
        if checked.is_err() {
            for query in queries {
                *query = QueryMap::default();
            }
        }
        checked
    }

    fn make_legible(self, query_bytes: usize) -> Result<(), Error> {
        let path = self.path.get_or_insert_default();
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        let fits = path.len() + query_bytes <= MAX_URI_BYTES;
        if !fits {
            "/".clone_into(path);
        }
        let host = self.headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(self.domain_name.as_deref());
        let scheme = self.headers.get("x-forwarded-proto").and_then(|scheme| scheme.to_str().ok()).unwrap_or("https");
        let url = format!("{scheme}://{}{path}", host.unwrap_or("localhost"));
        let is_legible = Url::parse(&url).is_ok_and(|url| url.as_str().parse::<Uri>().is_ok());
        if !is_legible {
            // A host that is none says nothing; the answer does without it.
            self.headers.remove(header::HOST);
            self.headers.remove("x-forwarded-proto");
            *self.domain_name = None;
        }
        if fits { Ok(()) } else { Err(Error::UriTooLong { limit: MAX_URI_BYTES }) }
    }
}

fn check_body(body: &mut Option<String>, is_base64: &mut bool) -> Result<(), Error> {
    let Some(text) = body else { return Ok(()) };
    let result = if *is_base64 && text.len() / 4 * 3 > MAX_BODY_BYTES + 3 {
        Err(Error::BodyTooLarge { limit: MAX_BODY_BYTES })
    } else if *is_base64 && STANDARD.decode(&*text).is_err() {
        Err(Error::Malformed("the event says that its body is base64, but it is not".to_owned()))
    } else {
        Ok(())
    };
    if result.is_err() {
        *body = None;
        *is_base64 = false;
    }
    result
}
