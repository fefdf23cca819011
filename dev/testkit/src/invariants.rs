//! What always holds of a release's items, whatever was asked and whatever went wrong.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

/// An item of the table as the SDK reads it.
pub type Item = HashMap<String, AttributeValue>;

/// Each link has exactly its taken-items, no taken-item lacks its link, each filepath leads to its
/// link's url, and no link has a number that was not given out.
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
                let leads_to = text(item, "url") + &text(item, "filepath");
                expected.insert((pk, "filepath".to_owned(), id, leads_to));
            }
        } else if let Some((kind, what)) = sk
            .strip_prefix("taken#")
            .and_then(|taken| taken.split_once('#'))
        {
            let leads_to = if kind == "filepath" {
                text(item, "url") + what
            } else {
                String::new()
            };
            let taken = (pk, kind.to_owned(), text(item, "link_id"), leads_to);
            assert!(found.insert(taken), "taken twice by one link: {item:?}");
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
