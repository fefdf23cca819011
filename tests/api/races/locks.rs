//! Writers beside a request that locks their release.

use std::time::{Duration, SystemTime};

use fastrand::Rng;
use release_links::release::DRAIN;
use release_links::timestamp::Timestamp;
use serde_json::{Value, json};
use testkit::event::Event;
use testkit::network::{Latency, Rates};
use testkit::reply::Reply;
use tokio::task::JoinSet;

use super::calls::{is_transaction, is_update, puts_links};
use super::world::{INVOCATION, Process, V1, V1_LINKS, World, link, many_links};

/// Number of writers that race one lock.
const WRITERS: u64 = 32;
/// Number of races, each from another seed.
const RACES: u64 = 24;

fn refusal() -> Value {
    json!({"message": "403 Forbidden - release v1 is immutable"})
}

fn locking() -> Event {
    Event::new("PUT", V1).json(json!({"immutable": true}))
}

fn immutable_at(release: &Value) -> SystemTime {
    let time = release["immutable_at"].as_str().unwrap();
    time.parse::<Timestamp>().unwrap().into()
}

/// Lets time pass for all processes.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// One of the writers.
fn write(n: u64) -> Event {
    let old = format!("{V1_LINKS}/{}", n / 4 + 1);
    match n % 4 {
        0 => Event::new("PUT", &old).json(json!({"name": format!("changed{n}")})),
        1 => Event::new("DELETE", &old),
        2 if n == 30 => Event::new("DELETE", V1),
        _ => Event::new("POST", V1_LINKS).json(link(&format!("new{n}"))),
    }
}

/// A process whose calls take some time, and whose calls and answers may be lost.
fn unlucky(world: &World, random: &mut Rng) -> Process {
    let process = world.process();
    let latency = Latency::Random(random.fork(), 4..=60);
    process.connection.set_latency(latency);
    let rates = Rates {
        loss: 60,
        ..Rates::NONE
    };
    process.connection.set_faults(random.u64(..), rates);
    process
}

/// Begins all writers within 0.3 s, in which the release is locked, and returns the answer to the
/// lock. One writer's transaction is held for most of its time.
async fn race(world: &World, seed: u64, writers: &mut JoinSet<Reply>) -> Reply {
    let mut random = Rng::with_seed(seed);
    for n in 0..WRITERS {
        let process = unlucky(world, &mut random);
        let before = Duration::from_millis(random.u64(..300));
        let hold = (n == 3).then(|| process.hold(puts_links));
        writers.spawn(async move {
            pass(before).await;
            let request = process.begin(write(n));
            if let Some(hold) = hold {
                pass(INVOCATION - Duration::from_secs(2)).await;
                hold.release();
            }
            request.await.unwrap()
        });
    }
    let process = unlucky(world, &mut random);
    pass(Duration::from_millis(random.u64(50..300))).await;
    process.begin(locking()).await.unwrap()
}

/// After a lock succeeded: from the moment at which the release is immutable, nothing changes.
async fn assert_immutable(world: &World, locked: Reply, writers: JoinSet<Reply>) {
    let reader = world.process();
    let left = immutable_at(&locked.body).duration_since(reader.clock.now());
    pass(left.unwrap() + Duration::from_millis(1)).await;
    let shown = reader.get(V1).await;
    assert_eq!(
        (shown.status, &shown.body["immutable"]),
        (200, &json!(true))
    );
    for reply in writers.join_all().await {
        let allowed = matches!(reply.status, 200 | 201 | 400 | 403 | 404 | 503);
        assert!(allowed, "{reply:?}");
    }
    let links = shown.body["assets"]["links"].as_array().unwrap();
    for link in links {
        let link = format!("{V1_LINKS}/{}", link["id"]);
        reader.delete(&link).await.assert(403, refusal());
        reader
            .put(&link, json!({"name": "x"}))
            .await
            .assert(403, refusal());
    }
    reader
        .post(V1_LINKS, link("x"))
        .await
        .assert(403, refusal());
    reader.delete(V1).await.assert(403, refusal());
    pass(INVOCATION).await;
    reader.get(V1).await.assert(200, shown.body);
}

