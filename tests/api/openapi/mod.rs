//! The description of the API, `docs/openapi.json`, is complete and true. The test kit compares each
//! response of each test with it. Here, requests show everything that it describes.

mod probes;
mod served;

use std::collections::BTreeSet;

use release_links::http::params::{Kind, Param, Place};
use release_links::operations::{Facts, Format};
use serde_json::Value;

use testkit::app::TestApp;
use testkit::description::{Parameter, Seen, documented, operations, wrong_examples};
use testkit::event::Event;

use crate::cases::{CASES, create_project_with_one_release};
use crate::status_requests::{Apps, Line, Request, lines_of};
use probes::{IGNORED, Probes, facts_of, refused_value, valid_values};

/// Why no response shows this part of the description, if none can.
fn reason_not_to_see(part: &str) -> Option<&'static str> {
    if part.ends_with(", status 429") || part.contains("TooManyRequests") {
        return Some("API Gateway returns it before it invokes the function");
    }
    if part.ends_with(" /{id}, status 404") {
        return Some("a path that names no project belongs to no operation");
    }
    if part.ends_with(", status 414") {
        return Some("the service returns it before it looks for the operation");
    }
    None
}

#[tokio::test]
async fn requests_show_every_part_of_the_description() {
    let seen = Seen::default();
    show_statuses(&seen).await;
    show_cases(&seen).await;
    let refused = show_parameters(&seen).await;
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    let unseen = &documented() - &seen.parts();
    let unseen: Vec<String> = unseen
        .into_iter()
        .filter(|part| reason_not_to_see(part).is_none())
        .collect();
    assert!(
        unseen.is_empty(),
        "docs/openapi.json describes what no response shows. Add a request, such as a line in \
         tests/api/statuses.txt, or correct what `make openapi` reads:\n{}",
        unseen.join("\n")
    );
}

/// What may follow the path of an operation that leaves its end open.
const BELOW: &str = "/downloads/bin/app";

fn is_open(facts: &Facts) -> bool {
    let mut params = facts.params.iter();
    params.any(|param| param.place == Place::Path && !param.is_required)
}

/// Sends the requests of `statuses.txt`, also with HEAD, and OPTIONS.
async fn show_statuses(seen: &Seen) {
    let apps = Apps::start().await.collecting(seen);
    let mut count = 0;
    for operation in operations() {
        let facts = facts_of(operation);
        let mut lines = lines_of(facts);
        if operation.method == "OPTIONS" {
            lines.retain(|line| matches!(line.status, 200..400 | 413));
        }
        for line in lines {
            count += 1;
            let tag = format!("o{count}");
            let mut request = Request::new(&apps, facts, tag, line).await;
            if is_open(facts) && operation.path.ends_with('}') {
                request.below(BELOW);
            }
            if facts.method.as_str() != operation.method {
                request.with(|event| event.method(&operation.method));
            }
            let reply = request.send().await;
            let Line { status, words, .. } = line;
            let is_same = reply.status == status || operation.method != facts.method.as_str();
            assert!(is_same, "{}, {words}: {reply:?}", operation.name());
        }
    }
}

/// Sends the requests of all cases, and requests to version 3 of the API.
async fn show_cases(seen: &Seen) {
    let app = TestApp::start().await.collecting(seen);
    create_project_with_one_release(&app).await;
    for (index, case) in CASES.iter().enumerate() {
        let subject = case.prepare(&app, format!("c{index}")).await;
        let reply = app.send(case.event(&subject)).await;
        assert_eq!(reply.status, case.success, "{}", case.name);
    }
    for method in ["GET", "HEAD"] {
        let reply = app.send(Event::new(method, "/api/v3/projects")).await;
        assert_eq!(reply.status, 410);
    }
}

/// Sends each parameter with each of its values. Returns the requests that do not succeed.
async fn show_parameters(seen: &Seen) -> Vec<String> {
    let mut probes = Probes::start().await;
    let mut wrong = Vec::new();
    for operation in operations() {
        for parameter in &operation.parameters {
            for value in valid_values(parameter) {
                let part = operation.parameter(parameter);
                let reply = probes.send(operation, parameter, value.as_ref()).await;
                if reply.status == probes.success(operation, parameter) {
                    seen.add([part]);
                } else {
                    wrong.push(format!("{part}, value {value:?}: {reply:?}"));
                }
            }
        }
    }
    wrong
}

