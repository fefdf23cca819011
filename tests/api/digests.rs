//! The digests of links.

use std::cell::Cell;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use release_links::store::operator::RestoreInto;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use testkit::app::{LINKS, TestApp};
use testkit::event::Event;
use testkit::invariants::{Item, assert_invariants};
use testkit::usage;

use crate::properties::without_files;
use crate::releases::RELEASES;

/// SHA-256 of the empty file.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const INVALID: &str = "Digest is invalid: write sha256: and 64 hexadecimal digits";
const CHANGED: &str = "Digest can't be changed while the url stays the same";

fn shown(digits: &str) -> String {
    format!("sha256:{digits}")
}

fn other() -> String {
    shown(&"0".repeat(64))
}

fn link(name: &str, digest: impl Into<Value>) -> Value {
    let digest = digest.into();
    json!({"name": name, "url": format!("https://e.com/{name}"), "digest": digest})
}

fn message(text: &str) -> Value {
    json!({ "message": [text] })
}

#[tokio::test]
async fn a_digest_is_shown_in_lower_case_after_the_name_of_the_algorithm() {
    let app = TestApp::start().await;
    let release = format!("{RELEASES}/v2");
    let links = format!("{release}/assets/links");
    let upper = EMPTY.to_uppercase();
    for (index, sent) in [
        shown(EMPTY),
        EMPTY.to_owned(),
        upper.clone(),
        format!("SHA256:{EMPTY}"),
        format!("Sha256:{upper}"),
        format!(" \t\r\n\u{b}\u{c}{}\n ", shown(EMPTY)),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("n{index}");
        let created = app.post(&links, link(&name, sent.clone())).await;
        assert_eq!(created.status, 201, "{sent}: {created:?}");
        assert_eq!(created.body["digest"], shown(EMPTY), "{sent}");
        let target = format!("{links}/{}", created.body["id"]);
        app.get(&target).await.assert(200, created.body.clone());
        app.get(&links).await.assert(200, json!([created.body]));
        let shown = app.get(&release).await.body;
        assert_eq!(shown["assets"]["links"], json!([created.body]));
        app.delete(&target).await.assert(200, created.body);
    }
}

#[tokio::test]
async fn a_link_without_a_digest_has_no_such_field() {
    let app = TestApp::start().await;
    for body in [
        json!({"name": "a", "url": "https://e.com/a"}),
        link("b", Value::Null),
    ] {
        let created = app.post(LINKS, body).await;
        assert_eq!(created.status, 201);
        assert_eq!(created.body.get("digest"), None);
    }
    let items = app.items().await;
    assert!(items.iter().all(|item| !item.contains_key("digest")));
}

/// Texts that are no digest.
fn invalid_texts() -> Vec<String> {
    vec![
        String::new(),
        " ".to_owned(),
        "sha256:".to_owned(),
        shown(&EMPTY[1..]),
        EMPTY[1..].to_owned(),
        format!("{EMPTY}0"),
        format!("{}0", shown(EMPTY)),
        format!("sha512:{EMPTY}{EMPTY}"),
        format!("sha512:{EMPTY}"),
        format!("sha256: {EMPTY}"),
        format!("sha256={EMPTY}"),
        format!("\u{a0}{EMPTY}"),
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(),
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(),
        "\u{ff10}".repeat(64),
        "\u{661}".repeat(32),
        "g".repeat(64),
        "1".to_owned(),
    ]
}

/// A request with this digest in each format.
fn in_each_format(digest: &str) -> [Event; 4] {
    let encoded = utf8_percent_encode(digest, NON_ALPHANUMERIC);
    let fields = format!("name=a&url=https://e.com/a&digest={encoded}");
    let part = |name: &str, value: &str| {
        let header = format!("Content-Disposition: form-data; name=\"{name}\"");
        format!("--b\r\n{header}\r\n\r\n{value}\r\n")
    };
    let parts = part("name", "a") + &part("url", "https://e.com/a") + &part("digest", digest);
    let post = |target: &str| Event::new("POST", target);
    [
        post(LINKS).json(link("a", digest)),
        post(LINKS).form(&fields),
        post(LINKS).body("multipart/form-data; boundary=b", parts + "--b--\r\n"),
        post(&format!("{LINKS}?{fields}")),
    ]
}

#[tokio::test]
async fn a_text_that_is_no_digest_is_refused_in_every_format() {
    let app = TestApp::start().await;
    for text in invalid_texts() {
        for event in in_each_format(&text) {
            app.send(event).await.assert(400, message(INVALID));
        }
        let target = format!("{LINKS}/2");
        let update = json!({ "digest": text });
        app.put(&target, update).await.assert(400, message(INVALID));
    }
    for event in in_each_format(&format!("{EMPTY}\0")) {
        let reply = app.send(event).await;
        let error = reply.body["error"].as_str().unwrap_or_default();
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(error.ends_with("contains a NUL byte"), "{error}");
    }
    assert_eq!(app.get(LINKS).await.ids(), [2]);
    for event in in_each_format(EMPTY) {
        let created = app.send(event).await;
        assert_eq!(created.body["digest"], shown(EMPTY), "{created:?}");
        let target = format!("{LINKS}/{}", created.body["id"]);
        app.delete(&target).await.assert(200, created.body);
    }
}

