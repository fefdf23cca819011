//! Checks that must hold for arbitrary input bytes. The fuzz targets and the property tests share
//! them: the fuzzer generates input guided by coverage, the property tests at random.

mod markdown;
mod tag;

use std::collections::HashSet;

use clap::Parser;
use fluent_uri::Uri;
use lambda_http::http::{Method, Request, header};
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, http};
use release_links::http::error::ApiError;
use release_links::http::params::{Checks, MAX_BODY_BYTES, Param, Params, Value};
use release_links::http::public_url::PublicUrl;
use release_links::http::request::Request as LinksRequest;
use release_links::http::{event, pagination};
use release_links::link::{self, NewLink};
use release_links::operations::{
    self, CreateLink, Endpoint, Found, OPERATIONS, Operation, ReleaseInput,
};
use release_links::page;
use release_links::project::ProjectRef;
use release_links::release::Author;
use release_links::timestamp::Timestamp;
use release_links::token::TokenId;
use release_links_admin::cli;
use serde_json::json;

pub use markdown::markdown;
pub use tag::{Named, NamingRequest, requests, tag};

/// A path is either rejected, or its endpoint's own URL leads back to the same endpoint with the
/// same parameters.
pub fn path(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(Found::Endpoint(endpoint)) = operations::parse_path(&Method::GET, &text) else {
        return;
    };
    let request = request_of(endpoint, Params::default());
    let url = request.url();
    assert!(
        url.bytes().all(|byte| byte.is_ascii_graphic()),
        "the URL must be valid in a header: {url}"
    );
    let path = url
        .strip_prefix("https://links.example.com")
        .expect("the URL begins with the public URL");
    let named = |path: &str| Named::find(operations::parse_path(&Method::GET, path));
    let has_no_empty_segment = |text: String| !text.split('/').any(str::is_empty);
    let mut captures = request.captures.iter();
    if captures.all(|(name, text)| name == "suffix_path" || has_no_empty_segment(text)) {
        assert_eq!(named(path), named(&text), "{path}");
    }
    // A project is looked up by ID or by a path without `#`, so the lookup key cannot address an
    // item of another kind.
    for project in request.projects() {
        if let ProjectRef::Path(path) = project {
            assert!(
                path.bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b'#')
            );
        }
    }
    parse_create_request(&request);
}

/// The request to this endpoint with these parameters.
fn request_of(endpoint: Endpoint, params: Params) -> LinksRequest {
    LinksRequest {
        pattern: endpoint.row.facts.path,
        declared: endpoint.row.facts.params,
        captures: endpoint.captures,
        project_without_prefix: None,
        query: String::new(),
        params,
        idempotency_key: None,
        public_url: public_url(),
        received_url: None,
    }
}

/// A request's parameters are either rejected or free of NUL bytes. The first byte of the input
/// selects the content type.
pub fn parameters(data: &[u8]) {
    let Some((selector, body)) = data.split_first() else {
        return;
    };
    let content_type = match selector % 4 {
        0 => "application/json",
        1 => "application/x-www-form-urlencoded",
        2 => "multipart/form-data; boundary=b",
        _ => "text/plain",
    };
    read(content_type, body);
}

/// A JSON body is rejected if and only if it is not JSON, contains a NUL byte or exceeds the limits.
/// Otherwise every value is the one that is written.
pub fn json(data: &[u8]) {
    let request = Request::post("/").header(header::CONTENT_TYPE, "application/json");
    let Ok(request) = request.body(Body::from(data)) else {
        return;
    };
    let expected = serde_json::from_slice::<serde_json::Value>(data);
    match (params_of(&request, ""), expected) {
        // The limit of levels is below that of serde_json.
        (Ok(params), _) if params.check_limits().is_err() => {}
        (Ok(params), Ok(serde_json::Value::Object(members))) => {
            for (name, expected) in &members {
                let value = params.get(name).expect("every member is a parameter");
                assert!(is_same(value, expected), "{value:?} is not {expected}");
            }
        }
        (Ok(params), Ok(_)) => assert_eq!(params, Params::default()),
        (Ok(_), Err(_)) => assert!(data.is_empty(), "only an empty body is no JSON"),
        (Err(_), Ok(expected)) => assert!(expected.to_string().contains("\\u0000")),
        (Err(_), Err(_)) => {}
    }
}

fn is_same(value: &Value, expected: &serde_json::Value) -> bool {
    match (value, expected) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Text(text), serde_json::Value::String(expected)) => text == expected,
        (Value::Text(text), serde_json::Value::Bool(expected)) => *text == expected.to_string(),
        (Value::Text(text), serde_json::Value::Number(_)) => {
            serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value == *expected)
        }
        (Value::Array(values), serde_json::Value::Array(expected)) => {
            values.len() == expected.len()
                && values.iter().zip(expected).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(object), serde_json::Value::Object(expected)) => {
            object.iter().count() == expected.len()
                && expected
                    .iter()
                    .all(|(name, b)| object.get(name).is_some_and(|a| is_same(a, b)))
        }
        _ => false,
    }
}

/// Like [`parameters`], for a multipart body. The first four bytes select the boundary.
pub fn multipart(data: &[u8]) {
    let (boundary, body) = data.split_at(data.len().min(4));
    let boundary: String = boundary
        .iter()
        .map(|byte| char::from(b'a' + byte % 26))
        .collect();
    read(&format!("multipart/form-data; boundary={boundary}"), body);
}

