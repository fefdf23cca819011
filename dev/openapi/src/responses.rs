//! The responses of an operation.

use release_links::operations::{Content, Facts};
use serde_json::json;

use crate::errors;
use crate::headers::{self, PAGE};
use crate::json::Json;
use crate::model::{Link, Map, MediaType, RefOr, Reference, Response};
use crate::schemas;
use crate::sources::{Sources, operation_id};

/// The names of the components of redirects to a project that has moved, and of responses to
/// a client that knows the entity tag.
const MOVED: &str = "MovedPermanently";
const NOT_MODIFIED: &str = "NotModified";
const OPTIONS: &str = "Methods";

/// The responses by status.
pub(crate) fn of(facts: &Facts, path: &str, sources: &mut Sources) -> Map<RefOr<Response>> {
    let statuses = facts.all_statuses().into_iter();
    let responses = statuses.map(|status| {
        let response = match errors::of_status(status) {
            Some(failure) => reference(&errors::name(failure, facts)),
            None if status == 301 => reference(MOVED),
            None if status == 304 => reference(NOT_MODIFIED),
            None => RefOr::Item(response(facts, status, path, sources)),
        };
        (status.to_string(), response)
    });
    responses.collect()
}

/// The responses to HEAD by status: without a body and, of what GitLab has, too, never 304 (F8).
pub(crate) fn of_head(facts: &Facts, path: &str, sources: &mut Sources) -> Map<RefOr<Response>> {
    let statuses = facts.all_statuses().into_iter();
    let statuses = statuses.filter(|status| *status != 304 || is_our_own(facts));
    let responses = statuses.map(|status| {
        let response = match errors::of_status(status) {
            Some(failure) => reference(&errors::without_body(failure)),
            None if status == 304 => reference(NOT_MODIFIED),
            None if status == 301 => reference(&format!("{MOVED}WithoutBody")),
            None => RefOr::Item(response_to_head(facts, status, path, sources)),
        };
        (status.to_string(), response)
    });
    responses.collect()
}

/// The responses to OPTIONS by status.
pub(crate) fn of_options() -> Map<RefOr<Response>> {
    let failures = [413, 414, 429].into_iter().filter_map(errors::of_status);
    let failures = failures.map(|failure| (failure.status.to_string(), reference(failure.name)));
    let success = ("204".to_owned(), reference(OPTIONS));
    [success].into_iter().chain(failures).collect()
}

fn reference(name: &str) -> RefOr<Response> {
    RefOr::Reference(Reference::to("responses", name))
}

/// Whether HEAD has the headers of GET. GitLab answers it without an entity tag (F8).
fn is_our_own(facts: &Facts) -> bool {
    matches!(
        facts.content,
        Content::OpenApi | Content::Download | Content::Html | Content::Feed
    )
}

fn response_to_head(facts: &Facts, status: u16, path: &str, sources: &mut Sources) -> Response {
    let mut response = response(facts, status, path, sources);
    response.content = Map::new();
    if !is_our_own(facts) {
        response.headers.shift_remove("ETag");
    }
    response
}

/// The response to a request that succeeds.
fn response(facts: &Facts, status: u16, path: &str, sources: &mut Sources) -> Response {
    match facts.content {
        Content::Download if status == 200 => checksum_file(facts, sources),
        Content::Redirect | Content::Download => redirect(facts, path, sources),
        Content::Html => document(Some("text/html"), "A page for people.", PAGE_HEADERS),
        Content::Feed => document(Some("application/atom+xml"), "The feed.", PAGE_HEADERS),
        Content::Robots => document(Some("text/plain"), "The text.", FIXED_HEADERS),
        Content::Empty => document(None, "There is no icon.", FIXED_HEADERS),
        _ => json_response(facts, path, sources),
    }
}

/// A response in JSON.
fn json_response(facts: &Facts, path: &str, sources: &mut Sources) -> Response {
    let example = sources.exchanges.success(facts, path);
    let example = example.map(|exchange| exchange.response.clone());
    let (description, names, schema) = match facts.content {
        Content::One(view) => (
            "The request has succeeded.",
            vec!["ETag", "Cache-Control"],
            sources.views.of(view),
        ),
        Content::Created(view) => (
            "The new item.",
            vec!["ETag", "Cache-Control", "Idempotent-Replayed"],
            sources.views.of(view),
        ),
        Content::Page(view) => {
            let schema = schemas::array(sources.views.of(view));
            let names = ["ETag", "Cache-Control"].iter().chain(PAGE).copied();
            ("A page of the list.", names.collect(), schema)
        }
        _ => (
            "The description.",
            vec!["ETag", "Cache-Control", "Content-Encoding"],
            schemas::json(json!({ "type": "object" })),
        ),
    };
    // Only the description of the API has none: it would contain itself.
    let example = example.filter(|example| matches!(example, Json::Object(_) | Json::Array(_)));
    let media_type = MediaType {
        schema,
        example,
        examples: Map::new(),
    };
    Response {
        description: description.to_owned(),
        headers: headers::references(&names),
        content: [("application/json".to_owned(), media_type)].into(),
        links: links(facts),
    }
}

