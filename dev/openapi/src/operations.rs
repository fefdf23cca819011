//! The operations by path, from [`OPERATIONS`].

use release_links::http::Method;
use release_links::http::params::{Param, Place};
use release_links::operations::{Facts, OPERATIONS};
use serde_json::json;

use crate::differences::Differences;
use crate::examples::Exchanges;
use crate::json::Json;
use crate::model::{Map, MediaType, Operation, PathItem, RefOr, Reference, RequestBody, Response};
use crate::schemas::Usage;
use crate::sources::{Sources, operation_id};
use crate::{parameters, responses, schemas, security};

/// The media type of the body of a request. The service also reads forms (C1); generated clients
/// send JSON.
const MEDIA_TYPE: &str = "application/json";

/// The paths of an operation: one without the rest of the path, if that may be left out.
fn paths(facts: &Facts) -> Vec<String> {
    let path = facts.path.to_string();
    let optional = facts.params.iter();
    let mut optional = optional.filter(|param| param.place == Place::Path && !param.is_required);
    let short = optional
        .next()
        .map(|param| path.replace(&format!("/{{{}}}", param.name), ""));
    short.into_iter().chain([path]).collect()
}

/// The groups of operations, with their descriptions.
pub(crate) const TAGS: [(&str, &str); 5] = [
    ("release_links", "The links of a release."),
    (
        "releases",
        "The releases of a project, and the downloads of their assets.",
    ),
    (
        "projects",
        "Projects with their members and branches, as release tools read them.",
    ),
    (
        "callers",
        "The holder of the token, and the service itself.",
    ),
    (
        "pages",
        "Pages for people, and a feed. They are outside of the API.",
    ),
];

fn tag(path: &str) -> String {
    let is_page = !path.starts_with("/api/");
    let is_page = is_page && !path.contains("/downloads/") && !path.contains("/permalink/");
    let index = if is_page {
        4
    } else if path.contains("/assets/links") {
        0
    } else if path.contains("/releases") {
        1
    } else if path.contains("/projects") {
        2
    } else {
        3
    };
    TAGS[index].0.to_owned()
}

/// The operations by path and method.
pub(crate) fn all(sources: &mut Sources) -> Map<PathItem> {
    let mut items: Map<PathItem> = Map::new();
    for facts in OPERATIONS.iter().map(|row| row.facts) {
        for path in paths(facts) {
            let item = items.entry(path.clone()).or_default();
            let method = facts.method.as_str().to_lowercase();
            item.insert(method, operation(facts, &path, sources));
            if facts.method == Method::GET {
                item.insert("head".to_owned(), head(facts, &path, sources));
            }
            if !facts.path.is_web() {
                item.entry("options".to_owned())
                    .or_insert_with(|| options(facts, &path));
            }
        }
    }
    items
}

fn operation(facts: &Facts, path: &str, sources: &mut Sources) -> Operation {
    let responses = responses::of(facts, path, sources);
    let method = facts.method.as_str();
    with_responses(facts, path, sources, method, responses)
}

/// HEAD answers as GET, without a body (F8).
fn head(facts: &Facts, path: &str, sources: &mut Sources) -> Operation {
    let responses = responses::of_head(facts, path, sources);
    Operation {
        summary: format!("{}: the headers alone", facts.summary),
        ..with_responses(facts, path, sources, "head", responses)
    }
}

fn with_responses(
    facts: &Facts,
    path: &str,
    sources: &Sources,
    method: &str,
    responses: Map<RefOr<Response>>,
) -> Operation {
    let statements = facts.statements.join(", ");
    let mut parameters = parameters::of(facts, path, sources);
    parameters.extend(parameters::if_none_match(&responses).map(RefOr::Reference));
    Operation {
        tags: vec![tag(path)],
        summary: facts.summary.to_owned(),
        description: description(facts, &statements),
        operation_id: operation_id(method, path),
        differences: sources.differences.cited(&statements),
        parameters,
        request_body: request_body(facts, sources),
        responses,
        security: security::requirements(facts.access),
    }
}

fn description(facts: &Facts, statements: &str) -> String {
    let statements = match statements {
        "" => String::new(),
        statements => format!("Statements about GitLab: {statements}."),
    };
    let parts = [facts.description.to_owned(), statements];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

/// OPTIONS answers with the methods of the path (E3).
fn options(facts: &Facts, path: &str) -> Operation {
    let parameters = parameters::references(facts, path);
    let is_in_path = |reference: &Reference| path.contains(&format!("{{{}}}", reference.name()));
    let parameters = parameters.filter(is_in_path).map(RefOr::Reference);
    Operation {
        tags: vec![tag(path)],
        summary: "Get the methods of the path".to_owned(),
        description:
            "Returns the methods in `Allow`, without looking up a token.\n\nStatements about \
                      GitLab: E3, J5."
                .to_owned(),
        operation_id: operation_id("options", path),
        differences: Vec::new(),
        parameters: parameters.collect(),
        request_body: None,
        responses: responses::of_options(),
        security: Vec::new(),
    }
}

/// The body of a request, if the operation reads parameters of one.
fn request_body(facts: &Facts, sources: &Sources) -> Option<RequestBody> {
    members(facts).next()?;
    let schema = Reference::to("schemas", &schema_name(facts)).target;
    let example = sources.exchanges.request(facts).cloned();
    let media_type = MediaType {
        schema: schemas::json(json!({ "$ref": schema })),
        example,
        examples: Map::new(),
    };
    Some(RequestBody {
        description: format!("At most {} KiB.", facts.max_body_bytes / 1024),
        required: true,
        content: [(MEDIA_TYPE.to_owned(), media_type)].into(),
    })
}

/// The parameters of the body.
fn members(facts: &Facts) -> impl Iterator<Item = &'static Param> {
    facts
        .params
        .iter()
        .filter(|param| param.place == Place::Body)
}

/// The name of the schema of the body: that of the operation, in capitals.
fn schema_name(facts: &Facts) -> String {
    operation_id("", facts.name)
}

/// The schemas of the bodies of requests.
pub(crate) fn request_schemas(differences: &Differences, exchanges: &Exchanges) -> Map<Json> {
    let rows = OPERATIONS.iter().map(|row| row.facts);
    let rows = rows.filter(|facts| members(facts).next().is_some());
    let schemas = rows.map(|facts| {
        let usage = Usage {
            // What an update leaves out keeps its value.
            has_default: facts.method == Method::POST,
            example: exchanges.request(facts),
            differences,
        };
        let mut schema = schemas::of_members(members(facts), usage);
        // An update changes something (C13, R48).
        if let Json::Object(schema) = &mut schema
            && !usage.has_default
        {
            schema.insert("minProperties".to_owned(), Json::Number(1.into()));
        }
        (schema_name(facts), schema)
    });
    schemas.collect()
}
