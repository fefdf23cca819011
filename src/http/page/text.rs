//! Texts of users as a document may contain them.

use std::fmt::{self, Write as _};

use crate::markdown::is_forbidden;
use crate::page::MAX_COUNT;
use crate::timestamp::Timestamp;

/// A text without the characters that XML forbids, even where they are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) &'a str);

/// A name without what [`Text`] lacks, and without the characters that change the direction of what
/// follows: they make `app\u{202e}gpj.exe` look like `appexe.jpg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_without(self.0, is_forbidden, f)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        write_without(self.0, |c| is_forbidden(c) || turns(c), f)
    }
}

/// Writes U+FFFD for these characters.
fn write_without(
    text: &str,
    is_replaced: impl Fn(char) -> bool,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for part in text.split_inclusive(&is_replaced) {
        match part.chars().next_back().filter(|last| is_replaced(*last)) {
            Some(last) => {
                f.write_str(&part[..part.len() - last.len_utf8()])?;
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
            None => f.write_str(part)?,
        }
    }
    Ok(())
}

/// A time for people and for programs.
pub(super) struct Moment {
    pub(super) machine: String,
    pub(super) words: String,
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        Self {
            machine: time.to_seconds_text(),
            words: time.to_words(),
        }
    }
}

/// A number of files in words.
pub(super) fn files(number: u64) -> String {
    match number {
        0 => "No files".to_owned(),
        1 => "1 file".to_owned(),
        2..=MAX_COUNT => format!("{} files", grouped(number)),
        _ => format!("More than {} files", grouped(MAX_COUNT)),
    }
}

/// A number with a comma after each third digit from the right.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The size of a text within the JSON string of Lambda's response, in bytes.
pub(super) fn json_bytes(text: &str) -> usize {
    let bytes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..b' ' => 6,
        _ => 1,
    });
    bytes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_xml_forbids_are_replaced() {
        let text = "\0a\u{1}\tb\n\r\u{1f}é\u{fffe}\u{ffff}\u{7f}\u{202e}";
        let shown = "\u{fffd}a\u{fffd}\tb\n\r\u{fffd}é\u{fffd}\u{fffd}\u{7f}\u{202e}";
        assert_eq!(Text(text).to_string(), shown);
        let name = shown.replace('\u{202e}', "\u{fffd}");
        assert_eq!(Name(text).to_string(), name);
    }

    #[test]
    fn a_number_of_files_is_written_in_words() {
        let numbers = [0, 1, 2, 999, 1_000, 10_000, 10_001];
        let words = numbers.map(files).join(", ");
        let expected = "No files, 1 file, 2 files, 999 files, 1,000 files, 10,000 files, More than \
                        10,000 files";
        assert_eq!(words, expected);
    }
}
