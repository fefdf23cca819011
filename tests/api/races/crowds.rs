//! Many creations at once, with the conflicts that they cause.

use std::time::Duration;

use serde_json::json;
use testkit::event::Event;
use testkit::network::Latency;
use testkit::reply::Reply;
use tokio::task::JoinSet;

use super::world::{V1_LINKS, World, link};
use crate::releases::RELEASES;

const CROWD: usize = 32;
/// The time of each call. DynamoDB needs less.
const LATENCY: Latency = Latency::Fixed(Duration::from_millis(20));

/// Sends these requests at the same time, each from a process of its own.
async fn send_all(world: &World, events: impl IntoIterator<Item = Event>) -> Vec<Reply> {
    let mut running = JoinSet::new();
    for event in events {
        let process = world.process();
        process.connection.set_latency(LATENCY);
        let request = process.begin(event);
        running.spawn(async move { request.await.unwrap() });
    }
    running.join_all().await
}

fn assert_all_created(replies: &[Reply]) {
    let statuses: Vec<u64> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [201; CROWD]);
}

/// They count in eight shards, so that some of them conflict.
#[tokio::test(start_paused = true)]
async fn creations_of_32_releases_of_a_project_all_succeed() {
    let world = World::start().await;
    let body = |n| {
        let links = [link("a"), link("b")];
        json!({"tag_name": format!("r{n}"), "assets": {"links": links}})
    };
    let events = (0..CROWD).map(|n| Event::new("POST", RELEASES).json(body(n)));
    assert_all_created(&send_all(&world, events).await);
    let listed = world.process().get(RELEASES).await;
    assert_eq!(listed.header("x-total"), (CROWD + 1).to_string());
    world.assert_consistent().await;
}

/// The first one creates the release.
#[tokio::test(start_paused = true)]
async fn creations_of_32_links_of_a_release_all_succeed() {
    for exists in [true, false] {
        let world = World::start().await;
        if exists {
            world.process().create([]).await;
        }
        let events = (0..CROWD).map(|n| Event::new("POST", V1_LINKS).json(link(&format!("n{n}"))));
        assert_all_created(&send_all(&world, events).await);
        let listed = world.process().get(V1_LINKS).await;
        assert_eq!(listed.header("x-total"), CROWD.to_string());
        assert_eq!(listed.ids().len(), 20, "a page");
        world.assert_consistent().await;
    }
}
