//! The deletion of releases with their links: all at once, whatever the size, and even if it is
//! interrupted.

use std::time::Duration;

use release_links::link::NewLink;
use release_links::page::Page;
use release_links::store::{Store, StoreError};
use serde_json::json;

use testkit::app::{TABLE, TestApp};
use testkit::faults::{Fault, Faulty, Rule};
use testkit::invariants::{Item, assert_invariants, leftovers};
use testkit::proxy::Proxy;
use testkit::{import, usage};

use crate::releases::{RELEASES, names};

/// The items of this release, without its own item and the work items, which stay until no late
/// write can add anything more.
async fn items_of(app: &TestApp, tag: &str) -> Vec<Item> {
    let items = app.items().await.into_iter();
    let is_of_tag = |item: &Item| item["pk"].as_s().unwrap() == &format!("24#{tag}");
    let is_own = |item: &Item| {
        let sk = item["sk"].as_s().unwrap();
        sk == "release" || sk.starts_with("work#")
    };
    items
        .filter(|item| is_of_tag(item) && !is_own(item))
        .collect()
}

/// Creates links at a time when nothing from before can arrive any more. Each write removes what
/// others have left, for a second at most.
async fn write_later(app: &TestApp, tag: &str) {
    app.clock.advance(Duration::from_secs(40 * 60));
    let links = format!("{RELEASES}/{tag}/assets/links");
    for _ in 0..100 {
        let time = humantime::format_rfc3339(app.clock.now()).to_string();
        let link = json!({"name": time, "url": format!("https://e.com/{time}")});
        assert_eq!(app.post(&links, link).await.status, 201);
        if leftovers(&app.items().await).is_empty() {
            break;
        }
        // Until then, another purger may be at work.
        app.clock.advance(Duration::from_secs(10));
    }
}

async fn assert_gone(app: &TestApp, tag: &str) {
    let release = format!("{RELEASES}/{tag}");
    app.get(&release)
        .await
        .assert(404, json!({"message": "404 Not Found"}));
    let not_found = json!({"message": "404 Not found"});
    for path in [
        "assets/links",
        "assets/links?page=9",
        "assets/links/1",
        "assets/links/9999",
    ] {
        app.get(&format!("{release}/{path}"))
            .await
            .assert(404, not_found.clone());
    }
    let download = format!("/group/app/-/releases/{tag}/downloads/bin/n1");
    app.get(&download).await.assert(404, not_found.clone());
    let link = format!("{release}/assets/links/1");
    app.put(&link, json!({"name": "x"}))
        .await
        .assert(404, not_found.clone());
    app.delete(&link).await.assert(404, not_found);
}

#[tokio::test]
async fn a_release_with_ten_thousand_links_is_deleted_completely() {
    let app = TestApp::start().await;
    import::release(app.database(), TABLE, "many", 10_000);
    let deleted = app.delete(&format!("{RELEASES}/many")).await;
    assert_eq!(
        (deleted.status, &deleted.body["assets"]["count"]),
        (200, &json!(0))
    );
    assert_gone(&app, "many").await;
    write_later(&app, "many").await;
    let items = app.items().await;
    assert_eq!(leftovers(&items), Vec::<&Item>::new());
    assert_invariants(&items);
}

/// An app whose deletions stop after some transactions, as if the function were killed.
pub(super) fn interrupted(app: &TestApp, transactions: u32) -> TestApp {
    let rule = Rule {
        operation: "TransactWriteItems",
        fault: Fault::ServiceError(400, "ValidationException"),
        skip: transactions,
        times: u32::MAX,
    };
    let http = aws_smithy_http_client::Builder::new().build_http();
    let faulty = Faulty::new(http, &[rule]);
    let store = Store::new(faulty.config(app.address), TABLE.to_owned());
    TestApp::builder(app.address).store(store).start()
}

#[tokio::test]
async fn an_interrupted_deletion_is_complete_for_readers_and_finishes_with_the_next_write() {
    for write in ["POST", "POST LINK"] {
        let app = TestApp::start().await;
        let tag = write.replace(' ', "-");
        import::release(app.database(), TABLE, &tag, 300);
        let release = format!("{RELEASES}/{tag}");
        assert_eq!(interrupted(&app, 2).delete(&release).await.status, 200);
        let left = items_of(&app, &tag).await;
        assert!(!left.is_empty(), "{write}: the deletion was interrupted");
        assert_invariants(&app.items().await);
        assert_gone(&app, &tag).await;
        assert_eq!(app.delete(&release).await.status, 403);
        assert_eq!(items_of(&app, &tag).await, left, "{write}: nobody wrote");
        app.clock.advance(Duration::from_secs(40 * 60));
        let created = if write == "POST" {
            app.post(RELEASES, json!({"tag_name": tag})).await
        } else {
            let link = json!({"name": "a", "url": "https://e.com/a"});
            app.post(&format!("{release}/assets/links"), link).await
        };
        assert_eq!(created.status, 201);
        write_later(&app, &tag).await;
        let items = app.items().await;
        assert_eq!(leftovers(&items), Vec::<&Item>::new(), "{write}");
    }
}

