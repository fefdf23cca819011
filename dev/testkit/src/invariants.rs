//! Checks the table's consistency. The invariants hold after every request, including those that
//! failed halfway.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use release_links::store::schema::{SortKey, kind_of};

/// An item of the table as the SDK reads it.
pub type Item = HashMap<String, AttributeValue>;

/// A tag of a project that has or had a release.
struct Release {
    /// The generation that lives, if the release exists.
    living: Option<u64>,
    last_generation: u64,
    /// Its place in the order, without fractions of seconds.
    place: String,
}

/// Asserts that
///
/// - each item is of a kind that the catalogue lists, and has no other attributes;
/// - each link of the generation that lives has exactly its unique-constraint items;
/// - no unique-constraint item of that generation lacks its link;
/// - each filepath item contains its link's URL, and its digest if it has one;
/// - each release that exists has details with the same generation and version;
/// - no generation has a higher number than its release has given;
/// - each release is in the order of its project's releases exactly once;
/// - no release is locked that does not exist;
/// - the shards count the releases of each project.
#[track_caller]
pub fn assert_invariants(items: &[Item]) {
    let releases = releases(items);
    assert_kinds(items);
    assert_links(items, &releases);
    assert_details(items, &releases);
    assert_order(items, &releases);
    assert_counts(items, &releases);
}

/// Asserts the invariants of links alone, for the items of one release.
#[track_caller]
pub fn assert_links_of(release: &[Item]) {
    assert_kinds(release);
    assert_links(release, &releases(release));
}

/// The items of generations that do not live: links, records, unique-constraint items and work
/// items that a later write has yet to remove.
pub fn leftovers(items: &[Item]) -> Vec<&Item> {
    let releases = releases(items);
    let is_left = |item: &&Item| {
        let Some(key) = SortKey::parse(&text(item, "sk")) else {
            return false;
        };
        let living = releases
            .get(&text(item, "pk"))
            .and_then(|release| release.living);
        let is_work = matches!(key, SortKey::Work(_));
        key.generation()
            .is_some_and(|generation| is_work || Some(generation) != living)
    };
    items.iter().filter(is_left).collect()
}

/// The links that exist, in the order of their IDs.
pub fn living_links(items: &[Item]) -> Vec<&Item> {
    let releases = releases(items);
    let is_living = |item: &&Item| match SortKey::parse(&text(item, "sk")) {
        Some(SortKey::Link(generation, _)) => {
            let release = releases.get(&text(item, "pk"));
            release.is_some_and(|release| release.living == Some(generation))
        }
        _ => false,
    };
    items.iter().filter(is_living).collect()
}

fn releases(items: &[Item]) -> BTreeMap<String, Release> {
    let releases = items.iter().filter(|item| text(item, "sk") == "release");
    releases
        .map(|item| (text(item, "pk"), release(item)))
        .collect()
}

#[track_caller]
fn assert_kinds(items: &[Item]) {
    for item in items {
        let kind = kind_of(&text(item, "pk"), &text(item, "sk"));
        let kind = kind.unwrap_or_else(|| panic!("the catalogue does not list {item:?}"));
        for name in item
            .keys()
            .filter(|name| !["pk", "sk"].contains(&name.as_str()))
        {
            let is_listed = kind.attributes.contains(&name.as_str());
            assert!(is_listed, "{} has no attribute {name}: {item:?}", kind.name);
        }
    }
}

#[track_caller]
fn assert_links(items: &[Item], releases: &BTreeMap<String, Release>) {
    let mut expected = BTreeSet::new();
    let mut found = BTreeSet::new();
    for item in items {
        let pk = text(item, "pk");
        let Some(key) = SortKey::parse(&text(item, "sk")) else {
            continue;
        };
        let Some(generation) = key.generation() else {
            continue;
        };
        let release = releases.get(&pk);
        let release = release.unwrap_or_else(|| panic!("the release is missing: {item:?}"));
        assert!(generation <= release.last_generation, "{item:?}");
        if release.living != Some(generation) {
            continue;
        }
        let (kind, target) = match key {
            SortKey::Link(_, id) => {
                assert_eq!(text(item, "id"), id.to_string());
                expected.extend(constraints_of(item));
                continue;
            }
            SortKey::Name(..) => ("name", String::new()),
            SortKey::Url(..) => ("url", String::new()),
            SortKey::Filepath(_, filepath) => ("filepath", target(item, &filepath)),
            _ => continue,
        };
        let constraint = (pk, kind.to_owned(), text(item, "link_id"), target);
        let is_new = found.insert(constraint);
        assert!(is_new, "one link claims a value twice: {item:?}");
    }
    assert_eq!(expected, found);
}

