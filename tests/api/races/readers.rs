//! Readers while the release that they read is created, deleted or made anew.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use testkit::altered::Fate;
use testkit::event::Event;
use testkit::network::Call;
use testkit::reply::Reply;

use super::calls::{creates_release, is_query, keys, reads_filepath};
use super::items::{DETAILS, is_filepath, is_link};
use super::world::{
    Process, V1, V1_DOWNLOADS, V1_LINKS, World, creation, is_held, link, links, many_links,
};

/// What happens to a release while its list of links is read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Deleted,
    /// It is deleted, and a creation with 60 links is killed before its last transaction.
    StagedAnew,
    /// It is deleted, and created with 60 links.
    MadeAnew,
}

/// Deletes the release, and creates it anew or nearly.
async fn replace(app: &Process, change: Change) {
    app.delete_release().await;
    let links = many_links("new", 60);
    match change {
        Change::Deleted => {}
        Change::StagedAnew => app.killed_before(creation(links), creates_release).await,
        Change::MadeAnew => drop(app.create(links).await),
    }
}

/// Whether the page is the third one of the old release.
fn is_old(page: &Reply) -> bool {
    let names = page.body.as_array().into_iter().flatten();
    let names: Vec<&Value> = names.map(|link| &link["name"]).collect();
    let expected: Vec<Value> = (0..50).rev().map(|n| json!(format!("old{n}"))).collect();
    page.status == 200 && names.into_iter().eq(&expected) && page.header("x-total") == "250"
}

/// Whether the page is the third one of the release that was made anew, which has one page.
fn is_new(page: &Reply) -> bool {
    page.status == 200 && page.body == json!([]) && page.header("x-total") == "60"
}

/// Reads the third page of the links, and waits at each call in turn while the release changes.
/// Returns what was wrong.
async fn read_third_page_during(change: Change) -> Vec<String> {
    let mut wrong = Vec::new();
    for n in 1.. {
        let world = World::start().await;
        let app = world.process();
        app.create(many_links("old", 250)).await;
        let slow = world.process();
        let hold = slow.hold_nth(n, |_| true);
        let third = format!("{V1_LINKS}?per_page=100&page=3");
        let page = slow.begin(Event::new("GET", &third));
        if !is_held(&hold, &page).await {
            assert!(n > 3, "a page takes several calls");
            assert!(is_old(&page.await.unwrap()));
            break;
        }
        replace(&app, change).await;
        hold.release();
        let page = page.await.unwrap();
        if page.status == 404 {
            page.assert(404, json!({"message": "404 Not found"}));
        } else if !(is_old(&page) || change == Change::MadeAnew && is_new(&page)) {
            let links = page.body.as_array().map_or(0, Vec::len);
            let total = page.header("x-total");
            let status = page.status;
            wrong.push(format!("call {n}: {status}, {links} links of {total}"));
        }
        world.assert_consistent().await;
    }
    wrong
}

#[tokio::test(start_paused = true)]
async fn a_page_of_links_beside_a_deletion_is_complete_or_not_found() {
    let wrong = read_third_page_during(Change::Deleted).await;
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_page_of_links_has_no_links_of_a_creation_that_was_not_committed() {
    let wrong = read_third_page_during(Change::StagedAnew).await;
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_page_of_links_is_that_of_one_release() {
    let wrong = read_third_page_during(Change::MadeAnew).await;
    assert_eq!(wrong, Vec::<String>::new());
}

/// The item with this sort key in an answer.
fn with_sort_key<'a>(answer: &'a mut Value, sk: &str) -> Option<&'a mut Value> {
    let items = answer["Items"].as_array_mut().into_iter().flatten();
    items.into_iter().find(|item| item["sk"]["S"] == sk)
}

/// The Query reads what describes the release before a creation commits, and the rest after it.
#[tokio::test(start_paused = true)]
async fn a_reader_beside_a_creation_sees_the_whole_release() {
    let world = World::start().await;
    let created = world.process().create(links(["a", "b"])).await;
    let is_early = AtomicBool::new(true);
    let reader = world.altered(|network| {
        network.answers(move |call, answer| {
            if is_query(call) && is_early.swap(false, Ordering::Relaxed) {
                let items = answer["Items"].as_array_mut().unwrap();
                items.retain(|item| item["sk"]["S"] != DETAILS);
            }
            Fate::Arrives
        })
    });
    reader.get(V1).await.assert(200, created);
}