#[tokio::test]
async fn a_new_release_of_the_tag_does_not_see_links_that_are_not_removed_yet() {
    let app = TestApp::start().await;
    for (tag, by_link) in [("by-release", false), ("by-link", true)] {
        import::release(app.database(), TABLE, tag, 300);
        let release = format!("{RELEASES}/{tag}");
        let interrupted = interrupted(&app, 1);
        assert_eq!(interrupted.delete(&release).await.status, 200);
        let links = format!("{release}/assets/links");
        // The unique values of the removed links are free.
        let link = json!({"name": "n300", "url": "https://e.com/n300", "filepath": "/bin/n300"});
        let link = if by_link {
            app.post(&links, link).await
        } else {
            let body = json!({"tag_name": tag, "assets": {"links": [link]}});
            app.post(RELEASES, body).await
        };
        assert_eq!(link.status, 201, "{link:?}");
        let shown = app.get(&release).await;
        assert_eq!(names(&shown.body), ["n300"]);
        let id = shown.body["assets"]["links"][0]["id"].as_u64().unwrap();
        assert!(id > 300, "{id}");
        for (query, ids) in [("", vec![id]), ("?page=2", vec![]), ("?page=11", vec![])] {
            let list = app.get(&format!("{links}{query}")).await;
            assert_eq!((list.ids(), list.header("x-total")), (ids, "1"), "{query}");
        }
        app.get(&format!("{links}/1"))
            .await
            .assert(404, json!({"message": "404 Not found"}));
        let download = format!("/group/app/-/releases/{tag}/downloads/bin");
        assert_eq!(app.get(&format!("{download}/n1")).await.status, 404);
        assert_eq!(app.get(&format!("{download}/n300")).await.status, 302);
        let renamed = app
            .put(&format!("{links}/{id}"), json!({"name": "n1"}))
            .await;
        assert_eq!(renamed.status, 200, "{renamed:?}");
        assert_invariants(&app.items().await);
        assert_eq!(app.delete(&release).await.status, 200);
        write_later(&app, tag).await;
        let items = app.items().await;
        assert_eq!(leftovers(&items), Vec::<&Item>::new(), "{tag}");
        assert_invariants(&items);
    }
}

/// A link that was reserved before the deletion and is written after it belongs to the deleted
/// release.
#[tokio::test]
async fn a_link_created_during_the_deletion_never_appears_in_a_later_release() {
    let app = TestApp::start().await;
    let proxy = Proxy::holding(app.address, "TransactWriteItems").await;
    let slow = TestApp::builder(proxy.address).start();
    assert_eq!(
        slow.get(&format!("{RELEASES}/v0.1")).await.status,
        200,
        "identity is cached"
    );
    let link = json!({"name": "late", "url": "https://e.com/late", "filepath": "/bin/late"});
    let late = tokio::spawn({
        let links = format!("{RELEASES}/v0.1/assets/links");
        async move { slow.post(&links, link).await }
    });
    proxy.held().await;
    assert_eq!(app.delete(&format!("{RELEASES}/v0.1")).await.status, 200);
    assert_eq!(
        app.post(RELEASES, json!({"tag_name": "v0.1"})).await.status,
        201
    );
    proxy.release();
    assert_eq!(
        late.await.unwrap().status,
        201,
        "it was created and deleted with the release"
    );
    let shown = app.get(&format!("{RELEASES}/v0.1")).await;
    assert_eq!(names(&shown.body), Vec::<&str>::new());
    let links = format!("{RELEASES}/v0.1/assets/links");
    assert_eq!(app.get(&links).await.header("x-total"), "0");
    let download = "/group/app/-/releases/v0.1/downloads/bin/late";
    assert_eq!(app.get(download).await.status, 404);
    let again = json!({"name": "late", "url": "https://e.com/late", "filepath": "/bin/late"});
    assert_eq!(app.post(&links, again).await.status, 201);
    assert_eq!(app.get(download).await.status, 302);
    assert_invariants(&app.items().await);
}

/// A creation that reserved its link IDs before another creation and a deletion must not undo the
/// deletion.
#[tokio::test]
async fn a_creation_that_is_overtaken_by_a_deletion_starts_again() {
    let app = TestApp::start().await;
    let release = format!("{RELEASES}/v1");
    let body = |name: &str| {
        let link = json!({"name": name, "url": format!("https://e.com/{name}")});
        json!({"tag_name": "v1", "assets": {"links": [link]}})
    };
    for by_link in [false, true] {
        let proxy = Proxy::holding(app.address, "TransactWriteItems").await;
        let slow = TestApp::builder(proxy.address).start();
        let late = tokio::spawn({
            let links = format!("{release}/assets/links");
            let body = body("late");
            async move {
                if by_link {
                    slow.post(&links, body["assets"]["links"][0].clone()).await
                } else {
                    slow.post(RELEASES, body).await
                }
            }
        });
        proxy.held().await;
        assert_eq!(app.post(RELEASES, body("other")).await.status, 201);
        assert_eq!(interrupted(&app, 1).delete(&release).await.status, 200);
        proxy.release();
        assert_eq!(late.await.unwrap().status, 201);
        let shown = app.get(&release).await;
        assert_eq!(names(&shown.body), ["late"], "{by_link}");
        assert_invariants(&app.items().await);
        write_later(&app, "v1").await;
        let items = app.items().await;
        assert_eq!(leftovers(&items), Vec::<&Item>::new(), "{by_link}");
        assert_eq!(app.delete(&release).await.status, 200);
    }
}

