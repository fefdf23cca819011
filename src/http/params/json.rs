//! JSON bodies (C7, C8, C15).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::limits::Limits;
use super::{Object, Value};
use crate::http::error::ApiError;

/// The members of the top-level object. The last of equal keys wins. Any other top-level value has
/// no members (C8).
pub(super) fn parse(body: &[u8], limits: &mut Limits) -> Result<Object, ApiError> {
    let malformed = |error: serde_json::Error| {
        ApiError::Malformed(format!("the body is not valid JSON: {error}"))
    };
    let mut reader = Reader {
        numbers: Numbers { rest: body },
        limits,
        contains_nul: false,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let document = reader.at_level(0).deserialize(&mut deserializer);
    let document = document.map_err(malformed)?;
    deserializer.end().map_err(malformed)?;
    if reader.contains_nul {
        let problem = "the JSON body contains a NUL byte".to_owned();
        return Err(ApiError::Malformed(problem));
    }
    Ok(match document {
        Value::Object(members) => members,
        _ => Object::default(),
    })
}

/// Reads a document once, from its beginning to its end.
struct Reader<'a> {
    numbers: Numbers<'a>,
    limits: &'a mut Limits,
    contains_nul: bool,
}

impl<'a> Reader<'a> {
    /// The reader of a value that is nested in `level` arrays and objects.
    fn at_level<'r>(&'r mut self, level: usize) -> ReadValue<'r, 'a> {
        ReadValue {
            reader: self,
            level,
        }
    }

    /// Counts an array or object that is nested in `level` others.
    fn count_collection(&mut self, level: usize) {
        self.limits.admit(level + 1);
    }

    fn is_within_limits(&self) -> bool {
        self.limits.exceeded.is_none()
    }

    fn copy_text(&mut self, text: &str) -> String {
        self.contains_nul |= text.contains('\0');
        text.to_owned()
    }

    fn count_scalar(&mut self, level: usize, value: Value) -> Value {
        self.limits.admit(level);
        value
    }

    fn next_number(&mut self, level: usize) -> Value {
        let text = self.numbers.next().unwrap_or_default();
        self.count_scalar(level, Value::Text(text))
    }
}

/// Reads one value.
struct ReadValue<'r, 'a> {
    reader: &'r mut Reader<'a>,
    level: usize,
}

impl<'de> DeserializeSeed<'de> for ReadValue<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ReadValue<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(self.reader.count_scalar(self.level, Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        let text = Value::Text(value.to_string());
        Ok(self.reader.count_scalar(self.level, text))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(self.reader.next_number(self.level))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(self.reader.next_number(self.level))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(self.reader.next_number(self.level))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        let text = Value::Text(self.reader.copy_text(text));
        Ok(self.reader.count_scalar(self.level, text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let Self { reader, level } = self;
        let mut values = Vec::new();
        reader.count_collection(level);
        while reader.is_within_limits() {
            match elements.next_element_seed(reader.at_level(level + 1))? {
                Some(value) => values.push(value),
                None => return Ok(Value::Array(values)),
            }
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let Self { reader, level } = self;
        let mut object = Object::default();
        reader.count_collection(level);
        while reader.is_within_limits() {
            let Some(name) = members.next_key::<String>()? else {
                return Ok(Value::Object(object));
            };
            reader.contains_nul |= name.contains('\0');
            let value = members.next_value_seed(reader.at_level(level + 1))?;
            object.insert(name, value);
        }
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Object(object))
    }
}

/// The numbers of a document as they are written, in their order. A number with a fraction or with
/// more than 64 bits would lose digits otherwise.
struct Numbers<'a> {
    rest: &'a [u8],
}

impl Iterator for Numbers<'_> {
    type Item = String;

    /// The next number outside a string. The text before it has been parsed, so it is valid JSON.
    fn next(&mut self) -> Option<String> {
        let mut is_in_string = false;
        let mut bytes = self.rest.iter().enumerate();
        let start = loop {
            match bytes.next()? {
                (_, b'\\') if is_in_string => drop(bytes.next()),
                (_, b'"') => is_in_string = !is_in_string,
                (at, b'-' | b'0'..=b'9') if !is_in_string => break at,
                _ => {}
            }
        };
        let is_part = |byte: &u8| matches!(byte, b'+' | b'-' | b'.' | b'E' | b'e' | b'0'..=b'9');
        let number = &self.rest[start..];
        let length = number.iter().take_while(|byte| is_part(byte)).count();
        let (number, rest) = number.split_at(length);
        self.rest = rest;
        Some(String::from_utf8_lossy(number).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    /// Reads a value from the raw text of each of its parts. This is slower for each level of
    /// nesting, but simple.
    fn read_raw_text(raw: &RawValue) -> Value {
        let text = raw.get();
        match text.as_bytes()[0] {
            b'n' => Value::Null,
            b'"' => Value::Text(serde_json::from_str(text).unwrap()),
            b'[' => {
                let elements: Vec<&RawValue> = serde_json::from_str(text).unwrap();
                Value::Array(elements.into_iter().map(read_raw_text).collect())
            }
            b'{' => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap();
                let mut object = Object::default();
                for (name, raw) in members {
                    object.insert(name, read_raw_text(raw));
                }
                Value::Object(object)
            }
            _ => Value::Text(text.to_owned()),
        }
    }

    /// Valid JSON whose strings look like numbers and delimiters.
    fn json() -> impl Strategy<Value = String> {
        let number = "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
        let string = "\"([ -!#-\\[\\]-~é]|\\\\[\"\\\\nt]|\\\\u00e9){0,6}\"";
        let scalar = prop_oneof![
            number.prop_map(|text| text),
            string.prop_map(|text| text),
            prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned),
        ];
        scalar.prop_recursive(5, 40, 6, |inner| {
            let member = (string.prop_map(|text| text), inner.clone());
            let member = member.prop_map(|(name, value)| format!("{name} : {value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..12)
                    .prop_map(|values| format!("[{}]", values.join(" ,"))),
                prop::collection::vec(member, 0..12)
                    .prop_map(|members| format!("{{{}}}", members.join(","))),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_is_read_as_it_is_written(text in json()) {
            let raw: &RawValue = serde_json::from_str(&text).unwrap();
            let document = format!("{{\"a\":{text}}}");
            let members = parse(document.as_bytes(), &mut Limits::default()).unwrap();
            prop_assert_eq!(members.get("a"), Some(&read_raw_text(raw)));
        }
    }
}
