//! Safe retries of a create, and replacing a link without downtime.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use release_links::project::Role;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use testkit::app::{LINKS, TestApp, granted};
use testkit::event::Event;
use testkit::invariants::{Item, assert_invariants};

use crate::releases::RELEASES;

/// The fingerprints of three requests, as version 0.1.0 has stored them.
const FINGERPRINTS: [&str; 3] = [
    "uS8GizxDtB6MdH7LjOPRg2RFhqaMDtFlNlAf4w352WQ",
    "d9xiWsvrlswt2fu1Xz8JuIIU6D5Adb79Lxw_U0ScXuo",
    "y40_bzO6Oc2rjpw6tkaJFXFG7WtEVZ_xkkCuVdYr8yM",
];

fn create(key: &str, name: &str) -> Event {
    let body = json!({"name": name, "url": format!("https://e.com/{name}"), "filepath": format!("/bin/{name}")});
    Event::new("POST", LINKS)
        .json(body)
        .header("Idempotency-Key", key)
}

#[tokio::test]
async fn a_retried_create_returns_the_stored_response() {
    let app = TestApp::start().await;
    let first = app
        .send(create("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "first"))
        .await;
    assert_eq!((first.status, &first.body["id"]), (201, &json!(1)));
    let link = format!("{LINKS}/1");
    assert_eq!(app.put(&link, json!({"name": "renamed"})).await.status, 200);
    for _ in 0..2 {
        let retry = app
            .send(create("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "first"))
            .await;
        retry.assert(201, first.body.clone());
        assert_eq!(retry.header("idempotent-replayed"), "true");
    }
    assert!(!first.has_header("idempotent-replayed"));
    assert_eq!(app.delete(&link).await.status, 200);
    let retry = app
        .send(create("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "first"))
        .await;
    retry.assert(201, first.body);
    assert_eq!(app.get(LINKS).await.ids(), [2], "no retry created a link");
}

#[tokio::test]
async fn a_retry_is_recognized_in_any_body_format() {
    let app = TestApp::start().await;
    let part = |name: &str, value: &str, boundary: &str| {
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let multipart = |boundary: &str| {
        let body = part("name", "a", boundary)
            + &part("url", "http://a", boundary)
            + &format!("--{boundary}--\r\n");
        Event::new("POST", LINKS).body(&format!("multipart/form-data; boundary={boundary}"), body)
    };
    for event in [
        multipart("one"),
        multipart("two"),
        Event::new("POST", LINKS).form("url=http://a&name=a"),
    ] {
        let reply = app.send(event.header("idempotency-key", "k")).await;
        assert_eq!((reply.status, &reply.body["id"]), (201, &json!(1)));
    }
}

/// The fingerprint covers every attribute that a client can set.
#[tokio::test]
async fn a_key_reused_with_any_changed_attribute_is_rejected() {
    let app = TestApp::start().await;
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let link = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a", "link_type": "package", "digest": digest("a")});
    let event = |body: &Value| {
        Event::new("POST", LINKS)
            .json(body.clone())
            .header("idempotency-key", "k")
    };
    assert_eq!(app.send(event(&link)).await.status, 201);
    for (attribute, other) in [
        ("name", "b"),
        ("url", "https://e.com/b"),
        ("filepath", "/bin/b"),
        ("link_type", "image"),
        ("digest", &digest("b")),
    ] {
        let mut changed = link.clone();
        changed[attribute] = json!(other);
        assert_eq!(app.send(event(&changed)).await.status, 422, "{attribute}");
        changed.as_object_mut().unwrap().remove(attribute);
        assert!(
            matches!(app.send(event(&changed)).await.status, 400 | 422),
            "without {attribute}"
        );
    }
    assert_eq!(
        app.send(event(&link)).await.header("idempotent-replayed"),
        "true"
    );
    let stored = app
        .items()
        .await
        .into_iter()
        .find(|item| item["sk"].as_s().unwrap().contains("#l#0000"));
    let not_set_by_clients = ["pk", "sk", "id", "created_at", "version"];
    let mut attributes: Vec<String> = stored.unwrap().into_keys().collect();
    attributes.retain(|name| !not_set_by_clients.contains(&name.as_str()));
    attributes.sort();
    let request_attributes: Vec<&String> = link.as_object().unwrap().keys().collect();
    assert_eq!(
        attributes.iter().collect::<Vec<_>>(),
        request_attributes,
        "add the new attribute to this test"
    );
}

/// A retry may reach a newer version than the first request did. Without a value for an attribute that
/// only the newer one knows, it is still the same request.
#[tokio::test]
async fn the_fingerprint_of_a_request_stays_the_same_in_later_versions() {
    let app = TestApp::start().await;
    let first = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a", "link_type": "package"});
    let second = json!({"name": "b", "url": "https://e.com/b"});
    for body in [first, second.clone()] {
        let key = body["name"].as_str().unwrap().to_owned();
        let event = Event::new("POST", LINKS).json(body);
        let reply = app.send(event.header("idempotency-key", &key)).await;
        assert_eq!(reply.status, 201);
    }
    let release = json!({"tag_name": "v2", "name": "c", "assets": {"links": [second]}});
    let event = Event::new("POST", RELEASES).json(release);
    let reply = app.send(event.header("idempotency-key", "c")).await;
    assert_eq!(reply.status, 201);
    let items = app.items().await;
    let fingerprint = |item: &Item| Some(item.get("fingerprint")?.as_s().unwrap().clone());
    let found: BTreeSet<String> = items.iter().filter_map(fingerprint).collect();
    let pinned = FINGERPRINTS.map(str::to_owned);
    assert_eq!(found, BTreeSet::from(pinned));
}

#[tokio::test]
async fn a_key_reused_for_another_link_returns_422() {
    let app = TestApp::start().await;
    assert_eq!(app.send(create("k", "first")).await.status, 201);
    let reused = "422 Unprocessable Entity: this Idempotency-Key was used for another request, choose a new one";
    app.send(create("k", "second"))
        .await
        .assert(422, json!({"message": reused}));
    let other_release = Event::new("POST", "/api/v4/projects/24/releases/v2/assets/links");
    let other_release = other_release
        .form("name=second&url=http://a")
        .header("idempotency-key", "k");
    assert_eq!(
        app.send(other_release).await.status,
        201,
        "keys are scoped to a release"
    );
    let token = app.issue(granted("another", 24, Role::Developer)).await;
    assert_eq!(
        app.send(create("k", "second").token(&token)).await.status,
        201,
        "keys are scoped to a token"
    );
    let taken = json!({"message": ["Url has already been taken", "Name has already been taken", "Filepath has already been taken"]});
    app.send(create("another k", "first"))
        .await
        .assert(400, taken);
    assert_eq!(
        app.send(create("another k", "third")).await.status,
        201,
        "a rejected request does not use up its key"
    );
}

#[tokio::test]
async fn blank_keys_are_ignored() {
    let app = TestApp::start().await;
    for (blank, name) in [("", "empty"), (" ", "blank")] {
        let first = app.send(create(blank, name)).await;
        assert_eq!(
            (first.status, first.has_header("idempotent-replayed")),
            (201, false),
            "a blank key is ignored"
        );
        assert_eq!(app.send(create(blank, name)).await.status, 400, "{name}");
    }
}

#[tokio::test]
async fn overlong_keys_return_400() {
    let app = TestApp::start().await;
    let too_long = "Idempotency-Key is too long (maximum is 255 bytes)";
    app.send(create(&"k".repeat(256), "a"))
        .await
        .assert_error(400, too_long);
    assert_eq!(app.send(create(&"k".repeat(255), "a")).await.status, 201);
}

#[tokio::test]
async fn other_methods_ignore_the_key() {
    let app = TestApp::start().await;
    for event in [
        Event::new("GET", LINKS),
        Event::new("PUT", &format!("{LINKS}/2")).form("name=b"),
    ] {
        assert_eq!(
            app.send(event.header("idempotency-key", "")).await.status,
            200
        );
    }
}

#[tokio::test]
async fn a_key_expires_after_a_day_even_before_dynamodb_deletes_it() {
    let app = TestApp::start().await;
    assert_eq!(app.send(create("k", "first")).await.status, 201);
    assert_eq!(app.delete(&format!("{LINKS}/1")).await.status, 200);
    let record = app
        .items()
        .await
        .into_iter()
        .find(|item| item["sk"].as_s().unwrap().contains("#i#"))
        .unwrap();
    let expires_at: u64 = record["expires_at"].as_n().unwrap().parse().unwrap();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!(
        (now + 86_390..=now + 86_400).contains(&expires_at),
        "{expires_at}"
    );
    let later = TestApp::builder(app.address)
        .clock(|| SystemTime::now() + Duration::from_secs(86_401))
        .start();
    let retry = later.send(create("k", "first")).await;
    assert_eq!((retry.status, &retry.body["id"]), (201, &json!(3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_creates_with_one_idempotency_key_create_one_link() {
    let app = TestApp::start().await;
    let mut clients = JoinSet::new();
    for _ in 0..32 {
        let app = app.clone();
        clients.spawn(async move { app.send(create("k", "same")).await });
    }
    let replies = clients.join_all().await;
    for reply in &replies {
        reply.assert(201, replies[0].body.clone());
    }
    assert_eq!(app.get(LINKS).await.ids().len(), 2);
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_stays_available_while_it_is_replaced() {
    let app = TestApp::start().await;
    let reply = app.send(create("k", "app")).await;
    let link = format!("{LINKS}/{}", reply.body["id"]);
    let replacing = tokio::spawn({
        let app = app.clone();
        async move {
            for n in 0..40 {
                let body =
                    json!({"name": format!("app {n}"), "url": format!("https://e.com/build/{n}")});
                assert_eq!(app.put(&link, body).await.status, 200);
            }
        }
    });
    let mut seen = 0;
    while !replacing.is_finished() {
        let reply = app
            .get("/group/app/-/releases/v0.1/downloads/bin/app")
            .await;
        assert_eq!(reply.status, 302, "{reply:?}");
        assert!(reply.header("location").starts_with("https://e.com/"));
        seen += 1;
    }
    replacing.await.unwrap();
    assert!(seen > 10);
}