#[tokio::test]
async fn a_digest_that_is_no_text_is_an_invalid_parameter() {
    let app = TestApp::start().await;
    for (body, error) in [
        (link("a", json!([])), "digest is invalid"),
        (link("a", json!({"a": 1})), "digest is invalid"),
        (
            json!({"url": [], "digest": [EMPTY], "link_type": []}),
            "name is missing, url is invalid, link_type is invalid, digest is invalid",
        ),
    ] {
        app.post(LINKS, body).await.assert_error(400, error);
    }
    for (id, body, error) in [
        ("2", json!({"digest": []}), "digest is invalid"),
        ("abc", json!({"digest": null}), "link_id is invalid"),
    ] {
        let target = format!("{LINKS}/{id}");
        app.put(&target, body).await.assert_error(400, error);
    }
    let form = Event::new("POST", LINKS).form("name=a&url=http://a&digest[]=a");
    app.send(form).await.assert_error(400, "digest is invalid");
    assert_eq!(app.get(LINKS).await.ids(), [2]);
}

#[tokio::test]
async fn the_message_about_a_digest_follows_those_about_the_other_attributes() {
    let app = TestApp::start().await;
    let all = json!({"name": "", "url": "x:y", "filepath": "", "digest": "x"});
    let messages = [
        "Url is blocked: Only allowed schemes are http, https, ftp",
        "Name can't be blank",
        "Filepath is in an invalid format",
        INVALID,
    ];
    let not_in_url = json!({"name": "a", "url": "http://a", "filepath": "/?bc", "digest": "x"});
    let cannot = "Filepath cannot be part of a URL: remove '?', '%' and the segments '.' and '..'";
    for (body, messages) in [(all, messages.as_slice()), (not_in_url, &[cannot, INVALID])] {
        let expected = json!({ "message": messages });
        let created = app.post(LINKS, body.clone()).await;
        created.assert(400, expected.clone());
        app.put(&format!("{LINKS}/2"), body)
            .await
            .assert(400, expected);
    }
    let taken = json!({"name": "awesome-v0.2.msi", "url": "http://a", "digest": "x"});
    app.post(LINKS, taken).await.assert(400, message(INVALID));
}

/// Updates of a link, each with the URL and the digest of the link afterwards, or the message.
#[tokio::test]
async fn an_update_keeps_a_digest_as_long_as_the_url() {
    let app = TestApp::start().await;
    let body = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a"});
    let created = app.post(LINKS, body).await;
    let target = format!("{LINKS}/{}", created.body["id"]);
    let (digest, other) = (shown(EMPTY), other());
    let (a, b) = ("https://e.com/a", "https://e.com/b");
    for (update, expected) in [
        (json!({"digest": null}), Ok((a, None))),
        (json!({"digest": EMPTY}), Ok((a, Some(&digest)))),
        (json!({"digest": digest}), Ok((a, Some(&digest)))),
        (json!({"name": "b"}), Ok((a, Some(&digest)))),
        (json!({"url": " https://e.com/a\n"}), Ok((a, Some(&digest)))),
        (
            json!({"name": "b", "filepath": "/bin/b"}),
            Ok((a, Some(&digest))),
        ),
        (json!({"digest": other}), Err(CHANGED)),
        (json!({"digest": null}), Err(CHANGED)),
        (json!({"url": a, "digest": other}), Err(CHANGED)),
        // The message stands alone, before uniqueness is looked at.
        (
            json!({"name": "awesome-v0.2.msi", "digest": other}),
            Err(CHANGED),
        ),
        (
            json!({"name": "", "digest": other}),
            Err("Name can't be blank"),
        ),
        (json!({"url": b, "digest": other}), Ok((b, Some(&other)))),
        (json!({"url": a}), Ok((a, None))),
        (json!({"digest": other}), Ok((a, Some(&other)))),
        (json!({"url": b, "digest": other}), Ok((b, Some(&other)))),
        (json!({"url": a, "digest": null}), Ok((a, None))),
    ] {
        let before = app.get(&target).await;
        let updated = app.put(&target, update.clone()).await;
        let after = app.get(&target).await;
        match expected {
            Ok((url, digest)) => {
                updated.assert(200, after.body.clone());
                assert_eq!(after.body["url"], url, "{update}");
                let shown = after.body.get("digest").and_then(Value::as_str);
                assert_eq!(shown, digest.map(String::as_str), "{update}");
            }
            Err(text) => {
                updated.assert(400, message(text));
                after.assert(200, before.body);
            }
        }
        assert_invariants(&app.items().await);
    }
}

