//! The description of the API, `docs/openapi.json`. The build compresses it.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use lambda_http::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};

use super::headers::etag;
use super::headers::names;
use super::representation::representation;

/// The document, compressed with gzip.
static COMPRESSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

/// The response with the document. It differs between versions of the service alone, so anyone may
/// keep it for an hour.
pub(super) fn response(request: &Request) -> Response<Body> {
    let mut headers = HeaderMap::new();
    let public = HeaderValue::from_static("public, max-age=3600, stale-if-error=0");
    headers.insert(header::CACHE_CONTROL, public);
    let vary = HeaderValue::from_static("Accept-Encoding");
    headers.insert(header::VARY, vary);
    let is_compressed = accepts_gzip(request.headers()) && passes_bytes_on(request);
    // A weak entity tag may name both encodings (RFC 9110, 8.8.3).
    let body = || body(is_compressed);
    let etag = etag(COMPRESSED);
    let mut response = representation(request, headers, "application/json", etag, body);
    if is_compressed && response.status() == StatusCode::OK {
        let gzip = HeaderValue::from_static("gzip");
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, gzip);
    }
    response
}

fn body(is_compressed: bool) -> Body {
    if is_compressed {
        return Body::Binary(COMPRESSED.to_vec());
    }
    match decompressed() {
        Ok(text) => Body::Text(text),
        Err(error) => {
            tracing::error!(cause = %error, "the description of the API does not decompress");
            Body::Empty
        }
    }
}

fn decompressed() -> io::Result<String> {
    let mut text = String::new();
    GzDecoder::new(COMPRESSED).read_to_string(&mut text)?;
    Ok(text)
}

/// Whether the client accepts gzip (RFC 9110, 12.5.3). A client that accepts any encoding gets none.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    names(headers, header::ACCEPT_ENCODING, "gzip")
}

/// Whether the gateway passes bytes on. A REST API leaves them in base64, unless somebody has
/// listed their media type in its settings.
fn passes_bytes_on(request: &Request) -> bool {
    let context = request.request_context_ref();
    !matches!(context, Some(RequestContext::ApiGatewayV1(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_client_that_names_gzip_accepts_it() {
        for (value, expected) in [
            ("gzip", true),
            ("GZIP", true),
            ("deflate, gzip;q=0.5, br", true),
            ("br, gzip ; q = 1.0", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000", false),
            ("gzip;q=x", false),
            ("x-gzip", false),
            ("*", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            assert_eq!(accepts_gzip(&headers), expected, "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_stored_document_is_the_file_in_the_repository() {
        assert_eq!(
            decompressed().unwrap(),
            include_str!("../../docs/openapi.json")
        );
    }
}
