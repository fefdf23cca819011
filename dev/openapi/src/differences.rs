//! What differs from GitLab, from `docs/differences-from-gitlab.md`.

use crate::json::Json;
use crate::model::{Difference, Map};

const DOCUMENT: &str = include_str!("../../../docs/differences-from-gitlab.md");

/// The differences. Each has the code of the statement that its row of the tables cites.
pub(crate) struct Differences(Vec<Difference>);

impl Differences {
    /// Reads the tables of the page.
    pub(crate) fn read() -> Self {
        let mut found = Vec::new();
        for line in DOCUMENT.lines() {
            let mut cells = line.trim_matches(['|', ' ']).split(" | ");
            let [Some(service), Some(gitlab), Some(reason), None] = [(); 4].map(|()| cells.next())
            else {
                continue;
            };
            for code in codes(reason) {
                found.push(Difference {
                    statement: code,
                    service: without_links(service),
                    gitlab: without_links(gitlab),
                });
            }
        }
        Self(found)
    }

    /// The differences in the statements that a text cites.
    pub(crate) fn cited(&self, text: &str) -> Vec<Difference> {
        let codes = codes(text);
        let differences = codes.flat_map(|code| {
            let all = self.0.iter();
            all.filter(move |difference| difference.statement == code)
        });
        differences.cloned().collect()
    }
}

impl Differences {
    /// Adds those that a text cites to the schema that it describes.
    pub(crate) fn add_to(&self, schema: &mut Map<Json>, text: &str) {
        let cited = self.cited(text);
        if !cited.is_empty() {
            let cited = cited.iter().map(Json::of);
            schema.insert(EXTENSION.to_owned(), Json::Array(cited.collect()));
        }
    }
}

/// The name of the extension.
const EXTENSION: &str = "x-gitlab-difference";

/// The text without the targets of its links, which are relative to the page.
fn without_links(text: &str) -> String {
    let mut parts = text.split("](");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once(')').unwrap_or_default();
        plain.push_str(rest);
    }
    plain.replace('[', "")
}

/// The codes of statements that a text cites.
fn codes(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| is_code(word)).map(str::to_owned)
}

/// Whether a word is the code of a statement: a capital letter and a number, such as R21.
pub(crate) fn is_code(word: &str) -> bool {
    let digits = word.strip_prefix(|c: char| c.is_ascii_uppercase());
    digits.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}