#[tokio::test]
async fn links_of_one_release_may_have_equal_digests() {
    let app = TestApp::start().await;
    let links = json!([link("a", EMPTY), link("b", EMPTY), link("c", Value::Null)]);
    let body = json!({"tag_name": "v2", "assets": {"links": links}});
    let created = app.post(RELEASES, body).await;
    assert_eq!(created.status, 201);
    let links = created.body["assets"]["links"].as_array().unwrap();
    let digests: Vec<_> = links.iter().map(|link| link.get("digest")).collect();
    let digest = json!(shown(EMPTY));
    assert_eq!(digests, [None, Some(&digest), Some(&digest)]);
    let target = format!("{RELEASES}/v2");
    app.get(&target).await.assert(200, created.body.clone());
    let links = format!("{target}/assets/links");
    assert_eq!(app.post(&links, link("d", EMPTY)).await.status, 201);
    assert_invariants(&app.items().await);
}

/// The filepath's item, which a download reads, has what the link has.
#[tokio::test]
async fn the_unique_constraint_item_of_a_filepath_has_the_digest() {
    let app = TestApp::start().await;
    let mut body = link("a", EMPTY);
    body["filepath"] = json!("/bin/a");
    let created = app.post(LINKS, body).await;
    let target = format!("{LINKS}/{}", created.body["id"]);
    let stored = || async {
        let items = app.items().await;
        assert_invariants(&items);
        let is_filepath = |item: &&Item| item["sk"].as_s().unwrap().contains("#c#f#");
        let digest = |item: &Item| Some(item.get("digest")?.as_s().unwrap().clone());
        items.iter().find(is_filepath).map(digest)
    };
    assert_eq!(stored().await, Some(Some(shown(EMPTY))));
    let update = app.put(&target, json!({"url": "https://e.com/b"})).await;
    update.assert_calls(200, &["BatchGetItem", "TransactWriteItems"]);
    assert_eq!(stored().await, Some(None));
    let update = app.put(&target, json!({ "digest": other() })).await;
    update.assert_calls(200, &["BatchGetItem", "TransactWriteItems"]);
    assert_eq!(stored().await, Some(Some(other())));
    assert_eq!(app.delete(&target).await.status, 200);
    assert_eq!(stored().await, None);
}

/// A digest as a client may send it, or none.
fn digest() -> impl Strategy<Value = Option<String>> {
    prop::option::of("(sha256:|SHA256:|)([0-9a-f]{64}|[0-9A-F]{64})")
}

/// The digest as the service shows it.
fn as_shown(digest: &Option<String>) -> Option<Value> {
    let digits = digest.as_ref()?.to_lowercase().replace("sha256:", "");
    Some(json!(shown(&digits)))
}

/// Creates a release and a link, repeats both requests, and restores the release after its deletion.
async fn assert_kept(app: &TestApp, tag: &str, digests: &[Option<String>]) {
    let link = |(n, digest): (usize, &Option<String>)| link(&format!("l{n}"), digest.clone());
    let mut links: Vec<Value> = digests.iter().enumerate().map(link).collect();
    let last = links.pop().unwrap();
    let target = format!("{RELEASES}/{tag}");
    let release = json!({"tag_name": tag, "assets": {"links": links}});
    for (target, body) in [
        (RELEASES, release),
        (&format!("{target}/assets/links"), last),
    ] {
        let send = || {
            let event = Event::new("POST", target).json(body.clone());
            app.send(event.header("idempotency-key", target))
        };
        let (first, again) = (send().await, send().await);
        assert_eq!(first.status, 201, "{first:?}");
        assert_eq!(again.header("idempotent-replayed"), "true");
        again.assert(201, first.body);
    }
    let created = app.get(&target).await.body;
    let found = created["assets"]["links"].as_array().unwrap().iter().rev();
    assert!(
        found
            .map(|link| link.get("digest").cloned())
            .eq(digests.iter().map(as_shown))
    );
    let (session, key) = (
        app.operator.session(Duration::from_secs(60)),
        usage::release(tag),
    );
    let backup = session.releases().back_up(&key).await.unwrap();
    assert_eq!(app.delete(&target).await.status, 200);
    let into = RestoreInto::Active(key.project);
    session
        .releases()
        .restore(&key, &backup, &into)
        .await
        .unwrap();
    app.get(&target).await.assert(200, created);
}

#[test]
fn a_replay_or_restore_of_links_returns_their_digests() {
    let runtime = Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::start());
    let releases = Cell::new(0);
    let digests = prop::collection::vec(digest(), 1..4);
    let result = TestRunner::new(without_files()).run(&digests, |digests| {
        releases.set(releases.get() + 1);
        let tag = format!("v{}", releases.get());
        runtime.block_on(assert_kept(&app, &tag, &digests));
        Ok(())
    });
    result.unwrap();
    assert_invariants(&runtime.block_on(app.items()));
}
