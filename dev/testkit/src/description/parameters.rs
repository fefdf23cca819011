//! The parameters of an operation as the description has them.

use serde_json::Value;

/// A parameter. The properties of a body are parameters too.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The name. That of a property of a body names the objects and arrays around it, as in
    /// `assets.links[].name`.
    pub name: String,
    /// `path`, `query`, `header` or `body`.
    pub place: String,
    /// Whether it may not be left out.
    pub is_required: bool,
    /// The schema.
    pub schema: Value,
    /// An example.
    pub example: Option<Value>,
}

impl Parameter {
    /// The name and the place, as a part of the description.
    #[must_use]
    pub fn part(&self) -> String {
        format!("parameter {} in {}", self.name, self.place)
    }

    /// A parameter of the path, the query or the header.
    pub(super) fn read(json: &Value) -> Self {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Self {
            name: text("name"),
            place: text("in"),
            is_required: json["required"] == true,
            schema: json["schema"].clone(),
            example: json.get("example").cloned(),
        }
    }

    /// The properties of a body with this schema.
    pub(super) fn of_body(schema: &Value) -> Vec<Self> {
        let mut found = Vec::new();
        members("", schema, &mut found);
        found
    }
}

fn members(object: &str, schema: &Value, found: &mut Vec<Parameter>) {
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|n| n == name));
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{object}{name}");
        found.push(Parameter {
            name: path.clone(),
            place: "body".to_owned(),
            is_required: is_required(name),
            schema: schema.clone(),
            example: schema["examples"].get(0).cloned(),
        });
        members(&format!("{path}."), schema, found);
        members(&format!("{path}[]."), &schema["items"], found);
    }
}
