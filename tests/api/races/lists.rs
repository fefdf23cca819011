//! Lists of releases while their order changes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use testkit::altered::Fate;
use testkit::event::Event;
use testkit::network::Call;

use super::calls::{after, reads_order};
use super::items::tag_of_place;
use super::world::{World, is_held};
use crate::releases::{RELEASES, tags};

/// The most places that one Query returns, as if each were as long as it can be.
const PLACES: usize = 12;
/// The number of releases, whose order takes two such queries.
const NUMBER: usize = 20;

/// The tags in the order that the first Query of a list has read, and whether it reads forward.
#[derive(Debug, Default)]
struct Begun {
    tags: Vec<String>,
    is_forward: bool,
}

impl Begun {
    fn read(call: &Call, answer: &Value) -> Self {
        let items = answer["Items"].as_array().into_iter().flatten();
        let tags = items.filter_map(|item| tag_of_place(item["sk"]["S"].as_str()?));
        Self {
            tags: tags.map(str::to_owned).collect(),
            is_forward: call.body["ScanIndexForward"] != json!(false),
        }
    }
}

/// The order takes several queries, and the second one waits.
#[tokio::test(start_paused = true)]
async fn a_release_that_moves_while_the_list_is_read_is_not_in_it_twice() {
    let world = World::start().await;
    let app = world.process();
    for n in 0..NUMBER {
        let released_at = format!("2001-02-{:0>2}T00:00:00.000Z", n + 1);
        let body = json!({"tag_name": format!("r{n}"), "released_at": released_at});
        assert_eq!(app.post(RELEASES, body).await.status, 201);
    }
    let begun: Arc<Mutex<Begun>> = Arc::default();
    let reader = world.altered({
        let begun = Arc::clone(&begun);
        move |network| {
            let short = network.calls(|call| {
                if reads_order(call) {
                    let limit = call.body["Limit"].as_u64().unwrap_or(u64::MAX);
                    call.body["Limit"] = json!(limit.min(PLACES as u64));
                }
            });
            short.answers(move |call, answer| {
                let mut begun = begun.lock().unwrap();
                if reads_order(call) && begun.tags.is_empty() {
                    *begun = Begun::read(call, answer);
                }
                Fate::Arrives
            })
        }
    });
    let hold = reader.hold(after(reads_order, reads_order));
    let list = reader.begin(Event::new("GET", &format!("{RELEASES}?per_page=100")));
    if is_held(&hold, &list).await {
        let (tag, is_forward) = {
            let begun = begun.lock().unwrap();
            let own = begun.tags.iter().find(|tag| tag.starts_with('r'));
            (own.expect("a release was read").clone(), begun.is_forward)
        };
        // From the part that was read to the end of the other one.
        let released_at = if is_forward {
            "2002-01-01T00:00:00.000Z"
        } else {
            "2000-01-01T00:00:00.000Z"
        };
        let path = format!("{RELEASES}/{tag}");
        let moved = app.put(&path, json!({"released_at": released_at})).await;
        assert_eq!(moved.status, 200, "{moved:?}");
        hold.release();
    }
    let list = list.await.unwrap();
    let found = tags(&list);
    let distinct: BTreeSet<&str> = found.iter().copied().collect();
    assert_eq!(list.status, 200);
    assert_eq!(found.len(), distinct.len(), "{found:?}");
    assert!(
        found.len() >= NUMBER,
        "at most the moved one is missing: {found:?}"
    );
}
