//! Checks the table's consistency. The invariants hold after every request, including those that
//! failed halfway.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

/// An item of the table as the SDK reads it.
pub type Item = HashMap<String, AttributeValue>;

/// A tag of a project that has or had a release.
struct Release {
    exists: bool,
    deleted_through: u64,
    /// The sort key of its place in the order, without fractions of seconds.
    place: String,
}

/// Asserts that
///
/// - each link that exists has exactly its unique-constraint items;
/// - no unique-constraint item of an existing release lacks its link;
/// - each filepath item contains its link's URL;
/// - each link belongs to a release that exists or was deleted;
/// - each release is in the order of its project's releases exactly once.
#[track_caller]
pub fn assert_invariants(items: &[Item]) {
    assert_links(items, &releases(items));
    assert_order(items, &releases(items));
}

/// Asserts the invariants of links alone, for the items of one release.
#[track_caller]
pub fn assert_links_of(release: &[Item]) {
    assert_links(release, &releases(release));
}

fn releases(items: &[Item]) -> BTreeMap<String, Release> {
    let releases = items.iter().filter(|item| text(item, "sk") == "release");
    releases
        .map(|item| (text(item, "pk"), release(item)))
        .collect()
}

#[track_caller]
fn assert_links(items: &[Item], releases: &BTreeMap<String, Release>) {
    let mut expected = BTreeSet::new();
    let mut found = BTreeSet::new();
    for item in items {
        let (pk, sk) = (text(item, "pk"), text(item, "sk"));
        if sk.starts_with("link#") && exists(item, "id", releases) {
            expected.extend(constraints_of(item));
        } else if let Some((kind, value)) = sk
            .strip_prefix("taken#")
            .and_then(|constraint| constraint.split_once('#'))
            .filter(|_| exists(item, "link_id", releases))
        {
            let target = if kind == "filepath" {
                text(item, "url") + value
            } else {
                String::new()
            };
            let constraint = (pk, kind.to_owned(), text(item, "link_id"), target);
            let is_new = found.insert(constraint);
            assert!(is_new, "one link claims a value twice: {item:?}");
        }
    }
    assert_eq!(expected, found);
}

/// Whether the link with this ID exists.
#[track_caller]
fn exists(item: &Item, id: &str, releases: &BTreeMap<String, Release>) -> bool {
    let release = releases.get(&text(item, "pk"));
    let release = release.unwrap_or_else(|| panic!("the release is missing: {item:?}"));
    release.exists && text(item, id).parse::<u64>().unwrap() > release.deleted_through
}

/// The unique-constraint items that a link must have: partition, kind, ID and target.
fn constraints_of(link: &Item) -> Vec<(String, String, String, String)> {
    let (pk, id) = (text(link, "pk"), text(link, "id"));
    let mut kinds = vec![("name", String::new()), ("url", String::new())];
    if link.contains_key("filepath") {
        kinds.push(("filepath", text(link, "url") + &text(link, "filepath")));
    }
    let constraint =
        |(kind, target): (&str, String)| (pk.clone(), kind.to_owned(), id.clone(), target);
    kinds.into_iter().map(constraint).collect()
}

#[track_caller]
fn assert_order(items: &[Item], releases: &BTreeMap<String, Release>) {
    let existing = releases.iter().filter(|(_, release)| release.exists);
    let expected: BTreeSet<String> = existing.map(|(_, release)| release.place.clone()).collect();
    let places = items
        .iter()
        .filter(|item| text(item, "pk").ends_with("/releases"));
    let found: Vec<String> = places
        .map(|item| {
            let sk = text(item, "sk");
            let mut parts = sk.splitn(3, '#');
            let [released, created] = [(); 2].map(|()| seconds(parts.next().unwrap_or_default()));
            let tag = parts.next().unwrap_or_default();
            let tag = tag
                .split('#')
                .next()
                .filter(|_| item.contains_key("tag"))
                .unwrap_or(tag);
            let project = text(item, "pk").replace("/releases", "");
            format!("{project} {released} {created} {tag}")
        })
        .collect();
    let distinct: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!(
        found.len(),
        distinct.len(),
        "a release is in the order twice"
    );
    assert_eq!(expected, distinct);
}

fn release(item: &Item) -> Release {
    let pk = text(item, "pk");
    let (project, tag) = pk.split_once('#').expect("the key names project and tag");
    let [released, created] = ["released_at", "created_at"].map(|name| seconds(&text(item, name)));
    // The places of very long tags contain only the beginning of the tag.
    let tag = if tag.len() > 800 {
        &tag[..tag.floor_char_boundary(800)]
    } else {
        tag
    };
    Release {
        exists: item.contains_key("created_at"),
        deleted_through: text(item, "deleted_through").parse().unwrap_or_default(),
        place: format!("{project} {released} {created} {tag}"),
    }
}

/// A time without fractions of seconds.
fn seconds(time: &str) -> String {
    time.chars().take("2026-11-24T00:00:00".len()).collect()
}

fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
        _ => String::new(),
    }
}
