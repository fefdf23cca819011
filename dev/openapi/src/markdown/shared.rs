//! What several operations share, and the page describes once.

use std::collections::BTreeMap;

use crate::json::Json;
use crate::markdown::entries::Entry;
use crate::model::{Document, Parameter, Reference, Response};

pub(super) struct Shared<'a> {
    /// The document.
    pub(super) document: &'a Document,
    /// The names of the schemas that several operations or other schemas refer to.
    objects: Vec<&'a str>,
    /// Optional parameters of many operations.
    pub(super) parameters: Vec<&'a Parameter>,
    /// The statuses of the errors of nearly all operations.
    pub(super) errors: Vec<&'a str>,
    /// The names of the headers that only lists have.
    paging: Vec<&'a str>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(document: &'a Document, entries: &[Entry<'a>]) -> Self {
        Self {
            document,
            objects: objects(document, entries),
            parameters: parameters(document, entries),
            errors: errors(entries),
            paging: paging(document, entries),
        }
    }

    /// The shared schemas by name.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&'a str, &'a Json)> {
        let document = self.document;
        let names = self.objects.iter();
        names.map(|name| (*name, &document.components.schemas[*name]))
    }

    /// Whether the page describes the schema of this name once for all.
    pub(super) fn is_object(&self, name: &str) -> bool {
        self.objects.contains(&name)
    }

    /// Whether only lists have the header of this name.
    pub(super) fn is_paging(&self, name: &str) -> bool {
        self.paging.contains(&name)
    }

    /// The name and the schema to which a schema refers.
    pub(super) fn target(&self, schema: &Json) -> Option<(&'a str, &'a Json)> {
        let name = reference(schema)?;
        let (name, schema) = self.document.components.schemas.get_key_value(&name)?;
        Some((name, schema))
    }
}

/// The name of the component to which a schema refers.
fn reference(schema: &Json) -> Option<String> {
    let target = schema.get("$ref")?.as_str()?.to_owned();
    Some(Reference { target }.name().to_owned())
}

/// The schema of an item: that of the array's items, or its own.
pub(super) fn item(schema: &Json) -> &Json {
    schema.get("items").unwrap_or(schema)
}

/// The schemas of responses that are those of several operations, or parts of other schemas, too.
fn objects<'a>(document: &'a Document, entries: &[Entry<'a>]) -> Vec<&'a str> {
    let responses = entries.iter().filter_map(Entry::success);
    let contents = responses.flat_map(|(_, response)| response.content.values());
    let of_operations: Vec<_> = contents
        .filter_map(|content| reference(item(&content.schema)))
        .collect();
    let mut all = of_operations.clone();
    document
        .components
        .schemas
        .values()
        .for_each(|schema| add_references(schema, &mut all));
    let names = document.components.schemas.keys().map(String::as_str);
    let uses = |names: &[String], name: &str| names.iter().filter(|other| *other == name).count();
    names
        .filter(|name| uses(&of_operations, name) > 0 && uses(&all, name) > 1)
        .collect()
}

fn add_references(schema: &Json, found: &mut Vec<String>) {
    found.extend(reference(schema));
    match schema {
        Json::Object(members) => members
            .values()
            .for_each(|member| add_references(member, found)),
        Json::Array(items) => items.iter().for_each(|item| add_references(item, found)),
        _ => {}
    }
}

/// The optional parameters of more than a third of the operations.
fn parameters<'a>(document: &'a Document, entries: &[Entry<'a>]) -> Vec<&'a Parameter> {
    let parameters = document.components.parameters.values();
    let is_common = |parameter: &&Parameter| {
        let has = |entry: &&Entry<'_>| entry.parameters().any(|(own, _)| own == *parameter);
        !parameter.required && entries.iter().filter(has).count() * 3 > entries.len()
    };
    parameters.filter(is_common).collect()
}

/// The statuses of errors that more than nine of ten operations have.
fn errors<'a>(entries: &[Entry<'a>]) -> Vec<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (status, _) in entries.iter().flat_map(Entry::responses) {
        *counts.entry(status).or_default() += 1;
    }
    let counts = counts.into_iter();
    let common =
        counts.filter(|(status, count)| *status >= "400" && count * 10 > entries.len() * 9);
    common.map(|(status, _)| status).collect()
}

fn paging<'a>(document: &'a Document, entries: &[Entry<'a>]) -> Vec<&'a str> {
    let is_in = |response: &Response, name: &str| response.headers.contains_key(name);
    let is_paging = |name: &&str| {
        let mut responses = entries.iter().flat_map(Entry::responses);
        let mut with_name = entries.iter().flat_map(Entry::responses);
        with_name.any(|(_, response)| is_in(response, name))
            && responses.all(|(_, response)| !is_in(response, name) || is_list(response))
    };
    let names = document.components.headers.keys().map(String::as_str);
    names.filter(is_paging).collect()
}

fn is_list(response: &Response) -> bool {
    let mut contents = response.content.values();
    let kind = contents
        .next()
        .and_then(|content| content.schema.get("type"));
    kind.and_then(Json::as_str) == Some("array")
}
