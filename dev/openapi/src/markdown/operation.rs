//! The section of an operation.

use crate::json::Json;
use crate::markdown::attributes::response_table;
use crate::markdown::entries::Entry;
use crate::markdown::shared::{Shared, item};
use crate::markdown::text::{Contents, block, code, heading, pretty, table, with_links};
use crate::markdown::{access, curl, differences, errors, headers, parameters, schema};
use crate::model::{Difference, Response};

/// The section with its heading.
pub(super) fn section(entry: &Entry<'_>, shared: &Shared<'_>, contents: &mut Contents) -> String {
    let operation = entry.operation();
    let anchor = entry.anchor();
    let requests = entry.variants.iter();
    let requests = requests.map(|(path, _)| format!("{} {path}", entry.method));
    let requests: Vec<_> = requests.collect();
    contents.operation(&operation.summary, &anchor, &requests[0]);
    let title = heading(3, &operation.summary);
    let about = [
        format!("<a id=\"{anchor}\"></a>\n\n{title}"),
        block("plaintext", &requests.join("\n")),
        format!("{}\n\n", access::of(shared.document, entry)),
        paragraph(&with_links(&operation.description)),
        parameters::of(entry, shared),
        "Example request:\n\n".to_owned(),
        block("shell", &curl::command(shared.document, entry)),
        success(entry, shared),
        statuses(entry, shared),
        differences::list(&all_differences(entry, shared)),
    ];
    about.concat()
}

fn paragraph(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("{text}\n\n")
    }
}

/// The response of success: an example, its attributes and its headers.
fn success(entry: &Entry<'_>, shared: &Shared<'_>) -> String {
    let Some((status, response)) = entry.success() else {
        return String::new();
    };
    let parts: Vec<_> = [headers::example(response), example(response)]
        .into_iter()
        .flatten()
        .collect();
    let example = if parts.is_empty() {
        String::new()
    } else {
        let (languages, texts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let block = block(languages[0], &texts.join("\n\n"));
        format!("Example response with status {status}:\n\n{block}")
    };
    let body = match response.content.first() {
        Some((name, content)) => about_body(name, &content.schema, shared),
        None => "The response has no body.\n\n".to_owned(),
    };
    example + &body + &headers::of(response, shared)
}

/// The example of a body, with its language.
fn example(response: &Response) -> Option<(&'static str, String)> {
    let (_, content) = response.content.first()?;
    Some(match content.example.as_ref()? {
        Json::String(text) => ("plaintext", text.clone()),
        json => ("json", pretty(json)),
    })
}

/// The type of the body, with a table of its attributes if the page has none elsewhere.
fn about_body(media_type: &str, schema: &Json, shared: &Shared<'_>) -> String {
    let kind = schema::kind(schema, shared);
    let is_elsewhere = shared
        .target(item(schema))
        .is_some_and(|(name, _)| shared.is_object(name));
    let attributes = if is_elsewhere {
        String::new()
    } else {
        response_table(item(schema), shared)
    };
    let media_type = code(media_type);
    if attributes.is_empty() {
        return format!("Response body ({media_type}): {kind}.\n\n");
    }
    format!("Response body ({media_type}): {kind} with these attributes:\n\n{attributes}")
}

/// The statuses. The errors of nearly all operations are not described again.
fn statuses(entry: &Entry<'_>, shared: &Shared<'_>) -> String {
    let errors = entry.shared_responses();
    let (common, own): (Vec<_>, Vec<_>) = entry
        .responses()
        .partition(|(status, _)| shared.errors.contains(status));
    let rows = own.into_iter().map(|(status, response)| {
        let name = errors.get(status).filter(|_| status >= "400");
        let status = name.map_or_else(|| code(status), |name| errors::link_to(status, name));
        [status, with_links(&response.description)]
    });
    let common: Vec<_> = common.iter().map(|(status, _)| *status).collect();
    format!(
        "{}{}: {}.\n\n",
        table(["Status", "Description"], rows),
        errors::link_to_all("Common errors"),
        common.join(", ")
    )
}

/// What differs in the operation, its parameters and its response.
fn all_differences(entry: &Entry<'_>, shared: &Shared<'_>) -> Vec<Difference> {
    let mut found = entry.operation().differences.clone();
    let parameters = entry.parameters().map(|(parameter, _)| parameter);
    let own = parameters.filter(|parameter| !shared.parameters.contains(parameter));
    found.extend(own.flat_map(|parameter| parameter.differences.clone()));
    let body = entry.body().map(|(schema, _)| schema);
    let response = entry
        .success()
        .map(|(_, response): (_, &Response)| response);
    let response = response.and_then(|response| response.content.values().next());
    for schema in body
        .into_iter()
        .chain(response.map(|content| &content.schema))
    {
        differences::of_schema(schema, shared, &mut found);
    }
    found
}
