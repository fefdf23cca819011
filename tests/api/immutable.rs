//! Releases that no longer change: `immutable` of the requests, and what is refused after it.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;
use release_links::release::DRAIN;
use release_links::timestamp::Timestamp;
use serde_json::{Value, json};

use testkit::app::{TABLE, TestApp};
use testkit::event::Event;
use testkit::invariants::assert_invariants;
use testkit::persona::Persona::Guest;
use testkit::proxy::Proxy;

use crate::releases::RELEASES;

/// The release of the tests, with a link.
const V1: &str = "/api/v4/projects/24/releases/v1";
const V1_LINKS: &str = "/api/v4/projects/24/releases/v1/assets/links";
const V1_LINK: &str = "/api/v4/projects/24/releases/v1/assets/links/1";

/// A service with the release, which is not locked.
async fn with_release() -> TestApp {
    let app = TestApp::start_with_personas().await;
    create(&app, json!({})).await;
    app
}

/// Creates the release with a link, and with these attributes.
async fn create(app: &TestApp, attributes: Value) -> Value {
    let link = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a"});
    let mut body = json!({"tag_name": "v1", "assets": {"links": [link]}});
    let members = body.as_object_mut().unwrap();
    members.extend(attributes.as_object().unwrap().clone());
    let created = app.post(RELEASES, body).await;
    assert_eq!(created.status, 201, "{created:?}");
    created.body
}

/// Locks the release, and returns it.
async fn lock(app: &TestApp) -> Value {
    let locked = app.put(V1, json!({"immutable": true})).await;
    assert_eq!(locked.status, 200, "{locked:?}");
    locked.body
}

/// The answer to a change of the release `v1`.
fn refusal() -> Value {
    json!({"message": "403 Forbidden - release v1 is immutable"})
}

fn time(text: &Value) -> SystemTime {
    let time: Timestamp = text.as_str().unwrap().parse().unwrap();
    time.into()
}

/// A release without its lock.
fn without_lock(mut release: Value) -> Value {
    let members = release.as_object_mut().unwrap();
    members.remove("immutable");
    members.remove("immutable_at");
    release
}

