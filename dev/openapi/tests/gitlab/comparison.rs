//! Compares our document with GitLab's description.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::difference::{Difference, Kind};
use crate::document::{Document, names, properties};
use crate::facts::{Facts, Object, Operation, Parameter, Type};

/// The points in which our document does not say what GitLab's description says.
pub fn differences(facts: &Facts, document: &Document) -> Vec<Difference> {
    let mut comparison = Comparison {
        facts,
        document,
        found: Vec::new(),
    };
    for operation in &facts.operations {
        comparison.operation(operation);
    }
    comparison.found
}

struct Comparison<'a> {
    facts: &'a Facts,
    document: &'a Document,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn differs(&mut self, operation: &str, of: &str, item: String, kind: Kind) {
        self.found.push(Difference {
            operation: operation.to_owned(),
            of: of.to_owned(),
            item,
            kind,
        });
    }

    fn operation(&mut self, gitlab: &Operation) {
        let Operation {
            id, method, path, ..
        } = gitlab;
        let name = format!("the operation {} {path}", method.to_uppercase());
        let Some(ours) = self.document.operation(path, method) else {
            return self.differs(id, id, name, Kind::Missing);
        };
        if ours["operationId"] != *id {
            let problem = format!("has the operation ID {}", ours["operationId"]);
            self.differs(id, id, name, Kind::Other(problem));
        }
        for parameter in &gitlab.parameters {
            self.parameter(id, ours, parameter);
        }
        for status in &gitlab.statuses {
            if ours["responses"].get(status.to_string()).is_none() {
                self.differs(id, id, format!("status {status}"), Kind::Missing);
            }
        }
        if let Some(body) = &gitlab.body {
            let schema = ours.pointer("/requestBody/content/application~1json/schema");
            self.body(id, "the body of the request", body, schema);
        }
        if let Some(response) = &gitlab.response {
            let schema = self.document.response(ours, gitlab.statuses[0]);
            self.body(id, "the body of the response", response, schema);
        }
    }

    fn parameter(&mut self, id: &str, operation: &Value, gitlab: &Parameter) {
        let item = format!("parameter {}", gitlab.name);
        let Some(ours) = self.document.parameter(operation, &gitlab.name) else {
            return self.differs(id, id, item, Kind::Missing);
        };
        if ours["in"] != gitlab.place {
            let (place, ours) = (&gitlab.place, &ours["in"]);
            let problem = format!("is in {ours}; in GitLab's description, it is in \"{place}\"");
            self.differs(id, id, item.clone(), Kind::Other(problem));
        }
        let mut value = gitlab.value.clone();
        // A segment of a path is a string that may consist of digits.
        if gitlab.place == "path" && value.name == "string or integer" {
            "string".clone_into(&mut value.name);
        }
        self.value(id, id, &item, &value, &ours["schema"]);
    }

    fn body(&mut self, id: &str, item: &str, gitlab: &str, schema: Option<&Value>) {
        let Some(schema) = schema else {
            return self.differs(id, id, item.to_owned(), Kind::Missing);
        };
        self.value(id, id, item, &Type::named(gitlab), schema);
    }

    fn value(&mut self, id: &str, of: &str, item: &str, value: &Type, schema: &Value) {
        let (gitlab, ours) = (self.facts.plain(&value.name), self.document.kind(schema));
        let is_empty = ours == "array";
        if ours != gitlab && !(is_empty && gitlab.starts_with("array of ")) {
            let kind = Kind::Type { ours, gitlab };
            self.differs(id, of, item.to_owned(), kind);
        }
        let words = self.document.words(schema);
        if !value.words.is_empty() && words != value.words {
            let [ours, gitlab] = [&words, &value.words].map(list);
            let problem = format!("is one of {ours}; in GitLab's description, of {gitlab}");
            self.differs(id, of, item.to_owned(), Kind::Other(problem));
        }
        let object = self.facts.object(&value.name);
        if let Some((name, object)) = object.filter(|_| !is_empty) {
            let schema = self.document.object(schema);
            self.object(id, name, object, schema);
        }
    }

    fn object(&mut self, id: &str, name: &str, gitlab: &Object, schema: &Value) {
        for (property, value) in &gitlab.properties {
            match schema["properties"].get(property) {
                Some(schema) => self.value(id, name, property, &value.value(), schema),
                None => self.differs(id, name, property.clone(), Kind::Missing),
            }
        }
        let required = names(schema, "required");
        if let Some(gitlab) = gitlab.required.as_ref().filter(|names| **names != required) {
            let [ours, gitlab] = [&required, gitlab].map(list);
            let problem = format!("requires {ours}; in GitLab's description, {gitlab}");
            self.differs(id, id, name.to_owned(), Kind::Other(problem));
        }
        if gitlab.chosen.is_some() {
            for (property, _) in properties(schema) {
                if !gitlab.properties.contains_key(property) {
                    let problem = "is not among the facts: add GitLab's type".to_owned();
                    self.differs(id, name, property.clone(), Kind::Other(problem));
                }
            }
        }
    }
}

/// Words for a message.
fn list(words: &BTreeSet<String>) -> String {
    if words.is_empty() {
        return "nothing".to_owned();
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.join(", ")
}
