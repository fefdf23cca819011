//! The documented requests, which are in `events/`, with their responses from `tests/events.json`.
//! Tests send each of them to the service.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use release_links::http::Method;
use release_links::operations::{self, Facts, Found};
use serde::Deserialize;
use url::form_urlencoded;

use crate::json::Json;
use crate::model::Map;

/// The service in the examples.
pub(crate) const HOST: &str = "https://links.example.com";

/// A documented request and its response.
pub(crate) struct Exchange {
    /// The name of the operation.
    operation: &'static str,
    /// The parameters of the path.
    pub(crate) captures: Map<String>,
    /// The body of the request.
    pub(crate) request: Option<Json>,
    /// The status of the response.
    pub(crate) status: u16,
    /// The body of the response.
    pub(crate) response: Json,
    /// The header `Location` of the response.
    pub(crate) location: Option<Json>,
}

/// The exchanges, in the order of `tests/events.json`.
pub(crate) struct Exchanges(Vec<Exchange>);

#[derive(Deserialize)]
struct Expected {
    event: String,
    status: u16,
    #[serde(default)]
    headers: Map<Json>,
    #[serde(default)]
    body: Option<Json>,
}

impl Exchanges {
    /// Reads the files.
    pub(crate) fn read() -> Self {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let read = |path: String| fs::read_to_string(path).expect("the file is in the repository");
        let expected = read(format!("{root}/tests/events.json"));
        // Some times and all URLs are those of the test.
        let expected = expected.replace("<time>", "2026-11-25T15:43:42.119Z");
        let expected = expected.replace("http://127.0.0.1:9000", HOST);
        let expected: Vec<Expected> = serde_json::from_str(&expected).expect("it is JSON");
        let exchanges = expected.into_iter().filter_map(|expected| {
            let event = read(format!("{root}/events/{}.json", expected.event));
            let event = serde_json::from_str(&event).expect("an event is JSON");
            Exchange::read(&event, expected)
        });
        Self(exchanges.collect())
    }

    /// The body of a request for an operation that succeeds.
    pub(crate) fn request(&self, facts: &Facts) -> Option<&Json> {
        let mut successes = self.of(facts).filter(|one| one.status < 300);
        successes.find_map(|one| one.request.as_ref())
    }

    /// Those of an operation.
    fn of(&self, facts: &Facts) -> impl Iterator<Item = &Exchange> {
        self.0.iter().filter(|one| one.operation == facts.name)
    }

    /// The first request for an operation with this path that does not fail.
    pub(crate) fn success(&self, facts: &Facts, path: &str) -> Option<&Exchange> {
        let mut successes = self.of(facts).filter(|one| one.status < 400);
        successes.find(|one| one.has_the_parameters_of(path))
    }

    /// The first request for an operation whose response has this status.
    pub(crate) fn with_status(&self, facts: &Facts, status: u16) -> Option<&Exchange> {
        self.of(facts).find(|one| one.status == status)
    }

    /// A value of a parameter of this path: that of the request whose response is the example, or
    /// another one for the same operation.
    pub(crate) fn value(&self, facts: &Facts, path: &str, name: &str) -> Option<&String> {
        let requests = self.success(facts, path).into_iter().chain(self.of(facts));
        let mut values = requests.filter_map(|one| one.captures.get(name));
        values.find(|value| !value.is_empty())
    }

    /// A value of a parameter of any path.
    pub(crate) fn capture(&self, name: &str) -> Option<&String> {
        let mut values = self.0.iter().filter_map(|one| one.captures.get(name));
        values.find(|value| !value.is_empty())
    }
}

impl Exchange {
    /// The exchange of an event of an HTTP API; `None` for other events and unknown routes.
    fn read(event: &Json, expected: Expected) -> Option<Self> {
        let text = |json: Option<&Json>| json.and_then(Json::as_str).map(str::to_owned);
        let path = text(event.get("rawPath"))?;
        let http = event.get("requestContext")?.get("http")?;
        let method: Method = text(http.get("method"))?.parse().ok()?;
        let Ok(Found::Endpoint(endpoint)) = operations::parse_path(&method, &path) else {
            return None;
        };
        let names = endpoint.captures.iter();
        Some(Self {
            operation: endpoint.row.facts.name,
            captures: names.map(|(name, text)| (name.to_owned(), text)).collect(),
            request: text(event.get("body")).and_then(|body| read_body(event, body)),
            status: expected.status,
            location: location(event, expected.headers.get("location")),
            response: expected.body.unwrap_or(Json::Null),
        })
    }

    /// Whether its path has a value for each parameter of this path, and for no other.
    fn has_the_parameters_of(&self, path: &str) -> bool {
        let mut captures = self.captures.iter();
        captures.all(|(name, value)| value.is_empty() != path.contains(&format!("{{{name}}}")))
    }
}

/// The target of a redirect without the query, which the redirect repeats.
fn location(event: &Json, location: Option<&Json>) -> Option<Json> {
    let query = event.get("rawQueryString")?.as_str()?;
    let location = location?.as_str()?;
    let location = location.trim_end_matches(&format!("?{query}"));
    Some(Json::String(location.to_owned()))
}

/// A body in JSON or in the encoding of forms; `None` for a multipart body.
fn read_body(event: &Json, body: String) -> Option<Json> {
    let body = match event.get("isBase64Encoded") {
        Some(Json::Bool(true)) => String::from_utf8(STANDARD.decode(body).ok()?).ok()?,
        _ => body,
    };
    if body.starts_with('{') {
        return serde_json::from_str(&body).ok();
    }
    if body.starts_with("--") {
        return None;
    }
    let pairs = form_urlencoded::parse(body.as_bytes());
    let members = pairs.map(|(name, value)| (name.into_owned(), Json::String(value.into_owned())));
    Some(Json::Object(members.collect()))
}
