//! Reads the description from its file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::document::{Document, Example, Operation};
use super::parameters::Parameter;
use super::response::{Header, Response};
use super::schema::{self, Schema};

const TEXT: &str = include_str!("../../../../docs/openapi.json");

/// Reads the description.
pub(super) fn document() -> Document {
    let mut json = serde_json::from_str(TEXT).expect("the description is JSON");
    schema::close(&mut json);
    let mut reader = Reader {
        components: &json["components"],
        schemas: BTreeMap::new(),
        examples: Vec::new(),
    };
    let responses = members(&reader.components["responses"]);
    let responses = responses.map(|(name, json)| {
        let response = reader.response(name.clone(), json);
        (name.clone(), Arc::new(response))
    });
    let responses = responses.collect();
    let mut operations = Vec::new();
    for (path, item) in members(&json["paths"]) {
        for (method, json) in members(item) {
            operations.push(reader.operation(&responses, method, path, json));
        }
    }
    Document {
        operations,
        responses,
        properties: properties_of_responses(&json),
        examples: reader.examples,
    }
}

/// The members of an object.
fn members(json: &Value) -> impl Iterator<Item = (&String, &Value)> {
    json.as_object().into_iter().flatten()
}

/// The properties of all schemas but those of which only requests consist.
fn properties_of_responses(json: &Value) -> BTreeSet<String> {
    let components = &json["components"]["schemas"];
    let (mut of_requests, mut of_responses) = (BTreeSet::new(), BTreeSet::new());
    let items = members(&json["paths"]).flat_map(|(_, item)| members(item));
    for operation in items.map(|(_, operation)| operation) {
        schema::references(&operation["requestBody"], components, &mut of_requests);
        schema::references(&operation["responses"], components, &mut of_responses);
    }
    let common = &json["components"]["responses"];
    schema::references(common, components, &mut of_responses);
    let of_requests = &of_requests - &of_responses;
    let schemas = members(components).filter(|(name, _)| !of_requests.contains(*name));
    let properties = schemas.map(|(name, json)| schema::properties(name, json));
    properties.flatten().collect()
}

/// Reads the description part by part.
struct Reader<'a> {
    components: &'a Value,
    /// The schemas that were read, by their texts.
    schemas: BTreeMap<String, Arc<Schema>>,
    examples: Vec<Example>,
}

impl<'a> Reader<'a> {
    /// What the reference refers to, with its name; or the JSON itself, if it is no reference.
    fn resolve(&self, json: &'a Value) -> (Option<&'a str>, &'a Value) {
        let Some(target) = json["$ref"].as_str() else {
            return (None, json);
        };
        let pointer = target.strip_prefix("#/components");
        let found = pointer.and_then(|pointer| self.components.pointer(pointer));
        let name = target.rsplit('/').next();
        (
            name,
            found.unwrap_or_else(|| panic!("there is no {target}")),
        )
    }

    fn operation(
        &mut self,
        responses: &BTreeMap<String, Arc<Response>>,
        method: &str,
        path: &str,
        json: &'a Value,
    ) -> Operation {
        let method = method.to_uppercase();
        let name = format!("{method} {path}");
        let mut found = BTreeMap::new();
        for (status, json) in members(&json["responses"]) {
            let status: u64 = status.parse().expect("a status is a number");
            let response = match self.resolve(json) {
                (Some(name), _) => Arc::clone(&responses[name]),
                (None, json) => Arc::new(self.response(format!("{name} {status}"), json)),
            };
            found.insert(status, response);
        }
        Operation {
            parameters: self.parameters(&name, json),
            method,
            path: path.to_owned(),
            responses: found,
        }
    }

    fn parameters(&mut self, operation: &str, json: &'a Value) -> Vec<Parameter> {
        let parameters = json["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|json| Parameter::read(self.resolve(json).1));
        let mut found: Vec<Parameter> = parameters.collect();
        let content = &json["requestBody"]["content"]["application/json"];
        let (_, schema) = self.resolve(&content["schema"]);
        found.extend(Parameter::of_body(schema));
        for parameter in &found {
            let place = format!("{operation}, {}", parameter.part());
            let example = parameter.example.iter().cloned();
            self.add_examples(&place, example.collect(), &parameter.schema);
        }
        for (media_type, content) in members(&json["requestBody"]["content"]) {
            let place = format!("{operation}, {media_type} of the request");
            let example = content.get("example");
            self.add_examples(
                &place,
                example.into_iter().cloned().collect(),
                &content["schema"],
            );
        }
        found
    }

    fn response(&mut self, name: String, json: &'a Value) -> Response {
        let headers = members(&json["headers"]).map(|(name, json)| {
            let (_, json) = self.resolve(json);
            Header {
                name: name.clone(),
                is_required: json["required"] == true,
                is_integer: json["schema"]["type"] == "integer",
            }
        });
        let headers = headers.collect();
        let (mut content, mut all_examples) = (BTreeMap::new(), Vec::new());
        for (media_type, json) in members(&json["content"]) {
            let several = members(&json["examples"]).map(|(_, example)| &example["value"]);
            let examples = json.get("example").into_iter().chain(several).cloned();
            let examples: Vec<Value> = examples.collect();
            all_examples.extend(examples.clone());
            let schema = self.add_examples(&name, examples, &json["schema"]);
            content.insert(media_type.clone(), schema);
        }
        Response {
            name,
            headers,
            content,
            examples: all_examples,
        }
    }

    fn add_examples(&mut self, place: &str, values: Vec<Value>, schema: &Value) -> Arc<Schema> {
        let schema = self.schema(schema);
        let examples = values.into_iter().map(|value| Example {
            place: place.to_owned(),
            value,
            schema: Arc::clone(&schema),
        });
        self.examples.extend(examples);
        schema
    }

    fn schema(&mut self, json: &Value) -> Arc<Schema> {
        let components = &self.components["schemas"];
        let known = self.schemas.entry(json.to_string());
        Arc::clone(known.or_insert_with(|| Arc::new(Schema::new(json, components))))
    }
}