#[tokio::test(start_paused = true)]
async fn the_links_of_a_release_that_32_writers_race_never_change_once_it_is_immutable() {
    let (mut locks, mut late) = (0, 0);
    for seed in 0..RACES {
        let world = World::start().await;
        world.process().create(many_links("old", 16)).await;
        let mut writers = JoinSet::new();
        let locked = race(&world, seed, &mut writers).await;
        if locked.status == 200 {
            locks += 1;
            let count = &world.process().get(V1).await.body["assets"]["count"];
            assert_immutable(&world, locked, writers).await;
            late += u64::from(*count != world.process().get(V1).await.body["assets"]["count"]);
        } else {
            // The deletion of the release was faster.
            locked.assert(403, json!({"message": "403 Forbidden"}));
            writers.join_all().await;
        }
        world.assert_consistent().await;
    }
    assert!(locks > RACES / 4, "{locks} locks of {RACES}");
    assert!(late > 0, "some writers end after the lock");
}

/// Without the fence, the deletion would remove the release after it was locked.
#[tokio::test(start_paused = true)]
async fn a_deletion_that_has_read_the_release_before_the_lock_is_refused() {
    let world = World::start().await;
    let app = world.process();
    app.create([link("a")]).await;
    let (hold, deletion) = world
        .begin_held(Event::new("DELETE", V1), is_transaction)
        .await;
    let locked = app.send(locking()).await;
    assert_eq!(locked.status, 200);
    hold.release();
    deletion.await.unwrap().assert(403, refusal());
    app.get(V1).await.assert(200, locked.body);
    world.assert_consistent().await;
}

#[tokio::test(start_paused = true)]
async fn an_update_that_has_read_the_release_before_the_lock_shows_the_lock() {
    let world = World::start().await;
    let app = world.process();
    app.create([]).await;
    let (hold, update) = world
        .begin_held(
            Event::new("PUT", V1).json(json!({"name": "new"})),
            is_transaction,
        )
        .await;
    let locked = app.send(locking()).await;
    hold.release();
    let updated = update.await.unwrap();
    let mut expected = locked.body;
    expected["name"] = json!("new");
    updated.assert(200, expected.clone());
    app.get(V1).await.assert(200, expected);
    world.assert_consistent().await;
}

#[tokio::test(start_paused = true)]
async fn the_second_of_two_locks_keeps_the_time_of_the_first() {
    let world = World::start().await;
    let app = world.process();
    app.create([]).await;
    let (hold, second) = world.begin_held(locking(), is_transaction).await;
    let first = app.send(locking()).await;
    pass(Duration::from_secs(1)).await;
    hold.release();
    second.await.unwrap().assert(200, first.body);
    world.assert_consistent().await;
}

/// The creation reserves its link ID while the first link of the tag creates the release, which is
/// locked before the creation goes on.
#[tokio::test(start_paused = true)]
async fn a_first_link_that_finds_a_locked_release_instead_is_refused() {
    let world = World::start().await;
    let app = world.process();
    let (hold, late) = world
        .begin_held(Event::new("POST", V1_LINKS).json(link("late")), puts_links)
        .await;
    let body = json!({"tag_name": "v1", "immutable": true});
    let created = app.post(crate::releases::RELEASES, body).await;
    assert_eq!(created.body["immutable"], true);
    hold.release();
    late.await.unwrap().assert(403, refusal());
    app.get(V1).await.assert(200, created.body);
    world.assert_consistent().await;
}

/// Two calls of the lock are held for so long that a writer which began before its commit could end
/// after the time that they contain.
#[tokio::test(start_paused = true)]
async fn a_lock_that_takes_long_to_commit_begins_again_with_a_later_time() {
    let world = World::start().await;
    let app = world.process();
    app.create([]).await;
    let slow = world.process();
    let holds = [1, 2].map(|n| slow.hold_nth(n, is_transaction));
    let start = app.clock.now();
    let locked = slow.begin(locking()).await.unwrap();
    assert_eq!(locked.status, 200, "{locked:?}");
    let late = immutable_at(&locked.body).duration_since(start).unwrap();
    assert!(late >= DRAIN + Duration::from_secs(2), "{late:?}");
    for hold in holds {
        hold.release();
    }
    pass(Duration::from_secs(1)).await;
    app.get(V1).await.assert(200, locked.body);
    world.assert_consistent().await;
}

/// A creation that lost the answer to its reservation repeats it after the lock.
#[tokio::test(start_paused = true)]
async fn a_reservation_that_is_repeated_after_the_lock_is_refused() {
    let world = World::start().await;
    let app = world.process();
    app.create([]).await;
    let (hold, late) = world
        .begin_held(Event::new("POST", V1_LINKS).json(link("late")), is_update)
        .await;
    let locked = app.send(locking()).await;
    hold.release();
    late.await.unwrap().assert(403, refusal());
    app.get(V1).await.assert(200, locked.body);
    world.assert_consistent().await;
}
