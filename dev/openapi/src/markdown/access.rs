//! Who may call the operations, and how a request sends a token.

use crate::markdown::entries::Entry;
use crate::markdown::text::{Contents, code, link, table, with_links};
use crate::model::{Document, Map, SecurityScheme};

const TITLE: &str = "Authentication";
/// What stands for a token in the examples.
pub(super) const TOKEN: &str = "<your_access_token>";

/// The section about tokens.
pub(super) fn section(document: &Document, contents: &mut Contents) -> String {
    let schemes = document.components.security_schemes.values();
    let rows = schemes.map(|scheme| [sent(scheme), with_links(&scheme.description)]);
    format!(
        "{}A request sends its token in one of these ways, which are the usual ones:\n\n{}Guests and reporters may read a \
         project; developers, maintainers and owners may also write ({}). A public project \
         needs no token for reading, and a private one a token with a role in it.\n\n",
        contents.section(TITLE),
        table(["Sent as", "Description"], rows),
        with_links("E7"),
    )
}

/// How a request sends a token.
fn sent(scheme: &SecurityScheme) -> String {
    let name = scheme.name.as_deref().unwrap_or_default();
    match scheme.place.as_deref() {
        Some("query") => format!("query parameter {}", code(name)),
        _ => format!("header {}", code(&header(scheme))),
    }
}

/// The header that sends a token.
pub(super) fn header(scheme: &SecurityScheme) -> String {
    match &scheme.name {
        Some(name) => format!("{name}: {TOKEN}"),
        None => format!("Authorization: Bearer {TOKEN}"),
    }
}

/// Who may call an operation.
pub(super) fn of(document: &Document, entry: &Entry<'_>) -> String {
    let security = &entry.operation().security;
    if let [only] = &security[..]
        && let Some((name, _)) = only.first()
    {
        let scheme = &document.components.security_schemes[name];
        return format!(
            "{}: A token in the {}.",
            link("Access", TITLE),
            sent(scheme)
        );
    }
    // Only a caller without the right to write is forbidden anything; see `Access`.
    let writes = entry.responses().any(|(status, _)| status == "403");
    let who = if security.is_empty() {
        "Anyone, without a token."
    } else if security.iter().any(Map::is_empty) {
        "Anyone, if the project is public; otherwise a token that may read the project."
    } else if writes {
        "A token that may write in the project."
    } else if entry.variants[0].0.contains("{id}") {
        "A token that may read the project."
    } else {
        "Any token."
    };
    format!("{}: {who}", link("Access", TITLE))
}
