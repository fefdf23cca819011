//! Parses the function's responses, and checks the properties that all of them share.

use std::collections::BTreeMap;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use release_links::excerpt::MAX_ERROR_BYTES;
use release_links::http::headers::EXPOSED;
use serde_json::{Value, json};

/// The headers that scripts of other origins can always read, or have no use for.
const NOT_EXPOSED: [&str; 17] = [
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "allow",
    "cache-control",
    "content-encoding",
    "content-security-policy",
    "content-type",
    "referrer-policy",
    "retry-after",
    "vary",
    "www-authenticate",
    "x-content-type-options",
    "x-frame-options",
    "x-gitlab-meta",
    "x-runtime",
];

/// The media type of a feed.
const FEED: &str = "application/atom+xml";

/// The size of what every page contains, whatever the request.
fn style_and_script(text: &str) -> usize {
    let size = |start: &str, end: &str| {
        let (_, rest) = text.split_once(start)?;
        Some(rest.split_once(end)?.0.len())
    };
    let is_page = text.starts_with("<!DOCTYPE html>");
    let sizes = [("<style>", "</style>"), ("<script>", "</script>")];
    let sizes = sizes
        .into_iter()
        .filter_map(|(start, end)| size(start, end));
    sizes.filter(|_| is_page).sum()
}

/// The text of the body, which may be in base64 and compressed.
fn body_text(response: &Value, headers: &BTreeMap<String, String>) -> String {
    let body = response["body"].as_str().unwrap_or_default();
    // lambda_http also declares the missing body of a HEAD request as base64.
    if body.is_empty() || response["isBase64Encoded"] != true {
        return body.to_owned();
    }
    let bytes = STANDARD.decode(body).expect("the event says so");
    let mut text = String::new();
    match headers.get("content-encoding").map(String::as_str) {
        Some("gzip") => GzDecoder::new(&*bytes).read_to_string(&mut text),
        other => panic!("a body in base64 is compressed with gzip, not {other:?}"),
    }
    .unwrap();
    text
}

/// A response that has passed the checks for all responses.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u64,
    headers: BTreeMap<String, String>,
    /// The body: JSON, a string for plain text, or null if there is none.
    pub body: Value,
    /// The DynamoDB calls that the service made for it. If the app handled other requests at the
    /// same time, their calls are among them.
    calls: Vec<String>,
}

impl Reply {
    #[track_caller]
    pub(crate) fn read(response: &Value) -> Self {
        let mut headers = BTreeMap::new();
        for field in ["headers", "multiValueHeaders"] {
            for (name, value) in response[field].as_object().into_iter().flatten() {
                let value = value.as_str().or_else(|| value[0].as_str()).unwrap();
                headers.insert(name.clone(), value.to_owned());
            }
        }
        let text = body_text(response, &headers);
        let media_type = headers.get("content-type").map_or("", String::as_str);
        let is_text = !media_type.starts_with("application/json");
        let body = match text.as_str() {
            "" => Value::Null,
            text if is_text => json!(text),
            text => serde_json::from_str(text).expect("the body is JSON"),
        };
        let status = response["statusCode"].as_u64().unwrap();
        assert!(
            status < 300 || text.len() <= MAX_ERROR_BYTES + style_and_script(&text),
            "no body but that of a success is large: {}",
            text.len()
        );
        let reply = Self {
            status,
            headers,
            body,
            calls: Vec::new(),
        };
        reply.check();
        reply
    }

    #[track_caller]
    fn check(&self) {
        self.check_exposed();
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(
            self.header("x-request-id"),
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
        );
        assert_eq!(
            self.header("x-gitlab-meta"),
            r#"{"correlation_id":"8476a536-e9f4-11e8-9739-2dfe598c3fcd","version":"1"}"#
        );
        let (seconds, milliseconds) = self
            .header("x-runtime")
            .split_once('.')
            .expect("seconds with a fraction");
        assert!(
            seconds.parse::<u64>().is_ok() && milliseconds.len() == 3,
            "no finer than a millisecond: {self:?}"
        );
        if !self.body.is_null() {
            let expected: &[&str] = match self.status {
                301 | 302 => &["text/plain"],
                400.. => &["application/json", "text/html"],
                _ => &["application/json", "text/html", "text/plain", FEED],
            };
            assert!(expected.contains(&self.media_type()), "{self:?}");
        }
        if self.status >= 400 {
            assert_eq!(self.header("cache-control"), "no-cache");
            let envelope = ["error", "message"]
                .iter()
                .filter(|name| self.body.get(**name).is_some())
                .count();
            let is_page = self.media_type() == "text/html";
            assert!(self.body.is_null() || is_page || envelope == 1, "{self:?}");
        }
    }

    /// The media type without its parameters.
    #[must_use]
    pub fn media_type(&self) -> &str {
        let value = self.header("content-type");
        value.split(';').next().unwrap_or_default()
    }

    #[track_caller]
    fn check_exposed(&self) {
        for name in self.headers.keys() {
            let mut exposed = EXPOSED.split(", ");
            let is_exposed = exposed.any(|other| other.eq_ignore_ascii_case(name));
            assert!(
                is_exposed || NOT_EXPOSED.contains(&name.as_str()),
                "scripts of other origins cannot read {name}"
            );
        }
    }

    pub(crate) fn with_calls(mut self, calls: Vec<String>) -> Self {
        self.calls = calls;
        self
    }

    /// The headers whose names begin with this, in lower case.
    pub fn headers_with_prefix(&self, prefix: &str) -> BTreeMap<String, String> {
        let headers = self.headers.iter();
        let headers = headers.filter(|(name, _)| name.starts_with(prefix));
        headers
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Removes what differs between otherwise identical responses: the time that the request took,
    /// and its calls.
    pub fn without_runtime(mut self) -> Self {
        self.headers.remove("x-runtime");
        self.calls.clear();
        self
    }

    /// Returns the value of a header, or an empty string if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Whether the response has this header.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// Asserts the status and the body.
    #[track_caller]
    pub fn assert(&self, status: u64, body: Value) {
        assert_eq!((self.status, &self.body), (status, &body), "{self:?}");
    }

    /// The DynamoDB calls that the request took.
    pub fn calls(&self) -> &[String] {
        &self.calls
    }

    /// Asserts the status and the DynamoDB calls that the request took.
    #[track_caller]
    pub fn assert_calls(&self, status: u64, calls: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.calls, calls, "{self:?}");
    }

    /// Asserts the status and an error body with the envelope `error`.
    #[track_caller]
    pub fn assert_error(&self, status: u64, text: &str) {
        self.assert(status, json!({ "error": text }));
    }

    /// Returns the link IDs of a list response.
    pub fn ids(&self) -> Vec<u64> {
        self.body
            .as_array()
            .unwrap()
            .iter()
            .map(|link| link["id"].as_u64().unwrap())
            .collect()
    }
}
