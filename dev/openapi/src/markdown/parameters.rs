//! The tables of parameters.

use crate::json::Json;
use crate::markdown::attributes::{self, Attribute};
use crate::markdown::entries::Entry;
use crate::markdown::schema;
use crate::markdown::shared::Shared;
use crate::markdown::text::{Contents, code, link, table, with_links};
use crate::model::Parameter;

const COMMON: &str = "Common parameters";

/// The table of an operation's parameters, and what else a request may have.
pub(super) fn of(entry: &Entry<'_>, shared: &Shared<'_>) -> String {
    let (common, own): (Vec<_>, Vec<_>) = entry
        .parameters()
        .partition(|(parameter, _)| shared.parameters.contains(parameter));
    let own = own.into_iter();
    let rows = own.map(|(parameter, is_required)| row(parameter, is_required, shared));
    let body = entry.body().map(|(schema, _)| members(schema, shared));
    let rows = rows.chain(body.into_iter().flatten());
    let table = table(["Attribute", "In", "Type", "Required", "Description"], rows);
    table + &also(common.iter().map(|(parameter, _)| *parameter))
}

fn row(parameter: &Parameter, is_required: bool, shared: &Shared<'_>) -> [String; 5] {
    let limits = schema::limits(&parameter.schema, &parameter.description);
    [
        code(&parameter.name),
        parameter.place.clone(),
        schema::kind(&parameter.schema, shared),
        if is_required { "Yes" } else { "No" }.to_owned(),
        with_links(format!("{} {limits}", parameter.description).trim()),
    ]
}

/// The rows of the parameters of the body.
fn members(schema: &Json, shared: &Shared<'_>) -> Vec<[String; 5]> {
    let attributes = attributes::of(schema, shared, attributes::REQUEST);
    let rows = attributes.iter().map(|attribute| {
        [
            code(&attribute.name),
            "body".to_owned(),
            attribute.kind(shared),
            required(attribute),
            attribute.description(shared),
        ]
    });
    rows.collect()
}

fn required(attribute: &Attribute<'_>) -> String {
    match (&attribute.parent, attribute.is_required) {
        (Some(parent), true) => format!("Yes, in {}", code(parent)),
        (None, true) => "Yes".to_owned(),
        (_, false) => "No".to_owned(),
    }
}

/// A line about the common parameters of an operation.
fn also<'a>(common: impl Iterator<Item = &'a Parameter>) -> String {
    let names: Vec<_> = common.map(|parameter| code(&parameter.name)).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("{}: {}.\n\n", link(COMMON, COMMON), names.join(", "))
}

/// The section about the common parameters.
pub(super) fn common(shared: &Shared<'_>, contents: &mut Contents) -> String {
    let parameters = shared.parameters.iter();
    let rows = parameters.map(|parameter| {
        let [name, place, kind, _, description] = row(parameter, false, shared);
        [name, place, kind, description]
    });
    format!(
        "{}Many operations have these optional parameters:\n\n{}",
        contents.section(COMMON),
        table(["Attribute", "In", "Type", "Description"], rows)
    )
}
