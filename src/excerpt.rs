//! Excerpts of a client's values, for error messages. No error is larger than [`MAX_ERROR_BYTES`],
//! whatever the request contains (R82).

use std::borrow::Cow;
use std::fmt::Write as _;

/// Largest JSON of an error, in bytes.
pub const MAX_ERROR_BYTES: usize = 8_192;
/// Longest excerpt of one value, in characters.
const MAX_CHARACTERS: usize = 256;
/// Largest number of problems or values that a message names.
const MAX_NAMED: usize = 20;
/// Largest JSON of a list of values, in bytes. A message may contain three lists. A single value
/// always fits: a character takes at most six bytes.
const MAX_LIST_BYTES: usize = 2_000;

/// The beginning of a text: up to 256 characters, and `…` if there are more.
#[must_use]
pub fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_CHARACTERS) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// The first of these texts, separated by commas, and the number of the others: `a, b, and 3 more`.
#[must_use]
pub fn first_of(texts: impl IntoIterator<Item: AsRef<str>>) -> String {
    let (mut list, mut named, mut bytes, mut others) = (String::new(), 0, 0, 0_usize);
    for text in texts {
        let text = excerpt(text.as_ref());
        bytes += json_bytes(&text) + 2;
        if others > 0 || named == MAX_NAMED || (named > 0 && bytes > MAX_LIST_BYTES) {
            others += 1;
            continue;
        }
        let separator = if named == 0 { "" } else { ", " };
        named += 1;
        list.extend([separator, &text]);
    }
    if others > 0 {
        // Writing to a string cannot fail.
        let _ = write!(list, ", and {others} more");
    }
    list
}

/// The size of a text within a JSON string, in bytes, or more.
fn json_bytes(text: &str) -> usize {
    let bytes = text.chars().map(|c| match c {
        '"' | '\\' => 2,
        c if c.is_control() => 6,
        c => c.len_utf8(),
    });
    bytes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_has_at_most_256_characters() {
        let longest = "é".repeat(256);
        assert_eq!(excerpt(&longest), longest);
        assert_eq!(excerpt(&format!("{longest}x")), format!("{longest}…"));
        assert_eq!(excerpt(""), "");
    }

    #[test]
    fn a_list_names_the_first_20_values_and_the_number_of_the_others() {
        let numbers = |count: usize| (1..=count).map(|number| number.to_string());
        assert_eq!(first_of(numbers(0)), "");
        assert_eq!(first_of(numbers(3)), "1, 2, 3");
        let twenty = numbers(20).collect::<Vec<_>>().join(", ");
        assert_eq!(first_of(numbers(20)), twenty);
        assert_eq!(
            first_of(numbers(32_749)),
            format!("{twenty}, and 32729 more")
        );
    }

    #[test]
    fn a_list_of_long_values_is_bounded_in_json() {
        for text in ["\u{1}".repeat(300), "🙂".repeat(300), "\"".repeat(300)] {
            let list = first_of(vec![text; 100]);
            let bytes = serde_json::to_string(&list).unwrap().len();
            assert!((1_000..2_100).contains(&bytes), "{bytes}");
        }
    }
}
