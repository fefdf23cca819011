//! Names with brackets, which build arrays and objects as Rack builds them: `a[]=1`, `a[b]=1` and
//! `a[][b]=1` (C9, R36).

use std::collections::BTreeMap;

use super::Value;
use crate::http::error::ApiError;

/// Largest accepted number of levels, which is Rack's.
const MAX_DEPTH: usize = 32;

/// Adds one pair of a form or a query string.
///
/// # Errors
///
/// [`ApiError::Malformed`] for a name that is used for values of different kinds, as in Rack, and
/// for a name with too many levels.
pub(super) fn insert(
    values: &mut BTreeMap<String, Value>,
    name: String,
    value: Value,
) -> Result<(), ApiError> {
    match name.find('[') {
        Some(bracket) if bracket > 0 => {
            let (key, rest) = name.split_at(bracket);
            set(values, key, rest, value, MAX_DEPTH)
                .map_err(|problem| ApiError::Malformed(format!("the parameter '{name}' {problem}")))
        }
        _ => {
            values.insert(name, value);
            Ok(())
        }
    }
}

/// Sets what `rest`, the brackets after the key, leads to.
fn set(
    values: &mut BTreeMap<String, Value>,
    key: &str,
    rest: &str,
    value: Value,
    depth: usize,
) -> Result<(), &'static str> {
    let depth = depth.checked_sub(1).ok_or("has too many levels")?;
    if rest.is_empty() {
        values.insert(key.to_owned(), value);
    } else if rest == "[" {
        values.insert(format!("{key}["), value);
    } else if rest == "[]" {
        array(values, key)?.push(value);
    } else if let Some(child) = rest.strip_prefix("[]") {
        let array = array(values, key)?;
        let (child_key, child_rest) = split(child);
        match array.last_mut() {
            // A key that the last element has begins the next element.
            Some(Value::Object(last)) if !has(last, child_key, child_rest) => {
                set(last, child_key, child_rest, value, depth)?;
            }
            _ => {
                let mut element = BTreeMap::new();
                set(&mut element, child_key, child_rest, value, depth)?;
                array.push(Value::Object(element));
            }
        }
    } else {
        let new = Value::Object(BTreeMap::new());
        let Value::Object(object) = values.entry(key.to_owned()).or_insert(new) else {
            return Err(CONFLICT);
        };
        let (child_key, child_rest) = split(rest);
        set(object, child_key, child_rest, value, depth)?;
    }
    Ok(())
}

const CONFLICT: &str = "is given both as text and as an array or object";

fn array<'a>(
    values: &'a mut BTreeMap<String, Value>,
    key: &str,
) -> Result<&'a mut Vec<Value>, &'static str> {
    let new = Value::Array(Vec::new());
    match values.entry(key.to_owned()).or_insert(new) {
        Value::Array(array) => Ok(array),
        _ => Err(CONFLICT),
    }
}

/// The key of the first brackets, and the brackets after it.
fn split(brackets: &str) -> (&str, &str) {
    let is_bracket = |c| c == '[' || c == ']';
    let text = brackets.trim_start_matches(is_bracket);
    let (key, rest) = text.split_at(text.find(is_bracket).unwrap_or(text.len()));
    (key, rest.trim_start_matches(']'))
}

/// Whether the object has what the key and the brackets lead to.
fn has(object: &BTreeMap<String, Value>, key: &str, rest: &str) -> bool {
    match object.get(key) {
        None => false,
        Some(Value::Object(inner)) if !rest.is_empty() && !rest.starts_with("[]") => {
            let (key, rest) = split(rest);
            has(inner, key, rest)
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

    fn read(names: &[(&str, &str)]) -> Result<Vec<(String, String)>, ApiError> {
        let mut values = BTreeMap::new();
        for (name, text) in names {
            insert(
                &mut values,
                (*name).to_owned(),
                Value::Text((*text).to_owned()),
            )?;
        }
        let flat = values.iter().flat_map(|(name, value)| pairs(name, value));
        Ok(flat.collect())
    }

    #[test]
    fn a_repeated_key_begins_the_next_element_of_an_array() {
        let mut values = BTreeMap::new();
        for (name, text) in [
            ("assets[links][][name]", "a"),
            ("assets[links][][url]", "b"),
            ("assets[links][][name]", "c"),
        ] {
            insert(&mut values, name.to_owned(), Value::Text(text.to_owned())).unwrap();
        }
        let text = |text: &str| Value::Text(text.to_owned());
        let object = |members: &[(&str, Value)]| {
            let members = members
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()));
            Value::Object(members.collect())
        };
        let first = object(&[("name", text("a")), ("url", text("b"))]);
        let second = object(&[("name", text("c"))]);
        let links = Value::Array(vec![first, second]);
        assert_eq!(values["assets"], object(&[("links", links)]));
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
        let deep = format!("a{}", "[b]".repeat(40));
        assert!(read(&[(&deep, "1")]).is_err());
    }

    #[test]
    fn pairs_keep_their_names() {
        for name in ["a[]", "a[b]", "a[b][]", "a[b][c]", "a[][b]"] {
            let pair = (name.to_owned(), "1".to_owned());
            assert_eq!(read(&[(name, "1")]), Ok(vec![pair]));
        }
    }
}
