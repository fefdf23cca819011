//! Repeating a request without doing it twice, and replacing a link without a gap.

use std::time::{Duration, SystemTime};

use release_links::app::App;
use release_links::project::Role;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use testkit::app::{LINKS, TestApp, granted};
use testkit::event::Event;
use testkit::invariants::assert_invariants;

fn create(key: &str, name: &str) -> Event {
    let body = json!({"name": name, "url": format!("https://e.com/{name}"), "filepath": format!("/bin/{name}")});
    Event::new("POST", LINKS)
        .json(body)
        .header("Idempotency-Key", key)
}

#[tokio::test]
async fn a_repeated_creation_gets_the_first_answer_again() {
    let app = TestApp::start().await;
    let first = app
        .send(create("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "first"))
        .await;
    assert_eq!((first.status, &first.body["id"]), (201, &json!(1)));
    let link = format!("{LINKS}/1");
    assert_eq!(app.put(&link, json!({"name": "renamed"})).await.status, 200);
    for _ in 0..2 {
        let again = app
            .send(create("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "first"))
            .await;
        again.assert(201, first.body.clone());
        assert_eq!(again.header("idempotent-replayed"), "true");
    }
    assert!(!first.has_header("idempotent-replayed"));
    assert_eq!(app.delete(&link).await.status, 200);
    let again = app
        .send(create("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "first"))
        .await;
    again.assert(201, first.body);
    assert_eq!(app.get(LINKS).await.ids(), [2], "nothing was made again");
}

#[tokio::test]
async fn the_same_link_counts_however_it_is_written() {
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

/// The fingerprint covers each attribute that a client can set.
#[tokio::test]
async fn a_key_belongs_to_every_attribute_of_the_link() {
    let app = TestApp::start().await;
    let link = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a", "link_type": "package"});
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
        .find(|item| item["sk"].as_s().unwrap().starts_with("link#0000"));
    let not_set_by_clients = ["pk", "sk", "id", "created_at", "revision"];
    let mut attributes: Vec<String> = stored.unwrap().into_keys().collect();
    attributes.retain(|name| !not_set_by_clients.contains(&name.as_str()));
    attributes.sort();
    let of_request: Vec<&String> = link.as_object().unwrap().keys().collect();
    assert_eq!(
        attributes.iter().collect::<Vec<_>>(),
        of_request,
        "a new attribute belongs into this test"
    );
}

#[tokio::test]
async fn a_key_that_was_used_for_another_link_is_422() {
    let app = TestApp::start().await;
    assert_eq!(app.send(create("k", "first")).await.status, 201);
    let reused = "422 Unprocessable Entity: this Idempotency-Key was used for another link, choose a new one";
    app.send(create("k", "second"))
        .await
        .assert(422, json!({"message": reused}));
    let elsewhere = Event::new("POST", "/api/v4/projects/24/releases/v2/assets/links");
    let elsewhere = elsewhere
        .form("name=second&url=http://a")
        .header("idempotency-key", "k");
    assert_eq!(
        app.send(elsewhere).await.status,
        201,
        "a key belongs to a release"
    );
    let token = app.issue(granted("another", 24, Role::Developer)).await;
    assert_eq!(
        app.send(create("k", "second").token(&token)).await.status,
        201,
        "and to a token"
    );
    let taken = json!({"message": ["Url has already been taken", "Name has already been taken", "Filepath has already been taken"]});
    app.send(create("another k", "first"))
        .await
        .assert(400, taken);
    assert_eq!(
        app.send(create("another k", "third")).await.status,
        201,
        "a refusal uses no key up"
    );
}

#[tokio::test]
async fn a_key_that_cannot_be_one_is_refused_and_others_ignore_it() {
    let app = TestApp::start().await;
    for (empty, name) in [("", "empty"), (" ", "blank")] {
        let first = app.send(create(empty, name)).await;
        assert_eq!(
            (first.status, first.has_header("idempotent-replayed")),
            (201, false),
            "an empty key is none"
        );
        assert_eq!(app.send(create(empty, name)).await.status, 400, "{name}");
    }
    let too_long = "Idempotency-Key is too long (maximum is 255 bytes)";
    app.send(create(&"k".repeat(256), "a"))
        .await
        .assert_error(400, too_long);
    assert_eq!(app.send(create(&"k".repeat(255), "a")).await.status, 201);
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
async fn a_key_is_forgotten_after_a_day_even_if_dynamodb_still_has_it() {
    let app = TestApp::start().await;
    assert_eq!(app.send(create("k", "first")).await.status, 201);
    assert_eq!(app.delete(&format!("{LINKS}/1")).await.status, 200);
    let kept = app
        .items()
        .await
        .into_iter()
        .find(|item| item["sk"].as_s().unwrap().starts_with("idempotency#"))
        .unwrap();
    let end: u64 = kept["expires_at"].as_n().unwrap().parse().unwrap();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!((now + 86_390..=now + 86_400).contains(&end), "{end}");
    let mut later = app.clone();
    let clock = || SystemTime::now() + Duration::from_secs(86_401);
    later.app = App::new(app.store.clone(), testkit::app::config(None), clock).into();
    let again = later.send(create("k", "first")).await;
    assert_eq!((again.status, &again.body["id"]), (201, &json!(3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_with_one_key_one_creates_and_all_are_told_the_same() {
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
async fn a_link_is_replaced_without_a_moment_in_which_it_is_gone() {
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
