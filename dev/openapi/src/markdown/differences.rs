//! What differs from GitLab, as lists.

use crate::json::Json;
use crate::markdown::shared::Shared;
use crate::markdown::text::{statement, with_links};
use crate::model::{Difference, Map};

/// The list with its first line, or nothing.
pub(super) fn list(differences: &[Difference]) -> String {
    // One difference may be that of several statements.
    let mut statements: Map<Vec<&str>> = Map::new();
    for difference in differences {
        let codes = statements.entry(text(difference)).or_default();
        if !codes.contains(&difference.statement.as_str()) {
            codes.push(&difference.statement);
        }
    }
    let lines = statements.iter().map(|(text, codes)| {
        let codes: Vec<_> = codes.iter().map(|code| statement(code)).collect();
        format!("- {text} ({})\n", codes.join(", "))
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return lines;
    }
    format!("[Differences from GitLab](differences-from-gitlab.md):\n\n{lines}\n")
}

fn text(difference: &Difference) -> String {
    let Difference {
        service, gitlab, ..
    } = difference;
    let end = if gitlab.ends_with('.') { "" } else { "." };
    with_links(&format!("{service} GitLab: {gitlab}{end}"))
}

/// Those of a schema and its parts, except of the shared objects.
pub(super) fn of_schema(schema: &Json, shared: &Shared<'_>, found: &mut Vec<Difference>) {
    if let Some((name, target)) = shared.target(schema)
        && !shared.is_object(name)
    {
        of_schema(target, shared, found);
    }
    match schema {
        Json::Object(members) => {
            found.extend(own(schema));
            members
                .values()
                .for_each(|member| of_schema(member, shared, found));
        }
        Json::Array(items) => items.iter().for_each(|item| of_schema(item, shared, found)),
        _ => {}
    }
}

fn own(schema: &Json) -> Vec<Difference> {
    let Some(Json::Array(items)) = schema.get("x-gitlab-difference") else {
        return Vec::new();
    };
    let text = |json: &Json, name| json.get(name).and_then(Json::as_str).map(str::to_owned);
    let items = items.iter().filter_map(|item| {
        Some(Difference {
            statement: text(item, "statement")?,
            service: text(item, "service")?,
            gitlab: text(item, "gitlab")?,
        })
    });
    items.collect()
}
