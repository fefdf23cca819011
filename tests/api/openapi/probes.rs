//! Requests with one parameter of the description.

use release_links::operations::{Content, Facts, Found, OPERATIONS, parse_path};
use serde_json::{Value, json};

use testkit::app::TestApp;
use testkit::description::{Operation, Parameter};
use testkit::event::Event;
use testkit::reply::Reply;

use super::{BELOW, is_open};
use crate::cases::{Case, case, create_project_with_one_release};

/// Other values of parameters for which any text is valid, and the status that shows that they were
/// read. A project or a file that does not exist is not found; the redirect repeats the rest of the
/// path; only JSON is acceptable; and `*` is every entity tag.
const READ: [(&str, &str, u64); 6] = [
    ("id in path", "999", 404),
    ("direct_asset_path in path", "missing", 404),
    ("filepath in path", "missing", 404),
    ("suffix_path in path", "other/end", 302),
    ("format in query", "xml", 406),
    ("If-None-Match in header", "*", 304),
];

/// The service ignores these filters of GitLab (R85).
pub const IGNORED: [&str; 2] = ["updated_before", "updated_after"];

/// The row that serves an operation of the description.
pub fn facts_of(operation: &Operation) -> &'static Facts {
    let mut rows = OPERATIONS.iter().map(|row| row.facts);
    let found = rows.find(|facts| {
        let path = facts.path.to_string();
        let is_short = is_open(facts) && path.starts_with(&format!("{}/{{", operation.path));
        let method = facts.method.as_str();
        let is_method = match operation.method.as_str() {
            "HEAD" | "OPTIONS" => method == "GET",
            other => method == other,
        };
        is_method && (path == operation.path || is_short)
    });
    found.unwrap_or_else(|| panic!("no row has the operation {}", operation.name()))
}

/// The type of a schema, besides null.
fn kind(schema: &Value) -> Option<&str> {
    schema["type"].as_str().or(schema["type"][0].as_str())
}

/// Values that the description allows. `None` is the value that the case of the operation has.
pub fn valid_values(parameter: &Parameter) -> Vec<Option<Value>> {
    let schema = &parameter.schema;
    if parameter.place == "path" || parameter.is_required {
        return vec![None];
    }
    let values = match kind(schema) {
        _ if schema["enum"].is_array() => schema["enum"].as_array().cloned().unwrap_or_default(),
        _ if schema["default"].is_number() => vec![schema["default"].clone()],
        Some("boolean") => vec![json!(true), json!(false)],
        Some("integer") => vec![schema["minimum"].clone()],
        Some("array") => vec![json!([])],
        Some("object") => return vec![None],
        Some("string") if schema["format"] == "date-time" => vec![json!("2030-01-01T00:00:00Z")],
        Some("string") if schema["format"] == "uri" => vec![json!("https://example.com/text")],
        Some("string") if schema["pattern"] == "^/" => vec![json!("/text")],
        Some("string") if parameter.name.ends_with("digest") => {
            let digits = "0".repeat(64);
            vec![json!(digits), json!(format!("sha256:{digits}"))]
        }
        Some("string") => vec![json!("text")],
        other => panic!("{} has the type {other:?}", parameter.part()),
    };
    values.into_iter().map(Some).collect()
}

/// A value that the service refuses, with the status. A status of 400 names the parameter.
pub fn refused_value(parameter: &Parameter) -> (Value, u64) {
    let place = format!("{} in {}", parameter.name, parameter.place);
    if let Some((_, value, status)) = READ.iter().find(|(other, ..)| *other == place) {
        return (json!(value), *status);
    }
    let schema = &parameter.schema;
    let value = match kind(schema) {
        Some("array") => json!({ "a": "b" }),
        Some("string") if parameter.place == "body" => json!(["text"]),
        Some("string") if schema["enum"].is_null() => {
            let max = schema["maxLength"].as_u64();
            let max = max.unwrap_or_else(|| panic!("any {place} is valid"));
            json!("t".repeat(usize::try_from(max).unwrap() + 1))
        }
        _ => json!("none"),
    };
    (value, 400)
}

/// The case of an operation that reads this parameter.
fn case_with(facts: &Facts, parameter: &Parameter) -> &'static Case {
    match (facts.content, &*parameter.name) {
        // A redirect to the URL of a link has no entity tag.
        (Content::Download, "If-None-Match") => case("download of SHA256SUMS"),
        _ => case(facts.name),
    }
}

/// Sends the case of an operation with one other parameter.
pub struct Probes {
    app: TestApp,
    count: usize,
}

impl Probes {
    /// Starts the service.
    pub async fn start() -> Self {
        let app = TestApp::start().await;
        create_project_with_one_release(&app).await;
        Self { app, count: 0 }
    }

    /// The status of a success.
    pub fn success(&self, operation: &Operation, parameter: &Parameter) -> u64 {
        match operation.method.as_str() {
            "OPTIONS" => 204,
            _ => case_with(facts_of(operation), parameter).success,
        }
    }

    /// Sends a request with this value of the parameter, or with that of the case.
    pub async fn send(
        &mut self,
        operation: &Operation,
        parameter: &Parameter,
        value: Option<&Value>,
    ) -> Reply {
        let facts = facts_of(operation);
        let event = self.event(case_with(facts, parameter)).await;
        let event = if is_open(facts) && operation.path.ends_with('}') {
            event.suffix(BELOW)
        } else {
            event
        };
        let event = match value {
            Some(value) => with(event, facts, parameter, value),
            None => event,
        };
        self.app.send(event.method(&operation.method)).await
    }

    async fn event(&mut self, case: &Case) -> Event {
        self.count += 1;
        let subject = case.prepare(&self.app, format!("p{}", self.count)).await;
        case.event(&subject)
    }
}

/// The request with this value of the parameter.
fn with(event: Event, facts: &Facts, parameter: &Parameter, value: &Value) -> Event {
    let name = &parameter.name;
    let text = value.as_str().map_or(value.to_string(), str::to_owned);
    match parameter.place.as_str() {
        "query" => event.query(&format!("{name}={text}")),
        "header" => event.header(name, &text),
        "path" => {
            let Ok(Found::Endpoint(endpoint)) = parse_path(&facts.method, event.target()) else {
                panic!("the case of {} has no path of it", facts.name);
            };
            let captures: Vec<_> = endpoint.captures.iter().collect();
            let values = captures.iter().map(|(other, found)| {
                let value = if other == name { &text } else { found };
                (*other, value.as_str())
            });
            let path = facts.path.fill(&values.collect::<Vec<_>>());
            event.at(&path)
        }
        "body" => {
            let mut body = event.json_body();
            *member(&mut body, name) = value.clone();
            event.json(body)
        }
        place => panic!("{place} is no place of a parameter"),
    }
}

/// The member of a body with a name such as `assets.links[].name`.
fn member<'a>(body: &'a mut Value, name: &str) -> &'a mut Value {
    name.split('.')
        .fold(body, |object, name| match name.strip_suffix("[]") {
            None => &mut object[name],
            Some(name) => &mut object[name][0],
        })
}
