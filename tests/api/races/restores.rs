//! A restore of a release beside requests for the same tag.

use serde_json::json;
use testkit::event::Event;

use super::calls::{after, is_transaction, puts_links};
use super::leftovers::assert_nothing_left;
use super::operator;
use super::world::{V1, V1_DOWNLOADS, V1_LINKS, World, creation, is_held, link, links, many_links};
use crate::releases::{RELEASES, names};

/// The restore finishes while the deletion waits at one of the calls that clean up.
#[tokio::test(start_paused = true)]
async fn links_that_are_restored_during_the_clean_up_of_their_deletion_stay() {
    for n in 1.. {
        let world = World::start().await;
        let app = world.process();
        let created = app.create(links(["a", "b", "c"])).await;
        let backup = operator::back_up(&app).await;
        let slow = world.process();
        let hold = slow.hold_nth(n, after(is_transaction, |_| true));
        let deletion = slow.begin(Event::new("DELETE", V1));
        if !is_held(&hold, &deletion).await {
            assert!(n > 2, "a query and a removal follow");
            break;
        }
        let restored = operator::restore(&app, &backup).await;
        assert_eq!(restored, Ok(vec![true; 3]), "call {n}");
        hold.release();
        assert_eq!(deletion.await.unwrap().status, 200);
        let shown = world.process().get(V1).await;
        assert_eq!(names(&shown.body), ["c", "b", "a"], "call {n}");
        shown.assert(200, created);
        for name in ["a", "b", "c"] {
            let download = app.get(&format!("{V1_DOWNLOADS}/bin/{name}")).await;
            assert_eq!(download.header("location"), format!("https://e.com/{name}"));
        }
        world.assert_consistent().await;
    }
}

/// The restore finishes while the creation waits at one of its transactions.
#[tokio::test(start_paused = true)]
async fn a_restored_release_gets_no_links_of_a_creation_that_it_has_overtaken() {
    for n in 1.. {
        let world = World::start().await;
        let app = world.process();
        let created = app.create(links(["a", "b", "c"])).await;
        let backup = operator::back_up(&app).await;
        app.delete_release().await;
        let slow = world.process();
        let hold = slow.hold_nth(n, is_transaction);
        let overtaken = slow.begin(creation(many_links("foreign", 60)));
        if !is_held(&hold, &overtaken).await {
            assert!(n > 3, "the creation takes several transactions");
            break;
        }
        assert_eq!(
            operator::restore(&app, &backup).await,
            Ok(vec![true; 3]),
            "transaction {n}"
        );
        hold.release();
        let overtaken = overtaken.await.unwrap();
        let shown = world.process().get(V1).await;
        let count = &shown.body["assets"]["count"];
        assert_eq!(count, &json!(3), "transaction {n}");
        shown.assert(200, created);
        assert_eq!(app.get(V1_LINKS).await.header("x-total"), "3");
        overtaken.assert(409, json!({"message": "Release already exists"}));
        world.assert_consistent().await;
        assert_nothing_left(&world).await;
    }
}

/// The new link belongs to a later release of the tag, and its transaction waits.
#[tokio::test(start_paused = true)]
async fn a_link_whose_name_a_restore_brings_back_is_refused() {
    let world = World::start().await;
    let app = world.process();
    let created = app.create([link("a")]).await;
    let backup = operator::back_up(&app).await;
    app.delete_release().await;
    app.create([]).await;
    let second = json!({"name": "a", "url": "https://e.com/other"});
    let (hold, second) = world
        .begin_held(Event::new("POST", V1_LINKS).json(second), puts_links)
        .await;
    assert_eq!(operator::restore(&app, &backup).await, Ok(vec![true]));
    hold.release();
    let second = second.await.unwrap();
    let shown = world.process().get(V1).await.body;
    assert_eq!(shown["assets"]["links"], created["assets"]["links"]);
    second.assert(400, json!({"message": ["Name has already been taken"]}));
    world.assert_consistent().await;
}

#[tokio::test(start_paused = true)]
async fn a_release_without_links_is_restored_with_its_notes_and_dates() {
    let world = World::start().await;
    let app = world.process();
    let created = app.create([]).await;
    let backup = operator::back_up(&app).await;
    app.delete_release().await;
    assert_eq!(operator::restore(&app, &backup).await, Ok(Vec::new()));
    world.process().get(V1).await.assert(200, created.clone());
    let listed = app.get(RELEASES).await;
    assert!(
        listed.body.as_array().unwrap().contains(&created),
        "{listed:?}"
    );
    world.assert_consistent().await;
}

#[tokio::test(start_paused = true)]
async fn a_large_release_is_restored_in_several_transactions_or_not_at_all() {
    let world = World::start().await;
    let app = world.process();
    let created = app.create(many_links("n", 60)).await;
    let backup = operator::back_up(&app).await;
    app.delete_release().await;
    for n in 1..=4 {
        let killed = world.process();
        let hold = killed.hold_nth(n, is_transaction);
        let restore = tokio::spawn({
            let backup = backup.clone();
            async move { operator::restore(&killed, &backup).await }
        });
        hold.reached().await;
        restore.abort();
        assert!(restore.await.is_err(), "the command was killed");
        let missing = json!({"message": "404 Not Found"});
        world.process().get(V1).await.assert(404, missing);
    }
    assert_eq!(operator::restore(&app, &backup).await, Ok(vec![true; 60]));
    world.process().get(V1).await.assert(200, created);
    assert_nothing_left(&world).await;
}

/// The command has read the release before somebody locks it. It has no deadline, so its write checks
/// the lock.
#[tokio::test(start_paused = true)]
async fn a_restore_that_has_begun_before_the_lock_adds_no_link_after_it() {
    let world = World::start().await;
    let app = world.process();
    let created = app.create(links(["a", "b"])).await;
    let backup = operator::back_up(&app).await;
    let link = format!("{V1_LINKS}/{}", created["assets"]["links"][0]["id"]);
    assert_eq!(app.delete(&link).await.status, 200);
    let slow = world.process();
    let hold = slow.hold_nth(2, is_transaction);
    let restore = tokio::spawn(async move { operator::restore(&slow, &backup).await });
    hold.reached().await;
    let locked = app.put(V1, json!({"immutable": true})).await;
    assert_eq!(locked.status, 200);
    hold.release();
    let mut restored = restore.await.unwrap().unwrap();
    restored.sort_unstable();
    assert_eq!(restored, [false, true], "one is missing");
    app.get(V1).await.assert(200, locked.body);
    world.assert_consistent().await;
}
