//! The round trip: an export, its import into an empty table, and the export of that table are
//! equal.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::export::lines;
use super::random_table::RandomTable;
use super::{Ended, command, ended, file};
use testkit::app::TestApp;
use testkit::engine;
use testkit::invariants::{Item, assert_invariants};

/// The empty table.
const COPY: &str = "links-copy";
/// Number of random tables.
const TABLES: usize = 6;
/// Number of requests and commands that fill one.
const STEPS: usize = 200;

/// The lines of an export after the first one, which has the time of the export.
#[track_caller]
fn records(exported: &Ended) -> (Vec<Value>, &str) {
    assert_eq!(exported.code, Some(0), "{exported:?}");
    lines(exported);
    let (_, rest) = exported.stdout.split_once('\n').unwrap();
    (
        rest.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        rest,
    )
}

/// Runs the command on the other table.
fn on_copy(app: &TestApp, arguments: &str) -> Ended {
    ended(command(app.address, arguments).env("TABLE_NAME", COPY))
}

fn import(app: &TestApp, file: &Path) -> Ended {
    let file = file.display();
    on_copy(app, &format!("import --file {file} --write-units 100000"))
}

async fn items_of_copy(app: &TestApp) -> Vec<Item> {
    let scan = app.client.scan().table_name(COPY).into_paginator();
    let items = scan.items().send().collect::<Result<_, _>>();
    items.await.unwrap()
}

/// How many lines of each type there are.
fn count(records: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        *counts.entry(record["type"].as_str().unwrap()).or_default() += 1;
    }
    counts
}

/// Asserts the round trip of the table that this seed gives, and returns its records.
async fn assert_round_trip(seed: u64) -> Vec<Value> {
    let table = RandomTable::after(STEPS, seed).await;
    let app = &table.app;
    assert_invariants(&app.items().await);
    let exported = ended(&mut command(app.address, "export"));
    let (before, text) = records(&exported);
    engine::create_table(&app.client, COPY).await.unwrap();
    let file = file(&format!("export-{seed}.jsonl"), &exported.stdout);
    let imported = import(app, &file);
    assert_eq!(imported.code, Some(0), "SEED={seed}: {imported:?}");
    let copied = on_copy(app, "export");
    let (after, copied_text) = records(&copied);
    let differing = before
        .iter()
        .zip(&after)
        .find(|(before, after)| before != after);
    assert_eq!(differing, None, "SEED={seed}");
    assert_eq!(text, copied_text, "SEED={seed}");
    assert_eq!(exported.stderr, copied.stderr, "SEED={seed}");
    assert_invariants(&items_of_copy(app).await);
    assert!(
        table.changes > STEPS / 4,
        "SEED={seed}: {} changes",
        table.changes
    );
    std::fs::remove_file(file).unwrap();
    before
}

/// `SEED=…` repeats the first of the tables.
#[test]
fn an_export_of_an_import_is_the_export_that_was_imported() {
    let first = std::env::var("SEED").map(|seed| seed.parse().unwrap());
    let first = first.unwrap_or_else(|_| fastrand::u64(..u64::MAX / 2));
    let seeds = (0..TABLES).map(|n| first + n as u64);
    let trip = |seed| move || Runtime::new().unwrap().block_on(assert_round_trip(seed));
    let trips: Vec<_> = seeds.map(|seed| thread::spawn(trip(seed))).collect();
    let tables = trips.into_iter().map(|trip| trip.join().unwrap());
    let all: Vec<Value> = tables.flatten().collect();
    assert_variety(&all);
}

/// Asserts that the tables had what may be lost.
fn assert_variety(records: &[Value]) {
    let counts = count(records);
    let is_large = counts["release"] > 5 * TABLES && counts["link"] > 15 * TABLES;
    assert!(is_large, "{counts:?}");
    for (kind, member) in [
        ("project", "former_paths"),
        ("release", "name"),
        ("release", "description"),
        ("release", "commit"),
        ("release", "immutable_at"),
        ("link", "filepath"),
        ("link", "digest"),
    ] {
        let has = |line: &Value| line["type"] == kind && line.get(member).is_some();
        assert!(records.iter().any(has), "no {kind} has {member}");
    }
    let is_release = |line: &Value| line["type"] == "release";
    let has_lost_its_last_link = |release: &[Value]| {
        let last = release.last().filter(|last| last["type"] == "link");
        last.is_some_and(|link| link["id"] != release[0]["last_link_id"])
    };
    let mut releases = records.chunk_by(|_, next| next["type"] == "link");
    assert!(
        releases.any(|lines| is_release(&lines[0]) && has_lost_its_last_link(lines)),
        "no release has lost its last link"
    );
}

/// The links of a release in a file, which came from elsewhere.
fn file_with_ids(ids: &[u64]) -> String {
    let time = "2026-11-24T09:00:00.000000Z";
    let last = ids.iter().max().unwrap();
    let mut lines = vec![
        json!({"format": "release-links", "version": 1, "exported_at": time}),
        json!({"type": "project", "id": 7, "path": "group/seven", "visibility": "private"}),
        json!({
            "type": "release", "project": 7, "tag": "v1", "created_at": time, "released_at": time,
            "last_link_id": last,
        }),
    ];
    lines.extend(ids.iter().map(|id| {
        json!({
            "type": "link", "project": 7, "tag": "v1", "id": id, "name": format!("n{id}"),
            "url": format!("https://e.com/{id}"), "link_type": "other", "created_at": time,
        })
    }));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn links_with_large_ids_are_exported_in_the_order_of_their_ids() {
    let app = TestApp::start().await;
    engine::create_table(&app.client, COPY).await.unwrap();
    let ids = [1, 999_999_999_999, 1_000_000_000_000, 9_007_199_254_740_991];
    let file = file("large-ids.jsonl", &file_with_ids(&ids));
    assert_eq!(import(&app, &file).code, Some(0));
    let exported = on_copy(&app, "export");
    let (lines, _) = records(&exported);
    let links = lines[2..].iter().map(|link| link["id"].as_u64().unwrap());
    assert!(links.eq(ids), "{lines:?}");
}
