//! Imports releases into the engine, faster than requests could create them.

use std::collections::BTreeMap;

use release_links::store::schema::{SortKey, digest, shard_sort_key};
use serde_json::{Map, Value, json};

use crate::database::Database;

/// The time of imported releases, as their places in the order contain it.
const TIME: &str = "2026-11-24T00:00:00.000000Z";
/// The largest number of releases that are imported at once: as many keys as a batch may read.
const BATCH: usize = 100;

/// Imports a release with the given number of links, named `n1`, `n2`, and so on. The items are
/// identical to those that the store would create one by one.
pub fn release(database: &Database, table: &str, tag: &str, links: u32) {
    long_release(database, table, tag, links, 0);
}

/// Like [`release`], with `padding` more characters in each URL.
pub fn long_release(database: &Database, table: &str, tag: &str, links: u32, padding: usize) {
    import(database, table, &[tag.to_owned()], |tag| {
        release_items(tag, links, padding)
    });
}

/// Imports the given number of releases with one link each.
pub fn releases(database: &Database, table: &str, releases: u32) {
    let tags: Vec<String> = (0..releases).map(|n| format!("r{n}")).collect();
    for tags in tags.chunks(BATCH) {
        import(database, table, tags, |tag| release_items(tag, 1, 0));
    }
}

/// Imports the items of these releases, and counts those that are new.
fn import(database: &Database, table: &str, tags: &[String], items: impl Fn(&str) -> Vec<Value>) {
    let new = new_releases(database, table, tags);
    let items: Vec<Value> = tags.iter().flat_map(|tag| items(tag)).collect();
    database.import(table, &items);
    let mut shards = BTreeMap::new();
    for tag in new {
        *shards.entry(shard_sort_key(tag)).or_insert(0) += 1;
    }
    for (shard, count) in shards {
        add_releases(database, table, &shard, count);
    }
}

/// Those of the releases that the table does not contain yet.
fn new_releases<'a>(database: &Database, table: &str, tags: &'a [String]) -> Vec<&'a str> {
    let key = |tag: &String| json!({"pk": text(&partition(tag)), "sk": text(&release_key())});
    let keys: Vec<Value> = tags.iter().map(key).collect();
    let read = json!({"RequestItems": {table: {"Keys": keys, "ProjectionExpression": "pk"}}});
    let answer = call(database, "BatchGetItem", &read);
    let found = answer["Responses"][table].as_array();
    let found = found.expect("the answer lists the items of the table");
    let is_new = |tag: &&str| !found.iter().any(|item| item["pk"]["S"] == partition(tag));
    tags.iter().map(String::as_str).filter(is_new).collect()
}

/// Adds to the number of releases in a shard.
fn add_releases(database: &Database, table: &str, shard: &str, releases: u32) {
    let update = json!({
        "TableName": table,
        "Key": {"pk": text("24/releases"), "sk": text(shard)},
        "UpdateExpression": "ADD releases :new",
        "ExpressionAttributeValues": {":new": number(releases)},
    });
    call(database, "UpdateItem", &update);
}

fn call(database: &Database, operation: &str, body: &Value) -> Value {
    let answer = database.call(operation, body);
    assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
    answer.body
}

fn partition(tag: &str) -> String {
    format!("24#{tag}")
}

fn release_key() -> String {
    SortKey::Release.to_string()
}

/// The items of a release, and its place in the order.
fn release_items(tag: &str, links: u32, padding: usize) -> Vec<Value> {
    let partition = partition(tag);
    let author = json!({"M": {"id": number(1), "label": text("documentation")}});
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
        ("author", author),
    ];
    let links = (1..=links).flat_map(|id| link_items(&partition, id, padding));
    let items = [
        item(&partition, &release_key(), release),
        item(&partition, &SortKey::Details.to_string(), details),
        item("24/releases", &format!("{TIME}#{TIME}#{tag}"), []),
    ];
    items.into_iter().chain(links).collect()
}

fn link_items(partition: &str, id: u32, padding: usize) -> [Value; 4] {
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

fn item<const N: usize>(pk: &str, sk: &str, attributes: [(&str, Value); N]) -> Value {
    let key = [("pk", text(pk)), ("sk", text(sk))];
    let attributes = key.into_iter().chain(attributes);
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
    attributes.collect::<Map<String, Value>>().into()
}

fn text(text: &str) -> Value {
    json!({"S": text})
}

fn number(number: u32) -> Value {
    json!({"N": number.to_string()})
}
