//! The schemas of the bodies of errors. GitLab has two envelopes, `error` and `message`.

use serde_json::{Value, json};

use crate::json::Json;
use crate::model::Map;
use crate::schemas;

/// The schemas by name.
pub(crate) fn schemas() -> Map<Json> {
    let text = || json!({ "type": "string" });
    let list = || json!({ "type": "array", "items": text() });
    let attributes = json!({ "type": "object", "additionalProperties": list() });
    let token_error = json!({ "error": text(), "error_description": text(), "scope": text() });
    let schemas = [
        ("Error", "A malformed request.", json!({ "error": text() })),
        (
            "Message",
            "A problem with the requested item.",
            json!({ "message": text() }),
        ),
        (
            "Messages",
            "All rules that a link breaks.",
            json!({ "message": list() }),
        ),
        (
            "AttributeMessages",
            "The rules that a release breaks, by attribute.",
            json!({ "message": attributes }),
        ),
        ("TokenError", "A token that is not accepted.", token_error),
    ];
    let schemas = schemas.map(|(name, description, properties)| {
        let names = properties
            .as_object()
            .into_iter()
            .flat_map(|members| members.keys());
        let required: Vec<_> = names.filter(|name| *name != "scope").collect();
        let schema = json!({
            "description": description, "type": "object", "required": required,
            "properties": properties,
        });
        (name.to_owned(), schemas::json(schema))
    });
    schemas.into()
}

/// The name of the envelope of a body.
pub(crate) fn of(body: &Value) -> &'static str {
    match &body["message"] {
        Value::Null if body["error_description"].is_string() => "TokenError",
        Value::Null => "Error",
        Value::Array(_) => "Messages",
        Value::Object(_) => "AttributeMessages",
        _ => "Message",
    }
}
