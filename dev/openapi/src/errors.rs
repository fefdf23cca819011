//! The responses to requests that fail. The bodies are those of the service's errors.

use release_links::authorization::Access;
use release_links::http::Method;
use release_links::http::error::ApiError;
use release_links::http::event::MAX_URI_BYTES;
use release_links::http::params::{MAX_BODY_BYTES, ParamError, ParamProblem};
use release_links::http::response::ErrorFormat;
use release_links::link::Violation;
use release_links::operations::{Content, Facts, OPERATIONS};
use release_links::release::Attribute;
use release_links::token::TokenError;
use serde_json::{Value, json};

use crate::differences::Differences;
use crate::model::{Example, Header, Map, MediaType, RefOr, Reference, Response};
use crate::{envelopes, headers, schemas};

/// A status with the name of its component.
pub(crate) struct Failure {
    /// The status.
    pub(crate) status: u16,
    /// The name of the component.
    pub(crate) name: &'static str,
    description: &'static str,
    headers: &'static [&'static str],
}

const fn failure(
    status: u16,
    name: &'static str,
    headers: &'static [&'static str],
    description: &'static str,
) -> Failure {
    Failure {
        status,
        name,
        description,
        headers,
    }
}

/// The statuses of requests that fail.
pub(crate) const FAILURES: &[Failure] = &[
    failure(
        400,
        "BadRequest",
        &[],
        "A parameter, the body or the path is invalid.",
    ),
    failure(
        401,
        "Unauthorized",
        &["WWW-Authenticate"],
        "The token is missing, unknown, expired or revoked.",
    ),
    failure(
        403,
        "Forbidden",
        &[],
        "The role or the scope of the token does not allow the request.",
    ),
    failure(
        404,
        "NotFound",
        &[],
        "The item or the path does not exist, or the caller may not see the project.",
    ),
    failure(
        405,
        "MethodNotAllowed",
        &["Allow"],
        "The project has another path now, and only reads are redirected (F3).",
    ),
    failure(
        406,
        "NotAcceptable",
        &[],
        "`format` asks for something other than JSON (C6).",
    ),
    failure(409, "Conflict", &[], "The release exists already."),
    failure(
        410,
        "Gone",
        &[],
        "The path is one of version 3 of the API (E1).",
    ),
    failure(
        413,
        "ContentTooLarge",
        &[],
        "The body is larger than 64 KiB, or than 512 KiB in a POST or PUT of a release.",
    ),
    failure(
        414,
        "UriTooLong",
        &[],
        "The path and the query have more than 16 KiB, or a redirect more than 8 KiB.",
    ),
    failure(
        415,
        "UnsupportedMediaType",
        &[],
        "The body has a media type or an encoding that the service does not read (C3).",
    ),
    failure(
        422,
        "UnprocessableContent",
        &[],
        "The idempotency key belongs to another request.",
    ),
    failure(
        429,
        "TooManyRequests",
        &[],
        "API Gateway throttles the client. The request has not reached the service.",
    ),
    failure(
        500,
        "InternalServerError",
        &[],
        "The service has failed. The event in its log with the request's `X-Request-Id` says why.",
    ),
    failure(
        503,
        "ServiceUnavailable",
        &["Retry-After"],
        "The database has not answered in time. The change may have been made, and a retry is safe.",
    ),
];

/// The component for a status.
pub(crate) fn of_status(status: u16) -> Option<&'static Failure> {
    FAILURES.iter().find(|failure| failure.status == status)
}

/// The name of the component for the same response without a body, to HEAD.
pub(crate) fn without_body(failure: &Failure) -> String {
    format!("{}WithoutBody", failure.name)
}

/// The name of the component for a failure of an operation. API Gateway makes a 429 itself, and some of
/// the responses with 5xx. A path that is too long is not read, unlike that of a redirect that would
/// be too long, and a path that is not found belongs to no operation.
pub(crate) fn name(failure: &Failure, facts: &Facts) -> String {
    let is_read = match failure.status {
        404 => facts.access != Access::Public,
        414 => facts.content == Content::Redirect,
        status => status != 429,
    };
    let suffix = match facts.error_format() {
        _ if !is_read => "",
        ErrorFormat::Json => "",
        ErrorFormat::Html if failure.status == 414 => OR_PAGE,
        ErrorFormat::Html if failure.status < 500 => PAGE,
        ErrorFormat::Html | ErrorFormat::HtmlIfNamed => OR_PAGE,
    };
    format!("{}{suffix}", failure.name)
}

/// What follows the name of a failure that is a page, and of one that may be a page.
const PAGE: &str = "Page";
const OR_PAGE: &str = "OrPage";

/// The name of the failure without what says that it is or may be a page.
pub(crate) fn plain_name(name: &str) -> &str {
    let name = name.strip_suffix(OR_PAGE).unwrap_or(name);
    name.strip_suffix(PAGE).unwrap_or(name)
}

