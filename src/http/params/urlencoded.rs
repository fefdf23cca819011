//! Query strings and form bodies, read as Rack reads them (C9, C15).

use percent_encoding::percent_decode_str;

use super::limits::Limits;
use super::nested::insert;
use super::{Object, Value, without_nul};
use crate::http::error::ApiError;

/// A form body.
pub(super) fn parse_bytes(body: &[u8], limits: &mut Limits) -> Result<Object, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ApiError::Malformed("the form body is not UTF-8".to_owned()))?;
    let mut values = Object::default();
    parse(text, "form body", &mut values, limits)?;
    Ok(values)
}

/// Adds the pairs of a URL-encoded text. The last of equal names wins.
pub(super) fn parse(
    text: &str,
    place: &str,
    values: &mut Object,
    limits: &mut Limits,
) -> Result<(), ApiError> {
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (name, Value::Text(decode(value, place)?)),
            None => (pair, Value::Null),
        };
        insert(values, decode(name, place)?, value, limits)?;
    }
    Ok(())
}

fn decode(text: &str, place: &str) -> Result<String, ApiError> {
    let spaced = text.replace('+', " ");
    let bytes: Vec<u8> = percent_decode_str(&spaced).collect();
    if has_broken_escape(&spaced) {
        return Err(ApiError::Malformed(format!(
            "the {place} contains a '%' not followed by two hexadecimal digits"
        )));
    }
    let decoded = String::from_utf8(bytes)
        .map_err(|_| ApiError::Malformed(format!("the {place} is not UTF-8 once it is decoded")))?;
    without_nul(decoded, place)
}

fn has_broken_escape(text: &str) -> bool {
    text.split('%').skip(1).any(|rest| {
        let digits = rest.as_bytes().get(..2);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}