fn read(content_type: &str, body: &[u8]) {
    let request = Request::post("/api/v4/projects/24/releases/v1/assets/links")
        .header(header::CONTENT_TYPE, content_type);
    let Ok(request) = request.body(Body::from(body)) else {
        return;
    };
    let Ok(params) = params_of(&request, "") else {
        return;
    };
    for name in ["name", "url", "private_token"] {
        if let Some(Value::Text(text)) = params.get(name) {
            assert!(!text.contains('\0'));
        }
    }
    let path = "/api/v4/projects/24/releases/v1/assets/links";
    if let Ok(Found::Endpoint(endpoint)) = operations::parse_path(&Method::POST, path) {
        parse_create_request(&request_of(endpoint, params));
    }
}

/// Parses the parameters as those of a create request. It must not panic, and a release that is
/// valid has links without duplicates.
fn parse_create_request(request: &LinksRequest) {
    let author = Author {
        id: TokenId(1),
        label: "ci".to_owned(),
    };
    if let Ok(input) = ReleaseInput::read(checks(&request.params, "create_release"))
        && let Ok(new) = input.into_new_release(author)
    {
        let names: HashSet<&String> = new.links.iter().map(|link| &link.name).collect();
        assert_eq!(names.len(), new.links.len());
        assert!(
            new.released_at
                .is_none_or(|time| time.to_string().parse::<Timestamp>() == Ok(time))
        );
    }
    let _ = CreateLink::parse(&LinksRequest {
        declared: declared("create_link"),
        ..request.clone()
    });
}

/// Every URL that a link accepts becomes a valid URI for the `Location` header, and a URL that is
/// already valid stays unchanged.
pub fn location(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let Ok(NewLink { url, .. }) = NewLink::new("a", text) else {
        return;
    };
    let uri = link::to_uri(&url);
    let is_valid = |text: &str| Uri::parse(text).is_ok();
    // The service keeps a `%` that is not part of an escape, so such a URI may be invalid.
    let has_broken_escape = uri.split('%').skip(1).any(|rest| {
        !rest
            .as_bytes()
            .get(..2)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    assert!(
        has_broken_escape || is_valid(&uri),
        "{url:?} becomes {uri:?}"
    );
    assert!(!is_valid(&url) || uri == url, "{url:?} becomes {uri:?}");
    assert_eq!(link::to_uri(&uri), uri);
    assert!(lambda_http::http::HeaderValue::from_str(&uri).is_ok());
}

/// Normalization preserves the query string and the path for any path, query, host and scheme in
/// the event.
pub fn event(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(4, '\n');
    let [path, query, host, scheme] = [(); 4].map(|()| parts.next().unwrap_or_default());
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {"x-forwarded-proto": scheme.replace(char::is_control, "")},
        "requestContext": {
            "domainName": host, "stage": "$default", "http": {"method": "GET", "path": path},
        },
        "isBase64Encoded": false,
    });
    let Ok(mut event) = serde_json::from_value::<LambdaRequest>(event) else {
        return;
    };
    let Ok(target) = event::normalize(&mut event) else {
        return;
    };
    assert_eq!(target.query, query);
    assert!(target.path.starts_with('/') && target.path.ends_with(path));
    // lambda_http panics if the normalized event does not form a URI.
    let request = lambda_http::http::Request::<Body>::from(event);
    assert_eq!((request.uri().path(), request.uri().query()), ("/", None));
}

/// A query string is either rejected or yields a page within the limits and valid pagination
/// headers.
pub fn page(data: &[u8]) {
    let (counted, query) = data.split_at(data.len().min(3));
    let counted = counted
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte));
    let query = String::from_utf8_lossy(query);
    let Ok(request) = Request::get("/").body(Body::Empty) else {
        return;
    };
    let Ok(params) = params_of(&request, &query) else {
        return;
    };
    let Ok(page) = pagination::parse(checks(&params, "list_links")) else {
        return;
    };
    assert!(page.number >= 1 && (1..=100).contains(&page.per_page));
    assert!(page.offset() <= u64::MAX - page.per_page || page.offset() == u64::MAX);
    let headers = pagination::headers(page, counted, "https://links.example.com/links", &params);
    assert!(headers.contains_key(header::LINK) && headers.contains_key("x-next-page"));
    assert!(
        headers[header::LINK].len() <= 4 * (2_048 + 100),
        "clients and gateways limit headers"
    );
    assert_eq!(headers.contains_key("x-total"), counted <= page::MAX_COUNT);
}

/// A command line is either parsed or rejected, and a parsed one is valid.
pub fn command_line(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let arguments = std::iter::once("release-links-admin").chain(text.split('\n'));
    let Ok(cli) = cli::Cli::try_parse_from(arguments) else {
        return;
    };
    match cli.command {
        cli::Command::Token(cli::TokenCommand::Create { label, grants, .. }) => {
            assert!(
                !grants.is_empty()
                    && !label.trim().is_empty()
                    && !label.chars().any(char::is_control)
            );
        }
        cli::Command::Project(cli::ProjectCommand::Show { which, .. }) => {
            assert_ne!(which.get().to_string(), "");
        }
        _ => {}
    }
}

/// Reads parameters as the operation with this name does.
fn checks<'a>(params: &'a Params, operation: &str) -> Checks<'a> {
    Checks::new(params, declared(operation))
}

/// The parameters that the operation with this name reads.
fn declared(operation: &str) -> &'static [Param] {
    let mut rows = OPERATIONS.iter();
    let row = rows.find(|row| row.facts.name == operation);
    row.map_or(&[], |row| row.facts.params)
}

fn params_of(request: &http::Request<Body>, query: &str) -> Result<Params, ApiError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers always builds");
    runtime.block_on(Params::read(request, query, MAX_BODY_BYTES))
}

fn public_url() -> PublicUrl {
    PublicUrl::parse("https://links.example.com").expect("the URL is valid")
}