#[tokio::test]
async fn an_existing_release_is_immutable_20_seconds_after_it_was_locked() {
    let app = with_release().await;
    let before = app.get(V1).await;
    assert_eq!(before.body, without_lock(before.body.clone()));
    let start = app.clock.now();
    let locked = lock(&app).await;
    assert_eq!(without_lock(locked.clone()), before.body);
    assert_eq!(locked["immutable"], false);
    let immutable_at = time(&locked["immutable_at"]);
    let distance = immutable_at.duration_since(start).unwrap();
    let late = app.clock.now().duration_since(start).unwrap();
    // The answer has milliseconds.
    let least = DRAIN - Duration::from_millis(1);
    assert!((least..=DRAIN + late).contains(&distance), "{distance:?}");
    app.get(V1).await.assert(200, locked.clone());
    assert_eq!(app.get(RELEASES).await.body[0], locked);
    app.clock.advance(DRAIN);
    let mut immutable = locked.clone();
    immutable["immutable"] = json!(true);
    app.get(V1).await.assert(200, immutable.clone());
    assert_eq!(app.get(RELEASES).await.body[0], immutable);
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn a_release_can_be_immutable_from_its_creation_on() {
    let app = TestApp::start().await;
    let created = create(&app, json!({"immutable": true})).await;
    assert_eq!(created["immutable_at"], created["created_at"]);
    assert_eq!(created["immutable"], true);
    app.get(V1).await.assert(200, created);
    app.delete(V1_LINK).await.assert(403, refusal());
    let large: Vec<Value> = (0..60)
        .map(|n| json!({"name": n, "url": format!("https://e.com/{n}")}))
        .collect();
    let large = json!({"tag_name": "large", "immutable": true, "assets": {"links": large}});
    let created = app.post(RELEASES, large).await;
    assert_eq!(created.body["immutable"], true);
    let shown = app.get(&format!("{RELEASES}/large")).await;
    shown.assert(200, created.body);
    let ordinary = json!({"tag_name": "v2", "immutable": false});
    let ordinary = app.post(RELEASES, ordinary).await;
    assert_eq!(ordinary.status, 201);
    assert_eq!(ordinary.body, without_lock(ordinary.body.clone()));
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn from_the_lock_on_links_cannot_change_and_the_release_cannot_be_deleted() {
    let app = with_release().await;
    lock(&app).await;
    for is_immutable in [false, true] {
        if is_immutable {
            app.clock.advance(DRAIN);
        }
        let before = app.get(V1).await;
        assert_eq!(before.body["immutable"], is_immutable);
        let new = json!({"name": "b", "url": "https://e.com/b"});
        app.post(V1_LINKS, new).await.assert(403, refusal());
        let changed = app.put(V1_LINK, json!({"name": "b"})).await;
        changed.assert(403, refusal());
        let unchanged = app.put(V1_LINK, json!({"name": "a"})).await;
        unchanged.assert(403, refusal());
        app.delete(V1_LINK).await.assert(403, refusal());
        app.delete(V1).await.assert(403, refusal());
        let unlocked = app.put(V1, json!({"immutable": false})).await;
        unlocked.assert(403, refusal());
        app.get(V1).await.assert(200, before.body);
        let again = app.post(RELEASES, json!({"tag_name": "v1"})).await;
        again.assert(409, json!({"message": "Release already exists"}));
    }
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn the_name_the_description_and_the_date_of_an_immutable_release_can_change() {
    let app = with_release().await;
    let locked = lock(&app).await;
    app.clock.advance(DRAIN);
    let changes = json!({
        "name": "n", "description": "d", "released_at": "2020-01-01", "immutable": "true",
    });
    let changed = app.put(V1, changes).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.body["immutable_at"], locked["immutable_at"]);
    assert_eq!(changed.body["immutable"], true);
    assert_eq!(changed.body["description"], "d");
    app.get(V1).await.assert(200, changed.body);
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn immutable_is_a_boolean_and_enough_for_an_update() {
    let app = with_release().await;
    for (body, text) in [
        (json!({"immutable": "maybe"}), "immutable is invalid"),
        (json!({"immutable": [true]}), "immutable is invalid"),
        (json!({"immutable": {"a": 1}}), "immutable is invalid"),
    ] {
        app.put(V1, body.clone()).await.assert_error(400, text);
        let mut body = body;
        body["tag_name"] = json!("v2");
        app.post(RELEASES, body).await.assert_error(400, text);
    }
    for body in [json!({"immutable": null}), json!({"immutable": ""})] {
        let empty = app.put(V1, body).await;
        empty.assert(400, json!({"message": "params is empty"}));
    }
    let before = app.get(V1).await;
    let unchanged = app.put(V1, json!({"immutable": false})).await;
    unchanged.assert(200, before.body);
    let multipart =
        "--b\r\nContent-Disposition: form-data; name=\"immutable\"\r\n\r\nt\r\n--b--\r\n";
    let put = |path: &str| Event::new("PUT", path);
    for event in [
        put(V1).form("immutable=1"),
        put(V1).body("multipart/form-data; boundary=b", multipart),
        put(V1).query("immutable=YES"),
    ] {
        let app = with_release().await;
        let locked = app.send(event).await;
        assert_eq!(
            (locked.status, &locked.body["immutable"]),
            (200, &json!(false))
        );
    }
}

/// GitLab checks the permission of a change to a link after the link, and before its rules (E4). For a
/// release, it comes before all rules (R53).
#[tokio::test]
async fn the_refusal_has_the_place_of_the_permission_to_write() {
    let app = with_release().await;
    lock(&app).await;
    let missing = json!({"message": "404 Not found"});
    let absent = format!("{V1_LINKS}/99");
    app.put(&absent, json!({"name": "b"}))
        .await
        .assert(404, missing.clone());
    app.delete(&absent).await.assert(404, missing);
    let invalid = json!({"name": "", "url": "x"});
    app.put(V1_LINK, invalid.clone())
        .await
        .assert(403, refusal());
    let created = app.post(V1_LINKS, invalid.clone()).await;
    created.assert(403, refusal());
    created.assert_calls(403, &["GetItem"]);
    app.post(V1_LINKS, json!({}))
        .await
        .assert_error(400, "name is missing, url is missing");
    let invalid_date = json!({"immutable": false, "released_at": null});
    app.put(V1, invalid_date).await.assert(403, refusal());
    let blank = json!({"message": {"released_at": ["can't be blank"]}});
    app.put(V1, json!({"released_at": null}))
        .await
        .assert(400, blank);
    let unknown = app
        .put(&format!("{RELEASES}/v9"), json!({"immutable": true}))
        .await;
    unknown.assert(403, json!({"message": "403 Forbidden"}));
    for (method, path) in [("POST", V1_LINKS), ("PUT", V1_LINK), ("DELETE", V1)] {
        let event = Event::new(method, path).json(invalid.clone());
        let reply = app.as_(Guest).send(event).await;
        reply.assert(403, json!({"message": "403 Forbidden"}));
    }
}

#[tokio::test]
async fn a_creation_that_is_repeated_with_its_key_gets_its_first_answer_after_the_lock() {
    let app = with_release().await;
    let creation = |key: &str, name: &str| {
        let link = json!({"name": name, "url": format!("https://e.com/{name}")});
        let event = Event::new("POST", V1_LINKS).json(link);
        event.header("Idempotency-Key", key)
    };
    let first = app.send(creation("k", "b")).await;
    assert_eq!(first.status, 201);
    lock(&app).await;
    let again = app.send(creation("k", "b")).await;
    again.assert(201, first.body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    again.assert_calls(201, &["UpdateItem", "BatchGetItem"]);
    let other = app.send(creation("k", "c")).await;
    other.assert(
        422,
        json!({"message": "422 Unprocessable Entity: this Idempotency-Key was used \
        for another request, choose a new one"}),
    );
    app.send(creation("new", "b")).await.assert(403, refusal());
    let release = |immutable| {
        let body = json!({"tag_name": "v2", "immutable": immutable});
        Event::new("POST", RELEASES)
            .json(body)
            .header("Idempotency-Key", "r")
    };
    let first = app.send(release(true)).await;
    assert_eq!(first.body["immutable"], true);
    app.send(release(true)).await.assert(201, first.body);
    assert_eq!(app.send(release(false)).await.status, 422);
}

#[tokio::test]
async fn a_message_names_at_most_256_characters_of_a_tag() {
    let app = TestApp::start().await;
    let tag = "t".repeat(1_024);
    let body = json!({"tag_name": tag, "immutable": true});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    let refused = app.delete(&format!("{RELEASES}/{tag}")).await;
    let message = format!("403 Forbidden - release {}… is immutable", "t".repeat(256));
    refused.assert(403, json!({"message": message}));
}

/// A version of the service that knows no locks deletes locked releases, and leaves the attribute.
#[tokio::test]
async fn a_lock_that_an_older_version_has_left_has_no_effect() {
    let app = with_release().await;
    let leave_lock = async || {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let request = app.client.update_item().table_name(TABLE);
        let request = request.key("pk", text("24#v1")).key("sk", text("release"));
        let request = request.update_expression("SET immutable_at = :time");
        let time = text("2026-11-24T09:00:00.000000Z");
        let request = request.expression_attribute_values(":time", time);
        request.send().await.unwrap();
    };
    assert_eq!(app.delete(V1).await.status, 200);
    leave_lock().await;
    let link = json!({"name": "a", "url": "https://e.com/a"});
    assert_eq!(app.post(V1_LINKS, link).await.status, 201);
    let shown = app.get(V1).await;
    assert_eq!(shown.body, without_lock(shown.body.clone()));
    assert_eq!(app.delete(V1).await.status, 200);
    leave_lock().await;
    let created = create(&app, json!({})).await;
    assert_eq!(created, without_lock(created.clone()));
    assert_eq!(app.delete(V1).await.status, 200);
    assert_invariants(&app.items().await);
}

/// DynamoDB does not answer the transaction of a writer that began before the lock. The function
/// closes its connection at its deadline, so the call does not come after the release is immutable.
#[tokio::test]
async fn a_write_that_is_held_until_the_deadline_is_not_sent_after_it() {
    let app = with_release().await;
    let proxy = Proxy::holding(app.address, "TransactWriteItems").await;
    let slow = TestApp::builder(proxy.address).start();
    let link = json!({"name": "late", "url": "https://e.com/late"});
    let late = Event::new("POST", V1_LINKS).json(link);
    let writer = tokio::spawn(async move { slow.send_within(late, Duration::from_secs(3)).await });
    proxy.held().await;
    lock(&app).await;
    let unavailable = writer.await.unwrap();
    assert_eq!(unavailable.status, 503, "{unavailable:?}");
    proxy.dropped().await;
    app.clock.advance(DRAIN);
    let before = app.get(V1).await;
    assert_eq!(before.body["immutable"], true);
    proxy.release();
    // Whatever the proxy still had would arrive now.
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.get(V1).await.assert(200, before.body);
    assert_invariants(&app.items().await);
}
