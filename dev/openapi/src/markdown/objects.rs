//! The objects that several operations return.

use crate::json::Json;
use crate::markdown::attributes::response_table;
use crate::markdown::differences;
use crate::markdown::shared::Shared;
use crate::markdown::text::{Contents, heading, with_links};

/// The section about the shared objects.
pub(super) fn section(shared: &Shared<'_>, contents: &mut Contents) -> String {
    let objects = shared.objects().map(|(name, schema)| {
        let description = schema.get("description").and_then(Json::as_str);
        let mut found = Vec::new();
        differences::of_schema(schema, shared, &mut found);
        format!(
            "{}{}\n\n{}{}",
            heading(3, name),
            with_links(description.unwrap_or_default()),
            response_table(schema, shared),
            differences::list(&found)
        )
    });
    contents.section("Objects") + &objects.collect::<String>()
}
