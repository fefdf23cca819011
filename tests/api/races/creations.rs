//! Creations that meet each other, lost answers and conflicts.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::altered::Fate;
use testkit::event::Event;
use testkit::network::{Latency, Point};
use testkit::reply::Reply;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::calls::{creates_release, is_transaction, is_update, puts_links};
use super::items::generation;
use super::leftovers::assert_nothing_left;
use super::world::{Process, V1, V1_LINKS, World, creation, link, many_links};
use crate::releases::names;

/// The part of an invocation's time that is reserved for the response.
const RESERVED_TIME: Duration = Duration::from_millis(300);
/// The time of each call of a slow process.
const SLOW: Latency = Latency::Fixed(Duration::from_millis(400));

/// Creates the release from this number of processes at once. Each call takes 0.4 s.
async fn create_at_once(rivals: usize) {
    let world = World::start().await;
    let mut running = JoinSet::new();
    for rival in 0..rivals {
        let process = world.process();
        process.connection.set_latency(SLOW);
        let event = creation(many_links(&format!("rival{rival}-"), 200));
        let request = process.begin(event);
        running.spawn(async move { request.await.unwrap() });
    }
    let replies = running.join_all().await;
    let statuses: Vec<u64> = replies.iter().map(|reply| reply.status).collect();
    let (created, refused): (Vec<&Reply>, Vec<&Reply>) =
        replies.iter().partition(|reply| reply.status == 201);
    assert_eq!(created.len(), 1, "{statuses:?}");
    for reply in refused {
        reply.assert(409, json!({"message": "Release already exists"}));
    }
    let shown = world.process().get(V1).await;
    shown.assert(200, created[0].body.clone());
    assert_eq!(names(&shown.body).len(), 200);
    world.assert_consistent().await;
    assert_nothing_left(&world).await;
}

#[tokio::test(start_paused = true)]
async fn one_of_two_slow_creations_of_a_large_release_succeeds() {
    create_at_once(2).await;
}

#[tokio::test(start_paused = true)]
async fn one_of_four_slow_creations_of_a_large_release_succeeds() {
    create_at_once(4).await;
}

/// The SDK repeats the reservation, which DynamoDB has already executed.
#[tokio::test(start_paused = true)]
async fn a_large_release_is_created_although_the_answer_to_its_reservation_was_lost() {
    let world = World::start().await;
    let is_lost = AtomicBool::new(false);
    let process = world.altered(|network| {
        network.answers(move |call, _| {
            if is_update(call) && !is_lost.swap(true, Ordering::Relaxed) {
                Fate::Lost
            } else {
                Fate::Arrives
            }
        })
    });
    let event = creation(many_links("n", 1_000));
    // The calls take no time, so this is long enough unless the creation waits.
    let created = process.send_within(event, Duration::from_secs(5)).await;
    assert_eq!(created.status, 201, "{:?}", created.body["message"]);
    let shown = world.process().get(V1).await;
    shown.assert(200, created.body.clone());
    assert_eq!(names(&shown.body).len(), 1_000);
    world.assert_consistent().await;
}

/// A process that loses the first answer to the transaction that creates a release. DynamoDB has
/// forgotten the token when the SDK repeats the call, as it does after ten minutes.
fn forgetful(world: &World) -> Process {
    let (is_lost, tokens) = (AtomicBool::new(false), AtomicUsize::new(0));
    world.altered(|network| {
        let network = network.calls(move |call| {
            if is_transaction(call) {
                let token = tokens.fetch_add(1, Ordering::Relaxed);
                call.body["ClientRequestToken"] = json!(format!("token-{token}"));
            }
        });
        network.answers(move |call, _| {
            if creates_release(call) && !is_lost.swap(true, Ordering::Relaxed) {
                Fate::Lost
            } else {
                Fate::Arrives
            }
        })
    })
}

#[tokio::test(start_paused = true)]
async fn a_release_is_created_although_its_second_transaction_meets_the_first_one() {
    for count in [3, 60] {
        let world = World::start().await;
        let process = forgetful(&world);
        let created = process.create(many_links("n", count)).await;
        let shown = world.process().get(V1).await;
        shown.assert(200, created);
        assert_eq!(names(&shown.body).len(), count);
        assert_nothing_left(&world).await;
    }
}

/// The late transaction would bring back an earlier generation.
#[tokio::test(start_paused = true)]
async fn a_creation_that_arrives_after_a_later_release_gets_a_generation_of_its_own() {
    let world = World::start().await;
    let (hold, late) = world
        .begin_held(creation([link("late")]), creates_release)
        .await;
    let app = world.process();
    app.create([link("other")]).await;
    let other = generation(&app).await;
    app.delete_release().await;
    hold.release();
    assert_eq!(late.await.unwrap().status, 201);
    assert_eq!(names(&app.get(V1).await.body), ["late"]);
    let living = generation(&app).await;
    assert!(living > other, "generation {living} after {other}");
    assert_nothing_left(&world).await;
}

/// A process whose transaction keeps the items of this link for hours.
async fn occupy(world: &World, link: &Value) {
    let slow = world.process();
    let hold = slow.connection.hold(Point::Answer, 1, is_update);
    let request = slow.begin(Event::new("POST", V1_LINKS).json(link.clone()));
    hold.reached().await;
    let hour = Duration::from_secs(60 * 60);
    slow.connection.set_latency(Latency::Fixed(8 * hour));
    hold.release();
    // It takes two hours to arrive, and works for four.
    tokio::time::sleep(3 * hour).await;
    assert_eq!(request.await.unwrap().status, 503);
}

/// The pause before the next attempt must not last until the deadline.
#[tokio::test(start_paused = true)]
async fn a_request_that_keeps_conflicting_is_answered_before_its_deadline() {
    let world = World::start().await;
    world.process().create([]).await;
    let link = link("a");
    occupy(&world, &link).await;
    for milliseconds in (3_400..=5_400).step_by(100) {
        let time = Duration::from_millis(milliseconds);
        let process = world.process();
        process.connection.set_latency(SLOW);
        let started = Instant::now();
        let event = Event::new("POST", V1_LINKS).json(link.clone());
        let reply = process.send_within(event, time).await;
        let elapsed = started.elapsed();
        reply.assert(
            503,
            json!({"message": "503 Service Unavailable: nothing is lost, please try again"}),
        );
        assert_eq!(reply.header("retry-after"), "1");
        let sent = process.connection.take_calls();
        let transactions = sent.iter().filter(|call| puts_links(call)).count();
        assert!(transactions > 1, "the transaction is repeated: {sent:?}");
        let limit = time.saturating_sub(RESERVED_TIME);
        assert!(elapsed <= limit, "{elapsed:?} of {time:?}");
    }
}
