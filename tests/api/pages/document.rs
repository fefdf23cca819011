//! A page as a browser reads it.

use std::collections::{BTreeMap, BTreeSet};

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use testkit::reply::Reply;

/// An element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// The text in it.
    pub text: String,
}

/// The elements of a page in their order.
pub struct Page(pub Vec<Element>);

impl Page {
    /// Parses the body of a response.
    pub fn of(reply: &Reply) -> Self {
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        let html = reply.body.as_str().unwrap();
        Self::parse(html)
    }

    pub fn parse(html: &str) -> Self {
        let dom = parse_document(RcDom::default(), ParseOpts::default()).one(html);
        let mut elements = Vec::new();
        collect(&dom.document, &mut elements);
        Self(elements)
    }

    /// The elements with this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.0.iter().filter(move |element| element.name == name)
    }

    /// The texts of the elements with this name.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.all(name).map(|element| words(&element.text)).collect()
    }

    /// The values of an attribute of the elements with this name.
    pub fn values<'a>(&'a self, name: &'a str, attribute: &str) -> Vec<&'a str> {
        let elements = self.all(name);
        let values = elements.filter_map(|element| element.attributes.get(attribute));
        values.map(String::as_str).collect()
    }

    /// Everything that a user may not add: the names of elements, those of attributes, and the schemes
    /// of addresses.
    pub fn kinds(&self) -> BTreeSet<String> {
        let mut kinds = BTreeSet::new();
        for element in &self.0 {
            kinds.insert(element.name.clone());
            for (name, value) in &element.attributes {
                kinds.insert(format!("{} {name}", element.name));
                if matches!(name.as_str(), "href" | "src") {
                    let scheme = value.split([':', '/', '?', '#']).next().unwrap();
                    kinds.insert(format!("{} {name} {scheme}", element.name));
                }
            }
        }
        kinds
    }
}

fn collect(node: &Handle, elements: &mut Vec<Element>) {
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let attributes = attrs.borrow();
        let attributes = attributes.iter();
        let attributes = attributes.map(|attribute| {
            (
                attribute.name.local.to_string(),
                attribute.value.to_string(),
            )
        });
        elements.push(Element {
            name: name.local.to_string(),
            attributes: attributes.collect(),
            text: text_of(node),
        });
    }
    for child in node.children.borrow().iter() {
        collect(child, elements);
    }
}

fn text_of(node: &Handle) -> String {
    match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => node.children.borrow().iter().map(text_of).collect(),
    }
}
