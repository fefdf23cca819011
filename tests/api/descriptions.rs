//! Long descriptions, and responses that would be too large for Lambda (R82).

use std::time::{Duration, SystemTime};

use release_links::link::NewLink;
use release_links::release::{Details, NewRelease};
use release_links::store::Store;
use serde_json::{Value, json};

use testkit::app::{LINKS, TABLE, TestApp, seeded_engine};
use testkit::event::Event;
use testkit::faults::{Fault, Faulty, Rule};
use testkit::invariants::assert_invariants;
use testkit::usage;

use crate::releases::RELEASES;

/// The longest description, in bytes.
const LONGEST: usize = 300 * 1024;
const PAGE: &str = "The page is larger than a response can be (6 MB), choose a smaller per_page";
const CHANGE: &str = "The release would be larger than a response can be (6 MB), choose a shorter \
                      description or fewer links";

fn path(tag: &str) -> String {
    format!("{RELEASES}/{tag}")
}

/// A release with this number of links, each of which takes 8,251 bytes of a response.
async fn create(app: &TestApp, tag: &str, links: usize) {
    let url = |n: usize| format!("https://e.com/{n:04}/{}", "x".repeat(3_995));
    let new = NewRelease {
        details: Details::default(),
        released_at: None,
        links: (0..links)
            .map(|n| NewLink::new(format!("n{n:04}"), url(n)).unwrap())
            .collect(),
        is_immutable: false,
    };
    let session = app
        .store
        .session(Duration::from_secs(60), SystemTime::now());
    let key = usage::release(tag);
    session
        .write_as(&usage::writer())
        .create_release(&key.tag, &new, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_description_may_have_300_kib() {
    let app = TestApp::start().await;
    // Two bytes a character, and four of the body.
    let longest = "é".repeat(LONGEST / 2);
    let new = json!({"tag_name": "v2", "description": longest});
    let post = || {
        Event::new("POST", RELEASES)
            .json(new.clone())
            .header("idempotency-key", "k")
    };
    let created = app.send(post()).await;
    assert_eq!(
        (created.status, &created.body["description"]),
        (201, &json!(longest))
    );
    let replayed = app.send(post()).await;
    replayed.assert(201, created.body.clone());
    assert_eq!(replayed.header("idempotent-replayed"), "true");
    let found = app.get(&path("v2")).await;
    assert_eq!((found.status, &found.body), (200, &created.body));
    let quotes = "\"\n".repeat(LONGEST / 2 / 2);
    let updated = app.put(&path("v2"), json!({"description": quotes})).await;
    assert_eq!(
        (updated.status, &updated.body["description"]),
        (200, &json!(quotes))
    );
    let listed = app.get(&format!("{RELEASES}?per_page=1")).await;
    assert_eq!((listed.status, &listed.body[0]), (200, &updated.body));
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn a_longer_description_is_refused_before_anything_is_written() {
    let app = TestApp::start().await;
    let too_long = "x".repeat(LONGEST + 1);
    let problem = "is too long (maximum is 307200 bytes)";
    let message = format!("Validation failed: Description {problem}");
    app.post(RELEASES, json!({"tag_name": "v2", "description": too_long}))
        .await
        .assert(400, json!({ "message": message }));
    app.put(&path("v0.1"), json!({"description": too_long}))
        .await
        .assert(400, json!({"message": {"description": [problem]}}));
    let found = app.get(&path("v0.1")).await;
    assert_ne!(found.body["description"], json!(too_long));
    assert_eq!(app.get(&path("v2")).await.status, 404);
}

#[tokio::test]
async fn the_route_decides_how_large_a_body_may_be() {
    let app = TestApp::start().await;
    let too_large = |limit: usize| json!({"error": format!("The request body is too large (maximum is {limit} bytes)")});
    let (small, large) = (64 * 1024, 512 * 1024);
    let release = path("v0.1");
    let link = format!("{LINKS}/2");
    for (method, target, limit) in [
        ("POST", RELEASES, large),
        ("PUT", &*release, large),
        ("DELETE", &*release, small),
        ("POST", LINKS, small),
        ("PUT", &*link, small),
        ("DELETE", &*link, small),
        ("POST", "/nowhere", small),
    ] {
        let body = |bytes: usize| format!("x={}", "x".repeat(bytes - 2));
        for bytes in [limit + 1, limit + 4, 2 * limit] {
            let event = Event::new(method, target).form(&body(bytes));
            // Base64 is not decoded if it is too long by more than its padding.
            let is_unknown = target == "/nowhere" && bytes == limit + 1;
            if !is_unknown {
                app.send(event).await.assert(413, too_large(limit));
            }
        }
        let event = Event::new(method, target).form(&body(limit));
        let reply = app.send(event).await;
        assert_ne!(reply.status, 413, "{method} {target}: {reply:?}");
    }
    let text = Event::new("POST", LINKS).raw_body(&"x".repeat(small + 1), false);
    app.send(text).await.assert(413, too_large(small));
}

/// The body of the PUT has 480 KB, the response to it would have 560 KB more than before.
#[tokio::test]
async fn an_update_that_cannot_be_answered_changes_nothing() {
    let app = TestApp::start().await;
    create(&app, "v2", 700).await;
    let before = app.get(&path("v2")).await;
    assert_eq!(before.status, 200);
    let description = "\u{1}".repeat(80_000);
    app.put(&path("v2"), json!({"description": description}))
        .await
        .assert(400, json!({ "message": CHANGE }));
    let after = app.get(&path("v2")).await;
    after.assert(200, before.body);
    let shorter = "\u{1}".repeat(40_000);
    let updated = app.put(&path("v2"), json!({"description": shorter})).await;
    assert_eq!(updated.status, 200);
}

/// The tag and the service's address take 6 KB of each permanent URL.
#[tokio::test]
async fn a_creation_that_cannot_be_answered_creates_nothing() {
    let address = format!("https://links.example.com/{}", "p".repeat(3_000));
    let app = TestApp::builder(seeded_engine().await)
        .public_url(&address)
        .start();
    let tag = "é".repeat(512);
    let new = |count: usize| {
        let link = |n| {
            let [url, filepath] = [format!("http://{n}"), format!("/bin/{n}a")];
            json!({"name": format!("n{n}"), "url": url, "filepath": filepath})
        };
        let links: Vec<Value> = (0..count).map(link).collect();
        json!({"tag_name": tag, "assets": {"links": links}})
    };
    let items = app.items().await.len();
    app.post(RELEASES, new(1_000))
        .await
        .assert(400, json!({ "message": CHANGE }));
    assert_eq!(app.items().await.len(), items);
    let created = app.post(RELEASES, new(900)).await;
    assert_eq!(created.status, 201);
    app.post(RELEASES, new(1_000))
        .await
        .assert(409, json!({"message": "Release already exists"}));
}

#[tokio::test]
async fn a_page_that_is_too_large_says_what_helps() {
    let app = TestApp::start().await;
    create(&app, "half", 400).await;
    create(&app, "other-half", 400).await;
    app.get(RELEASES)
        .await
        .assert(400, json!({ "message": PAGE }));
    assert_eq!(app.get(&format!("{RELEASES}?per_page=1")).await.status, 200);
    create(&app, "whole", 800).await;
    let whole = "The release whole is larger than a response can be (6 MB), list its links with \
                 GET …/releases/:tag_name/assets/links";
    for target in [format!("{RELEASES}?per_page=1"), path("whole")] {
        app.get(&target)
            .await
            .assert(400, json!({ "message": whole }));
    }
    app.put(&path("whole"), json!({"name": "x"}))
        .await
        .assert(400, json!({ "message": whole }));
    let links = app.get(&format!("{}/assets/links", path("whole"))).await;
    assert_eq!(links.status, 200);
    assert_eq!(app.delete(&path("whole")).await.status, 200);
}

/// Nine descriptions of 300 KiB, half of them quotes, exceed 6 MB.
#[tokio::test]
async fn descriptions_count_towards_the_size_of_a_page() {
    let app = TestApp::start().await;
    let description = "\"x".repeat(LONGEST / 2);
    for number in 1..=9 {
        let new = json!({"tag_name": format!("v{number}"), "description": description});
        assert_eq!(app.post(RELEASES, new).await.status, 201);
    }
    let all = app.get(RELEASES).await;
    all.assert(400, json!({ "message": PAGE }));
    let calls = all.calls().len();
    assert!(calls <= 1 + 10, "reading stops where a response is full");
    let page = app.get(&format!("{RELEASES}?per_page=5")).await;
    assert_eq!(page.status, 200);
}

/// A write of 300 KiB takes some 600 write units, of which a partition has 1,000 a second.
#[tokio::test]
async fn conflicts_and_throttling_of_a_long_description_are_retried() {
    for fault in [
        Fault::Cancelled("TransactionConflict"),
        Fault::Cancelled("ThrottlingError"),
        Fault::ServiceError(400, "ProvisionedThroughputExceededException"),
        Fault::ServiceError(400, "ThrottlingException"),
    ] {
        for (times, status) in [(2, 200), (u32::MAX, 503)] {
            let engine = seeded_engine().await;
            let rules = [Rule {
                operation: "TransactWriteItems",
                fault,
                skip: 0,
                times,
            }];
            let client = aws_smithy_http_client::Builder::new().build_http();
            let config = Faulty::new(client, &rules).config(engine);
            let app = TestApp::builder(engine)
                .store(Store::new(config, TABLE.to_owned()))
                .start();
            let longest = "x".repeat(LONGEST);
            let event = Event::new("PUT", &path("v0.1")).json(json!({"description": longest}));
            let reply = app.send_within(event, Duration::from_secs(4)).await;
            assert_eq!(reply.status, status, "{fault:?}: {reply:?}");
            let found = app.get(&path("v0.1")).await;
            let is_written = found.body["description"] == json!(longest);
            assert_eq!(is_written, status == 200, "{fault:?}");
            if status == 503 {
                let message = "503 Service Unavailable: nothing is lost, please try again";
                reply.assert(503, json!({ "message": message }));
                assert_eq!(reply.header("retry-after"), "1");
            }
        }
    }
}

#[tokio::test]
async fn a_release_may_be_of_any_year_from_0000_to_9999() {
    let app = TestApp::start().await;
    for (tag, released_at, shown) in [
        ("first", "0000-01-01", "0000-01-01T00:00:00.000Z"),
        (
            "0001",
            "0001-02-03T04:05:06,7 +00",
            "0001-02-03T04:05:06.700Z",
        ),
        (
            "last",
            "9999-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:59.999Z",
        ),
        (
            "git",
            "2019-08-23 09:36:10 +0200",
            "2019-08-23T07:36:10.000Z",
        ),
    ] {
        let new = json!({"tag_name": tag, "released_at": released_at});
        let event = || {
            let event = Event::new("POST", RELEASES).json(new.clone());
            event.header("idempotency-key", "k")
        };
        let created = app.send(event()).await;
        assert_eq!(
            (created.status, &created.body["released_at"]),
            (201, &json!(shown))
        );
        app.send(event()).await.assert(201, created.body.clone());
        app.get(&path(tag)).await.assert(200, created.body.clone());
        let update = json!({"released_at": released_at, "name": "x"});
        let updated = app.put(&path(tag), update).await;
        assert_eq!(updated.body["released_at"], json!(shown));
    }
    let listed = app.get(RELEASES).await;
    assert_eq!(
        crate::releases::tags(&listed),
        ["last", "v0.1", "git", "0001", "first"]
    );
    let new = json!({"tag_name": "x", "released_at": "0000-01-01T00:00:00+01:00"});
    app.post(RELEASES, new)
        .await
        .assert_error(400, "released_at is invalid");
    assert_invariants(&app.items().await);
}
