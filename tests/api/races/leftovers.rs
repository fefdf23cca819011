//! What deletions and failed creations leave, who removes it, and who does not pay for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::altered::Fate;
use testkit::event::Event;
use testkit::network::Call;
use tokio::task::JoinSet;

use super::calls::{creates_release, is_transaction, puts_links, removes_items};
use super::items::leftovers;
use super::world::{Process, V1, V1_DOWNLOADS, V1_LINKS, World, creation, link, many_links};
use crate::releases::RELEASES;

/// Some writes to the tag, at a time when everything that was left may be removed.
async fn write_much_later(world: &World) -> Process {
    let process = world.process();
    process.wait();
    if process.get(V1).await.status == 404 {
        process.create([link("new")]).await;
    }
    for n in 0..3 {
        let changed = process.put(V1, json!({"name": format!("Name {n}")})).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let created = process.post(V1_LINKS, link(&format!("more{n}"))).await;
        assert_eq!(created.status, 201, "{created:?}");
    }
    process
}

/// Asserts that some writes remove everything that is not the living release's.
pub(super) async fn assert_nothing_left(world: &World) {
    let process = write_much_later(world).await;
    assert_eq!(leftovers(&process).await, Vec::<String>::new());
    world.assert_consistent().await;
}

/// The transaction of the link arrives after the deletion has removed everything else.
#[tokio::test(start_paused = true)]
async fn a_late_link_of_a_deleted_release_is_removed_by_later_writes() {
    let world = World::start().await;
    let app = world.process();
    app.create([link("a")]).await;
    let (hold, late) = world
        .begin_held(Event::new("POST", V1_LINKS).json(link("late")), puts_links)
        .await;
    app.delete_release().await;
    hold.release();
    assert_eq!(
        late.await.unwrap().status,
        201,
        "it was created and deleted"
    );
    let missing = json!({"message": "404 Not Found"});
    app.get(V1).await.assert(404, missing);
    assert!(!leftovers(&app).await.is_empty(), "the late link");
    assert_nothing_left(&world).await;
}

