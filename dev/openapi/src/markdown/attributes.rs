//! The attributes of JSON with their types and limits, from its schema.

use crate::json::Json;
use crate::markdown::schema::{self, alternatives};
use crate::markdown::shared::{Shared, item};
use crate::markdown::text::{code, table, with_links};

/// An attribute, or one of a part.
pub(super) struct Attribute<'a> {
    /// The name, with those of the objects that contain it before it.
    pub(super) name: String,
    /// The object that contains it, if that is not the whole JSON.
    pub(super) parent: Option<String>,
    /// Whether the object that contains it must have it.
    pub(super) is_required: bool,
    schema: &'a Json,
}

/// How the names of nested attributes are written.
#[derive(Clone, Copy)]
pub(super) struct Notation {
    between: &'static str,
    array: &'static str,
}

/// GitLab's notation for parameters: `assets:links:name`.
pub(super) const REQUEST: Notation = Notation {
    between: ":",
    array: "",
};
/// The notation for responses: `assets.links[].name`.
const RESPONSE: Notation = Notation {
    between: ".",
    array: "[]",
};

/// The attributes of a schema with those of its parts, except of the shared objects.
pub(super) fn of<'a>(
    schema: &'a Json,
    shared: &Shared<'a>,
    notation: Notation,
) -> Vec<Attribute<'a>> {
    let mut found = Vec::new();
    let schema = shared.target(schema).map_or(schema, |(_, target)| target);
    add(schema, None, shared, notation, &mut found);
    found
}

fn add<'a>(
    schema: &'a Json,
    parent: Option<&str>,
    shared: &Shared<'a>,
    notation: Notation,
    found: &mut Vec<Attribute<'a>>,
) {
    let Some(Json::Object(properties)) = schema.get("properties") else {
        return;
    };
    for (key, member) in properties {
        let name = match parent {
            Some(parent) => format!("{parent}{}{key}", notation.between),
            None => key.clone(),
        };
        found.push(Attribute {
            name: name.clone(),
            parent: parent.map(str::to_owned),
            is_required: requires(schema, key),
            schema: member,
        });
        let array = member.get("items").map_or("", |_| notation.array);
        if let Some(part) = part(member, shared) {
            add(part, Some(&(name + array)), shared, notation, found);
        }
    }
}

/// Whether an object must have the member of this name.
fn requires(schema: &Json, name: &str) -> bool {
    let Some(Json::Array(required)) = schema.get("required") else {
        return false;
    };
    required.iter().any(|other| other.as_str() == Some(name))
}

/// The schema of the objects in an attribute, if the page does not describe them elsewhere.
fn part<'a>(schema: &'a Json, shared: &Shared<'a>) -> Option<&'a Json> {
    let schema = item(schema);
    let alternative = alternatives(schema).find(|one| one.get("$ref").is_some());
    match shared.target(alternative.unwrap_or(schema)) {
        Some((name, _)) if shared.is_object(name) => None,
        Some((_, target)) => Some(target),
        None => Some(schema),
    }
}

impl Attribute<'_> {
    /// Its type.
    pub(super) fn kind(&self, shared: &Shared<'_>) -> String {
        schema::kind(self.schema, shared)
    }

    /// What it means, with its limits.
    pub(super) fn description(&self, shared: &Shared<'_>) -> String {
        let own = self.schema.get("description").and_then(Json::as_str);
        let target = shared.target(self.schema).map(|(_, target)| target);
        let of_target = target.and_then(|target| target.get("description")?.as_str());
        let text = own.or(of_target).unwrap_or_default();
        let limits = schema::limits(self.schema, text);
        with_links(format!("{text} {limits}").trim())
    }
}

/// The table of the attributes of a response.
pub(super) fn response_table(schema: &Json, shared: &Shared<'_>) -> String {
    let attributes = of(schema, shared, RESPONSE);
    let rows = attributes.iter().map(|attribute| {
        let absent = if attribute.is_required {
            ""
        } else {
            " May be absent."
        };
        [
            code(&attribute.name),
            attribute.kind(shared),
            attribute.description(shared) + absent,
        ]
    });
    table(["Attribute", "Type", "Description"], rows)
}
