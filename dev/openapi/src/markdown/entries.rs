//! The operations that the page describes.

use crate::json::Json;
use crate::model::{Document, Map, Operation, Parameter, RefOr, Response};

/// The methods of the page. A paragraph describes HEAD and OPTIONS.
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// An operation with its paths. The rest of a path that may be left out makes a second one.
pub(super) struct Entry<'a> {
    document: &'a Document,
    /// In capitals.
    pub(super) method: String,
    /// The operation by path, the shortest path first.
    pub(super) variants: Vec<(&'a str, &'a Operation)>,
}

/// The operations of the document, those of the API first, and the shortest paths first.
pub(super) fn entries(document: &Document) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for (path, item) in &document.paths {
        let operations = METHODS
            .into_iter()
            .filter_map(|name| item.get_key_value(name));
        for (method, operation) in operations {
            let variant = (path.as_str(), operation);
            let same = |entry: &&mut Entry<'_>| entry.operation().summary == operation.summary;
            match entries.iter_mut().find(same) {
                Some(entry) => entry.variants.push(variant),
                None => entries.push(Entry {
                    document,
                    method: method.to_uppercase(),
                    variants: vec![variant],
                }),
            }
        }
    }
    entries.sort_by_key(|entry| {
        let path = entry.variants[0].0;
        (!path.starts_with("/api/"), path.matches('/').count())
    });
    entries
}

impl<'a> Entry<'a> {
    /// The operation with the most parameters.
    pub(super) fn operation(&self) -> &'a Operation {
        self.variants[self.variants.len() - 1].1
    }

    pub(super) fn is_in(&self, tag: &str) -> bool {
        self.operation().tags.iter().any(|other| other == tag)
    }

    /// An anchor that does not depend on words: `get-projects-id-releases`.
    pub(super) fn anchor(&self) -> String {
        let path = self.variants[0].0.trim_start_matches("/api/v4");
        let words = path.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let method = self.method.to_lowercase();
        let words = [method.as_str()].into_iter().chain(words);
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        words.join("-")
    }

    /// The parameters of path, query and header, and whether a request must have them.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'a Parameter, bool)> {
        let is_in_all = |name: &str| {
            let mut variants = self.variants.iter();
            variants.all(|(_, operation)| self.of(operation).any(|other| other.name == name))
        };
        self.of(self.operation())
            .map(move |parameter| (parameter, parameter.required && is_in_all(&parameter.name)))
    }

    /// The parameters of one of its operations.
    fn of(&self, operation: &'a Operation) -> impl Iterator<Item = &'a Parameter> {
        let components = &self.document.components.parameters;
        let parameters = operation.parameters.iter();
        parameters.map(|parameter| match parameter {
            RefOr::Reference(reference) => &components[reference.name()],
            RefOr::Item(parameter) => parameter,
        })
    }

    /// The example of the body of a request with its schema.
    pub(super) fn body(&self) -> Option<(&'a Json, Option<&'a Json>)> {
        let body = self.operation().request_body.as_ref()?;
        let (_, media_type) = body.content.first()?;
        Some((&media_type.schema, media_type.example.as_ref()))
    }

    /// The responses by status.
    pub(super) fn responses(&self) -> impl Iterator<Item = (&'a str, &'a Response)> {
        let responses = self.operation().responses.iter();
        responses.map(|(status, response)| (status.as_str(), self.resolve(response)))
    }

    fn resolve(&self, response: &'a RefOr<Response>) -> &'a Response {
        match response {
            RefOr::Reference(reference) => &self.document.components.responses[reference.name()],
            RefOr::Item(response) => response,
        }
    }

    /// The path of the example: the first one with an example of its response, or the first one.
    pub(super) fn example_path(&self) -> &'a str {
        let (path, _) = self.example();
        path
    }

    fn example(&self) -> (&'a str, &'a Operation) {
        let mut variants = self.variants.iter();
        let has_example = |(_, operation): &&(&str, &Operation)| {
            let success = success_of(operation);
            success.is_some_and(|(_, response)| response.has_example())
        };
        *variants.find(has_example).unwrap_or(&self.variants[0])
    }

    /// The response that only this operation has: the one of success.
    pub(super) fn success(&self) -> Option<(&'a str, &'a Response)> {
        success_of(self.example().1)
    }

    /// The names of the components that are its responses, by status.
    pub(super) fn shared_responses(&self) -> Map<&'a str> {
        let responses = self.operation().responses.iter();
        let shared = responses.filter_map(|(status, response)| match response {
            RefOr::Reference(reference) => Some((status.clone(), reference.name())),
            RefOr::Item(_) => None,
        });
        shared.collect()
    }
}

/// The last one: a download that is a checksum file has the status 200, and most are redirects.
fn success_of(operation: &Operation) -> Option<(&str, &Response)> {
    let mut responses = operation.responses.iter().rev();
    responses.find_map(|(status, response)| match response {
        RefOr::Item(response) => Some((status.as_str(), response)),
        RefOr::Reference(_) => None,
    })
}

impl Response {
    /// Whether it shows an example of its body or of a header.
    fn has_example(&self) -> bool {
        let mut headers = self.headers.values();
        let mut bodies = self.content.values();
        headers.any(|header| matches!(header, RefOr::Item(_)))
            || bodies.any(|body| body.example.is_some())
    }
}
