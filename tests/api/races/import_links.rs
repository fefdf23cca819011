//! An import of links into a release that exists, beside requests for the same release.

use release_links::store::operator::{ImportOutcome, ImportedRelease};
use serde_json::json;
use testkit::network::Point;

use super::imports::{begin, ids, outcomes};
use super::leftovers::assert_nothing_left;
use super::operator::{foreign, import};
use super::world::{V1, V1_LINKS, World, link};

/// The links of the second import are new to the release of the first one.
#[tokio::test(start_paused = true)]
async fn two_imports_that_add_links_to_one_release_add_each_once() {
    for n in 1.. {
        let world = World::start().await;
        let app = world.process();
        import(&app, &foreign([1, 4]), false).await.unwrap();
        let Some(paused) = begin(&world, (Point::Call, n), 1..=8).await else {
            assert!(n > 6, "two reads and four transactions");
            break;
        };
        let other = import(&app, &foreign(1..=8), false).await.unwrap();
        let slow = paused.finish().await;
        let pairs = outcomes(&other).into_iter().zip(outcomes(&slow));
        for (id, (other, slow)) in (1..).zip(pairs) {
            match id {
                1 | 4 => assert_eq!(
                    (&other, &slow),
                    (&ImportOutcome::Exists, &ImportOutcome::Exists)
                ),
                2 | 3 => assert_eq!(
                    (&other, &slow),
                    (&ImportOutcome::Used, &ImportOutcome::Used)
                ),
                _ => {
                    let pair = [other, slow];
                    assert!(pair.contains(&ImportOutcome::Added), "{n}: {id}: {pair:?}");
                    assert!(pair.contains(&ImportOutcome::Exists), "{n}: {id}: {pair:?}");
                }
            }
        }
        assert_eq!(ids(&app).await, [8, 7, 6, 5, 4, 1]);
        world.assert_consistent().await;
    }
}

/// The other side creates a link, and gets an ID that the import has not reached.
#[tokio::test(start_paused = true)]
async fn a_link_that_a_client_creates_during_an_import_keeps_its_id() {
    for n in 1.. {
        let world = World::start().await;
        let app = world.process();
        import(&app, &foreign([1]), false).await.unwrap();
        let Some(paused) = begin(&world, (Point::Call, n), 1..=4).await else {
            assert!(n > 4, "two reads and three transactions");
            break;
        };
        let created = app.post(V1_LINKS, link("client")).await;
        assert_eq!(created.status, 201);
        let id = created.body["id"].as_u64().unwrap();
        let imported = outcomes(&paused.finish().await);
        let shown = app.get(&format!("{V1_LINKS}/{id}")).await.body;
        assert_eq!(shown["name"], "client", "call {n}");
        let added = [ImportOutcome::Added, ImportOutcome::Exists];
        let there = imported.iter().filter(|outcome| added.contains(outcome));
        assert_eq!(
            ids(&app).await.len(),
            there.count() + 1,
            "call {n}: {imported:?}"
        );
        world.assert_consistent().await;
    }
}

/// The client's link got the ID that the import is about to add, and is deleted.
#[tokio::test(start_paused = true)]
async fn a_link_is_not_imported_with_an_id_that_a_client_uses_meanwhile() {
    for n in 1.. {
        let world = World::start().await;
        let app = world.process();
        import(&app, &foreign([1]), false).await.unwrap();
        let Some(paused) = begin(&world, (Point::Call, n), 1..=3).await else {
            assert!(n > 3, "two reads and two transactions");
            break;
        };
        let mut used = Vec::new();
        for name in ["x", "y"] {
            let created = app.post(V1_LINKS, link(name)).await;
            let id = created.body["id"].as_u64().unwrap();
            let deleted = app.delete(&format!("{V1_LINKS}/{id}")).await;
            assert_eq!((created.status, deleted.status), (201, 200));
            used.push(id);
        }
        paused.finish().await;
        let left = ids(&app).await;
        assert!(
            used.iter().all(|id| !left.contains(id)),
            "call {n}: {used:?} and {left:?}"
        );
        let new = app.post(V1_LINKS, link("new")).await.body["id"].as_u64();
        assert!(
            new > used.last().copied(),
            "call {n}: {used:?}, then {new:?}"
        );
        world.assert_consistent().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_locked_or_deleted_during_an_import_gets_no_more_links() {
    for n in 3..6 {
        for is_locked in [true, false] {
            let world = World::start().await;
            let app = world.process();
            import(&app, &foreign([1]), false).await.unwrap();
            let paused = begin(&world, (Point::Call, n), 1..=4).await.unwrap();
            if is_locked {
                let locked = app.put(V1, json!({"immutable": true})).await;
                assert_eq!(locked.status, 200);
            } else {
                app.delete_release().await;
            }
            let before = app.get(V1).await;
            let imported = paused.finish().await;
            if is_locked {
                let left = outcomes(&imported).into_iter();
                let left = left.filter(|outcome| *outcome == ImportOutcome::Immutable);
                assert_eq!(left.count(), 6 - n, "call {n}");
            } else {
                assert_eq!(imported, ImportedRelease::Deleted, "call {n}");
            }
            app.get(V1).await.assert(before.status, before.body);
            world.assert_consistent().await;
            if !is_locked {
                assert_nothing_left(&world).await;
            }
        }
    }
}

/// Each link is there together with the last ID, or neither is.
#[tokio::test(start_paused = true)]
async fn an_import_of_links_that_is_killed_at_any_call_is_finished_by_another() {
    for point in [Point::Call, Point::Answer] {
        for n in 1.. {
            let world = World::start().await;
            let app = world.process();
            import(&app, &foreign([1, 4]), false).await.unwrap();
            let Some(paused) = begin(&world, (point, n), 3..=8).await else {
                assert!(n > 5, "two reads and four transactions");
                break;
            };
            paused.kill().await;
            world.assert_consistent().await;
            let imported = import(&app, &foreign(3..=8), false).await.unwrap();
            let outcomes = outcomes(&imported);
            let there = [ImportOutcome::Added, ImportOutcome::Exists];
            assert_eq!(outcomes[0], ImportOutcome::Used, "call {n}");
            assert!(outcomes[1..].iter().all(|outcome| there.contains(outcome)));
            assert_eq!(ids(&app).await, [8, 7, 6, 5, 4, 1], "call {n}");
            let new = app.post(V1_LINKS, link("new")).await;
            assert_eq!(new.body["id"], 9, "call {n}");
            world.assert_consistent().await;
        }
    }
}
