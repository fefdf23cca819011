//! Our description: `docs/openapi.json`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The document.
pub struct Document(pub Value);

impl Document {
    /// The document in the repository.
    pub fn read() -> Self {
        let text = include_str!("../../../../docs/openapi.json");
        Self(serde_json::from_str(text).expect("the document is JSON"))
    }

    /// The operation with this path and method.
    pub fn operation(&self, path: &str, method: &str) -> Option<&Value> {
        self.0.get("paths")?.get(path)?.get(method)
    }

    /// What stands at the end of references.
    fn resolve<'a>(&'a self, mut value: &'a Value) -> &'a Value {
        while let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.trim_start_matches('#');
            let target = self.0.pointer(pointer);
            value = target.unwrap_or_else(|| panic!("docs/openapi.json has no {reference}"));
        }
        value
    }

    /// The parameter of an operation with this name.
    pub fn parameter<'a>(&'a self, operation: &'a Value, name: &str) -> Option<&'a Value> {
        let mut parameters = items(operation, "parameters").map(|item| self.resolve(item));
        parameters.find(|parameter| parameter["name"] == name)
    }

    /// The schema of the JSON in the response with this status.
    pub fn response<'a>(&'a self, operation: &'a Value, status: u16) -> Option<&'a Value> {
        let response = operation["responses"].get(status.to_string())?;
        self.resolve(response)
            .pointer("/content/application~1json/schema")
    }

    /// A schema without its references, and without the alternative null.
    fn bare<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let schema = self.resolve(schema);
        let mut others = alternatives(schema).filter(|other| other["type"] != "null");
        match (others.next(), others.next()) {
            (Some(only), None) => self.bare(only),
            _ => schema,
        }
    }

    /// The type of a schema, such as `string`, `array of object` or `string or integer`. Null is
    /// left out, and `array` alone is an array that is always empty.
    pub fn kind(&self, schema: &Value) -> String {
        let schema = self.bare(schema);
        let names = match &schema["type"] {
            Value::String(name) => vec![name.clone()],
            Value::Array(names) => names
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => alternatives(schema).map(|other| self.kind(other)).collect(),
        };
        let mut kinds: Vec<String> = Vec::new();
        for name in names.into_iter().filter(|name| name != "null") {
            if !kinds.contains(&name) {
                kinds.push(name);
            }
        }
        match (kinds.join(" or "), schema.get("items")) {
            (kind, Some(items)) if kind == "array" && schema["maxItems"] != 0 => {
                format!("array of {}", self.kind(items))
            }
            (kind, _) => kind,
        }
    }

    /// The words to which a schema limits a string.
    pub fn words(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.bare(schema);
        let listed = items(schema, "enum");
        let constants = alternatives(schema).filter_map(|other| other.get("const"));
        let words = listed.chain(constants).filter_map(Value::as_str);
        words.map(str::to_owned).collect()
    }

    /// The schema of an object, or of the objects in an array.
    pub fn object<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let schema = self.bare(schema);
        schema.get("items").map_or(schema, |items| self.bare(items))
    }
}

/// The properties of an object.
pub fn properties(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let properties = object.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(Map::iter)
}

/// The words of a list, such as `required`.
pub fn names(value: &Value, list: &str) -> BTreeSet<String> {
    let names = items(value, list).filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

fn items<'a>(value: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    let list = value.get(list).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    items(schema, "anyOf").chain(items(schema, "oneOf"))
}
