//! Text within HTML and within attributes.

/// What stands for a character, unless it stands for itself.
const fn replacement(character: char) -> Option<&'static str> {
    match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        _ if is_forbidden(character) => Some("\u{FFFD}"),
        _ => None,
    }
}

/// Whether XML forbids a character, even as a reference (XML 1.0, 2.2). HTML forbids most of these,
/// too.
#[must_use]
pub const fn is_forbidden(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        ..' ' | '\u{FFFE}' | '\u{FFFF}' => true,
        _ => false,
    }
}

/// The size of an escaped text, in bytes.
pub(super) fn len(text: &str) -> usize {
    let bytes = |c: char| replacement(c).map_or(c.len_utf8(), str::len);
    text.chars().map(bytes).sum()
}

/// Appends an escaped text.
pub(super) fn push(text: &str, html: &mut String) {
    push_within(text, usize::MAX, html);
}

/// Appends as much of an escaped text as fits into a number of bytes, and returns whether all of it
/// fits.
pub(super) fn push_within(text: &str, room: usize, html: &mut String) -> bool {
    let most = html.len().saturating_add(room);
    let mut copied = 0;
    for (at, character) in text.char_indices() {
        let replacement = replacement(character);
        let bytes = replacement.map_or(character.len_utf8(), str::len);
        if html.len() + (at - copied) + bytes > most {
            html.push_str(&text[copied..at]);
            return false;
        }
        if let Some(replacement) = replacement {
            html.push_str(&text[copied..at]);
            html.push_str(replacement);
            copied = at + character.len_utf8();
        }
    }
    html.push_str(&text[copied..]);
    true
}
