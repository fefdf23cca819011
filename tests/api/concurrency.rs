//! Concurrent clients; each test ends with a check of the table's invariants.

use std::collections::BTreeSet;

use serde_json::json;
use tokio::task::JoinSet;

use testkit::app::{LINKS, TestApp};
use testkit::invariants::assert_invariants;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_creates_in_one_release_all_succeed() {
    let app = TestApp::start().await;
    let mut creators = JoinSet::new();
    for creator in 0..64 {
        let app = app.clone();
        creators.spawn(async move {
            let mut ids = Vec::new();
            for n in 0..10 {
                let name = format!("{creator}-{n}");
                let body =
                    json!({"name": name, "url": format!("https://e.com/{name}"), "filepath": format!("/bin/{name}")});
                let reply = app.post("/api/v4/projects/24/releases/v9/assets/links", body).await;
                assert_eq!(reply.status, 201, "{reply:?}");
                ids.push(reply.body["id"].as_u64().unwrap());
            }
            ids
        });
    }
    let ids: BTreeSet<u64> = creators.join_all().await.into_iter().flatten().collect();
    assert_eq!(ids.len(), 640);
    assert_eq!(
        app.get("/api/v4/projects/24/releases/v9/assets/links")
            .await
            .header("x-total"),
        "640"
    );
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_creates_with_one_name_create_one_link() {
    let app = TestApp::start().await;
    let mut creators = JoinSet::new();
    for creator in 0..64 {
        let app = app.clone();
        let body = json!({"name": "same", "url": format!("https://e.com/{creator}")});
        creators.spawn(async move { app.post(LINKS, body).await });
    }
    let replies = creators.join_all().await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        1
    );
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.assert(400, json!({"message": ["Name has already been taken"]}));
    }
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_updates_and_deletes_leave_no_orphaned_items() {
    let app = TestApp::start().await;
    for round in 0..40 {
        let body = json!({"name": format!("a{round}"), "url": format!("https://e.com/{round}"), "filepath": format!("/a{round:03}")});
        let link = format!("{LINKS}/{}", app.post(LINKS, body).await.body["id"]);
        let mut racers = JoinSet::new();
        for racer in 0..4 {
            let (app, link) = (app.clone(), link.clone());
            let update = json!({
                "name": format!("b{round}-{racer}"),
                "filepath": format!("/b{round:03}-{racer}"),
            });
            racers.spawn(async move {
                if racer == 3 {
                    app.delete(&link).await
                } else {
                    app.put(&link, update).await
                }
            });
        }
        for reply in racers.join_all().await {
            assert!(matches!(reply.status, 200 | 404), "{reply:?}");
        }
        assert_eq!(app.get(&link).await.status, 404);
    }
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_updates_of_one_link_are_all_applied() {
    let app = TestApp::start().await;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let app = app.clone();
        let update = if writer % 2 == 0 {
            json!({"name": format!("n{writer}")})
        } else {
            json!({"url": format!("http://u{writer}")})
        };
        writers.spawn(async move { app.put(&format!("{LINKS}/2"), update).await });
    }
    assert!(
        writers
            .join_all()
            .await
            .iter()
            .all(|reply| reply.status == 200)
    );
    let link = app.get(&format!("{LINKS}/2")).await.body;
    assert!(
        link["name"].as_str().unwrap().starts_with('n')
            && link["url"].as_str().unwrap().starts_with("http://u")
    );
    assert_invariants(&app.items().await);
}
