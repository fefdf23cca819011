//! The reference `docs/api.md`, which is made from the document.

mod access;
mod attributes;
mod curl;
mod differences;
mod entries;
mod errors;
mod headers;
mod objects;
mod operation;
mod parameters;
mod schema;
mod shared;
mod text;

use crate::examples::HOST;
use crate::markdown::entries::entries;
use crate::markdown::shared::Shared;
use crate::markdown::text::{Contents, heading, with_links};
use crate::model::Document;

/// The text of `docs/api.md`.
#[must_use]
pub fn page(document: &Document) -> String {
    let entries = entries(document);
    let shared = Shared::new(document, &entries);
    let mut contents = Contents::default();
    let mut body = access::section(document, &mut contents);
    for tag in &document.tags {
        body += &format!(
            "{}{}\n\n",
            contents.section(&group(&tag.name)),
            with_links(&tag.description)
        );
        let of_tag = entries.iter().filter(|entry| entry.is_in(&tag.name));
        for entry in of_tag {
            body += &operation::section(entry, &shared, &mut contents);
        }
    }
    body += &objects::section(&shared, &mut contents);
    body += &parameters::common(&shared, &mut contents);
    body += &headers::sections(&shared, &entries, &mut contents);
    body += &other_methods(document, &mut contents);
    body += &errors::section(&shared, &entries, &mut contents);
    let body = body.trim_end();
    format!("{}{contents}\n\n{body}\n", introduction(document))
}

/// The heading of a group of operations: `release_links` becomes "Release links".
fn group(tag: &str) -> String {
    text::capitalized(&tag.replace('_', " "))
}

fn introduction(document: &Document) -> String {
    format!(
        "{}`make openapi` generates this page from the code; do not edit it. \
         [openapi.json](openapi.json) describes the same operations in the format OpenAPI {}.\n\n\
         {}\n\n\
         In the examples, `{HOST}` stands for the URL of the service, including its stage or \
         prefix, and `{}` for a token.\n\n",
        heading(1, "API reference"),
        document.openapi,
        with_links(&document.info.description),
        access::TOKEN
    )
}

/// What HEAD and OPTIONS do, which are left out of the operations.
fn other_methods(document: &Document, contents: &mut Contents) -> String {
    let with_tags = document.paths.iter().filter(|(_, item)| {
        let head = item.get("head");
        head.is_some_and(|head| head.responses.contains_key("304"))
    });
    let with_tags = with_tags.map(|(path, _)| format!(", except for `{path}`"));
    let exceptions: String = with_tags.collect();
    let text = format!(
        "Each operation with `GET` also serves `HEAD`, which returns the same without a body, \
         with other values of `Cache-Control`, and with neither `ETag` nor 304 (F8){exceptions}. Each path of the API also \
         serves `OPTIONS`, which returns 204 with the methods of the path in the header `Allow` \
         (E3, J5)."
    );
    format!(
        "{}{}\n\n",
        contents.section("HEAD and OPTIONS"),
        with_links(&text)
    )
}
