//! Writes the parser's events as HTML, as far as it fits.

use std::fmt::Write as _;
use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, LinkType, Tag, TagEnd};

use super::limits::MAX_LEVELS;
use super::{PRE, PRE_BYTES, destination, escape};

/// The headings below the two of the page.
const HEADINGS: [[&str; 2]; 4] = [
    ["<h3>", "</h3>\n"],
    ["<h4>", "</h4>\n"],
    ["<h5>", "</h5>\n"],
    ["<h6>", "</h6>\n"],
];

const LINK_END: &str = "</a>";

/// An element that is open.
#[derive(Default)]
struct Open {
    /// What closes it.
    end: &'static str,
    /// Where its content begins in the HTML.
    content: usize,
    /// What it shows if it has no content. A link needs some text, to be seen.
    substitute: String,
}

pub(super) struct Writer<'a> {
    source: &'a str,
    /// The end of what is written, in the source.
    written: usize,
    /// The size of the rest of the source when it is escaped.
    rest: usize,
    html: String,
    most: usize,
    open: Vec<Open>,
    /// What closing all elements takes, in bytes.
    closing: usize,
    levels: usize,
    /// How many images the text is the alternative of.
    images: usize,
    headings: Vec<HeadingLevel>,
    cell: [&'static str; 2],
}

impl<'a> Writer<'a> {
    /// A writer of at most so many bytes, which must be enough for the source escaped, whose size
    /// is `rest`.
    pub(super) fn new(source: &'a str, rest: usize, most: usize) -> Self {
        Self {
            source,
            written: 0,
            rest,
            html: String::with_capacity(rest),
            most,
            open: Vec::new(),
            closing: 0,
            levels: 0,
            images: 0,
            headings: Vec::new(),
            cell: ["", ""],
        }
    }

    /// Writes an event, or nothing if it does not fit together with the rest of the source as
    /// text. Then the HTML ends there.
    pub(super) fn write(&mut self, event: Event<'_>, range: &Range<usize>) -> bool {
        let before = (self.html.len(), self.written, self.rest, self.open.len());
        let fits = match event {
            Event::End(tag) => {
                self.end(tag);
                return true;
            }
            Event::Start(tag) => {
                self.pass(range.start);
                self.start(tag)
            }
            event => {
                self.leaf(event);
                self.pass(range.end);
                true
            }
        };
        let bytes = self.html.len() + self.closing + self.rest + PRE_BYTES;
        if fits && bytes <= self.most {
            return true;
        }
        let (html, written, rest, open) = before;
        if self.open.len() > open {
            self.close();
        }
        self.html.truncate(html);
        (self.written, self.rest) = (written, rest);
        false
    }

    /// Leaves the source until here behind.
    pub(super) fn pass(&mut self, end: usize) {
        if let Some(passed) = self.source.get(self.written..end) {
            self.rest -= escape::len(passed);
            self.written = end;
        }
    }

    fn leaf(&mut self, event: Event<'_>) {
        match event {
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak if self.images > 0 => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>\n"),
            Event::Rule => self.html.push_str("<hr>\n"),
            Event::TaskListMarker(true) => self.html.push_str("☑ "),
            Event::TaskListMarker(false) => self.html.push_str("☐ "),
            Event::Code(text) if self.images == 0 => {
                self.html.push_str("<code>");
                escape::push(&text, &mut self.html);
                self.html.push_str("</code>");
            }
            Event::Text(text)
            | Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => escape::push(&text, &mut self.html),
            Event::Start(_) | Event::End(_) => {}
        }
    }

    /// Opens an element, unless it is nested too deep.
    fn start(&mut self, tag: Tag<'_>) -> bool {
        self.levels += usize::from(is_level(tag.to_end()));
        let mut substitute = String::new();
        let [start, end] = match tag {
            Tag::Link {
                link_type,
                dest_url,
                ..
            } if self.images == 0 && !self.is_in_link() => match link(link_type, &dest_url) {
                Some((start, text)) => {
                    self.html.push_str(&start);
                    substitute = text;
                    ["", LINK_END]
                }
                None => ["", ""],
            },
            tag => self.tags(tag),
        };
        self.html.push_str(start);
        self.closing += end.len() + substitute.len();
        let content = self.html.len();
        self.open.push(Open {
            end,
            content,
            substitute,
        });
        self.levels <= MAX_LEVELS
    }

