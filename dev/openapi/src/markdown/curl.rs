//! The examples of requests, as commands of curl.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::examples::HOST;
use crate::json::Json;
use crate::markdown::access;
use crate::markdown::entries::Entry;
use crate::markdown::text::{plain, pretty};
use crate::model::{Document, Operation, Parameter};

/// What a segment of a path encodes: all but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// What several segments encode.
const SEGMENTS: &AsciiSet = &SEGMENT.remove(b'/');

/// The command.
pub(super) fn command(document: &Document, entry: &Entry<'_>) -> String {
    let mut arguments = Vec::new();
    if entry.method != "GET" {
        arguments.push(format!("--request {}", entry.method));
    }
    arguments.extend(token(document, entry.operation()).map(|token| header(&token)));
    let examples = entry.parameters().filter_map(|(parameter, _)| {
        let example = parameter.example.as_ref().map(plain)?;
        (parameter.place == "header").then(|| format!("{}: {example}", parameter.name))
    });
    arguments.extend(examples.map(|example| header(&example)));
    let body = entry.body().and_then(|(_, example)| example);
    arguments.extend(body.map(|_| header("Content-Type: application/json")));
    arguments.push(format!("--url \"{HOST}{}\"", target(entry)));
    arguments.extend(body.map(data));
    format!("curl {}", arguments.join(" \\\n  "))
}

fn header(text: &str) -> String {
    format!("--header \"{text}\"")
}

/// The first way to send a token, if the operation takes one.
fn token(document: &Document, operation: &Operation) -> Option<String> {
    let (name, _) = operation.security.first()?.first()?;
    Some(access::header(&document.components.security_schemes[name]))
}

/// The body, quoted for a shell.
fn data(body: &Json) -> String {
    let text = pretty(body).replace('\n', "\n  ");
    format!("--data {}", shell_words::quote(&text))
}

/// The path and the query, with the examples of the parameters.
fn target(entry: &Entry<'_>) -> String {
    let parameters: Vec<_> = entry.parameters().map(|(parameter, _)| parameter).collect();
    let path = entry.example_path().to_owned();
    let is_api = path.starts_with("/api/");
    let examples = parameters.iter().filter(|one| one.place == "path");
    let path = examples.fold(path, |path, parameter| {
        let segments = encoded(is_api, parameter);
        path.replace(&format!("{{{}}}", parameter.name), &segments)
    });
    let pairs = parameters.iter().filter(|one| one.place == "query");
    let pairs = pairs.filter_map(|one| one.example.as_ref().map(|json| (&one.name, plain(json))));
    let pairs =
        pairs.map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, SEGMENT)));
    let pairs: Vec<_> = pairs.collect();
    let mark = if pairs.is_empty() { "" } else { "?" };
    format!("{path}{mark}{}", pairs.join("&"))
}

/// The example of a parameter of the path. A parameter with several segments is called a path, and
/// the project on the web is its path.
fn encoded(is_api: bool, parameter: &Parameter) -> String {
    let example = parameter.example.as_ref().map(plain).unwrap_or_default();
    let has_segments = parameter.name.ends_with("path") || (!is_api && parameter.name == "id");
    let set = if has_segments { SEGMENTS } else { SEGMENT };
    utf8_percent_encode(&example, set).to_string()
}
