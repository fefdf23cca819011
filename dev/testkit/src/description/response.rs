//! A response as the description has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::schema::Schema;
use super::seen::Seen;
use crate::reply::Reply;

/// A response of the description.
#[derive(Debug)]
pub(super) struct Response {
    /// The name of the component, or the operation with the status.
    pub(super) name: String,
    /// The headers.
    pub(super) headers: Vec<Header>,
    /// The schema of the body, by media type.
    pub(super) content: BTreeMap<String, Arc<Schema>>,
    /// The bodies in the examples.
    pub(super) examples: Vec<Value>,
}

/// A header of the description.
#[derive(Debug)]
pub(super) struct Header {
    /// The name.
    pub(super) name: String,
    /// Whether each response has it.
    pub(super) is_required: bool,
    /// Whether its value is an integer.
    pub(super) is_integer: bool,
}

impl Response {
    /// Compares a response with the description, and notes what it shows.
    pub(super) fn check(&self, reply: &Reply, seen: Option<&Seen>) -> Result<(), String> {
        if self.content.is_empty() {
            return self.check_without_body(reply, seen);
        }
        self.check_headers(reply, seen)?;
        let media_type = reply.header("content-type");
        let schema = self.content.get(media_type);
        let schema = schema.or_else(|| self.content.get(reply.media_type()));
        let schema = schema.ok_or_else(|| format!("its media type is '{media_type}'"))?;
        schema.check(&reply.body)?;
        if let Some(seen) = seen {
            seen.add(schema.properties(&reply.body));
        }
        Ok(())
    }

    /// Compares a response to HEAD with the description, and notes what it shows.
    pub(super) fn check_without_body(
        &self,
        reply: &Reply,
        seen: Option<&Seen>,
    ) -> Result<(), String> {
        self.check_headers(reply, seen)?;
        match reply.body {
            Value::Null => Ok(()),
            _ => Err("it has a body".to_owned()),
        }
    }

    fn check_headers(&self, reply: &Reply, seen: Option<&Seen>) -> Result<(), String> {
        for header in &self.headers {
            header.check(reply)?;
        }
        if let Some(seen) = seen {
            let headers = self.headers.iter();
            let headers = headers.filter(|header| header.is_in(reply));
            seen.add(headers.map(|header| self.part_of(header)));
            seen.add([self.part()]);
        }
        Ok(())
    }

    /// The response as a part of the description.
    pub(super) fn part(&self) -> String {
        format!("response {}", self.name)
    }

    fn part_of(&self, header: &Header) -> String {
        format!("response {}, header {}", self.name, header.name)
    }

    /// The response and its headers as parts of the description.
    pub(super) fn parts(&self) -> impl Iterator<Item = String> {
        let headers = self.headers.iter().map(|header| self.part_of(header));
        [self.part()].into_iter().chain(headers)
    }

    /// Whether the body is one of the examples.
    pub(super) fn has_example(&self, body: &Value) -> bool {
        self.examples.contains(body)
    }
}

impl Header {
    fn is_in(&self, reply: &Reply) -> bool {
        reply.has_header(&self.name.to_ascii_lowercase())
    }

    fn check(&self, reply: &Reply) -> Result<(), String> {
        let name = &self.name;
        if !self.is_in(reply) {
            return if self.is_required {
                Err(format!("it lacks the header {name}"))
            } else {
                Ok(())
            };
        }
        let value = reply.header(&name.to_ascii_lowercase());
        if self.is_integer && value.parse::<i64>().is_err() {
            return Err(format!("its header {name} is no integer: '{value}'"));
        }
        Ok(())
    }
}
