//! The reference, read as a browser reads it.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, a panic is the clearest report"
)]

use std::collections::BTreeSet;
use std::fs;

use openapi::model::Document;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

fn page() -> (Document, String) {
    let document = openapi::document();
    let page = openapi::markdown::page(&document);
    (document, page)
}

/// The blocks of code in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let (mut found, mut is_inside) = (Vec::new(), false);
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(name))) => {
                is_inside = *name == *language;
                if is_inside {
                    found.push(String::new());
                }
            }
            Event::End(TagEnd::CodeBlock) => is_inside = false,
            Event::Text(text) if is_inside => found.last_mut().unwrap().push_str(&text),
            _ => {}
        }
    }
    found
}

#[test]
fn each_block_of_json_is_json() {
    let (_, page) = page();
    let blocks = blocks(&page, "json");
    assert!(blocks.len() > 20, "the blocks are found");
    for block in blocks {
        serde_json::from_str::<Value>(&block).unwrap_or_else(|error| panic!("{error}: {block}"));
    }
}

/// The anchors of a page: those of its headings, and those that it sets.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                heading.iter_mut().for_each(|heading| *heading += &text);
            }
            Event::End(TagEnd::Heading(_)) => {
                let text = heading.take().unwrap().to_lowercase().replace(' ', "-");
                let is_kept = |c: &char| c.is_alphanumeric() || ['-', '_'].contains(c);
                let is_new = anchors.insert(text.chars().filter(is_kept).collect());
                assert!(is_new, "two headings {text}");
            }
            Event::Html(text) | Event::InlineHtml(text) => {
                let id = text.split('"').nth(1);
                anchors.extend(id.map(str::to_owned));
            }
            _ => {}
        }
    }
    anchors
}

#[test]
fn each_link_leads_somewhere() {
    let (_, page) = page();
    let mut count = 0;
    for event in Parser::new(&page) {
        let Event::Start(Tag::Link { dest_url, .. }) = event else {
            continue;
        };
        count += 1;
        let (file, anchor) = dest_url.split_once('#').unwrap_or((&dest_url, ""));
        let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = if file.is_empty() {
            page.clone()
        } else {
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}: {dest_url}"))
        };
        assert!(
            anchor.is_empty() || anchors(&text).contains(anchor),
            "{dest_url}"
        );
    }
    assert!(count > 100, "the links are found");
}

#[test]
fn each_row_of_a_table_has_a_cell_for_each_column() {
    let (_, page) = page();
    let mut columns = None;
    for line in page.lines() {
        if !line.starts_with('|') {
            columns = None;
            continue;
        }
        let bars = line.replace("\\|", "").matches('|').count();
        assert_eq!(*columns.get_or_insert(bars), bars, "{line}");
    }
    let tables = Parser::new_ext(&page, Options::ENABLE_TABLES);
    let tables = tables.filter(|event| matches!(event, Event::Start(Tag::Table(_))));
    assert!(tables.count() > 40, "the tables are found");
}

/// The page describes HEAD and OPTIONS in one paragraph.
#[test]
fn each_get_has_a_head_and_each_path_of_the_api_has_options() {
    let (document, _) = page();
    for (path, item) in &document.paths {
        assert_eq!(
            item.contains_key("get"),
            item.contains_key("head"),
            "{path}"
        );
        let is_api = path.starts_with("/api/");
        assert_eq!(item.contains_key("options"), is_api, "{path}");
    }
}
