//! Builds the events that an API Gateway HTTP API sends to the function.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::seed;

/// An HTTP API event, payload format version 2.0.
pub struct Event {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    is_base64: bool,
}

impl Event {
    /// An event with the documentation's token and no body. `target` is the raw path, optionally
    /// followed by `?` and the raw query string.
    pub fn new(method: &str, target: &str) -> Self {
        let headers = [
            ("host", "links.example.com"),
            ("private-token", seed::TOKEN),
        ];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: None,
            is_base64: false,
        }
    }

    /// Removes the token.
    pub fn anonymous(mut self) -> Self {
        self.headers.remove("private-token");
        self
    }

    /// Removes the token and all other headers.
    pub fn without_headers(mut self) -> Self {
        self.headers.clear();
        self
    }

    /// Replaces the token.
    pub fn token(self, token: &str) -> Self {
        self.header("private-token", token)
    }

    /// Replaces the method.
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// Adds to the path of a target without a query string.
    pub fn suffix(mut self, suffix: &str) -> Self {
        self.target += suffix;
        self
    }

    /// Adds to the query string.
    pub fn query(mut self, query: &str) -> Self {
        self.target
            .push(if self.target.contains('?') { '&' } else { '?' });
        self.target += query;
        self
    }

    /// The raw path, and `?` with the raw query string if there is one.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Replaces the path and the query string.
    pub fn at(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// Sets a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets a Base64-encoded body, which is how gateways send forms.
    pub fn body(mut self, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(STANDARD.encode(body));
        self.is_base64 = true;
        self.header("content-type", content_type)
    }

    /// Sets a form body.
    pub fn form(self, body: &str) -> Self {
        self.body("application/x-www-form-urlencoded", body)
    }

    /// Sets a JSON body.
    pub fn json(self, body: Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// The body that [`Self::json`] has set, or null.
    ///
    /// # Panics
    ///
    /// The body is not JSON.
    pub fn json_body(&self) -> Value {
        let body = self.body.as_ref();
        let body = body.map(|body| STANDARD.decode(body).unwrap());
        body.map_or(Value::Null, |body| serde_json::from_slice(&body).unwrap())
    }

    /// Sets the event's body fields verbatim, even to an invalid combination.
    pub fn raw_body(mut self, body: &str, is_base64: bool) -> Self {
        self.body = Some(body.to_owned());
        self.is_base64 = is_base64;
        self
    }
}

impl From<Event> for Value {
    fn from(event: Event) -> Self {
        let (path, query) = event.target.split_once('?').unwrap_or((&event.target, ""));
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": event.headers, "body": event.body, "isBase64Encoded": event.is_base64,
            "requestContext": {
                "accountId": "123456789012", "apiId": "api", "domainName": "links.example.com",
                "stage": "$default", "requestId": "id", "routeKey": "$default",
                "time": "10/Mar/2020:05:16:23 +0000", "timeEpoch": 1_583_817_383_220_u64,
                "http": {
                    "method": event.method, "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1",
                },
            },
        })
    }
}
