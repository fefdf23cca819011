//! The command's output: tables for people, JSON for programs.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stdout};

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde::Serialize;

use crate::Outcome;

/// Prints to standard output. A closed pipe is not an error: its reader has seen enough.
pub fn print(text: &str) -> Outcome {
    match deliver(text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Prints text that must not get lost, such as a new token.
///
/// # Errors
///
/// Any failure to write, including a closed pipe.
pub fn deliver(text: &str) -> std::io::Result<()> {
    let mut stdout = stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Prints one value as JSON.
pub fn json(value: &impl Serialize) -> Outcome {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    print(&format!("{text}\n"))
}

/// Prints rows under a heading, in aligned columns.
pub fn table<const N: usize>(
    heading: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Outcome {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(heading);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    print(&format!("{}\n", lines.join("\n")))
}

/// The value, or a dash if there is none.
pub fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
