//! The schemas of parameters, of the bodies of requests, and of the JSON in responses.

use release_links::http::json::View;
use release_links::http::params::{Kind, Length, Param};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::differences::Differences;
use crate::json::Json;
use crate::model::{Map, MediaType};

/// The JSON of a value that has the form of JSON.
pub(crate) fn json(value: Value) -> Json {
    value.into()
}

/// A body that is text, such as a page.
pub(crate) fn document() -> MediaType {
    MediaType {
        schema: json(json!({ "type": "string" })),
        ..MediaType::default()
    }
}

/// What a schema of a parameter needs besides the parameter.
#[derive(Clone, Copy)]
pub(crate) struct Usage<'a> {
    /// False where a missing value changes nothing.
    pub(crate) has_default: bool,
    /// An object with examples of the members.
    pub(crate) example: Option<&'a Json>,
    /// What differs from GitLab.
    pub(crate) differences: &'a Differences,
}

impl<'a> Usage<'a> {
    /// The same for the members of a parameter: an object, or an array of them.
    fn within(self, param: &Param) -> Self {
        let example = self.example.and_then(|example| example.get(param.name));
        let example = example.and_then(|example| match example {
            Json::Array(items) => items.first(),
            _ => Some(example),
        });
        Self { example, ..self }
    }

    /// An example of a parameter that has no members.
    fn example_of_scalar(self, param: &Param) -> Option<Json> {
        let example: Option<&'a Json> = self.example.and_then(|example| example.get(param.name));
        let is_scalar = |example: &&Json| !matches!(example, Json::Array(_) | Json::Object(_));
        example.filter(is_scalar).cloned()
    }
}

/// The schema of a parameter.
pub(crate) fn of_param(param: &Param, usage: Usage<'_>) -> Json {
    let schema = match param.kind {
        Kind::Text(None) => json!({ "type": "string" }),
        Kind::Text(Some(length)) => text(length),
        Kind::Url(length) => {
            let mut schema = text(length);
            schema["format"] = "uri".into();
            schema
        }
        Kind::AbsolutePath(length) => {
            let mut schema = text(length);
            schema["pattern"] = "^/".into();
            schema
        }
        Kind::Digest => json!({ "type": "string", "pattern": "^(sha256:)?[0-9A-Fa-f]{64}$" }),
        Kind::Integer { min, max, default } => {
            let mut schema = json!({ "type": "integer", "format": "int64", "minimum": min });
            for (name, value) in [("maximum", max), ("default", default)] {
                if let Some(value) = value {
                    schema[name] = value.into();
                }
            }
            schema
        }
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Date => json!({ "type": "string", "format": "date-time" }),
        Kind::Word(words) => {
            let mut schema = json!({ "type": "string", "enum": words });
            if usage.has_default {
                schema["default"] = words[0].into();
            }
            schema
        }
        Kind::List => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Integers => json!({ "type": "array", "items": { "type": "integer" } }),
        Kind::Object(members) => return of_members(members, usage.within(param)),
        Kind::Objects(members, max) => {
            let items = of_members(members, usage.within(param));
            let mut schema = array(items);
            if let Json::Object(schema) = &mut schema {
                schema.insert("maxItems".to_owned(), Json::Number(max.into()));
            }
            return schema;
        }
    };
    json(schema)
}

/// The schema of text. A character has at least one byte.
fn text(length: Length) -> Value {
    let (Length::Characters(max) | Length::Bytes(max)) = length;
    json!({ "type": "string", "maxLength": max })
}

/// The schema of an array.
pub(crate) fn array(items: Json) -> Json {
    let kind = ("type".to_owned(), Json::String("array".to_owned()));
    Json::Object([kind, ("items".to_owned(), items)].into())
}

