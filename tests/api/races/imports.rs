//! An import of a release beside requests for the same tag, and beside another import.

use std::time::{Duration, SystemTime};

use release_links::store::operator::{ImportOutcome, ImportedRelease};
use serde_json::json;
use testkit::event::Event;
use testkit::invariants::living_links;
use testkit::network::{Call, Hold, Point, Rates};
use testkit::usage;
use tokio::task::JoinHandle;

use super::calls::{is_transaction, puts_links};
use super::leftovers::assert_nothing_left;
use super::operator::{foreign, import};
use super::world::{Process, V1, V1_LINKS, World, is_held, link, links};

/// More links than one transaction holds.
const LARGE: u64 = 60;

fn is_any(_: &Call) -> bool {
    true
}

/// Begins an import in a process that waits at its `n`th call; `None` if it has fewer calls.
pub(super) async fn begin(
    world: &World,
    (point, n): (Point, usize),
    ids: impl IntoIterator<Item = u64>,
) -> Option<Paused> {
    let slow = world.process();
    let hold = slow.connection.hold(point, n, is_any);
    let release = foreign(ids);
    let import = tokio::spawn(async move { import(&slow, &release, false).await });
    while !hold.is_held() {
        if import.is_finished() {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Some(Paused { hold, import })
}

/// An import that waits at one of its calls.
pub(super) struct Paused {
    hold: Hold,
    import: JoinHandle<Result<ImportedRelease, String>>,
}

impl Paused {
    pub(super) async fn finish(self) -> ImportedRelease {
        self.hold.release();
        self.import.await.unwrap().unwrap()
    }

    pub(super) async fn kill(self) {
        self.import.abort();
        assert!(self.import.await.is_err(), "the command was killed");
    }
}

pub(super) fn outcomes(imported: &ImportedRelease) -> Vec<ImportOutcome> {
    match imported {
        ImportedRelease::Created(links) | ImportedRelease::Existed(links) => {
            links.iter().map(|link| link.outcome.clone()).collect()
        }
        ImportedRelease::Deleted => Vec::new(),
    }
}

pub(super) async fn ids(app: &Process) -> Vec<u64> {
    let links = app.get(&format!("{V1_LINKS}?per_page=100")).await;
    assert_eq!(links.status, 200, "{links:?}");
    links.ids()
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_created_and_deleted_during_its_import_stays_deleted() {
    for size in [3, LARGE] {
        for n in 1.. {
            let world = World::start().await;
            let Some(paused) = begin(&world, (Point::Call, n), 1..=size).await else {
                assert!(n > 3, "a read, a reservation and a birth");
                break;
            };
            let app = world.process();
            app.create(links(["a", "b"])).await;
            app.delete_release().await;
            let imported = paused.finish().await;
            assert_eq!(imported, ImportedRelease::Deleted, "call {n} of {size}");
            let missing = json!({"message": "404 Not Found"});
            world.process().get(V1).await.assert(404, missing);
            world.assert_consistent().await;
            assert_nothing_left(&world).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_created_during_its_import_stays_as_it_is_and_gets_higher_ids() {
    for size in [3, LARGE] {
        for n in 1.. {
            let world = World::start().await;
            let Some(paused) = begin(&world, (Point::Call, n), 1..=size).await else {
                break;
            };
            let app = world.process();
            let created = app.create(links(["a", "b"])).await;
            let imported = paused.finish().await;
            let is_added = |outcome: &&ImportOutcome| **outcome == ImportOutcome::Added;
            let outcomes = outcomes(&imported);
            assert!(matches!(imported, ImportedRelease::Existed(_)), "call {n}");
            assert_eq!(outcomes[0], ImportOutcome::Differs, "call {n}");
            let added = outcomes.iter().filter(is_added).count();
            assert_eq!(added, outcomes.len() - 2, "1 and 2 are the client's");
            let shown = app.get(V1).await.body;
            assert_eq!(shown["name"], created["name"]);
            assert_eq!(ids(&app).await.len(), outcomes.len());
            world.assert_consistent().await;
            assert_nothing_left(&world).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_imports_of_one_release_end_as_one() {
    for size in [3, LARGE] {
        for n in 1.. {
            let world = World::start().await;
            let Some(paused) = begin(&world, (Point::Call, n), 1..=size).await else {
                break;
            };
            let app = world.process();
            let first = import(&app, &foreign(1..=size), false).await.unwrap();
            assert!(matches!(first, ImportedRelease::Created(_)), "call {n}");
            let second = paused.finish().await;
            assert!(matches!(second, ImportedRelease::Existed(_)), "call {n}");
            let is_there = |outcome: &ImportOutcome| *outcome == ImportOutcome::Exists;
            assert!(outcomes(&second).iter().all(is_there), "call {n}");
            assert_eq!(ids(&app).await, (1..=size).rev().collect::<Vec<_>>());
            world.assert_consistent().await;
            assert_nothing_left(&world).await;
        }
    }
}

/// The process ends before a call reaches DynamoDB, or before it has the answer.
#[tokio::test(start_paused = true)]
async fn an_import_that_is_killed_at_any_call_ends_as_if_it_had_not_been() {
    let expected: Vec<u64> = (1..=LARGE).rev().collect();
    for point in [Point::Call, Point::Answer] {
        for n in 1.. {
            let world = World::start().await;
            let Some(paused) = begin(&world, (point, n), 1..=LARGE).await else {
                assert!(n > 6, "two reads and writes, and four transactions");
                break;
            };
            paused.kill().await;
            let app = world.process();
            let seen = app.get(V1).await;
            assert!(
                seen.status == 404 || ids(&app).await == expected,
                "call {n}"
            );
            let imported = import(&app, &foreign(1..=LARGE), false).await.unwrap();
            assert_eq!(outcomes(&imported).len(), expected.len());
            assert_eq!(ids(&app).await, expected, "call {n}");
            let new = app.post(V1_LINKS, link("new")).await;
            assert_eq!(new.body["id"], LARGE + 1, "call {n}");
            world.assert_consistent().await;
            assert_nothing_left(&world).await;
        }
    }
}

/// Another process considers an import abandoned that was suspended for hours.
#[tokio::test(start_paused = true)]
async fn an_import_that_was_suspended_for_hours_begins_again() {
    for n in 2..=4 {
        let world = World::start().await;
        let slow = world.process();
        let hold = slow.hold_nth(n, is_transaction);
        let release = foreign(1..=LARGE);
        let paused = tokio::spawn(async move { import(&slow, &release, false).await });
        hold.reached().await;
        let other = world.process();
        other.wait();
        let created = other.create(links(["a"])).await;
        for n in 0..2 {
            let body = json!({"name": format!("Name {n}")});
            assert_eq!(other.put(V1, body).await.status, 200);
        }
        hold.release();
        let imported = paused.await.unwrap().unwrap();
        assert!(
            matches!(imported, ImportedRelease::Existed(_)),
            "transaction {n}"
        );
        assert_eq!(outcomes(&imported)[0], ImportOutcome::Differs);
        assert_eq!(ids(&other).await.len(), LARGE as usize);
        assert_eq!(
            other.get(V1).await.body["created_at"],
            created["created_at"]
        );
        world.assert_consistent().await;
        assert_nothing_left(&world).await;
    }
}

/// The answer to a transaction is lost. When the command sends it again, DynamoDB has forgotten it:
/// it recognizes a transaction for ten minutes.
#[tokio::test(start_paused = true)]
async fn an_import_that_was_suspended_after_any_transaction_comes_to_the_same_end() {
    for n in 1.. {
        let world = World::start().await;
        let slow = world.process();
        let hold = slow.connection.hold(Point::Answer, n, is_transaction);
        let release = foreign(1..=LARGE);
        let import = tokio::spawn(async move { import(&slow, &release, false).await });
        if !is_held(&hold, &import).await {
            assert!(n > 4, "an announcement, three parts and a birth");
            break;
        }
        tokio::time::advance(Duration::from_secs(11 * 60)).await;
        let imported = import.await.unwrap();
        assert!(
            matches!(imported, Ok(ImportedRelease::Created(_))),
            "transaction {n}: {imported:?}"
        );
        let app = world.process();
        let expected: Vec<u64> = (1..=LARGE).rev().collect();
        assert_eq!(ids(&app).await, expected, "transaction {n}");
        world.assert_consistent().await;
        assert_nothing_left(&world).await;
    }
}

/// The client had reserved its ID when the release did not exist.
#[tokio::test(start_paused = true)]
async fn a_link_that_was_begun_before_the_import_gets_a_higher_id() {
    let world = World::start().await;
    let (hold, late) = world
        .begin_held(Event::new("POST", V1_LINKS).json(link("late")), puts_links)
        .await;
    let app = world.process();
    let imported = import(&app, &foreign(1..=3), false).await.unwrap();
    assert!(matches!(imported, ImportedRelease::Created(_)));
    hold.release();
    let late = late.await.unwrap();
    assert_eq!((late.status, &late.body["id"]), (201, &json!(4)));
    assert_eq!(ids(&app).await, [4, 3, 2, 1]);
    world.assert_consistent().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_imported_into_a_project_that_is_hidden_meanwhile() {
    for n in 2..=5 {
        let world = World::start().await;
        let Some(paused) = begin(&world, (Point::Call, n), 1..=LARGE).await else {
            panic!("the import has more calls");
        };
        let app = world.process();
        let session = app.operator.session(Duration::from_secs(30));
        let id = usage::release("v1").project;
        let hidden = session.projects().hide(id, SystemTime::now()).await;
        hidden.unwrap();
        paused.hold.release();
        let refused = paused.import.await.unwrap();
        let sentence = "somebody else changed this at the same time: check its current state, and \
                        try again";
        assert_eq!(refused, Err(sentence.to_owned()), "call {n}");
        let items = app.items().await;
        let imported = living_links(&items).into_iter();
        let mut imported = imported.filter(|link| link["pk"].as_s().unwrap() == "24#v1");
        assert_eq!(imported.next(), None, "call {n}");
        world.assert_consistent().await;
    }
}

/// Lost answers are sent again, and late copies arrive after the release was deleted.
#[tokio::test(start_paused = true)]
async fn an_import_over_a_bad_connection_has_the_same_end() {
    let rates = Rates {
        loss: 100,
        copy: 100,
        delay: 50,
        short_page: 200,
        ..Rates::NONE
    };
    for seed in 0..20 {
        let world = World::start().await;
        let size = if seed % 2 == 0 { 3 } else { LARGE };
        for attempt in 0.. {
            assert!(attempt < 50, "seed {seed}");
            let process = world.process();
            process.connection.set_faults(seed * 100 + attempt, rates);
            if import(&process, &foreign(1..=size), false).await.is_ok() {
                break;
            }
        }
        let app = world.process();
        assert_eq!(ids(&app).await, (1..=size).rev().collect::<Vec<_>>());
        world.assert_consistent().await;
        app.delete_release().await;
        tokio::time::sleep(Duration::from_secs(120)).await;
        let missing = json!({"message": "404 Not Found"});
        world.process().get(V1).await.assert(404, missing);
        assert_nothing_left(&world).await;
    }
}
