//! The parameters of path, query and header.

use release_links::http::params::{Param, Place};
use release_links::operations::{Facts, Format, OPERATIONS};
use serde_json::json;

use crate::differences::Differences;
use crate::examples::Exchanges;
use crate::json::Json;
use crate::model::{Map, Parameter, RefOr, Reference, Response};
use crate::schemas::{self, Usage};
use crate::sources::Sources;

/// The parameter with which a client requests a format (C6).
const FORMAT: &str = "format";
/// The header with the entity tags that a client knows (J3).
const IF_NONE_MATCH: &str = "If-None-Match";

/// References to the parameters of an operation with this path.
pub(crate) fn references(facts: &Facts, path: &str) -> impl Iterator<Item = Reference> {
    let declared = facts.params.iter().filter(|param| match param.place {
        Place::Path => path.contains(&format!("{{{}}}", param.name)),
        Place::Query | Place::Header => true,
        Place::Body => false,
    });
    let format = (facts.format != Format::Ignored).then_some(FORMAT);
    let names = declared.map(|param| param.name).chain(format);
    names.map(|name| Reference::to("parameters", name))
}

/// The parameters of an operation with this path. One that is not equal to the component of its name
/// stands in the operation: its example leads to that of the response, or it has another meaning.
pub(crate) fn of(facts: &Facts, path: &str, sources: &Sources) -> Vec<RefOr<Parameter>> {
    let parameters = references(facts, path);
    let parameters =
        parameters.map(
            |reference| match own(facts, path, reference.name(), sources) {
                Some(parameter) => RefOr::Item(parameter),
                None => RefOr::Reference(reference),
            },
        );
    parameters.collect()
}

/// The parameter, if it differs from the component of its name.
fn own(facts: &Facts, path: &str, name: &str, sources: &Sources) -> Option<Parameter> {
    let is_it = |param: &&Param| param.name == name && param.place != Place::Body;
    let describe = |param| parameter(param, &sources.differences, &sources.exchanges);
    let mut own = describe(facts.params.iter().find(is_it)?);
    if let Some(value) = sources.exchanges.value(facts, path, name) {
        own.example = Some(example(value, &own.schema));
    }
    let mut params = OPERATIONS.iter().flat_map(|row| row.facts.params);
    let component = params.find(is_it).map(describe);
    (component.as_ref() != Some(&own)).then_some(own)
}

/// A reference to the header with the entity tags that the client knows, for an operation with 304.
pub(crate) fn if_none_match(responses: &Map<RefOr<Response>>) -> Option<Reference> {
    let has_304 = responses.contains_key("304");
    has_304.then(|| Reference::to("parameters", IF_NONE_MATCH))
}

/// The components: the first meaning of each name.
pub(crate) fn components(differences: &Differences, exchanges: &Exchanges) -> Map<Parameter> {
    let mut components = Map::new();
    let params = OPERATIONS.iter().flat_map(|row| row.facts.params);
    for param in params.filter(|param| param.place != Place::Body) {
        let component = || parameter(param, differences, exchanges);
        components
            .entry(param.name.to_owned())
            .or_insert_with(component);
    }
    let format = "The format of the response. Only JSON exists (C6).";
    let tags = "The entity tags that the client knows (J3).";
    for (name, place, description, schema) in [
        (
            FORMAT,
            "query",
            format,
            json!({ "type": "string", "enum": ["json"] }),
        ),
        (IF_NONE_MATCH, "header", tags, json!({ "type": "string" })),
    ] {
        let component = Parameter {
            name: name.to_owned(),
            place: place.to_owned(),
            description: description.to_owned(),
            required: false,
            differences: differences.cited(description),
            schema: schemas::json(schema),
            example: None,
        };
        components.insert(name.to_owned(), component);
    }
    components
}

fn parameter(param: &Param, differences: &Differences, exchanges: &Exchanges) -> Parameter {
    let (place, required) = match param.place {
        Place::Path => ("path", true),
        Place::Query => ("query", param.is_required),
        Place::Header => ("header", param.is_required),
        Place::Body => unreachable!("the body has a schema of its own"),
    };
    let description = schemas::description(param);
    let usage = Usage {
        has_default: true,
        example: None,
        differences,
    };
    let schema = schemas::of_param(param, usage);
    let example = exchanges.capture(param.name).filter(|_| place == "path");
    let example = example.map(|text| self::example(text, &schema));
    Parameter {
        name: param.name.to_owned(),
        place: place.to_owned(),
        required,
        differences: differences.cited(&description),
        description,
        schema,
        example,
    }
}

/// A value of the path in the type of its schema.
fn example(text: &str, schema: &Json) -> Json {
    let is_integer = schema.get("type").and_then(Json::as_str) == Some("integer");
    match text.parse::<u64>() {
        Ok(number) if is_integer => Json::Number(number.into()),
        _ => Json::String(text.to_owned()),
    }
}