/// The schema, which also allows null if the parameter does.
fn nullable(mut schema: Json, param: &Param) -> Json {
    if let Json::Object(members) = &mut schema
        && param.is_nullable
        && let Some(kind) = members.get_mut("type")
    {
        *kind = Json::Array(vec![kind.clone(), Json::String("null".to_owned())]);
    }
    schema
}

/// What a parameter means, with a limit that its schema cannot express.
pub(crate) fn description(param: &Param) -> String {
    match param.kind {
        Kind::Text(Some(Length::Bytes(max))) => {
            format!("{} At most {max} bytes.", param.summary)
        }
        _ => param.summary.to_owned(),
    }
}

/// The schema of an object with these members.
pub(crate) fn of_members<'a>(
    members: impl IntoIterator<Item = &'a Param>,
    usage: Usage<'_>,
) -> Json {
    let (mut required, mut properties) = (Vec::new(), Map::new());
    for param in members {
        if param.is_required {
            required.push(Json::String(param.name.to_owned()));
        }
        let Json::Object(mut schema) = nullable(of_param(param, usage), param) else {
            unreachable!("the schema of a parameter is an object");
        };
        let description = description(param);
        usage.differences.add_to(&mut schema, &description);
        if let Some(example) = usage.example_of_scalar(param) {
            schema.insert("examples".to_owned(), Json::Array(vec![example]));
        }
        schema.shift_insert(0, "description".to_owned(), Json::String(description));
        properties.insert(param.name.to_owned(), Json::Object(schema));
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), Json::String("object".to_owned()));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Json::Array(required));
    }
    schema.insert("properties".to_owned(), Json::Object(properties));
    Json::Object(schema)
}

/// Collects the schemas of the JSON in responses.
pub(crate) struct Views(SchemaGenerator);

impl Views {
    pub(crate) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12()
            .for_serialize()
            .with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            });
        Self(settings.into_generator())
    }

    /// The schema of an item, or a reference to it.
    pub(crate) fn of(&mut self, view: View) -> Json {
        json(view.schema(&mut self.0).to_value())
    }

    /// The schemas to which the others refer.
    pub(crate) fn into_components(mut self, differences: &Differences) -> Map<Json> {
        let definitions = self.0.take_definitions(true);
        let definitions = definitions.into_iter().map(|(name, schema)| {
            let mut schema = json(schema);
            rewrite(&mut schema, differences);
            (name, schema)
        });
        definitions.collect()
    }
}

/// Rewrites a schema of schemars. It names Rust's types of integers, and sorts properties by name.
fn rewrite(schema: &mut Json, differences: &Differences) {
    match schema {
        Json::Object(members) => {
            members
                .values_mut()
                .for_each(|member| rewrite(member, differences));
            if members
                .get("format")
                .and_then(Json::as_str)
                .is_some_and(is_unsigned)
            {
                members.shift_remove("maximum");
                members.insert("format".to_owned(), Json::String("int64".to_owned()));
            }
            sort_properties(members);
            // schemars omits the type of items that do not exist, and generators need it.
            if members.get("maxItems").is_some() && members.get("items").is_none() {
                members.insert("items".to_owned(), Json::default());
            }
            if let Some(Json::String(text)) = members.get("description").cloned() {
                let text = text.replace('\n', " ");
                differences.add_to(members, &text);
                members.insert("description".to_owned(), Json::String(text));
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| rewrite(item, differences)),
        _ => {}
    }
}

fn is_unsigned(format: &str) -> bool {
    format.starts_with("uint")
}

/// Sorts the properties in the order of the fields, which the required ones have kept.
fn sort_properties(schema: &mut Map<Json>) {
    let Some(Json::Array(required)) = schema.get("required").cloned() else {
        return;
    };
    if let Some(Json::Object(properties)) = schema.get_mut("properties") {
        let place = |name: &String| {
            let mut names = required.iter();
            names
                .position(|other| other.as_str() == Some(name))
                .unwrap_or(usize::MAX)
        };
        properties.sort_by(|one, _, other, _| place(one).cmp(&place(other)));
    }
}
