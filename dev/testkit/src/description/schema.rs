//! The schemas of the description. They are open, as clients need them; here they are closed, so
//! that a property which the description lacks is an error.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// Where the components are, in the description and in each schema that is compiled.
const COMPONENTS: &str = "/components/schemas/";

/// Forbids all properties that the schemas in this JSON do not have. In contrast to
/// `additionalProperties`, the keyword regards the schemas that another one combines.
pub(super) fn close(json: &mut Value) {
    match json {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// A schema. It is compiled when it is needed first, and then kept.
#[derive(Debug)]
pub(super) struct Schema {
    /// The schema, with the components to which it may refer.
    json: Value,
    compiled: OnceLock<Validator>,
}

impl Schema {
    /// The schema with these components.
    pub(super) fn new(schema: &Value, components: &Value) -> Self {
        let mut json = schema.clone();
        json["components"] = json!({ "schemas": components });
        Self {
            json,
            compiled: OnceLock::new(),
        }
    }

    fn validator(&self) -> &Validator {
        self.compiled.get_or_init(|| {
            let options = jsonschema::options().with_draft(Draft::Draft202012);
            let options = options.should_validate_formats(true);
            options.build(&self.json).expect("the schema is valid")
        })
    }

    /// Compares a value with the schema.
    pub(super) fn check(&self, value: &Value) -> Result<(), String> {
        let validator = self.validator();
        if validator.is_valid(value) {
            return Ok(());
        }
        let errors = validator.iter_errors(value).take(3);
        let errors = errors.map(|error| format!("{error} at '{}'", error.instance_path()));
        Err(errors.collect::<Vec<_>>().join(", "))
    }

    /// The properties of the description that the value has.
    pub(super) fn properties(&self, value: &Value) -> BTreeSet<String> {
        let evaluation = self.validator().evaluate(value);
        let mut found = BTreeSet::new();
        for entry in evaluation.iter_annotations() {
            let location = entry.schema_location;
            let names = entry.annotations.value().as_array();
            if location.ends_with("/properties") {
                let names = names.into_iter().flatten().filter_map(Value::as_str);
                found.extend(names.map(|name| property(&format!("{location}/{name}"))));
            }
        }
        found
    }
}

/// The name of a property, from its place in the description.
fn property(pointer: &str) -> String {
    let path = pointer.strip_prefix(COMPONENTS).unwrap_or(pointer);
    format!("property {}", path.replace("/properties/", "."))
}

/// The names of all properties of a component.
pub(super) fn properties(name: &str, schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&format!("{COMPONENTS}{name}"), schema, &mut found);
    found
}

fn collect(pointer: &str, schema: &Value, found: &mut BTreeSet<String>) {
    let Some(members) = schema.as_object() else {
        return;
    };
    for (name, member) in members {
        let pointer = format!("{pointer}/{name}");
        if name == "properties" {
            for (name, member) in member.as_object().into_iter().flatten() {
                let pointer = format!("{pointer}/{name}");
                found.insert(property(&pointer));
                collect(&pointer, member, found);
            }
        } else {
            collect(&pointer, member, found);
        }
    }
}

/// The names of the components to which this JSON refers, directly or by another one.
pub(super) fn references(json: &Value, components: &Value, found: &mut BTreeSet<String>) {
    match json {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            let name = target.and_then(|target| target.strip_prefix("#/components/schemas/"));
            if let Some(name) = name
                && found.insert(name.to_owned())
            {
                references(&components[name], components, found);
            }
            let members = members.values();
            members.for_each(|member| references(member, components, found));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| references(item, components, found)),
        _ => {}
    }
}
