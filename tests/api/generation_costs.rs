//! What the generations cost: nothing in the usual cases, and little beside deletions, failed
//! creations and rivals.

use std::io::{Write, stderr};
use std::time::{Duration, SystemTime};

use release_links::idempotency::IdempotencyKey;
use release_links::link::NewLink;
use release_links::page::Page;
use release_links::release::{Order, ResponseSize};
use release_links::store::{Store, StoreSession, Usage};
use serde_json::{Value, json};

use testkit::app::{TABLE, TestApp};
use testkit::{import, usage};

use crate::release_deletion::interrupted;
use crate::releases::RELEASES;

/// The calls of these requests, one after the other, by a process that knows the caller.
async fn calls(app: &TestApp, target: &str) -> usize {
    let reply = app.get(target).await;
    assert!(matches!(reply.status, 200 | 302), "{target}: {reply:?}");
    reply.calls().len()
}

/// Makes the process know the caller and both names of the project.
async fn identify(app: &TestApp) {
    assert_eq!(app.get("/api/v4/projects/24").await.status, 200);
    let download = "/group/app/-/releases/none/downloads/bin/a";
    assert_eq!(app.get(download).await.status, 404);
}

fn begin(store: &Store) -> StoreSession<'_> {
    store.session(Duration::from_secs(30), SystemTime::now())
}

/// The usage of a list of releases.
async fn list(store: &Store, page: Page, order: Order) -> (usize, Usage) {
    let session = begin(store);
    let size = ResponseSize::new("https://links.example.com/group/app");
    let listed = session.releases().list(usage::project(), order, page, size);
    let listed = listed.await.unwrap();
    assert_eq!(listed.counted, 10_000);
    (listed.items.len(), session.usage())
}

/// The seeded release is one of 10,000.
#[tokio::test]
async fn the_cost_of_a_page_of_releases_grows_with_its_distance_from_the_nearer_end() {
    let app = TestApp::start().await;
    import::releases(app.database(), TABLE, 9_999);
    for (number, per_page, is_ascending, releases, calls, read_units) in [
        (1, 20, false, 20, 21, 25.0),
        (500, 20, false, 20, 22, 25.0),
        (1, 20, true, 20, 22, 25.0),
        (500, 20, true, 20, 22, 25.0),
        (250, 20, false, 20, 23, 120.0),
        (250, 20, true, 20, 23, 120.0),
        (1, 1, false, 1, 2, 5.0),
        (501, 20, false, 0, 1, 3.0),
        (501, 20, true, 0, 1, 3.0),
        (999_999, 100, false, 0, 1, 3.0),
    ] {
        let page = Page { number, per_page };
        let order = Order {
            is_ascending,
            ..Order::default()
        };
        let (found, usage) = list(&app.store, page, order).await;
        assert_eq!((found, usage.calls), (releases, calls), "{page:?}");
        assert!(usage.read_units <= read_units, "{page:?}: {usage:?}");
        assert!(usage.write_units == 0.0, "{page:?}: {usage:?}");
        // Written directly to stderr because the test harness captures `eprintln!`.
        let units = usage.read_units;
        let line =
            format!("page {number} of {per_page}, ascending {is_ascending}: {units} read units");
        writeln!(stderr(), "{line}").unwrap();
    }
}

fn links(count: usize) -> Vec<Value> {
    let link = |n| json!({"name": format!("n{n}"), "url": format!("https://e.com/n{n}")});
    (0..count).map(link).collect()
}

#[tokio::test]
async fn a_release_with_up_to_28_links_takes_one_call() {
    let app = TestApp::start().await;
    for (count, expected) in [(0, 1), (28, 1), (29, 3), (300, 3)] {
        let body = json!({"tag_name": format!("with-{count}"), "assets": {"links": links(count)}});
        assert_eq!(app.post(RELEASES, body).await.status, 201);
        let release = format!("{RELEASES}/with-{count}");
        assert_eq!(calls(&app, &release).await, expected, "{count} links");
    }
}

#[tokio::test]
async fn a_release_that_was_deleted_before_takes_a_second_call_once_a_process() {
    let app = TestApp::start().await;
    let body = json!({"tag_name": "v1", "assets": {"links": [
        {"name": "a", "url": "https://e.com/a", "filepath": "/bin/a"},
    ]}});
    let release = format!("{RELEASES}/v1");
    for _ in 0..2 {
        assert_eq!(app.post(RELEASES, body.clone()).await.status, 201);
        assert_eq!(app.delete(&release).await.status, 200);
    }
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    let link = app.get(&release).await.body["assets"]["links"][0]["id"].clone();
    for target in [
        format!("{release}/assets/links/{link}"),
        "/group/app/-/releases/v1/downloads/bin/a".to_owned(),
        release,
    ] {
        let other = app.another_process();
        identify(&other).await;
        let first = calls(&other, &target).await;
        assert!((1..=2).contains(&first), "{target}: {first}");
        assert_eq!(calls(&other, &target).await, 1, "{target}");
    }
}

/// With the links of several interrupted deletions, a reader sees some of them before the release.
#[tokio::test]
async fn what_deletions_leave_costs_a_reader_little() {
    let app = TestApp::start().await;
    import::long_release(app.database(), TABLE, "v1", 2_000, 800);
    let release = format!("{RELEASES}/v1");
    assert_eq!(interrupted(&app, 1).delete(&release).await.status, 200);
    identify(&app).await;
    for target in [release.clone(), format!("{release}/assets/links")] {
        app.get(&target).await.assert_calls(404, &["Query"]);
    }
    let key = usage::release("v1");
    let size = ResponseSize::new("https://links.example.com/group/app");
    let session = begin(&app.store);
    let missing = session.releases().get(&key, size).await;
    assert!(missing.is_err());
    let dead = session.usage();
    assert_eq!((dead.calls, dead.write_units), (1, 0.0));
    assert!(dead.read_units <= 10.0, "{dead:?}");
    let body = json!({"tag_name": "v1", "assets": {"links": links(1)}});
    assert_eq!(interrupted(&app, 1).post(RELEASES, body).await.status, 201);
    let session = begin(&app.store);
    session.releases().get(&key, size).await.unwrap();
    let living = session.usage();
    assert!(living.calls <= 2 && living.read_units <= 11.0, "{living:?}");
}

#[tokio::test]
async fn an_idempotency_key_costs_two_write_units() {
    let app = TestApp::start().await;
    let body = json!({"tag_name": "old"});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    let key = IdempotencyKey::parse(b"key").unwrap().unwrap();
    for (tags, units) in [
        (["old", "old"], [9.0, 11.0]),
        (["new-1", "new-2"], [17.0, 19.0]),
    ] {
        let (mut measured, mut names) = (Vec::new(), ["a", "b"].into_iter());
        for (tag, is_keyed) in tags.into_iter().zip([false, true]) {
            let name = names.next().unwrap();
            let link = NewLink::new(name, format!("https://e.com/{name}")).unwrap();
            let link = link.with_filepath(format!("/bin/{name}")).unwrap();
            let session = begin(&app.store);
            let release = usage::release(tag);
            session
                .write_as(&usage::writer())
                .create_link(&release.tag, link, is_keyed.then_some(&key))
                .await
                .unwrap();
            assert_eq!(session.usage().calls, 2);
            measured.push(session.usage().write_units);
        }
        assert_eq!(measured, units, "{tags:?}");
    }
}