/// A checksum file (G10).
fn checksum_file(facts: &Facts, sources: &Sources) -> Response {
    let exchange = sources.exchanges.with_status(facts, 200);
    let media_type = MediaType {
        schema: schemas::json(json!({ "type": "string" })),
        example: exchange.map(|exchange| exchange.response.clone()),
        examples: Map::new(),
    };
    Response {
        description: "A checksum file.".to_owned(),
        headers: headers::references(&["ETag", "Cache-Control"]),
        content: [("text/plain; charset=utf-8".to_owned(), media_type)].into(),
        links: Map::new(),
    }
}

/// The headers of a page, and of what changes only with the service.
const PAGE_HEADERS: &[&str] = &["ETag", "Cache-Control"];
const FIXED_HEADERS: &[&str] = &["Cache-Control"];

/// A response with text of this media type, or without a body.
fn document(media_type: Option<&str>, description: &str, names: &[&str]) -> Response {
    let content = media_type.map(|media_type| (media_type.to_owned(), schemas::document()));
    Response {
        description: description.to_owned(),
        headers: headers::references(names),
        content: content.into_iter().collect(),
        links: Map::new(),
    }
}

/// A redirect. In the API, it has GitLab's text (R66).
fn redirect(facts: &Facts, path: &str, sources: &Sources) -> Response {
    let exchange = sources.exchanges.success(facts, path);
    let location = exchange.and_then(|exchange| exchange.location.clone());
    let media_type = MediaType {
        schema: schemas::json(json!({ "type": "string" })),
        example: exchange.map(|exchange| exchange.response.clone()),
        examples: Map::new(),
    };
    let content = [("text/plain".to_owned(), media_type)];
    Response {
        description: "A redirect to the URL in `Location`.".to_owned(),
        headers: headers::of_redirect(location, &sources.differences),
        content: content
            .into_iter()
            .filter(|_| !facts.path.is_web())
            .collect(),
        links: Map::new(),
    }
}

/// What can be done with a new item: its other operations, which have its path.
fn links(facts: &Facts) -> Map<Link> {
    if !matches!(facts.content, Content::Created(_)) {
        return Map::new();
    }
    let id = "$response.body#/id";
    let (segment, name, value) = if facts.path.to_string().ends_with("/links") {
        ("{link_id}", "link_id", id)
    } else {
        ("{tag_name}", "tag_name", "$response.body#/tag_name")
    };
    let path = format!("{}/{segment}", facts.path);
    let shared = facts
        .path
        .names()
        .map(|name| (name.to_owned(), format!("$request.path.{name}")));
    let own = (name.to_owned(), value.to_owned());
    let parameters: Map<String> = shared.chain([own]).collect();
    let links = ["get", "put", "delete"].map(|method| {
        let link = Link {
            operation_id: operation_id(method, &path),
            parameters: parameters.clone(),
        };
        (method.to_owned(), link)
    });
    links.into()
}

/// The components that are not errors.
pub(crate) fn components() -> Map<Response> {
    let response = |description: &str, names: &[&str]| Response {
        description: description.to_owned(),
        headers: headers::references(names),
        content: Map::new(),
        links: Map::new(),
    };
    let text = MediaType {
        schema: schemas::json(json!({ "type": "string" })),
        ..MediaType::default()
    };
    let moved = response(
        "The project has another path now. `Location` is the same request with its ID (F3).",
        &["Location", "Cache-Control"],
    );
    let with_text = Response {
        content: [("text/plain".to_owned(), text)].into(),
        ..moved.clone()
    };
    let not_modified = response(
        "The response has not changed since the client received it (J3).",
        &["ETag", "Cache-Control"],
    );
    let methods = response(
        "The methods that the path supports (E3).",
        &["Allow", "Cache-Control"],
    );
    let components = [
        (MOVED.to_owned(), with_text),
        (format!("{MOVED}WithoutBody"), moved),
        (NOT_MODIFIED.to_owned(), not_modified),
        (OPTIONS.to_owned(), methods),
    ];
    components.into()
}
