//! JSON bodies (C7, C8, C15).

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Value, without_nul};
use crate::http::error::ApiError;

/// The members of the top-level object. The last of equal keys wins. Any other top-level value has
/// no members (C8).
pub(super) fn parse(body: &[u8]) -> Result<BTreeMap<String, Value>, ApiError> {
    let malformed = |error: serde_json::Error| {
        ApiError::Malformed(format!("the body is not valid JSON: {error}"))
    };
    let document: &RawValue = serde_json::from_slice(body).map_err(malformed)?;
    // Parsing the whole document finds errors that raw values hide: lone surrogates, excessive
    // depth, and NUL bytes.
    let whole: serde_json::Value = serde_json::from_str(document.get()).map_err(malformed)?;
    if holds_nul(&whole) {
        return Err(ApiError::Malformed(
            "the JSON body holds a NUL byte".to_owned(),
        ));
    }
    if !whole.is_object() {
        return Ok(BTreeMap::new());
    }
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_str(document.get()).map_err(malformed)?;
    members
        .into_iter()
        .map(|(name, raw)| {
            Ok((
                without_nul(name, "JSON body")?,
                value(raw).map_err(malformed)?,
            ))
        })
        .collect()
}

/// Numbers are read from the raw text, because an integer beyond 64 bits would lose digits
/// otherwise.
fn value(raw: &RawValue) -> Result<Value, serde_json::Error> {
    Ok(match serde_json::from_str(raw.get())? {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
            Value::Text(raw.get().to_owned())
        }
        serde_json::Value::Array(_) => {
            let elements: Vec<&RawValue> = serde_json::from_str(raw.get())?;
            Value::Array(elements.into_iter().map(value).collect::<Result<_, _>>()?)
        }
        serde_json::Value::Object(_) => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get())?;
            let members = members
                .into_iter()
                .map(|(name, raw)| Ok((name, value(raw)?)));
            Value::Object(members.collect::<Result<_, serde_json::Error>>()?)
        }
    })
}

fn holds_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(values) => values.iter().any(holds_nul),
        serde_json::Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
            false
        }
    }
}
