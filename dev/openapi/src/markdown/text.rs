//! The parts of a Markdown text.

use std::fmt;

use crate::differences::is_code;
use crate::json::Json;

/// The headings of the sections and of the operations, as a list of links.
#[derive(Default)]
pub(super) struct Contents(String);

impl Contents {
    /// Adds a section, and returns its heading.
    pub(super) fn section(&mut self, title: &str) -> String {
        self.0 += &format!("- {}\n", to_heading(title));
        heading(2, title)
    }

    /// Adds an operation with the anchor of its heading, and a text after it.
    pub(super) fn operation(&mut self, title: &str, anchor: &str, request: &str) {
        self.0 += &format!("  - [{title}](#{anchor}): `{request}`\n");
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", heading(2, "Contents"), self.0.trim_end())
    }
}

/// A heading with the blank line after it.
pub(super) fn heading(level: usize, title: &str) -> String {
    format!("{} {title}\n\n", "#".repeat(level))
}

/// A link to a heading of the page, with its text.
pub(super) fn to_heading(title: &str) -> String {
    link(title, title)
}

/// A link to a heading of the page.
pub(super) fn link(text: &str, title: &str) -> String {
    format!("[{text}](#{})", anchor(title))
}

/// The anchor that GitHub and GitLab give to a heading.
pub(super) fn anchor(title: &str) -> String {
    let kept = title.chars();
    let kept = kept.filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    let kept = kept.flat_map(char::to_lowercase);
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The text with a capital at its start.
pub(super) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// A text as code.
pub(super) fn code(text: &str) -> String {
    format!("`{text}`")
}

/// A block of code with the blank line after it.
pub(super) fn block(language: &str, text: &str) -> String {
    format!("```{language}\n{text}\n```\n\n")
}

/// JSON with a line for each member.
pub(super) fn pretty(json: &Json) -> String {
    serde_json::to_string_pretty(json).expect("JSON serializes")
}

/// A value as text: that of a string, or else its JSON.
pub(super) fn plain(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        json => serde_json::to_string(json).expect("JSON serializes"),
    }
}

/// A table with the blank line after it, or nothing if it has no rows.
pub(super) fn table<const N: usize>(
    names: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let line = |cells: [String; N]| format!("| {} |\n", cells.join(" | "));
    let rows: String = rows
        .into_iter()
        .map(|cells| line(cells.map(|cell| escaped(&cell))))
        .collect();
    if rows.is_empty() {
        return rows;
    }
    let names = line(names.map(str::to_owned));
    let rule = line([(); N].map(|()| "---".to_owned()));
    format!("{names}{rule}{rows}\n")
}

/// A text that cannot end a cell of a table or its row.
fn escaped(cell: &str) -> String {
    cell.replace('|', "\\|").replace('\n', " ")
}

/// The text with links from the codes of statements, except in code.
pub(super) fn with_links(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(index, part)| {
        let is_code = index % 2 == 1;
        if is_code {
            part.to_owned()
        } else {
            prose(part)
        }
    });
    parts.collect::<Vec<_>>().join("`")
}

fn prose(text: &str) -> String {
    let pieces = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let pieces = pieces.map(|piece| {
        let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_code(word) {
            statement(word) + &piece[word.len()..]
        } else {
            piece.to_owned()
        }
    });
    pieces.collect()
}

/// A link to a statement about GitLab.
pub(super) fn statement(code: &str) -> String {
    format!("[{code}](gitlab-behaviour.md#{})", code.to_lowercase())
}
