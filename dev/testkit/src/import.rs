//! Imports releases into the engine, faster than requests could create them.

use std::collections::HashMap;

use dynoxide::types::AttributeValue;
use dynoxide::{Database, ImportOptions};
use release_links::store::schema::{SortKey, digest, shard_sort_key};
use serde_json::json;

/// The time of imported releases, as their places in the order contain it.
const TIME: &str = "2026-11-24T00:00:00.000000Z";

/// Imports a release with the given number of links, named `n1`, `n2`, and so on. The items are
/// identical to those that the store would create one by one.
pub fn release(database: &Database, table: &str, tag: &str, links: u32) {
    long_release(database, table, tag, links, 0);
}

/// Like [`release`], with `padding` more characters in each URL.
pub fn long_release(database: &Database, table: &str, tag: &str, links: u32, padding: usize) {
    let partition = format!("24#{tag}");
    let author = [("id", number(1)), ("label", text("documentation"))];
    let author = author.map(|(name, value)| (name.to_owned(), value));
    let release = [
        ("last_link_id", number(links)),
        ("last_generation", number(1)),
        ("generation", number(1)),
        ("version", number(1)),
        ("links_at_birth", number(links)),
        ("created_at", text("2026-11-24T00:00:00Z")),
        ("released_at", text("2026-11-24T00:00:00Z")),
    ];
    let details = [
        ("generation", number(1)),
        ("version", number(1)),
        ("author", AttributeValue::M(author.into())),
    ];
    let place = item("24/releases", &format!("{TIME}#{TIME}#{tag}"), []);
    let links = (1..=links).flat_map(|id| link_items(&partition, id, padding));
    let items = [
        item(&partition, &SortKey::Release.to_string(), release),
        item(&partition, &SortKey::Details.to_string(), details),
        place,
    ];
    let is_new = !exists(database, table, &partition);
    let options = ImportOptions::default();
    database
        .import_items(table, items.into_iter().chain(links).collect(), options)
        .expect("the engine accepts the items");
    if is_new {
        count(database, table, tag);
    }
}

fn exists(database: &Database, table: &str, partition: &str) -> bool {
    let get = json!({
        "TableName": table,
        "Key": {"pk": {"S": partition}, "sk": {"S": SortKey::Release.to_string()}},
    });
    let get = serde_json::from_str(&get.to_string()).expect("the engine reads the call");
    let found = database.get_item(get).expect("the engine accepts the call");
    found.item.is_some()
}

/// Counts one more release.
fn count(database: &Database, table: &str, tag: &str) {
    let update = json!({
        "TableName": table,
        "Key": {"pk": {"S": "24/releases"}, "sk": {"S": shard_sort_key(tag)}},
        "UpdateExpression": "ADD releases :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    });
    let update = serde_json::from_str(&update.to_string()).expect("the engine reads the call");
    database
        .update_item(update)
        .expect("the engine accepts the update");
}

/// Imports the given number of releases with one link each.
pub fn releases(database: &Database, table: &str, releases: u32) {
    for n in 0..releases {
        release(database, table, &format!("r{n}"), 1);
    }
}

type Item = HashMap<String, AttributeValue>;

fn link_items(partition: &str, id: u32, padding: usize) -> [Item; 4] {
    let url = format!("https://e.com/n{id}{}", "x".repeat(padding));
    let (name, filepath) = (format!("n{id}"), format!("/bin/n{id}"));
    let link = [
        ("id", number(id)),
        ("name", text(&name)),
        ("url", text(&url)),
        ("filepath", text(&filepath)),
        ("link_type", text("other")),
        ("created_at", text("2026-11-24T00:00:00Z")),
        ("version", number(1)),
    ];
    let held = ("link_id", number(id));
    let key = |key: SortKey| key.to_string();
    [
        item(partition, &key(SortKey::Link(1, id.into())), link),
        item(
            partition,
            &key(SortKey::Name(1, digest(&name))),
            [held.clone()],
        ),
        item(
            partition,
            &key(SortKey::Url(1, digest(&url))),
            [held.clone()],
        ),
        item(
            partition,
            &key(SortKey::Filepath(1, filepath)),
            [held, ("url", text(&url))],
        ),
    ]
}

fn item<const N: usize>(pk: &str, sk: &str, attributes: [(&str, AttributeValue); N]) -> Item {
    let key = [("pk", text(pk)), ("sk", text(sk))];
    let attributes = key.into_iter().chain(attributes);
    attributes
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: u32) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