/// Leaves what three creations of 60 links have written that are killed after their third
/// transaction.
async fn leave_killed_creations(world: &World) {
    for n in 0..3 {
        let creation = creation(many_links(&format!("killed{n}-"), 60));
        let process = world.process();
        process.killed_after(creation, 3, is_transaction).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert!(leftovers(&world.process()).await.len() > 500);
}

#[tokio::test(start_paused = true)]
async fn what_killed_creations_leave_is_removed_by_later_writes() {
    let world = World::start().await;
    leave_killed_creations(&world).await;
    assert_nothing_left(&world).await;
}

/// The later writes do not create a release.
#[tokio::test(start_paused = true)]
async fn what_killed_creations_leave_is_removed_by_later_deletions() {
    let world = World::start().await;
    leave_killed_creations(&world).await;
    let process = world.process();
    process.wait();
    for _ in 0..3 {
        let refused = process.delete(V1).await;
        refused.assert(403, json!({"message": "403 Forbidden"}));
    }
    assert_eq!(leftovers(&process).await, Vec::<String>::new());
    world.assert_consistent().await;
}

/// The reads that the answers of a process report.
#[derive(Debug, Clone, Default)]
struct Reads(Arc<Mutex<Vec<f64>>>);

impl Reads {
    fn process(world: &World) -> (Process, Self) {
        let reads = Self::default();
        let noted = reads.clone();
        let process = world.altered(|network| {
            network.answers(move |_, answer| {
                let consumed = &answer["ConsumedCapacity"];
                let units = consumed["CapacityUnits"].as_f64();
                let units = units.or_else(|| consumed[0]["CapacityUnits"].as_f64());
                noted.0.lock().unwrap().extend(units);
                Fate::Arrives
            })
        });
        (process, reads)
    }

    /// The calls and read units since the last time.
    fn take(&self) -> (usize, f64) {
        let reads = std::mem::take(&mut *self.0.lock().unwrap());
        (reads.len(), reads.iter().sum())
    }
}

/// The calls and read units of a GET of the release, by a process that has read it before.
async fn cost_of_get(world: &World) -> (usize, f64) {
    let (reader, reads) = Reads::process(world);
    reader.wait();
    assert_eq!(reader.get(V1).await.status, 200);
    reads.take();
    assert_eq!(reader.get(V1).await.status, 200);
    reads.take()
}

/// A release with this number of links of a kilobyte, deleted by a process that is killed when it
/// begins to remove them.
async fn leave_links(world: &World, count: usize) {
    let long = |mut link: Value| {
        link["url"] = json!(format!(
            "{}?{}",
            link["url"].as_str().unwrap(),
            "x".repeat(900)
        ));
        link
    };
    let app = world.process();
    app.create(many_links("n", count).into_iter().map(long))
        .await;
    let deletion = Event::new("DELETE", V1);
    world.process().killed_before(deletion, removes_items).await;
    assert!(leftovers(&app).await.len() >= count);
}

/// The creation does not clean up either.
#[tokio::test(start_paused = true)]
async fn a_new_release_does_not_cost_more_for_what_an_old_one_left() {
    let fresh = World::start().await;
    fresh.process().create([link("a")]).await;
    let (calls, units) = cost_of_get(&fresh).await;
    let world = World::start().await;
    leave_links(&world, 400).await;
    let creation = creation([link("a")]);
    let process = world.process();
    process.killed_after(creation, 1, creates_release).await;
    let (calls_now, units_now) = cost_of_get(&world).await;
    assert!(calls_now <= calls + 1, "{calls_now} calls, not {calls}");
    assert!(units_now <= units + 10.0, "{units_now} units, not {units}");
    write_much_later(&world).await;
    write_much_later(&fresh).await;
    assert_eq!(cost_of_get(&world).await, cost_of_get(&fresh).await);
}

/// The operations of a process that write.
fn writes(process: &Process) -> Vec<String> {
    let calls = process.connection.take_calls().into_iter();
    let writes = calls.filter(Call::is_write);
    writes.map(|call| call.operation).collect()
}

#[tokio::test(start_paused = true)]
async fn downloads_of_a_deleted_release_take_one_call_each_whatever_it_left() {
    let world = World::start().await;
    leave_links(&world, 400).await;
    let reader = world.process();
    // The project is cached from now on.
    let other = Event::new("GET", "/group/app/-/releases/other/downloads/bin/a");
    assert_eq!(reader.send(other.anonymous()).await.status, 404);
    drop(reader.connection.take_calls());
    let mut running = JoinSet::new();
    for n in 0..8 {
        let event = Event::new("GET", &format!("{V1_DOWNLOADS}/bin/n{n}")).anonymous();
        let request = reader.begin(event);
        running.spawn(async move { request.await.unwrap() });
    }
    for reply in running.join_all().await {
        reply.assert(404, json!({"message": "404 Not found"}));
    }
    let calls = reader.connection.take_calls();
    let operations: Vec<&str> = calls.iter().map(|call| call.operation.as_str()).collect();
    assert_eq!(operations, ["BatchGetItem"; 8]);
}

/// The writes of a GET request beside what a deletion has left, with and without a token, now and
/// much later. With `is_anew`, the tag has a release again.
async fn writes_of_reader(path: &str, is_anew: bool) -> Vec<String> {
    let world = World::start().await;
    leave_links(&world, 30).await;
    if is_anew {
        let creation = creation([link("n1")]);
        let process = world.process();
        process.killed_after(creation, 1, creates_release).await;
    }
    let mut found = Vec::new();
    for is_late in [false, true] {
        let reader = world.process();
        if is_late {
            reader.wait();
        }
        let event = || Event::new("GET", path);
        for event in [event(), event().anonymous()] {
            let reply = reader.send(event).await;
            let is_read = matches!(reply.status, 200 | 302 | 303 | 404);
            assert!(is_read, "{path}: {reply:?}");
        }
        found.extend(writes(&reader));
    }
    found
}

#[tokio::test(start_paused = true)]
async fn requests_that_only_read_never_write() {
    let paths = [
        V1.to_owned(),
        format!("{V1_LINKS}/1"),
        V1_LINKS.to_owned(),
        format!("{V1_LINKS}?page=9"),
        format!("{V1_LINKS}?page=9&per_page=100"),
        RELEASES.to_owned(),
        format!("{RELEASES}?order_by=created_at"),
        format!("{RELEASES}/permalink/latest"),
        format!("{V1_DOWNLOADS}/bin/n1"),
        "/group/app/-/releases/permalink/latest/downloads/bin/n1".to_owned(),
    ];
    let mut found = Vec::new();
    for path in &paths {
        for is_anew in [false, true] {
            let writes = writes_of_reader(path, is_anew).await;
            if !writes.is_empty() {
                found.push((path, is_anew, writes));
            }
        }
    }
    assert_eq!(found, []);
}

/// A deletion does not postpone what others have left.
#[tokio::test(start_paused = true)]
async fn a_release_that_is_made_anew_every_quarter_of_an_hour_does_not_keep_old_leftovers() {
    let world = World::start().await;
    leave_killed_creations(&world).await;
    let process = world.process();
    for n in 0..4 {
        process.create([link(&format!("n{n}"))]).await;
        process.delete_release().await;
        process.clock.advance(Duration::from_secs(15 * 60));
    }
    process.create([link("last")]).await;
    let left = leftovers(&process).await;
    let others: Vec<&String> = left.iter().filter(|sk| !sk.starts_with("work#")).collect();
    assert_eq!(others, Vec::<&String>::new());
}
