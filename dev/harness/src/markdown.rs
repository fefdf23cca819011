//! The check of the HTML that Markdown becomes.

use html5ever::tendril::TendrilSink;
use html5ever::{Attribute, ParseOpts, QualName, local_name, ns, parse_fragment};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use release_links::markdown::{Budget, CUT, render};

/// The elements that a description may contain.
const ELEMENTS: [&str; 25] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "html",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
    "div",
];

/// Any text becomes well-formed HTML of a bounded size, with allowed elements, attributes and
/// destinations only, and without a character that XML forbids.
pub fn markdown(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let html = render(&text, &mut Budget::new());
    let html = html.as_str();
    assert!(
        html.len() <= Budget::BYTES + CUT.len(),
        "{} bytes",
        html.len()
    );
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    assert!(html.chars().all(is_allowed), "{html:?}");
    let div = QualName::new(None, ns!(html), local_name!("div"));
    let parser = parse_fragment(
        RcDom::default(),
        ParseOpts::default(),
        div,
        Vec::new(),
        false,
    );
    let tree = parser.one(html);
    assert_eq!(*tree.errors.borrow(), [""; 0], "{html}");
    let mut nodes = vec![tree.document.clone()];
    while let Some(node) = nodes.pop() {
        check_node(&node, html);
        nodes.extend(node.children.borrow().iter().cloned());
    }
}

fn check_node(node: &Handle, html: &str) {
    match &node.data {
        NodeData::Document | NodeData::Text { .. } => {}
        NodeData::Element { name, attrs, .. } => {
            let name = &*name.local;
            assert!(ELEMENTS.contains(&name), "{name} in {html}");
            check_attributes(name, &attrs.borrow(), html);
        }
        _ => panic!("a node is neither element nor text: {html}"),
    }
}

fn check_attributes(element: &str, attributes: &[Attribute], html: &str) {
    let attributes: Vec<(&str, &str)> = attributes
        .iter()
        .map(|attribute| (&*attribute.name.local, &*attribute.value))
        .collect();
    let is_allowed = match (element, attributes.as_slice()) {
        ("a", [("href", address), ("rel", "nofollow noopener")]) => leads_out(address),
        ("ol", [("start", first)]) => first.bytes().all(|byte| byte.is_ascii_digit()),
        ("a", _) => false,
        (_, attributes) => attributes.is_empty(),
    };
    assert!(is_allowed, "{element} {attributes:?} in {html}");
}

/// Whether an address leads to a host or a mailbox, wherever the page is. A browser does not follow
/// an address without a valid host.
fn leads_out(address: &str) -> bool {
    let bases = ["http://page.example/a/b", "https://page.example/a/b"];
    bases.iter().all(|base| {
        let base = url::Url::parse(base).ok();
        let url = url::Url::options().base_url(base.as_ref()).parse(address);
        url.map_or(true, |url| {
            let is_allowed = matches!(url.scheme(), "http" | "https" | "mailto");
            is_allowed && url.host_str() != Some("page.example")
        })
    })
}
