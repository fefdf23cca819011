//! The headers of responses.

use serde_json::json;

use crate::differences::Differences;
use crate::json::Json;
use crate::model::{Header, Map, RefOr, Reference};
use crate::schemas;

/// The headers of every response.
pub(crate) const ALL: &[&str] = &["X-Request-Id"];
/// The headers of a page of a list.
pub(crate) const PAGE: &[&str] = &[
    "X-Page",
    "X-Per-Page",
    "X-Next-Page",
    "X-Prev-Page",
    "X-Total",
    "X-Total-Pages",
    "Link",
];

/// Name, meaning, whether every response with it in its list has it, and type.
const HEADERS: &[(&str, &str, bool, &str)] = &[
    (
        "X-Request-Id",
        "The ID of the request, which the log has, too.",
        true,
        "string",
    ),
    (
        "ETag",
        "The entity tag, for `If-None-Match` (J1).",
        true,
        "string",
    ),
    (
        "Cache-Control",
        "Who may keep the response, and how long.",
        true,
        "string",
    ),
    ("X-Page", "The number of this page (B10).", true, "integer"),
    (
        "X-Per-Page",
        "The number of items on a page (B10).",
        true,
        "integer",
    ),
    (
        "X-Next-Page",
        "The number of the next page, or empty text (B10).",
        true,
        "string",
    ),
    (
        "X-Prev-Page",
        "The number of the previous page, or empty text (B10).",
        true,
        "string",
    ),
    (
        "X-Total",
        "The number of items; absent beyond 10,000 (B11).",
        false,
        "integer",
    ),
    (
        "X-Total-Pages",
        "The number of pages; absent beyond 10,000 items (B11).",
        false,
        "integer",
    ),
    (
        "Link",
        "The URLs of the first, previous, next and last page (B13, B14).",
        false,
        "string",
    ),
    (
        "Idempotent-Replayed",
        "`true` if an earlier request with the same `Idempotency-Key` has created the item.",
        false,
        "string",
    ),
    ("Location", "The URL of the target.", true, "string"),
    (
        "Allow",
        "The methods that the path supports.",
        true,
        "string",
    ),
    (
        "Content-Encoding",
        "`gzip` if the body is compressed.",
        false,
        "string",
    ),
    (
        "Retry-After",
        "After how many seconds a client should try again.",
        false,
        "integer",
    ),
    (
        "WWW-Authenticate",
        "Why the token is expired or revoked. API Gateway renames it to \
         `x-amzn-remapped-www-authenticate`.",
        false,
        "string",
    ),
];

/// The components.
pub(crate) fn components(differences: &Differences) -> Map<Header> {
    let headers = HEADERS.iter().map(|(name, description, required, kind)| {
        let header = Header {
            description: (*description).to_owned(),
            required: *required,
            differences: differences.cited(description),
            schema: schemas::json(json!({ "type": kind })),
            example: None,
        };
        ((*name).to_owned(), header)
    });
    headers.collect()
}

/// References to the headers with these names, and to those of every response.
pub(crate) fn references(names: &[&str]) -> Map<RefOr<Header>> {
    let names = names.iter().chain(ALL);
    let references = names.map(|name| {
        let reference = Reference::to("headers", name);
        ((*name).to_owned(), RefOr::Reference(reference))
    });
    references.collect()
}

/// The same headers, which API Gateway's own responses lack.
pub(crate) fn optional(names: &[&str], differences: &Differences) -> Map<RefOr<Header>> {
    let components = components(differences);
    let mut headers = references(names);
    for (name, header) in &mut headers {
        if let Some(component) = components.get(name).filter(|header| header.required) {
            *header = RefOr::Item(Header {
                required: false,
                ..component.clone()
            });
        }
    }
    headers
}

/// Those of a redirect to a location.
pub(crate) fn of_redirect(location: Option<Json>, differences: &Differences) -> Map<RefOr<Header>> {
    let name = "Location";
    let mut headers = references(&[name, "Cache-Control"]);
    if let Some(component) = components(differences)
        .get(name)
        .filter(|_| location.is_some())
    {
        let header = Header {
            example: location,
            ..component.clone()
        };
        headers.insert(name.to_owned(), RefOr::Item(header));
    }
    headers
}
