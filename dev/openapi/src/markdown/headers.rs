//! The headers of responses.

use crate::markdown::differences;
use crate::markdown::entries::Entry;
use crate::markdown::shared::Shared;
use crate::markdown::text::{Contents, code, link, plain, table, with_links};
use crate::model::{Header, Map, RefOr, Response};

const PAGING: &str = "Pagination";
const OTHERS: &str = "Response headers";

/// The headers by name with the statuses of the responses that have them.
type Found<'a> = Map<(&'a Header, Vec<&'a str>)>;

/// The sections about the headers of lists and of all responses.
pub(super) fn sections(
    shared: &Shared<'_>,
    entries: &[Entry<'_>],
    contents: &mut Contents,
) -> String {
    let (mut of_lists, mut others) = (Found::new(), Found::new());
    let mut statuses: Vec<&str> = Vec::new();
    for (status, response) in entries.iter().flat_map(Entry::responses) {
        statuses.push(status);
        for name in response.headers.keys() {
            let header = &shared.document.components.headers[name];
            let found = if shared.is_paging(name) {
                &mut of_lists
            } else {
                &mut others
            };
            let (_, of_header) = found.entry(name.clone()).or_insert((header, Vec::new()));
            of_header.push(status);
        }
    }
    let paging = of_lists
        .iter()
        .map(|(name, (header, _))| [code(name), with_links(&header.description)]);
    let paging = table(["Header", "Description"], paging) + &differences_of(&of_lists);
    let differences = differences_of(&others);
    let statuses = sorted(statuses);
    let others = others.into_iter().map(|(name, (header, of_header))| {
        let of_header = in_words(&sorted(of_header), &statuses);
        [code(&name), of_header, with_links(&header.description)]
    });
    format!(
        "{}The parameters `page` and `per_page` choose a page of a list. Its response has these \
         headers:\n\n{paging}{}{}{differences}",
        contents.section(PAGING),
        contents.section(OTHERS),
        table(["Header", "Statuses", "Description"], others)
    )
}

/// What differs from GitLab in these headers.
fn differences_of(found: &Found<'_>) -> String {
    let headers = found.values().map(|(header, _)| *header);
    let all: Vec<_> = headers
        .flat_map(|header| header.differences.clone())
        .collect();
    differences::list(&all)
}

fn sorted(mut statuses: Vec<&str>) -> Vec<&str> {
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// The statuses, or those of all that are missing.
fn in_words(some: &[&str], all: &[&str]) -> String {
    let missing = all.iter().filter(|status| !some.contains(status));
    let missing: Vec<_> = missing.copied().collect();
    if missing.is_empty() {
        "all".to_owned()
    } else if missing.len() < some.len() {
        format!("all but {}", missing.join(", "))
    } else {
        some.join(", ")
    }
}

/// The headers of a response with an example.
pub(super) fn example(response: &Response) -> Option<(&'static str, String)> {
    let headers = response.headers.iter();
    let lines = headers.filter_map(|(name, header)| match header {
        RefOr::Item(header) => Some(format!("{name}: {}", plain(header.example.as_ref()?))),
        RefOr::Reference(_) => None,
    });
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then(|| ("plaintext", lines.join("\n")))
}

/// A line about the headers of an operation's response.
pub(super) fn of(response: &Response, shared: &Shared<'_>) -> String {
    let (paging, others): (Vec<_>, Vec<_>) = response
        .headers
        .keys()
        .partition(|name| shared.is_paging(name));
    let others: Vec<_> = others.into_iter().map(|name| code(name)).collect();
    let also = if paging.is_empty() {
        String::new()
    } else {
        format!(", and those of {}", link("lists", PAGING))
    };
    format!("{}: {}{also}.\n\n", link(OTHERS, OTHERS), others.join(", "))
}
