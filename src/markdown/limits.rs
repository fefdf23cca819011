//! How much of a text is parsed. For each character that may be markup the parser makes an event.
//! Its time also grows with the depth of nested blocks times the number of their lines, and with
//! the columns of a table times the number of its rows, however short they are.

/// How deep quotes, lists and styles nest.
pub(super) const MAX_LEVELS: usize = 100;

/// How many levels of nested blocks take as long as one more mark in each of their lines.
const LEVELS_OF_A_MARK: usize = 8;

/// The beginning of a text that is parsed.
pub(super) struct Parsed {
    pub(super) bytes: usize,
    /// Characters in it that may be markup, and what takes as long.
    pub(super) marks: usize,
}

impl Parsed {
    /// The lines before the first with too much nesting, and before the first with the mark that
    /// is one too many.
    pub(super) fn of(text: &str, most_marks: usize) -> Self {
        let mut parsed = Self { bytes: 0, marks: 0 };
        let (mut levels, mut columns) = (0, 0);
        for line in text
            .as_bytes()
            .split_inclusive(|byte| matches!(byte, b'\n' | b'\r'))
        {
            levels = levels.max(levels_of(line, levels));
            columns = columns_after(line).unwrap_or(columns);
            let own = line.iter().filter(|byte| is_mark(**byte)).count();
            let marks = parsed.marks + own + levels / LEVELS_OF_A_MARK + columns;
            if levels > MAX_LEVELS || marks > most_marks {
                break;
            }
            parsed.bytes += line.len();
            parsed.marks = marks;
        }
        parsed
    }
}

/// The columns of the rows that follow a line, if a table may begin or end with it.
fn columns_after(line: &[u8]) -> Option<usize> {
    let consists_of = |bytes: &[u8]| line.iter().all(|byte| bytes.contains(byte));
    let is_blank = consists_of(b" \t>\r\n");
    let delimits = consists_of(b" \t>\r\n|:-") && line.contains(&b'|');
    let pipes = || line.iter().filter(|byte| **byte == b'|').count();
    match (is_blank, delimits) {
        (true, _) => Some(0),
        (false, true) => Some(pipes() + 1),
        (false, false) => None,
    }
}

const fn is_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'\n'
            | b'\r'
            | b'!'
            | b'&'
            | b'*'
            | b'+'
            | b'-'
            | b'<'
            | b'>'
            | b'['
            | b'\\'
            | b']'
            | b'_'
            | b'`'
            | b'|'
            | b'~'
    )
}

/// The most quotes and lists that a line is in: those that its indentation continues, of the levels
/// above it, and those that it begins itself. A line in a code block counts, too.
fn levels_of(line: &[u8], above: usize) -> usize {
    let (mut levels, mut columns, mut rest) = (0, 0, line);
    loop {
        rest = match rest {
            [b' ', after @ ..] => {
                columns += 1;
                after
            }
            [b'\t', after @ ..] => {
                columns += 4;
                after
            }
            [b'>', after @ ..] => {
                levels += 1;
                after
            }
            _ => match after_list_marker(rest) {
                Some(after) => {
                    levels += 1;
                    after
                }
                // A list takes at least two columns.
                None => return levels + above.min(columns / 2),
            },
        }
    }
}

/// What follows the marker of a list, at the beginning of a text.
fn after_list_marker(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let after = match &text[digits..] {
        [b'-' | b'+' | b'*', after @ ..] if digits == 0 => after,
        [b'.' | b')', after @ ..] if (1..=9).contains(&digits) => after,
        _ => return None,
    };
    let is_marker = matches!(after, [] | [b' ' | b'\t' | b'\n' | b'\r', ..]);
    is_marker.then_some(after)
}