/// Errors with this status, with a name for each.
fn errors(status: u16) -> Option<Vec<(&'static str, ApiError)>> {
    let param = |problem| ApiError::from(ParamError::new("name", problem));
    Some(match status {
        400 => vec![
            ("missing-parameter", param(ParamProblem::Missing)),
            ("name-taken", ApiError::Invalid(vec![Violation::NameTaken])),
            (
                "invalid-tag",
                ApiError::Rejected("Tag name invalid".to_owned()),
            ),
            (
                "invalid-release",
                ApiError::InvalidRelease(vec![Attribute::ReleasedAt]),
            ),
        ],
        401 => vec![
            ("unknown", ApiError::Unauthorized),
            ("expired", TokenError::Expired.into()),
            ("revoked", TokenError::Revoked.into()),
        ],
        403 => vec![
            ("role", ApiError::Forbidden),
            ("scope", TokenError::InsufficientScope.into()),
        ],
        404 => vec![
            ("item", ApiError::NotFound),
            ("release", ApiError::ReleaseNotFound),
            ("project", ApiError::ProjectNotFound),
            ("job", ApiError::JobNotFound),
            ("route", ApiError::UnknownRoute),
        ],
        _ => vec![("error", other_error(status)?)],
    })
}

/// The error with this status, of those that have one error.
fn other_error(status: u16) -> Option<ApiError> {
    let limit = MAX_BODY_BYTES;
    Some(match status {
        405 => ApiError::ProjectMoved,
        406 => ApiError::UnsupportedFormat("xml".to_owned()),
        409 => ApiError::ReleaseExists,
        410 => ApiError::ApiV3,
        413 => ApiError::BodyTooLarge { limit },
        414 => ApiError::UriTooLong {
            limit: MAX_URI_BYTES,
        },
        415 => ApiError::UnsupportedContentType("text/plain".to_owned()),
        422 => ApiError::IdempotencyKeyReused,
        500 => ApiError::InvalidCall(String::new()),
        503 => ApiError::Unavailable(String::new()),
        _ => return None,
    })
}

/// Bodies with this status, with a name for each.
fn bodies(status: u16) -> Vec<(&'static str, Value)> {
    if status == 429 {
        return vec![("throttled", json!({ "message": "Too Many Requests" }))];
    }
    let errors = errors(status).into_iter().flatten();
    errors
        .map(|(name, error)| (name, error.status_and_body().1))
        .collect()
}

fn content(status: u16) -> MediaType {
    let bodies = bodies(status);
    let mut names: Vec<_> = bodies.iter().map(|(_, body)| envelopes::of(body)).collect();
    names.dedup();
    let reference = |name: &str| json!({ "$ref": Reference::to("schemas", name).target });
    let schema = match &names[..] {
        [name] => reference(name),
        names => {
            let references = names.iter().map(|name| reference(name));
            json!({ "anyOf": references.collect::<Vec<_>>() })
        }
    };
    let examples = bodies.into_iter().map(|(name, body)| {
        let value = schemas::json(body);
        (name.to_owned(), Example { value })
    });
    MediaType {
        schema: schemas::json(schema),
        example: None,
        examples: examples.collect(),
    }
}

/// The headers of a failure. API Gateway makes a 429 itself, and also some of the responses with 5xx,
/// which then lack the headers of the service.
fn headers_of(failure: &Failure, differences: &Differences) -> Map<RefOr<Header>> {
    let names: Vec<_> = failure
        .headers
        .iter()
        .copied()
        .chain(["Cache-Control"])
        .collect();
    match failure.status {
        429 => Map::new(),
        500.. => headers::optional(&names, differences),
        _ => headers::references(&names),
    }
}

/// The names of the components for this failure, with the content of each.
fn variants(failure: &Failure) -> Map<Map<MediaType>> {
    let rows = OPERATIONS.iter().map(|row| row.facts);
    let rows = rows.filter(|facts| facts.all_statuses().contains(&failure.status));
    let names = rows.map(|facts| name(failure, facts));
    let names = [failure.name.to_owned()].into_iter().chain(names);
    let variants = names.map(|name| {
        let mut json = content(failure.status);
        if name != failure.name {
            // The component of the API has them.
            json.examples.clear();
        }
        let json = ("application/json".to_owned(), json);
        let html = ("text/html".to_owned(), schemas::document());
        let content = match name.strip_prefix(failure.name) {
            Some(PAGE) => [html].into(),
            Some(OR_PAGE) => [json, html].into(),
            _ => [json].into(),
        };
        (name, content)
    });
    variants.collect()
}

/// Whether an operation with GET, and so with HEAD, has this status.
fn is_of_get(status: u16) -> bool {
    let mut rows = OPERATIONS.iter().map(|row| row.facts);
    rows.any(|facts| facts.method == Method::GET && facts.all_statuses().contains(&status))
}

/// The components, and those without a body.
pub(crate) fn responses(differences: &Differences) -> Map<Response> {
    let mut responses = Map::new();
    for failure in FAILURES {
        let empty = Response {
            description: failure.description.to_owned(),
            headers: headers_of(failure, differences),
            content: Map::new(),
            links: Map::new(),
        };
        for (name, content) in variants(failure) {
            let response = Response {
                content,
                ..empty.clone()
            };
            responses.insert(name, response);
        }
        if is_of_get(failure.status) {
            responses.insert(without_body(failure), empty);
        }
    }
    responses
}
