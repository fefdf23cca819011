//! The responses to requests that fail.

use crate::errors::plain_name;
use crate::json::Json;
use crate::markdown::attributes;
use crate::markdown::entries::Entry;
use crate::markdown::schema;
use crate::markdown::shared::Shared;
use crate::markdown::text::{Contents, block, code, heading, link, pretty, table, with_links};
use crate::model::{Map, Response};

const TITLE: &str = "Errors";

/// The section about errors.
pub(super) fn section(
    shared: &Shared<'_>,
    entries: &[Entry<'_>],
    contents: &mut Contents,
) -> String {
    let mut errors: Map<&str> = Map::new();
    for (status, name) in entries.iter().flat_map(Entry::shared_responses) {
        if status.as_str() >= "400" {
            // That of the API comes first.
            errors.entry(status.clone()).or_insert(name);
        }
    }
    errors.sort_keys();
    let responses = &shared.document.components.responses;
    let sections = errors
        .iter()
        .map(|(status, name)| one(status, name, &responses[*name]));
    let sections: String = sections.collect();
    format!(
        "{}Nearly all operations may return {}. The body of an error is one of these objects:\n\n\
         {}{sections}",
        contents.section(TITLE),
        shared.errors.join(", "),
        envelopes(&errors, shared)
    )
}

/// The table of the bodies.
fn envelopes(errors: &Map<&str>, shared: &Shared<'_>) -> String {
    let responses = &shared.document.components.responses;
    let contents = errors
        .values()
        .flat_map(|name| responses[*name].content.values());
    let mut found: Map<&Json> = Map::new();
    for content in contents {
        let alternatives = schema::alternatives(&content.schema);
        for reference in alternatives.chain([&content.schema]) {
            if let Some((name, target)) = shared.target(reference) {
                found.insert(name.to_owned(), target);
            }
        }
    }
    let rows = found.into_iter().map(|(_, schema)| {
        let members = attributes::of(schema, shared, attributes::REQUEST);
        let members = members.iter().map(|member| {
            let absent = if member.is_required {
                ""
            } else {
                ", may be absent"
            };
            format!("{} ({}{absent})", code(&member.name), member.kind(shared))
        });
        let members: Vec<_> = members.collect();
        let description = schema.get("description").and_then(Json::as_str);
        [
            members.join(", "),
            with_links(description.unwrap_or_default()),
        ]
    });
    table(["Attributes", "Description"], rows)
}

/// The heading of an error: "404 Not Found".
fn title(status: &str, name: &str) -> String {
    let mut title = status.to_owned();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            title.push(' ');
        }
        title.push(letter);
    }
    title.replace("Uri", "URI")
}

/// A link to an error.
pub(super) fn link_to(status: &str, name: &str) -> String {
    link(status, &title(status, plain_name(name)))
}

/// A link to the section.
pub(super) fn link_to_all(text: &str) -> String {
    link(text, TITLE)
}

fn one(status: &str, name: &str, response: &Response) -> String {
    let examples = response.content.values();
    let examples = examples.flat_map(|content| &content.examples);
    let examples: Vec<_> = examples.collect();
    let bodies = match &examples[..] {
        [(_, example)] => block("json", &pretty(&example.value)),
        examples => {
            let rows = examples.iter().map(|(case, example)| {
                let body = serde_json::to_string(&example.value).expect("JSON serializes");
                [(*case).clone(), code(&body)]
            });
            table(["Case", "Body"], rows)
        }
    };
    format!(
        "{}{}\n\n{bodies}",
        heading(3, &title(status, name)),
        with_links(&response.description)
    )
}
