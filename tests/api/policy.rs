//! The function's IAM policy: it allows what the function calls, and nothing else. The engine
//! enforces no policy.

use std::collections::BTreeSet;
use std::time::Duration;

use release_links::store::schema::{ITEM_KINDS, ItemKind, Owner, kind_of};
use serde_json::json;
use testkit::app::{LINKS, TestApp};
use testkit::event::Event;
use testkit::policy::{Access, Policy};
use testkit::proxy::Proxy;

/// Sends a request of each kind, and returns what the function accessed.
async fn accesses_of_every_operation() -> Vec<Access> {
    let engine = TestApp::start().await.address;
    let proxy = Proxy::start(engine).await;
    let app = TestApp::builder(proxy.address).start();
    app.store.warm_up(Duration::from_secs(1)).await;
    let by_path = "/api/v4/projects/group%2Fapp/releases/v0.1/assets/links";
    let body = json!({"name": "a", "url": "http://a", "filepath": "/bin/a"});
    for _ in 0..2 {
        let event = Event::new("POST", LINKS).json(body.clone());
        let reply = app.send(event.header("Idempotency-Key", "key")).await;
        assert_eq!(reply.status, 201);
    }
    assert_eq!(app.post(LINKS, body).await.status, 400);
    for path in [
        LINKS,
        by_path,
        &format!("{LINKS}?per_page=1&page=2"),
        "/api/v4/user",
    ] {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
    let download = "/group/app/-/releases/v0.1/downloads/bin/a";
    assert_eq!(app.get(download).await.status, 302);
    let link = format!("{LINKS}/1");
    assert_eq!(app.put(&link, json!({"name": "b"})).await.status, 200);
    let unknown = Event::new("GET", LINKS).token("unknown");
    assert_eq!(app.send(unknown).await.status, 401);
    assert_eq!(
        app.get("/api/v4/projects/0/releases/v/assets/links")
            .await
            .status,
        404
    );
    assert_eq!(app.delete(&link).await.status, 200);
    access_releases(&app).await;
    proxy.accesses()
}

/// Sends a request of each kind for releases.
async fn access_releases(app: &TestApp) {
    let releases = "/api/v4/projects/24/releases";
    let link = |n| json!({"name": n, "url": format!("https://e.com/{n}"), "filepath": format!("/bin/{n}x")});
    for (tag, count) in [("v1", 2), ("v2", 30)] {
        let links: Vec<_> = (10..10 + count).map(link).collect();
        let body = json!({"tag_name": tag, "assets": {"links": links}});
        for _ in 0..2 {
            let event = Event::new("POST", releases).json(body.clone());
            let reply = app.send(event.header("Idempotency-Key", "key")).await;
            assert_eq!(reply.status, 201);
        }
    }
    for (path, status) in [
        ("", 200),
        ("/v1", 200),
        ("/permalink/latest", 302),
        ("/v1/downloads/bin/10x", 302),
        ("/v9", 404),
    ] {
        assert_eq!(
            app.get(&format!("{releases}{path}")).await.status,
            status,
            "{path}"
        );
    }
    let web = "/group/app/-/releases/permalink/latest";
    assert_eq!(app.get(web).await.status, 302);
    let release = format!("{releases}/v1");
    let changes = json!({"name": "a", "released_at": "2020-01-01"});
    assert_eq!(app.put(&release, changes).await.status, 200);
    assert_eq!(app.delete(&release).await.status, 200);
}

#[tokio::test]
async fn the_function_needs_every_permission_that_it_has_and_no_other() {
    let policy = Policy::of_function();
    let mut called = BTreeSet::new();
    for access in accesses_of_every_operation().await {
        assert!(policy.allows(&access), "{access:?} is denied");
        called.insert(access.action);
    }
    assert_eq!(called, policy.actions());
}

/// What single operations on an item are called.
const READS: [&str; 3] = ["BatchGetItem", "GetItem", "Query"];
const WRITES: [&str; 3] = ["DeleteItem", "PutItem", "UpdateItem"];

fn access(action: &str, partition: &str) -> Access {
    Access {
        action: format!("dynamodb:{action}"),
        partition: Some(partition.to_owned()),
    }
}

#[test]
fn the_function_may_not_write_tokens_projects_or_counters() {
    let policy = Policy::of_function();
    for kind in &ITEM_KINDS {
        for action in WRITES {
            let access = access(action, kind.partition);
            let is_own = kind.owner == Owner::Function;
            assert_eq!(policy.allows(&access), is_own, "{access:?}");
        }
    }
    for partition in ["1#v1", "24#token#", "9223372036854775807/releases"] {
        for action in WRITES {
            let access = access(action, partition);
            assert!(policy.allows(&access), "{access:?} is denied");
        }
    }
}

/// Whether items of this kind can be in the partition. A policy sees no more of a key.
fn may_hold(partition: &str, kind: &ItemKind) -> bool {
    let example = kind_of(kind.partition, kind.sort);
    kind_of(partition, kind.sort) == example
}

#[tokio::test]
async fn the_function_may_read_the_kinds_of_items_that_it_reads_and_no_other() {
    let policy = Policy::of_function();
    let accesses = accesses_of_every_operation().await.into_iter();
    let read = accesses.filter_map(|access| {
        let action = access.action.strip_prefix("dynamodb:").unwrap();
        access.partition.filter(|_| READS.contains(&action))
    });
    let read: BTreeSet<String> = read.collect();
    for kind in &ITEM_KINDS {
        let is_read = read.iter().any(|partition| may_hold(partition, kind));
        for action in READS {
            let access = access(action, kind.partition);
            assert_eq!(policy.allows(&access), is_read, "{access:?}");
        }
    }
}
