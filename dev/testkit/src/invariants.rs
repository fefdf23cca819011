//! Checks the table's consistency. The invariants hold after every request, including those that
//! failed halfway.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

/// An item of the table as the SDK reads it.
pub type Item = HashMap<String, AttributeValue>;

/// Asserts that each link has exactly its unique-constraint items, that no unique-constraint item
/// lacks its link, and that each filepath item contains its link's URL.
#[track_caller]
pub fn assert_invariants(items: &[Item]) {
    let mut expected = BTreeSet::new();
    let mut found = BTreeSet::new();
    for item in items {
        let (pk, sk) = (text(item, "pk"), text(item, "sk"));
        if sk.starts_with("link#") {
            let id = text(item, "id");
            expected.extend(
                ["name", "url"]
                    .map(|kind| (pk.clone(), kind.to_owned(), id.clone(), String::new())),
            );
            if item.contains_key("filepath") {
                let target = text(item, "url") + &text(item, "filepath");
                expected.insert((pk, "filepath".to_owned(), id, target));
            }
        } else if let Some((kind, value)) = sk
            .strip_prefix("taken#")
            .and_then(|constraint| constraint.split_once('#'))
        {
            let target = if kind == "filepath" {
                text(item, "url") + value
            } else {
                String::new()
            };
            let constraint = (pk, kind.to_owned(), text(item, "link_id"), target);
            assert!(
                found.insert(constraint),
                "one link claims a value twice: {item:?}"
            );
        }
    }
    assert_eq!(expected, found);
}

fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
        _ => String::new(),
    }
}