/// OPTIONS reads nothing but the shape of the path.
#[tokio::test]
async fn each_documented_parameter_is_read() {
    let mut probes = Probes::start().await;
    let mut wrong = Vec::new();
    for operation in operations().iter().filter(|one| one.method != "OPTIONS") {
        let parameters = operation.parameters.iter();
        // On a page for people, any other number of a page counts as 1.
        let is_lenient =
            |one: &Parameter| one.name == "page" && !operation.path.starts_with("/api");
        let parameters = parameters.filter(|one| !is_lenient(one));
        for parameter in parameters.filter(|one| !IGNORED.contains(&&*one.name)) {
            let (value, status) = refused_value(parameter);
            let reply = probes.send(operation, parameter, Some(&value)).await;
            let name = parameter.name.replace("[]", ".0");
            let (object, members) = name.split_once('.').unwrap_or((&name, ""));
            let members = members.split('.').filter(|member| !member.is_empty());
            let name = members.fold(object.to_owned(), |name, member| {
                format!("{name}[{member}]")
            });
            let is_read = match status {
                302 => reply.header("location").ends_with(value.as_str().unwrap()),
                400 if operation.method == "HEAD" || reply.media_type() == "text/html" => true,
                400 => reply.body.to_string().contains(&name),
                _ => true,
            };
            if reply.status != status || !is_read {
                let part = operation.parameter(parameter);
                wrong.push(format!(
                    "{part}: {value} does not lead to {status}, but to {reply:?}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "docs/openapi.json describes parameters that the service does not read:\n{}",
        wrong.join("\n")
    );
}

/// The names of parameters with their members, such as `assets.links[].name`.
fn names(object: &str, params: &[Param], found: &mut BTreeSet<String>) {
    for param in params {
        let place = match param.place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
            Place::Body => "body",
        };
        let name = format!("{object}{}", param.name);
        found.insert(format!("parameter {name} in {place}"));
        match param.kind {
            Kind::Object(members) => names(&format!("{name}."), members, found),
            Kind::Objects(members, _) => names(&format!("{name}[]."), members, found),
            _ => {}
        }
    }
}

#[test]
fn each_declared_parameter_is_documented() {
    for operation in operations().iter().filter(|one| one.method != "OPTIONS") {
        let facts = facts_of(operation);
        let mut declared = BTreeSet::new();
        names("", facts.params, &mut declared);
        if facts.format != Format::Ignored {
            declared.insert("parameter format in query".to_owned());
        }
        if operation.has_status(304) {
            declared.insert("parameter If-None-Match in header".to_owned());
        }
        // The description has a path of its own without the end that may be left out.
        let is_elsewhere = |part: &String| {
            part.ends_with(" in path") && {
                let name = part.split(' ').nth(1).unwrap_or_default();
                !operation.path.contains(&format!("{{{name}}}"))
            }
        };
        declared.retain(|part| !is_elsewhere(part));
        let parameters = operation.parameters.iter();
        let documented: BTreeSet<String> = parameters.map(Parameter::part).collect();
        assert_eq!(
            documented,
            declared,
            "docs/openapi.json, left, has other parameters of {} than the row of the operation: \
             write it with `make openapi`",
            operation.name()
        );
    }
}

#[test]
fn each_example_is_valid() {
    let wrong = wrong_examples();
    assert!(
        wrong.is_empty(),
        "docs/openapi.json has examples that its schemas do not allow:\n{}",
        wrong.join("\n")
    );
}

/// The targets of all references.
fn references(json: &Value, found: &mut BTreeSet<String>) {
    match json {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            found.extend(target.map(str::to_owned));
            members.values().for_each(|one| references(one, found));
        }
        Value::Array(items) => items.iter().for_each(|one| references(one, found)),
        _ => {}
    }
}

/// The response to version 3 of the API, which has no path in the description.
const WITHOUT_A_PATH: &str = "Gone";

#[test]
fn each_component_is_used() {
    let document = include_str!("../../../docs/openapi.json");
    let document: Value = serde_json::from_str(document).unwrap();
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    for (kind, components) in document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys() {
            let is_used = used.contains(&format!("#/components/{kind}/{name}"));
            let is_exception = kind == "securitySchemes" || name == WITHOUT_A_PATH;
            assert!(
                is_used || is_exception,
                "docs/openapi.json has {kind}/{name}, which nothing uses"
            );
        }
    }
}
