//! Markdown as HTML that is safe in any page: CommonMark with tables, strikethrough and task lists.
//!
//! No input is an error. What is not allowed, and what is too large, comes as text:
//!
//! - Raw HTML is text. An image is its alternative text. A link stays if it leads to a host or to a
//!   mailbox; of any other link only the text stays.
//! - An element has no attribute but `href` and `rel` of a link and `start` of a list.
//! - A heading moves down two levels, because the page around it has two, and skips none.
//! - Quotes, lists and styles nest 100 deep. From the line with more nesting on, the rest of the
//!   text is preformatted.
//! - All renderings of a request share a [`Budget`]. Where it ends, the rest of the text is
//!   preformatted. If the budget is too small even for the whole text preformatted, the text is
//!   cut, and a sentence says so.
//!
//! The same HTML is the content of a feed, so characters that XML forbids become U+FFFD.

mod destination;
mod escape;
mod limits;
#[cfg(test)]
mod tests;
mod writer;

use pulldown_cmark::{Options, Parser};

pub use escape::is_forbidden;

use limits::Parsed;
use writer::Writer;

/// What CommonMark is extended by.
const EXTENSIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS);
const PRE: [&str; 2] = ["<pre>", "</pre>"];
/// What tags around preformatted text take, in bytes.
const PRE_BYTES: usize = PRE[0].len() + PRE[1].len();
/// The end of a text that is cut. It is not part of the budget.
pub const CUT: &str = "<p>The text is too long to be shown in full.</p>";

/// HTML that came out of [`render`], which a template may show as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// The HTML.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The HTML, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// What all renderings of one request may still read and write, which bounds their time and the
/// size of the response.
#[derive(Debug)]
pub struct Budget {
    /// Bytes of Markdown that is parsed, and of HTML that is written.
    bytes: usize,
    /// Characters that may be markup. The parser takes a hundred times longer for them than for
    /// plain text.
    marks: usize,
}

impl Budget {
    /// What a request may read and write, in bytes.
    pub const BYTES: usize = 1_048_576;
    /// How many characters that may be markup a request may read; each row of a table counts its
    /// columns, too. One in ten characters is markup in the release notes of large projects, and a
    /// description has at most 300 KiB.
    pub const MARKS: usize = 65_536;

    /// The budget of one request.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bytes: Self::BYTES,
            marks: Self::MARKS,
        }
    }

    /// The budget of a request whose response has room for so many bytes of HTML.
    #[must_use]
    pub fn of_response(bytes: usize) -> Self {
        Self {
            bytes: bytes.min(Self::BYTES),
            marks: Self::MARKS,
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

/// Renders Markdown as safe HTML.
#[must_use]
pub fn render(markdown: &str, budget: &mut Budget) -> Html {
    if markdown.is_empty() {
        return Html::default();
    }
    // The budget always holds the text that is left, preformatted.
    let rest = escape::len(markdown);
    if markdown.len() + rest + PRE_BYTES > budget.bytes {
        return preformatted(markdown, budget);
    }
    let parsed = Parsed::of(markdown, budget.marks);
    budget.marks -= parsed.marks;
    budget.bytes -= parsed.bytes;
    let mut writer = Writer::new(markdown, rest, budget.bytes);
    let mut events = Parser::new_ext(&markdown[..parsed.bytes], EXTENSIONS).into_offset_iter();
    let all_fits = events.all(|(event, range)| writer.write(event, &range));
    if all_fits {
        writer.pass(parsed.bytes);
    }
    let html = writer.finish();
    budget.bytes -= html.len();
    Html(html)
}

/// Shows as much of a text as fits.
fn preformatted(text: &str, budget: &mut Budget) -> Html {
    let mut html = PRE[0].to_owned();
    let room = budget.bytes.saturating_sub(PRE_BYTES);
    let is_whole = escape::push_within(text, room, &mut html);
    if html.len() == PRE[0].len() {
        budget.bytes = 0;
        return Html(CUT.to_owned());
    }
    html.push_str(PRE[1]);
    budget.bytes -= html.len();
    if !is_whole {
        html.push_str(CUT);
    }
    Html(html)
}
