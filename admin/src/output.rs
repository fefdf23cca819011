//! Everything that the command prints: sentences and tables for people, JSON for programs.
//!
//! Names, tags and labels come from anyone who may write to the table, and may try to move the
//! terminal's cursor, hide text or forge a row. Nothing outside this module writes to the terminal,
//! and its functions escape such characters, so that no caller has to think of it.

use std::fmt::Display;
use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::LazyLock;
use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use release_links::token::PlainToken;
use serde::Serialize;

use crate::Outcome;
use crate::failure::Failure;

/// The lines that are redrawn in place. Sentences are printed above them.
static PROGRESS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// The text with control characters, line separators and characters that change the direction of
/// text (UAX #9, section 2) in the form `\u001b`, which JSON and `$'…'` in bash read.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn is_unsafe(c: char) -> bool {
    c.is_control() || is_bidi_control(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Unicode's `Bidi_Control` characters (UAX #9, section 2), which can make one label look like
/// another.
pub fn is_bidi_control(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Prints a sentence to standard output.
pub fn line(sentence: &str) -> Outcome {
    print(&format!("{}\n", escape(sentence)))
}

/// Prints a sentence to standard error.
pub fn note(sentence: &str) {
    let line = format!("{}\n", escape(sentence));
    // Without standard error, there is nobody to tell.
    PROGRESS.suspend(|| drop(stderr().write_all(line.as_bytes())));
}

/// Prints a text of several lines, such as clap's, to standard error.
pub fn notes(text: &str) {
    text.lines().for_each(note);
}

/// Prints a script, which contains nothing from the table.
pub fn script(text: &str) -> Outcome {
    print(text)
}

/// The reader of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Present,
    /// The pipe is closed.
    Gone,
}

/// Prints to standard output. A closed pipe is not an error: its reader has seen enough.
fn print(text: &str) -> Outcome {
    print_to_reader(text).map(drop)
}

fn print_to_reader(text: &str) -> Result<Reader, Failure> {
    match deliver(text) {
        Ok(()) => Ok(Reader::Present),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(format!("cannot write to standard output: {error}").into()),
    }
}

/// Prints lines of JSON. Unsafe characters are only in their strings, besides the ends of lines.
pub fn json_lines(lines: &str) -> Result<Reader, Failure> {
    let mut escaped = String::with_capacity(lines.len());
    for line in lines.lines() {
        escaped.push_str(&escape(line));
        escaped.push('\n');
    }
    print_to_reader(&escaped)
}

fn deliver(text: &str) -> std::io::Result<()> {
    let mut stdout = stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Prints a new token, which must not get lost.
///
/// # Errors
///
/// Any failure to write, including a closed pipe.
pub fn token(token: &PlainToken) -> std::io::Result<()> {
    deliver(&format!("{}\n", token.reveal()))
}

/// Whether nobody can see what is printed to standard output: it is `/dev/null`, which the runtime
/// also opens in place of a closed one.
pub fn is_discarded() -> bool {
    let output = stdout().as_fd().try_clone_to_owned().map(File::from);
    let output = output.and_then(|output| output.metadata());
    let null = std::fs::metadata("/dev/null");
    match (output, null) {
        (Ok(output), Ok(null)) => {
            output.file_type().is_char_device() && output.rdev() == null.rdev()
        }
        _ => false,
    }
}

/// Prints one value as JSON. Unsafe characters are only in its strings.
pub fn json(value: &impl Serialize) -> Outcome {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    let lines = text.lines().map(escape).collect::<Vec<_>>();
    print(&format!("{}\n", lines.join("\n")))
}

/// Prints rows under a heading, in aligned columns that fit the terminal.
pub fn table<const N: usize>(
    heading: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Outcome {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(heading);
    for row in rows {
        table.add_row(row.map(|cell| escape(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    if let Some((width, _)) = terminal_size::terminal_size_of(stdout()) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width.0);
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    print(&format!("{}\n", lines.join("\n")))
}

/// A quantity of things, such as `1 link` or `2 links`.
pub fn quantity(count: usize, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{ending}")
}

/// The value, or a dash if there is none.
pub fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Asks the question at a terminal. `nothing_done` begins the sentence about a missing terminal.
///
/// # Errors
///
/// Every answer but yes, and a missing terminal.
pub fn confirm(question: &str, nothing_done: &str) -> Outcome {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Err(format!("{nothing_done}: without a terminal, pass --yes to confirm").into());
    }
    let question = format!("{question} Type yes to confirm: ");
    let mut answer = String::new();
    let asked = stderr().write_all(escape(&question).as_bytes());
    asked
        .and_then(|()| stdin().read_line(&mut answer))
        .map_err(|error| format!("cannot ask for confirmation ({error}): pass --yes to confirm"))?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err("nothing was changed: to confirm, run the command again and type yes".into())
    }
}

/// A line that is redrawn in place while the command works, if standard error is a terminal.
pub struct Progress(ProgressBar);

impl Progress {
    /// Shows the line.
    pub fn start(text: &str) -> Self {
        let bar = PROGRESS.add(ProgressBar::new_spinner());
        bar.set_message(escape(text));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Shows the line, unless standard output is a terminal, where other lines appear.
    pub fn beside_output(text: &str) -> Option<Self> {
        (!stdout().is_terminal()).then(|| Self::start(text))
    }

    /// Whether anybody can see the line.
    pub fn is_visible() -> bool {
        stderr().is_terminal()
    }

    /// Changes the line.
    pub fn show(&self, text: &str) {
        self.0.set_message(escape(text));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar that shows how much of a long work is done, if standard error is a terminal.
pub struct Meter(ProgressBar);

impl Meter {
    /// Shows the text, and a bar as soon as the size of the work is known.
    pub fn start(text: &str) -> Self {
        Self(PROGRESS.add(ProgressBar::new_spinner())).with_text(text)
    }

    fn with_text(self, text: &str) -> Self {
        self.show(text);
        self.0.enable_steady_tick(Duration::from_millis(100));
        self
    }

    /// The size of the work in any unit; 0 if it is unknown.
    pub fn expect(&self, total: u64) {
        if total > 0 {
            if self.0.length().is_none() {
                // The template is constant.
                if let Ok(style) = ProgressStyle::with_template("{bar:20} {msg}, {eta} left") {
                    self.0.set_style(style);
                }
            }
            self.0.set_length(total);
        }
    }

    /// How much of the work is done, in the same unit, and in words.
    pub fn advance(&self, done: u64, text: &str) {
        self.0.set_position(done);
        self.show(text);
    }

    /// Changes the text.
    pub fn show(&self, text: &str) {
        self.0.set_message(escape(text));
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_could_forge_output_are_escaped() {
        let unsafe_characters = "\0\u{7}\t\n\r\u{1b}\u{7f}\u{80}\u{85}\u{9b}\u{9f}\u{61c}\u{200e}\
                                 \u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}";
        let escaped = "\\u0000\\u0007\\u0009\\u000a\\u000d\\u001b\\u007f\\u0080\\u0085\\u009b\
                       \\u009f\\u061c\\u200e\\u200f\\u2028\\u2029\\u202a\\u202e\\u2066\\u2069";
        assert_eq!(escape(unsafe_characters), escaped);
        for c in '\0'..=char::MAX {
            let is_expected = c.is_control()
                || matches!(u32::from(c), 0x61c | 0x200e | 0x200f)
                || matches!(u32::from(c), 0x2028..=0x202e | 0x2066..=0x2069);
            assert_eq!(is_unsafe(c), is_expected, "{c:?}");
        }
        assert_eq!(
            escape("v1.0 – größer \\ 日本 🦀"),
            "v1.0 – größer \\ 日本 🦀"
        );
    }
}