    /// The parser finds `<http://host>` even within a link, where a browser ends that link.
    fn is_in_link(&self) -> bool {
        self.open.iter().any(|open| open.end == LINK_END)
    }

    /// The tags of an element that is no link.
    fn tags(&mut self, tag: Tag<'_>) -> [&'static str; 2] {
        match tag {
            Tag::Image { .. } => {
                self.images += 1;
                ["", ""]
            }
            _ if self.images > 0 => ["", ""],
            Tag::Paragraph | Tag::HtmlBlock => ["<p>", "</p>\n"],
            Tag::Heading { level, .. } => self.heading(level),
            Tag::BlockQuote(_) => ["<blockquote>\n", "</blockquote>\n"],
            Tag::CodeBlock(_) => ["<pre><code>", "</code></pre>\n"],
            Tag::List(None) => ["<ul>\n", "</ul>\n"],
            Tag::List(Some(1)) => ["<ol>\n", "</ol>\n"],
            Tag::List(Some(first)) => {
                // Writing to a string cannot fail.
                let _ = writeln!(self.html, "<ol start=\"{first}\">");
                ["", "</ol>\n"]
            }
            Tag::Item => ["<li>", "</li>\n"],
            Tag::Table(_) => ["<table>\n", "</tbody>\n</table>\n"],
            Tag::TableHead => {
                self.cell = ["<th>", "</th>"];
                ["<thead>\n<tr>", "</tr>\n</thead>\n<tbody>\n"]
            }
            Tag::TableRow => {
                self.cell = ["<td>", "</td>"];
                ["<tr>", "</tr>\n"]
            }
            Tag::TableCell => self.cell,
            Tag::Emphasis => ["<em>", "</em>"],
            Tag::Strong => ["<strong>", "</strong>"],
            Tag::Strikethrough => ["<del>", "</del>"],
            // Links are written elsewhere, and the extensions with the other elements are off.
            _ => ["", ""],
        }
    }

    /// The tags of a heading: one level below the last heading that contains it, because assistive
    /// technology tells people the levels, and a missing one looks like missing text.
    fn heading(&mut self, level: HeadingLevel) -> [&'static str; 2] {
        while self.headings.last().is_some_and(|above| *above >= level) {
            self.headings.pop();
        }
        let above = self.headings.len().min(HEADINGS.len() - 1);
        self.headings.push(level);
        HEADINGS[above]
    }

    fn end(&mut self, tag: TagEnd) {
        self.levels -= usize::from(is_level(tag));
        self.images -= usize::from(tag == TagEnd::Image);
        self.close();
    }

    /// Closes the last element that is open.
    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.closing -= open.end.len() + open.substitute.len();
            if self.html[open.content..].trim().is_empty() {
                self.html.push_str(&open.substitute);
            }
            self.html.push_str(open.end);
        }
    }

    /// Closes all elements, and appends the rest of the source as text.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        let rest = self.source[self.written..].trim_matches(['\n', '\r']);
        if rest.is_empty() {
            self.html.truncate(self.html.trim_end().len());
            return self.html;
        }
        self.html.push_str(PRE[0]);
        escape::push(rest, &mut self.html);
        self.html.push_str(PRE[1]);
        self.html
    }
}

/// Whether an element counts as a level of nesting.
const fn is_level(tag: TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::BlockQuote(_)
            | TagEnd::Item
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Link
            | TagEnd::Image
    )
}

/// The start tag of a link, and what it shows if it has no text.
fn link(link_type: LinkType, destination: &str) -> Option<(String, String)> {
    let address = match link_type {
        LinkType::Email => format!("mailto:{destination}"),
        _ => destination.to_owned(),
    };
    let address = destination::allowed(&address)?;
    let mut text = String::with_capacity(address.len());
    escape::push(&address, &mut text);
    Some((
        format!("<a href=\"{text}\" rel=\"nofollow noopener\">"),
        text,
    ))
}
