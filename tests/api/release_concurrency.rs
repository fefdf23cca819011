//! Concurrent requests for one release, and releases that exceed a response.

use std::collections::BTreeSet;
use std::time::Duration;

use release_links::store::operator::{RestoreInto, RestoreOutcome};
use serde_json::{Value, json};

use testkit::app::{TABLE, TestApp};
use testkit::event::Event;
use testkit::invariants::assert_invariants;
use testkit::proxy::Proxy;
use testkit::reply::Reply;
use testkit::{import, usage};
use tokio::task::JoinSet;

use crate::release_deletion::interrupted;
use crate::releases::{RELEASES, names, tags};

/// Sends all events at the same time.
async fn send_all(app: &TestApp, events: impl IntoIterator<Item = Event>) -> Vec<Reply> {
    let mut running = JoinSet::new();
    for event in events {
        let app = app.clone();
        running.spawn(async move { app.send(event).await });
    }
    running.join_all().await
}

fn release(tag: &str, links: usize, prefix: &str) -> Value {
    let link = |n| json!({"name": format!("{prefix}{n}"), "url": format!("https://e.com/{n}")});
    let links: Vec<Value> = (0..links).map(link).collect();
    json!({"tag_name": tag, "assets": {"links": links}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_32_concurrent_creations_of_a_release_succeeds() {
    let app = TestApp::start().await;
    for links in [0, 5, 60] {
        let tag = format!("with-{links}");
        let events = (0..32).map(|n| {
            let body = release(&tag, links, &format!("w{n}-"));
            Event::new("POST", RELEASES).json(body)
        });
        let replies = send_all(&app, events).await;
        let created: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 201).collect();
        assert_eq!(created.len(), 1, "{links}");
        for reply in replies.iter().filter(|reply| reply.status != 201) {
            reply.assert(409, json!({"message": "Release already exists"}));
        }
        app.get(&format!("{RELEASES}/{tag}"))
            .await
            .assert(200, created[0].body.clone());
        assert_invariants(&app.items().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_first_links_make_one_release() {
    let app = TestApp::start().await;
    let links = format!("{RELEASES}/new/assets/links");
    let events = (0..32).map(|n| {
        let body = json!({"name": n, "url": format!("https://e.com/{n}")});
        Event::new("POST", &links).json(body)
    });
    for reply in send_all(&app, events).await {
        assert_eq!(reply.status, 201, "{reply:?}");
    }
    assert_eq!(app.get(&links).await.header("x-total"), "32");
    assert_eq!(tags(&app.get(RELEASES).await).len(), 2);
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creations_updates_and_deletions_of_a_release_leave_a_consistent_table() {
    let app = TestApp::start().await;
    for round in 0..6 {
        let links = format!("{RELEASES}/v1/assets/links");
        let events = (0..40).map(|n| match n % 5 {
            0 => Event::new("POST", RELEASES).json(release("v1", 30 * (n % 2), "r")),
            1 => Event::new("DELETE", &format!("{RELEASES}/v1")),
            2 => Event::new("PUT", &format!("{RELEASES}/v1"))
                .json(json!({"released_at": format!("20{:0>2}-01-01", 10 + n)})),
            _ => Event::new("POST", &links)
                .json(json!({"name": n, "url": format!("https://e.com/{round}/{n}")})),
        });
        let replies = send_all(&app, events).await;
        for reply in &replies {
            let allowed = matches!(reply.status, 200 | 201 | 400 | 403 | 409 | 503);
            assert!(allowed, "{reply:?}");
        }
        assert_invariants(&app.items().await);
    }
    let listed = app.get(RELEASES).await;
    let listed: BTreeSet<&str> = tags(&listed).into_iter().collect();
    assert!(listed.contains("v0.1") && listed.len() <= 2);
}

#[tokio::test]
async fn an_update_does_not_overwrite_a_description_that_it_has_not_read() {
    let app = TestApp::start().await;
    let body = json!({"tag_name": "v1", "description": "old"});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    let proxy = Proxy::holding(app.address, "TransactWriteItems").await;
    let slow = TestApp::builder(proxy.address).start();
    let path = format!("{RELEASES}/v1");
    let update = tokio::spawn({
        let path = path.clone();
        async move { slow.put(&path, json!({"name": "new"})).await }
    });
    proxy.held().await;
    let other = json!({"description": "of another request"});
    assert_eq!(app.put(&path, other).await.status, 200);
    proxy.release();
    assert_eq!(update.await.unwrap().status, 200);
    let shown = app.get(&path).await.body;
    assert_eq!(
        (&shown["name"], &shown["description"]),
        (&json!("new"), &json!("of another request"))
    );
}

/// A release over a megabyte takes several queries.
#[tokio::test]
async fn a_release_deleted_between_two_queries_is_not_found() {
    let app = TestApp::start().await;
    import::long_release(app.database(), TABLE, "large", 1_000, 2_000);
    let path = format!("{RELEASES}/large");
    let proxy = Proxy::holding(app.address, "GetItem").await;
    let slow = TestApp::builder(proxy.address).start();
    let reader = tokio::spawn({
        let path = path.clone();
        async move { slow.get(&path).await }
    });
    proxy.held().await;
    assert_eq!(app.delete(&path).await.status, 200);
    proxy.release();
    let reply = reader.await.unwrap();
    reply.assert(404, json!({"message": "404 Not Found"}));
}

/// The link is changed in the deleted release. A link of a later release has the same filepath.
#[tokio::test]
async fn an_update_of_a_link_whose_release_is_deleted_meanwhile_changes_no_later_link() {
    let app = TestApp::start().await;
    let release = format!("{RELEASES}/v1");
    let link = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a"});
    let body = json!({"tag_name": "v1", "assets": {"links": [link]}});
    assert_eq!(app.post(RELEASES, body.clone()).await.status, 201);
    let proxy = Proxy::holding(app.address, "TransactWriteItems").await;
    let slow = TestApp::builder(proxy.address).start();
    let update = tokio::spawn({
        let link = format!("{release}/assets/links/1");
        async move { slow.put(&link, json!({"url": "https://e.com/b"})).await }
    });
    proxy.held().await;
    assert_eq!(interrupted(&app, 1).delete(&release).await.status, 200);
    assert_eq!(interrupted(&app, 1).post(RELEASES, body).await.status, 201);
    proxy.release();
    let changed = update.await.unwrap();
    assert_eq!(
        (changed.status, &changed.body["url"]),
        (200, &json!("https://e.com/b"))
    );
    let shown = app.get(&release).await.body;
    let link = &shown["assets"]["links"][0];
    assert_eq!(
        (&link["id"], &link["url"]),
        (&json!(2), &json!("https://e.com/a"))
    );
    assert_invariants(&app.items().await);
}

/// The missing link goes into the release that exists when it is written, whichever that is.
#[tokio::test]
async fn a_restore_adds_links_to_a_release_that_is_made_anew_meanwhile() {
    let app = TestApp::start().await;
    let (release, key) = (format!("{RELEASES}/v1"), usage::release("v1"));
    let body = |name: &str| {
        let link = json!({"name": name, "url": format!("https://e.com/{name}")});
        json!({"tag_name": "v1", "assets": {"links": [link]}})
    };
    assert_eq!(app.post(RELEASES, body("a")).await.status, 201);
    let session = app.operator.session(Duration::from_secs(30));
    let backup = session.releases().back_up(&key).await.unwrap();
    for name in ["b", "c"] {
        assert_eq!(app.delete(&release).await.status, 200);
        assert_eq!(app.post(RELEASES, body(name)).await.status, 201);
    }
    let proxy = Proxy::holding(app.address, "TransactWriteItems").await;
    let slow = TestApp::builder(proxy.address).start().operator;
    let restore = tokio::spawn(async move {
        let session = slow.session(Duration::from_secs(30));
        let into = RestoreInto::Active(key.project);
        session.releases().restore(&key, &backup, &into).await
    });
    proxy.held().await;
    assert_eq!(interrupted(&app, 1).delete(&release).await.status, 200);
    assert_eq!(
        interrupted(&app, 1).post(RELEASES, body("d")).await.status,
        201
    );
    proxy.release();
    let restored = restore.await.unwrap().unwrap();
    assert!(!restored.was_missing);
    assert_eq!(restored.links[0].outcome, RestoreOutcome::Restored);
    assert_eq!(names(&app.get(&release).await.body), ["d", "a"]);
    assert_invariants(&app.items().await);
}

/// A reader sees all links of a creation or none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_a_whole_release_or_none() {
    let app = TestApp::start().await;
    let path = format!("{RELEASES}/v1");
    let writer = {
        let (app, path) = (app.clone(), path.clone());
        tokio::spawn(async move {
            for _ in 0..8 {
                let created = app.post(RELEASES, release("v1", 70, "l")).await;
                assert_eq!(created.status, 201, "{created:?}");
                assert_eq!(app.delete(&path).await.status, 200);
            }
        })
    };
    let (mut seen, mut missing) = (0, 0);
    while !writer.is_finished() {
        let reply = app.get(&path).await;
        match reply.status {
            200 => {
                assert_eq!(names(&reply.body).len(), 70);
                seen += 1;
            }
            404 => missing += 1,
            _ => panic!("{reply:?}"),
        }
        let links = app.get(&format!("{path}/assets/links?per_page=100")).await;
        assert!(links.status == 404 || links.ids().len() == 70, "{links:?}");
    }
    writer.await.unwrap();
    assert!(seen + missing > 0);
    assert_invariants(&app.items().await);
}