#[tokio::test]
async fn links_of_several_deleted_releases_with_the_same_values_are_removed() {
    let app = TestApp::start().await;
    let release = format!("{RELEASES}/v1");
    let link = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a"});
    let body = json!({"tag_name": "v1", "assets": {"links": [link]}});
    for _ in 0..3 {
        let creator = interrupted(&app, 1);
        assert_eq!(creator.post(RELEASES, body.clone()).await.status, 201);
        assert_eq!(interrupted(&app, 1).delete(&release).await.status, 200);
    }
    assert_eq!(
        items_of(&app, "v1").await.len(),
        3 * 4,
        "three links and their values"
    );
    assert_gone(&app, "v1").await;
    write_later(&app, "v1").await;
    let items = app.items().await;
    assert_eq!(leftovers(&items), Vec::<&Item>::new());
    assert_invariants(&items);
}

/// Links that are not removed yet do not count towards the size of a response.
#[tokio::test]
async fn a_large_deleted_release_is_not_found_and_its_successor_is_shown() {
    let app = TestApp::start().await;
    import::long_release(app.database(), TABLE, "v1", 2_000, 4_000);
    let release = format!("{RELEASES}/v1");
    assert_eq!(app.get(&release).await.status, 400, "it is too large");
    assert_eq!(interrupted(&app, 1).delete(&release).await.status, 200);
    let not_found = json!({"message": "404 Not Found"});
    interrupted(&app, 1)
        .get(&release)
        .await
        .assert(404, not_found);
    let created = interrupted(&app, 1)
        .post(RELEASES, json!({"tag_name": "v1"}))
        .await;
    assert_eq!(created.status, 201);
    assert_eq!(app.get(&release).await.status, 200);
    assert_eq!(app.get(RELEASES).await.status, 200);
    assert_invariants(&app.items().await);
}

/// A creation that fails after it has written links leaves nothing that anyone sees.
#[tokio::test]
async fn an_interrupted_creation_changes_nothing_for_others() {
    let app = TestApp::start().await;
    let links = |count: usize| -> Vec<NewLink> {
        let link = |n| NewLink::new(format!("n{n}"), format!("https://e.com/n{n}")).unwrap();
        (0..count)
            .map(|n| link(n).with_filepath(format!("/bin/n{n}")).unwrap())
            .collect()
    };
    let new = |count| release_links::release::NewRelease {
        details: release_links::release::Details::default(),
        released_at: None,
        links: links(count),
        is_immutable: false,
    };
    for (tag, next) in [("then-large", 100), ("then-small", 20), ("then-link", 0)] {
        let store = interrupted(&app, 3).store;
        let key = usage::release(tag);
        let session = store.session(Duration::from_secs(30), app.clock.now());
        let writer = usage::writer();
        let writing = session.write_as(&writer);
        let failed = writing.create_release(&key.tag, &new(100), None).await;
        assert!(
            matches!(failed, Err(StoreError::InvalidCall(_))),
            "{failed:?}"
        );
        assert_eq!(
            items_of(&app, tag).await.len(),
            2 * 25 * 4,
            "the work item and links were written"
        );
        assert_gone(&app, tag).await;
        let session = app.store.session(Duration::from_secs(30), app.clock.now());
        if next == 0 {
            let link = links(1).remove(0);
            session
                .write_as(&writer)
                .create_link(&key.tag, link, None)
                .await
                .unwrap();
        } else {
            session
                .write_as(&writer)
                .create_release(&key.tag, &new(next), None)
                .await
                .unwrap();
        }
        let page = Page {
            number: 1,
            per_page: 100,
        };
        let listed = session.links(&key).list(page).await.unwrap();
        assert_eq!(listed.counted, u64::try_from(next.max(1)).unwrap(), "{tag}");
        assert_invariants(&app.items().await);
        assert_eq!(app.delete(&format!("{RELEASES}/{tag}")).await.status, 200);
        write_later(&app, tag).await;
        let items = app.items().await;
        assert_eq!(leftovers(&items), Vec::<&Item>::new(), "{tag}");
    }
}

/// A table restored from a backup may have lost the details of a release.
#[tokio::test]
async fn a_release_that_lost_its_details_can_be_deleted() {
    let app = TestApp::start().await;
    let body = json!({"tag_name": "v1", "description": "lost"});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    app.remove("24#v1", "release#details").await;
    let release = format!("{RELEASES}/v1");
    let error = json!({"message": "500 Internal Server Error"});
    app.get(&release).await.assert(500, error);
    let deleted = app.delete(&release).await;
    assert_eq!(
        (deleted.status, &deleted.body["description"]),
        (200, &json!(null))
    );
    app.get(&release)
        .await
        .assert(404, json!({"message": "404 Not Found"}));
    assert_invariants(&app.items().await);
}
