//! Names with brackets, which build arrays and objects as Rack builds them: `a[]=1`, `a[b]=1` and
//! `a[][b]=1` (C9, R36).

use super::limits::Limits;
use super::{Object, Value};
use crate::excerpt::excerpt;
use crate::http::error::ApiError;

/// Adds one pair of a form or a query string, unless it exceeds the limits.
///
/// # Errors
///
/// [`ApiError::Malformed`] for a name that is used for values of different kinds, as in Rack.
pub(super) fn insert(
    values: &mut Object,
    name: String,
    value: Value,
    limits: &mut Limits,
) -> Result<(), ApiError> {
    // Each pair of brackets is a level, and may create a value of its own.
    let levels = name.bytes().filter(|byte| *byte == b'[').count();
    for level in 1..=levels + 1 {
        if !limits.admit(level) {
            return Ok(());
        }
    }
    match name.find('[') {
        Some(bracket) if bracket > 0 => {
            let (key, rest) = name.split_at(bracket);
            insert_at(values, key, rest, value).map_err(|problem| {
                let name = excerpt(&name);
                ApiError::Malformed(format!("the parameter '{name}' {problem}"))
            })
        }
        _ => {
            values.insert(name, value);
            Ok(())
        }
    }
}

/// Stores the value at the position that the key and `rest`, the brackets after it, describe.
fn insert_at(values: &mut Object, key: &str, rest: &str, value: Value) -> Result<(), &'static str> {
    if rest.is_empty() {
        values.insert(key.to_owned(), value);
    } else if rest == "[" {
        values.insert(format!("{key}["), value);
    } else if rest == "[]" {
        array_at(values, key)?.push(value);
    } else if let Some(child) = rest.strip_prefix("[]") {
        let array = array_at(values, key)?;
        let (child_key, child_rest) = split_first_key(child);
        match array.last_mut() {
            // If the last element already has a value there, the value starts a new element.
            Some(Value::Object(last)) if !has_value_at(last, child_key, child_rest) => {
                insert_at(last, child_key, child_rest, value)?;
            }
            _ => {
                let mut element = Object::default();
                insert_at(&mut element, child_key, child_rest, value)?;
                array.push(Value::Object(element));
            }
        }
    } else {
        let new = Value::Object(Object::default());
        let Value::Object(object) = values.get_or_insert(key.to_owned(), new) else {
            return Err(CONFLICT);
        };
        let (child_key, child_rest) = split_first_key(rest);
        insert_at(object, child_key, child_rest, value)?;
    }
    Ok(())
}

const CONFLICT: &str = "is given both as text and as an array or object";

/// The array under this key, which is created if there is no value.
fn array_at<'a>(values: &'a mut Object, key: &str) -> Result<&'a mut Vec<Value>, &'static str> {
    let new = Value::Array(Vec::new());
    match values.get_or_insert(key.to_owned(), new) {
        Value::Array(array) => Ok(array),
        _ => Err(CONFLICT),
    }
}

/// The key of the first brackets, and the brackets after it.
fn split_first_key(brackets: &str) -> (&str, &str) {
    let is_bracket = |c| c == '[' || c == ']';
    let text = brackets.trim_start_matches(is_bracket);
    let (key, rest) = text.split_at(text.find(is_bracket).unwrap_or(text.len()));
    (key, rest.trim_start_matches(']'))
}

/// Whether the object already has a value at the position that the key and the brackets describe.
fn has_value_at(object: &Object, key: &str, rest: &str) -> bool {
    match object.get(key) {
        None => false,
        Some(Value::Object(inner)) if !rest.is_empty() && !rest.starts_with("[]") => {
            let (key, rest) = split_first_key(rest);
            has_value_at(inner, key, rest)
        }
        Some(Value::Array(_)) => !rest.starts_with("[]"),
        Some(_) => true,
    }
}

/// The flat pairs of a value under this name.
pub(super) fn pairs(name: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Null | Value::File => vec![(name.to_owned(), String::new())],
        Value::Text(text) => vec![(name.to_owned(), text.clone())],
        Value::Array(values) => {
            let name = format!("{name}[]");
            values
                .iter()
                .flat_map(|value| pairs(&name, value))
                .collect()
        }
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| pairs(&format!("{name}[{key}]"), value))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object_of(names: &[(&str, &str)]) -> Result<Object, ApiError> {
        let (mut values, mut limits) = (Object::default(), Limits::default());
        for (name, text) in names {
            let value = Value::Text((*text).to_owned());
            insert(&mut values, (*name).to_owned(), value, &mut limits)?;
        }
        Ok(values)
    }

    fn read(names: &[(&str, &str)]) -> Result<Vec<(String, String)>, ApiError> {
        let values = object_of(names)?;
        let flat = values.iter().flat_map(|(name, value)| pairs(name, value));
        Ok(flat.collect())
    }

    #[test]
    fn a_repeated_key_begins_the_next_element_of_an_array() {
        let values = object_of(&[
            ("assets[links][][name]", "a"),
            ("assets[links][][url]", "b"),
            ("assets[links][][name]", "c"),
        ]);
        let text = |text: &str| Value::Text(text.to_owned());
        let object = |members: &[(&str, Value)]| {
            let mut object = Object::default();
            for (key, value) in members {
                object.insert((*key).to_owned(), value.clone());
            }
            Value::Object(object)
        };
        let first = object(&[("name", text("a")), ("url", text("b"))]);
        let second = object(&[("name", text("c"))]);
        let links = Value::Array(vec![first, second]);
        let assets = object(&[("links", links)]);
        assert_eq!(values.unwrap().get("assets"), Some(&assets));
    }

    #[test]
    fn a_name_used_for_values_of_different_kinds_is_malformed() {
        for names in [
            [("a", "1"), ("a[]", "2")],
            [("a[]", "1"), ("a[b]", "2")],
            [("a[b]", "1"), ("a[]", "2")],
            [("a[b]", "1"), ("a[b][c]", "2")],
        ] {
            assert!(
                matches!(read(&names), Err(ApiError::Malformed(_))),
                "{names:?}"
            );
        }
    }

    #[test]
    fn pairs_keep_their_names() {
        for name in ["a[]", "a[b]", "a[b][]", "a[b][c]", "a[][b]"] {
            let pair = (name.to_owned(), "1".to_owned());
            assert_eq!(read(&[(name, "1")]), Ok(vec![pair]));
        }
    }
}
