//! What the tests know about the keys of the table. Nothing else here names one.

use aws_sdk_dynamodb::types::AttributeValue;
use release_links::store::schema::SortKey;
use testkit::app::TestApp;
use testkit::invariants::{self, Item};

/// The sort key of what describes a release.
pub(super) const DETAILS: &str = "release#details";
/// The partition of the release `v1`.
pub(super) const V1: &str = "24#v1";
/// The partition of the order of the project's releases.
pub(super) const ORDER: &str = "24/releases";

/// Whether this is the sort key of a link.
pub(super) fn is_link(sk: &str) -> bool {
    matches!(SortKey::parse(sk), Some(SortKey::Link(..)))
}

/// Whether this is the sort key of an item that belongs to a generation.
pub(super) fn is_of_generation(sk: &str) -> bool {
    let key = SortKey::parse(sk);
    key.is_some_and(|key| key.generation().is_some() && !matches!(key, SortKey::Work(_)))
}

/// Whether this is the sort key of the unique-constraint item of this filepath.
pub(super) fn is_filepath(sk: &str, filepath: &str) -> bool {
    matches!(SortKey::parse(sk), Some(SortKey::Filepath(_, path)) if path == filepath)
}

/// The tag of a release's place in the order, by its sort key; `None` for another item.
pub(super) fn tag_of_place(sk: &str) -> Option<&str> {
    sk.splitn(3, '#').nth(2)
}

/// The sort keys of the items of `v1` that belong to no living release of this tag: those of
/// deleted releases and failed creations, and notes about them.
pub(super) async fn leftovers(app: &TestApp) -> Vec<String> {
    let items = app.items().await;
    let left = invariants::leftovers(&items).into_iter();
    let left = left.filter(|item| text(item, "pk") == V1);
    left.map(|item| text(item, "sk")).collect()
}

/// The generation of `v1` that lives, or lived last.
pub(super) async fn generation(app: &TestApp) -> u64 {
    let items = app.items().await;
    let is_release = |item: &&Item| text(item, "pk") == V1 && text(item, "sk") == "release";
    let release = items.iter().find(is_release).unwrap();
    text(release, "generation").parse().unwrap()
}

fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
        _ => String::new(),
    }
}
