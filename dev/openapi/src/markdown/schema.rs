//! The type and the limits of a value, in words.

use crate::json::Json;
use crate::markdown::shared::Shared;
use crate::markdown::text::{code, link, plain};

/// The type of a schema, with a link if the page describes it.
pub(super) fn kind(schema: &Json, shared: &Shared<'_>) -> String {
    if let Some((name, _)) = shared.target(schema) {
        return if shared.is_object(name) {
            link(name, name)
        } else {
            "object".to_owned()
        };
    }
    let mut kinds: Vec<String> = alternatives(schema).map(|one| kind(one, shared)).collect();
    kinds.dedup();
    if kinds.is_empty() {
        kinds = names(schema)
            .map(|name| named(name, schema, shared))
            .collect();
    }
    kinds.join(" or ")
}

/// The schemas of which a value has one.
pub(super) fn alternatives(schema: &Json) -> impl Iterator<Item = &Json> {
    let alternatives = ["anyOf", "oneOf"].into_iter();
    let alternatives = alternatives.filter_map(|name| match schema.get(name) {
        Some(Json::Array(alternatives)) => Some(alternatives),
        _ => None,
    });
    alternatives.flatten()
}

/// The names of the types of a schema.
fn names(schema: &Json) -> impl Iterator<Item = &str> {
    let names = match schema.get("type") {
        Some(Json::Array(names)) => names.iter().collect(),
        Some(name) => vec![name],
        None => Vec::new(),
    };
    names.into_iter().filter_map(Json::as_str)
}

/// The type of this name, which a schema has.
fn named(name: &str, schema: &Json, shared: &Shared<'_>) -> String {
    let format = schema.get("format").and_then(Json::as_str);
    match (name, format, schema.get("items")) {
        ("string", Some(format @ ("date" | "date-time")), _) => format.to_owned(),
        ("array", _, Some(items)) => match (shared.target(items), kind(items, shared)) {
            (_, kind) if kind.is_empty() => name.to_owned(),
            (Some(_), kind) => format!("array of {kind}"),
            (None, kind) => format!("array of {kind}s"),
        },
        _ => name.to_owned(),
    }
}

/// The limits of a value that the description does not mention, as sentences.
pub(super) fn limits(schema: &Json, description: &str) -> String {
    let number = |name| match schema.get(name) {
        Some(Json::Number(number)) => Some(number),
        _ => None,
    };
    let mut limits: Vec<String> = values(schema).into_iter().collect();
    let least = number("minimum").filter(|least| least.as_u64() != Some(0));
    limits.extend(match (least, number("maximum")) {
        (Some(least), Some(most)) => Some(format!("From {least} to {most}.")),
        (Some(least), None) => Some(format!("At least {least}.")),
        (None, Some(most)) => Some(format!("At most {most}.")),
        (None, None) => None,
    });
    let length = number("maxLength").filter(|max| !description.contains(&format!("{max} bytes")));
    limits.extend(length.map(|max| format!("At most {max} characters.")));
    let pattern = schema.get("pattern").and_then(Json::as_str);
    limits.extend(pattern.map(|pattern| format!("Matches {}.", code(pattern))));
    let items = number("maxItems").filter(|max| max.as_u64() != Some(0));
    limits.extend(items.map(|max| format!("At most {max} items.")));
    let default = schema.get("default").map(plain);
    limits.extend(default.map(|default| format!("Default: {}.", code(&default))));
    limits.join(" ")
}

/// The values that a schema allows.
fn values(schema: &Json) -> Option<String> {
    if let Some(Json::Array(values)) = schema.get("enum") {
        let values: Vec<_> = values.iter().map(|value| code(&plain(value))).collect();
        return Some(match &values[..] {
            [value] => format!("Only {value}."),
            values => format!("One of {}.", values.join(", ")),
        });
    }
    let described = alternatives(schema).filter_map(|one| {
        let description = one.get("description")?.as_str()?;
        Some(format!(
            "{}: {description}",
            code(&plain(one.get("const")?))
        ))
    });
    let described: Vec<_> = described.collect();
    (!described.is_empty()).then(|| described.join(" "))
}