/// The Query reads what describes the release before a change commits, and the rest after it.
#[tokio::test(start_paused = true)]
async fn a_reader_beside_a_change_sees_the_release_before_or_after_it() {
    let world = World::start().await;
    let app = world.process();
    app.create(links(["a", "b"])).await;
    let (old, queries): (Mutex<Value>, AtomicUsize) = Default::default();
    let reader = world.altered(|network| {
        network.answers(move |call, answer| {
            let details = with_sort_key(answer, DETAILS).filter(|_| is_query(call));
            let Some(details) = details else {
                return Fate::Arrives;
            };
            // The first Query is from before the change, and the second one beside it.
            match queries.fetch_add(1, Ordering::Relaxed) {
                0 => *old.lock().unwrap() = details.clone(),
                1 => *details = old.lock().unwrap().clone(),
                _ => {}
            }
            Fate::Arrives
        })
    });
    assert_eq!(reader.get(V1).await.status, 200);
    let change = json!({"name": "Two", "released_at": "2025-01-01T00:00:00.000Z"});
    let changed = app.put(V1, change).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    reader.get(V1).await.assert(200, changed.body);
}

/// Moves what was found for this filepath to the unprocessed keys of the answer.
fn leave_unprocessed(call: &Call, answer: &mut Value, filepath: &str) {
    let is_wanted = |key: &Value| is_filepath(key["sk"]["S"].as_str().unwrap(), filepath);
    let left: Vec<Value> = keys(call).filter(|key| is_wanted(key)).cloned().collect();
    let tables = answer["Responses"].as_object_mut().unwrap();
    let table = tables.keys().next().unwrap().clone();
    let items = tables[&table].as_array_mut().unwrap();
    items.retain(|item| !is_wanted(item));
    answer["UnprocessedKeys"] = json!({table: {"Keys": left, "ConsistentRead": true}});
}

/// The first call returns the release and leaves the item behind the filepath unprocessed. The
/// second one waits.
#[tokio::test(start_paused = true)]
async fn a_download_never_leads_to_a_creation_that_was_not_committed() {
    let world = World::start().await;
    let app = world.process();
    app.create([link("a")]).await;
    let is_first = AtomicBool::new(true);
    let reader = world.altered(|network| {
        network.answers(move |call, answer| {
            let is_batch = call.operation == "BatchGetItem" && reads_filepath(call, "/bin/a");
            if is_batch && is_first.swap(false, Ordering::Relaxed) {
                leave_unprocessed(call, answer, "/bin/a");
            }
            Fate::Arrives
        })
    });
    let again = |call: &Call| reads_filepath(call, "/bin/a");
    let hold = reader.hold_nth(2, again);
    let download = reader.begin(Event::new("GET", &format!("{V1_DOWNLOADS}/bin/a")));
    hold.reached().await;
    app.delete_release().await;
    let mut links = many_links("new", 60);
    links[0]["direct_asset_path"] = json!("/bin/a");
    app.killed_before(creation(links), creates_release).await;
    hold.release();
    let download = download.await.unwrap();
    if download.status == 302 {
        assert_eq!(download.header("location"), "https://e.com/a");
    } else {
        download.assert(404, json!({"message": "404 Not found"}));
    }
}

/// Its first Query reads the links before the creation of the release and the release after it.
#[tokio::test(start_paused = true)]
async fn a_reader_that_sees_a_new_release_without_its_links_reads_again() {
    let world = World::start().await;
    let created = world.process().create(links(["a", "b", "c"])).await;
    for (path, expected) in [
        (V1, created.clone()),
        (V1_LINKS, created["assets"]["links"].clone()),
    ] {
        let is_first = AtomicBool::new(true);
        let reader = world.altered(|network| {
            network.answers(move |call, answer| {
                if is_query(call) && is_first.swap(false, Ordering::Relaxed) {
                    let items = answer["Items"].as_array_mut().unwrap();
                    items.retain(|item| !item["sk"]["S"].as_str().is_some_and(is_link));
                }
                Fate::Arrives
            })
        });
        reader.get(path).await.assert(200, expected);
    }
}
