//! Writes to links that arrive in a later life of their release.

use serde_json::{Value, json};
use testkit::event::Event;

use super::calls::{creates_release, is_transaction, puts_links, removes_items};
use super::world::{V1, V1_LINKS, World, creation, link};

fn with_key(link: Value) -> Event {
    Event::new("POST", V1_LINKS)
        .json(link)
        .header("Idempotency-Key", "k")
}

/// The first creation with the key waits. Meanwhile the release is deleted and made anew, and the
/// client repeats the creation and changes the new link.
#[tokio::test(start_paused = true)]
async fn a_late_creation_for_a_deleted_release_does_not_replace_a_later_record_of_its_key() {
    let world = World::start().await;
    let app = world.process();
    app.create([]).await;
    let (hold, late) = world.begin_held(with_key(link("a")), puts_links).await;
    app.delete_release().await;
    app.create([]).await;
    let created = app.send(with_key(link("a"))).await;
    assert_eq!(created.status, 201, "{created:?}");
    let path = format!("{V1_LINKS}/{}", created.body["id"]);
    let changed = app.put(&path, link("b")).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    hold.release();
    assert_eq!(
        late.await.unwrap().status,
        201,
        "it was created and deleted"
    );
    let again = app.send(with_key(link("a"))).await;
    let links = world.process().get(V1_LINKS).await;
    links.assert(200, json!([changed.body]));
    again.assert(201, created.body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    world.assert_consistent().await;
}

/// The deletion of the release and its creation anew, each killed before it cleans up.
async fn delete_and_create_anew(world: &World, link: &Value) {
    let deletion = Event::new("DELETE", V1);
    let process = world.process();
    process.killed_before(deletion, removes_items).await;
    let creation = creation([link.clone()]);
    let process = world.process();
    process.killed_after(creation, 1, creates_release).await;
}

/// The new release has a link with the values that the change wants. What the deletion left is still
/// in the table.
#[tokio::test(start_paused = true)]
async fn a_late_change_of_a_link_of_a_deleted_release_does_not_meet_its_successor() {
    let world = World::start().await;
    let app = world.process();
    let created = app.create([link("a")]).await;
    let id = &created["assets"]["links"][0]["id"];
    let path = format!("{V1_LINKS}/{id}");
    let (hold, change) = world
        .begin_held(Event::new("PUT", &path).json(link("b")), is_transaction)
        .await;
    delete_and_create_anew(&world, &link("b")).await;
    let successor = world.process().get(V1).await;
    assert_eq!(successor.status, 200, "{successor:?}");
    hold.release();
    let changed = change.await.unwrap();
    if changed.status == 200 {
        assert_eq!(
            (&changed.body["id"], &changed.body["name"]),
            (id, &json!("b"))
        );
    } else {
        changed.assert(404, json!({"message": "404 Not found"}));
    }
    world.process().get(V1).await.assert(200, successor.body);
    world.assert_consistent().await;
}
