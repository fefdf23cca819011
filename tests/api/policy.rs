//! The function's IAM policy: it allows what the function calls, and nothing else. The engine
//! enforces no policy.

use std::collections::BTreeSet;
use std::time::Duration;

use release_links::store::schema::{ITEM_KINDS, ItemKind, Owner, kind_of};
use serde_json::json;
use testkit::app::{LINKS, TestApp};
use testkit::event::Event;
use testkit::persona::Persona::Junk;
use testkit::policy::{Access, Policy};
use testkit::proxy::Proxy;

use crate::cases::{CASES, create_project_with_one_release};

/// Requests about the seeded release that no case sends: a status, a method, a path and a body.
const MORE_REQUESTS: &str = r#"
    201 POST /24/releases/v0.1/assets/links {"name": "a", "url": "http://a", "filepath": "/bin/a"}
    400 POST /24/releases/v0.1/assets/links {"name": "a", "url": "http://a", "filepath": "/bin/a"}
    200 GET /group%2Fapp/releases/v0.1/assets/links
    200 GET /24/releases/v0.1/assets/links?per_page=1&page=2
    404 GET /0/releases/v/assets/links
    404 GET /24/releases/none
"#;

/// Sends a request of each kind, and returns what the function accessed.
async fn accesses_of_every_operation() -> Vec<Access> {
    let direct = TestApp::start().await;
    create_project_with_one_release(&direct).await;
    let proxy = Proxy::start(direct.address).await;
    let app = TestApp::builder(proxy.address).start();
    app.store.warm_up(Duration::from_secs(1)).await;
    for (index, case) in CASES.iter().enumerate() {
        let subject = case.prepare(&direct, format!("v{index}")).await;
        let reply = app.send(case.event(&subject)).await;
        assert_eq!(reply.status, case.success, "{}", case.name);
    }
    for line in MORE_REQUESTS.lines().filter(|line| !line.is_empty()) {
        let mut words = line.trim().splitn(4, ' ');
        let status: u64 = words.next().unwrap().parse().unwrap();
        let method = words.next().unwrap();
        let target = format!("/api/v4/projects{}", words.next().unwrap());
        let event = Event::new(method, &target);
        let event = match words.next() {
            Some(body) => event.body("application/json", body),
            None => event,
        };
        assert_eq!(app.send(event).await.status, status, "{line}");
    }
    assert_eq!(app.as_(Junk).get(LINKS).await.status, 401);
    repeat_a_large_creation(&app).await;
    proxy.accesses()
}

async fn repeat_a_large_creation(app: &TestApp) {
    let link = |n| json!({"name": n, "url": format!("https://e.com/{n}")});
    let links: Vec<_> = (0..30).map(link).collect();
    let body = json!({"tag_name": "large", "assets": {"links": links}});
    for _ in 0..2 {
        let event = Event::new("POST", "/api/v4/projects/24/releases").json(body.clone());
        let reply = app.send(event.header("Idempotency-Key", "key")).await;
        assert_eq!(reply.status, 201);
    }
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

#[test]
fn a_call_that_names_no_partition_is_denied() {
    let policy = Policy::of_function();
    for action in policy.actions() {
        let access = Access {
            action,
            partition: None,
        };
        assert!(!policy.allows(&access), "{access:?}");
    }
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
fn may_contain(partition: &str, kind: &ItemKind) -> bool {
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
        let is_read = read.iter().any(|partition| may_contain(partition, kind));
        for action in READS {
            let access = access(action, kind.partition);
            assert_eq!(policy.allows(&access), is_read, "{access:?}");
        }
    }
}