/// The unique-constraint items that a link must have: partition, kind, ID and target.
fn constraints_of(link: &Item) -> Vec<(String, String, String, String)> {
    let (pk, id) = (text(link, "pk"), text(link, "id"));
    let mut kinds = vec![("name", String::new()), ("url", String::new())];
    if link.contains_key("filepath") {
        kinds.push(("filepath", target(link, &text(link, "filepath"))));
    }
    let constraint =
        |(kind, target): (&str, String)| (pk.clone(), kind.to_owned(), id.clone(), target);
    kinds.into_iter().map(constraint).collect()
}

/// What the permanent URL of a filepath leads to, from the link or its filepath item.
fn target(item: &Item, filepath: &str) -> String {
    format!("{}{filepath} {}", text(item, "url"), text(item, "digest"))
}

#[track_caller]
fn assert_details(items: &[Item], releases: &BTreeMap<String, Release>) {
    let details = items
        .iter()
        .filter(|item| text(item, "sk") == "release#details");
    let details: BTreeMap<String, &Item> = details.map(|item| (text(item, "pk"), item)).collect();
    for item in items.iter().filter(|item| text(item, "sk") == "release") {
        let pk = text(item, "pk");
        let is_living = releases[&pk].living.is_some();
        let is_locked = item.contains_key("immutable_at");
        assert!(
            is_living || !is_locked,
            "a lock without a release: {item:?}"
        );
        assert_eq!(details.contains_key(&pk), is_living, "details of {pk}");
        if let Some(details) = details.get(&pk) {
            for name in ["generation", "version"] {
                assert_eq!(text(details, name), text(item, name), "{name} of {pk}");
            }
        }
    }
}

#[track_caller]
fn assert_order(items: &[Item], releases: &BTreeMap<String, Release>) {
    let existing = releases.values().filter(|release| release.living.is_some());
    let expected: BTreeSet<String> = existing.map(|release| release.place.clone()).collect();
    let found: Vec<String> = places(items)
        .map(|item| {
            let sk = text(item, "sk");
            let mut parts = sk.splitn(3, '#');
            let [released, created] = [(); 2].map(|()| seconds(parts.next().unwrap_or_default()));
            // The keys of very long tags contain only the beginning of the tag.
            let tag = match item.get("tag") {
                Some(_) => text(item, "tag"),
                None => parts.next().unwrap_or_default().to_owned(),
            };
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

fn places(items: &[Item]) -> impl Iterator<Item = &Item> {
    let is_place = |item: &&Item| {
        text(item, "pk").ends_with("/releases") && !text(item, "sk").starts_with("~count#")
    };
    items.iter().filter(is_place)
}

#[track_caller]
fn assert_counts(items: &[Item], releases: &BTreeMap<String, Release>) {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for item in items
        .iter()
        .filter(|item| text(item, "sk").starts_with("~count#"))
    {
        let count: i64 = text(item, "releases").parse().unwrap();
        assert!(count >= 0, "{item:?}");
        *counts.entry(text(item, "pk")).or_default() += count;
    }
    counts.retain(|_, count| *count > 0);
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for (pk, release) in releases {
        if release.living.is_some() {
            let (project, _) = pk.split_once('#').unwrap();
            *expected.entry(format!("{project}/releases")).or_default() += 1;
        }
    }
    assert_eq!(counts, expected, "the numbers of releases");
}

fn release(item: &Item) -> Release {
    let pk = text(item, "pk");
    let (project, tag) = pk.split_once('#').expect("the key names project and tag");
    let [released, created] = ["released_at", "created_at"].map(|name| seconds(&text(item, name)));
    let number = |name| text(item, name).parse().unwrap_or_default();
    Release {
        living: item
            .contains_key("created_at")
            .then(|| number("generation")),
        last_generation: number("last_generation"),
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
