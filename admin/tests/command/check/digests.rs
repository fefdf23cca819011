//! `--verify` and `--write-digests`.

use serde_json::{Value, json};

use super::server::Server;
use super::{RELEASES, check, results, with_links};
use crate::platform::end;
use crate::{Ended, command, run};
use testkit::app::TestApp;
use testkit::event::Event;
use testkit::invariants::assert_invariants;
use testkit::proxy::Proxy;

/// The digest of the server's files.
const DIGEST: &str = "sha256:835d6cf6c9f0682fe9752e5543b91496d9ecba7f156d5ab6f5fed61fcd8879e0";
/// Another digest.
const OTHER: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

const LINKS: &str = "/api/v4/projects/24/releases/v1/assets/links";
const LINK: &str = "/api/v4/projects/24/releases/v1/assets/links/1";
const V1: &str = "/api/v4/projects/24/releases/v1";

/// A service whose only release is `v1`, with these links: path, and digest if there is one.
async fn with_digests<const N: usize>(
    server: &Server,
    links: [(&str, Option<&str>); N],
) -> TestApp {
    let app = with_links([]).await;
    for (path, digest) in links {
        let mut link = json!({"name": path, "url": server.url(path)});
        if let Some(digest) = digest {
            link["digest"] = json!(digest);
        }
        let created = app.post(LINKS, link).await;
        assert_eq!(created.status, 201, "{created:?}");
    }
    app
}

/// The digests of the links of `v1`, the oldest first.
async fn digests(app: &TestApp) -> Vec<Value> {
    let links = app.get(&format!("{LINKS}?per_page=100")).await.body;
    let links = links.as_array().unwrap().iter().rev();
    links.map(|link| link["digest"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_fit_their_digests_are_changed() {
    let server = Server::start().await;
    let app = with_digests(
        &server,
        [
            ("/file", Some(DIGEST)),
            ("/other", Some(OTHER)),
            ("/unknown", None),
            ("/to/301//until-close", Some(DIGEST)),
            ("/cut", Some(DIGEST)),
            ("/stalled", Some(DIGEST)),
            ("/status/404", Some(DIGEST)),
            ("/page", Some(DIGEST)),
        ],
    )
    .await;
    let ended = check(&app, "--allow-private --verify --timeout 5s --json").await;
    let found = results(&ended).into_iter();
    let found: Vec<String> = found.map(|result| server.without_port(&result)).collect();
    assert_eq!(
        found,
        [
            "ok",
            "changed: digest differs",
            "ok",
            "moved to http://127.0.0.1:12345/until-close",
            "uncertain: the response was cut off",
            "uncertain: the response stalled",
            "dead: status 404",
            "uncertain: digest differs, but the file is a web page",
        ]
    );
    let summary = "release-links-admin: checked 8 URLs of 8 links: 2 ok, 1 moved, 1 changed, 1 \
                   dead, 3 uncertain\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), summary));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let file_digest = |link: usize| &report["links"][link]["file_digest"];
    assert_eq!(
        (file_digest(1), file_digest(2)),
        (&json!(DIGEST), &Value::Null)
    );
    let asked = server.take_requests();
    assert!(asked.contains(&"GET /file".to_owned()) && asked.contains(&"HEAD /unknown".to_owned()));
    assert_eq!(asked.len(), 9, "{asked:?}");
}

/// Without `--verify`, no file is read, and no digest compared.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_ok_without_verify() {
    let server = Server::start().await;
    let app = with_digests(&server, [("/file", Some(OTHER))]).await;
    let ended = check(&app, "--allow-private").await;
    ended.assert(0, "checked 1 URL of 1 link: 1 ok\n", "");
    let changed = check(&app, "--allow-private --verify").await;
    let table = "\
PROJECT    TAG  LINK     RESULT                   URL                          PERMANENT URL  SINCE
group/app  v1   1 /file  changed: digest differs  http://127.0.0.1:12345/file  -              v1
";
    let summary = "release-links-admin: checked 1 URL of 1 link: 1 changed\n";
    let stdout = server.without_port(&changed.stdout);
    assert_eq!(
        (changed.code, stdout.as_str(), changed.stderr.as_str()),
        (Some(1), table, summary)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_digests_are_written_unless_the_file_is_doubtful() {
    let server = Server::start().await;
    let paths = [
        "/file",
        "/page",
        "/until-close",
        "/no-head/405",
        "/status/404",
    ];
    let app = with_digests(&server, paths.map(|path| (path, None))).await;
    let body = json!({"name": "/file", "direct_asset_path": "/bin/file"});
    assert_eq!(app.put(LINK, body).await.status, 200);
    let written = check(&app, "--allow-private --write-digests").await;
    let table = "\
PROJECT    TAG  LINK            RESULT                                              URL                                 PERMANENT URL  SINCE
group/app  v1   2 /page         ok; digest not written: the file is a web page      http://127.0.0.1:12345/page         -              v1
group/app  v1   3 /until-close  ok; digest not written: the response has no length  http://127.0.0.1:12345/until-close  -              v1
group/app  v1   5 /status/404   dead: status 404                                    http://127.0.0.1:12345/status/404   -              v1
";
    let summary = "release-links-admin: checked 5 URLs of 5 links: 4 ok, 1 dead; wrote 2 digests, \
                   and left out 2\n";
    let stdout = server.without_port(&written.stdout);
    assert_eq!(
        (written.code, stdout.as_str(), written.stderr.as_str()),
        (Some(1), table, summary)
    );
    let known = [
        json!(DIGEST),
        Value::Null,
        Value::Null,
        json!(DIGEST),
        Value::Null,
    ];
    assert_eq!(digests(&app).await, known);
    assert_invariants(&app.items().await);
    server.take_requests();
    let again = check(&app, "--allow-private --write-digests").await;
    assert!(
        again
            .stderr
            .ends_with("; wrote 0 digests, and left out 2\n"),
        "{again:?}"
    );
    let asked = server.take_requests();
    let is_whole = |path: &str| asked.contains(&format!("GET {path}"));
    assert!(!is_whole("/file") && is_whole("/page"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_immutable_release_gets_no_digests() {
    let server = Server::start().await;
    let app = with_links([]).await;
    let link = json!({"name": "a", "url": server.url("/file")});
    let body = json!({"tag_name": "v2", "immutable": true, "assets": {"links": [link]}});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    let before = app.get(&format!("{RELEASES}/v2")).await.body;
    let ended = check(&app, "--allow-private --write-digests").await;
    let table = "\
PROJECT    TAG  LINK  RESULT                                            URL                          PERMANENT URL  SINCE
group/app  v2   1 a   ok; digest not written: the release is immutable  http://127.0.0.1:12345/file  -              v2
checked 1 URL of 1 link: 1 ok; wrote 0 digests, and left out 1
";
    let stdout = server.without_port(&ended.stdout);
    assert_eq!(
        (ended.code, stdout.as_str(), ended.stderr.as_str()),
        (Some(0), table, "")
    );
    app.get(&format!("{RELEASES}/v2")).await.assert(200, before);
}

/// Runs a check that writes digests, and calls `change` while it reads the file of the only link.
async fn change_meanwhile(change: impl AsyncFn(&TestApp)) -> (TestApp, Ended) {
    let server = Server::start().await;
    let app = with_digests(&server, [("/held", None)]).await;
    let check = end(command(
        app.address,
        "check --allow-private --write-digests",
    ));
    let check = tokio::spawn(check);
    server.asked("/held").await;
    change(&app).await;
    server.release(1);
    let ended = check.await.unwrap();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_invariants(&app.items().await);
    (app, ended)
}

/// The last line of a check that left out one digest, for this reason.
#[track_caller]
fn assert_left_out(ended: &Ended, reason: &str) {
    assert!(
        ended
            .stdout
            .contains(&format!("ok; digest not written: {reason}  "))
            && ended
                .stdout
                .ends_with("1 ok; wrote 0 digests, and left out 1\n"),
        "{ended:?}"
    );
}

/// Some clients save what is compressed, and some what it was before.
#[tokio::test(flavor = "multi_thread")]
async fn a_digest_of_a_compressed_response_is_doubtful() {
    let server = Server::start().await;
    let app = with_digests(&server, [("/gzip", None)]).await;
    let ended = check(&app, "--allow-private --write-digests").await;
    assert_left_out(&ended, "the response is compressed");
    assert_eq!(digests(&app).await, [Value::Null]);
    let body = json!({ "digest": OTHER });
    assert_eq!(app.put(LINK, body).await.status, 200);
    let ended = check(&app, "--allow-private --verify --json").await;
    let doubtful = "uncertain: digest differs, but the response is compressed";
    assert_eq!(results(&ended), [doubtful]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_leads_elsewhere_meanwhile_gets_no_digest() {
    let (app, ended) = change_meanwhile(async |app: &TestApp| {
        let body = json!({"url": "https://e.com/another"});
        assert_eq!(app.put(LINK, body).await.status, 200);
    })
    .await;
    assert_left_out(&ended, "the link has changed");
    assert_eq!(digests(&app).await, [Value::Null]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_deleted_meanwhile_stays_deleted() {
    let (app, ended) = change_meanwhile(async |app: &TestApp| {
        assert_eq!(app.delete(LINK).await.status, 200);
    })
    .await;
    assert_left_out(&ended, "the link has changed");
    assert!(digests(&app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_gets_a_digest_meanwhile_keeps_it() {
    let (app, ended) = change_meanwhile(async |app: &TestApp| {
        let body = json!({ "digest": OTHER });
        assert_eq!(app.put(LINK, body).await.status, 200);
    })
    .await;
    assert_left_out(&ended, "the link has changed");
    assert_eq!(digests(&app).await, [OTHER]);
}

async fn lock(app: &TestApp) {
    let locked = app.put(V1, json!({"immutable": true}));
    assert_eq!(locked.await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_locked_meanwhile_gets_no_digests() {
    let (app, ended) = change_meanwhile(lock).await;
    assert_left_out(&ended, "the release is immutable");
    assert_eq!(digests(&app).await, [Value::Null]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_hidden_meanwhile_gets_no_digests() {
    let (app, ended) = change_meanwhile(async |app: &TestApp| {
        let address = app.address;
        let deleted = end(command(address, "project delete 24 --yes")).await;
        assert_eq!(deleted.code, Some(0), "{deleted:?}");
    })
    .await;
    assert_left_out(&ended, "the link has changed");
    tokio::task::block_in_place(|| run(&app, "project restore 24"));
    let links = Event::new("GET", LINKS);
    let shown = app.send(links).await;
    assert_eq!(shown.body[0].get("digest"), None, "{shown:?}");
}

/// Runs a check that writes digests, and calls `change` after it has read the link again, but
/// before it writes.
async fn change_before_write(change: impl AsyncFn(&TestApp)) -> (TestApp, Ended) {
    let server = Server::start().await;
    let app = with_digests(&server, [("/file", None)]).await;
    let wire = Proxy::holding(app.address, "TransactWriteItems").await;
    let check = end(command(
        wire.address,
        "check --allow-private --write-digests",
    ));
    let check = tokio::spawn(check);
    wire.held().await;
    change(&app).await;
    wire.release();
    let ended = check.await.unwrap();
    assert_invariants(&app.items().await);
    (app, ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_change_before_the_write_is_kept() {
    let (app, ended) = change_before_write(async |app: &TestApp| {
        let renamed = app.put(LINK, json!({"name": "renamed"}));
        assert_eq!(renamed.await.status, 200);
    })
    .await;
    ended.assert(0, "checked 1 URL of 1 link: 1 ok; wrote 1 digest\n", "");
    let link = app.get(LINK).await.body;
    assert_eq!(
        (&link["name"], &link["digest"]),
        (&json!("renamed"), &json!(DIGEST))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_before_the_write_prevents_it() {
    let (app, ended) = change_before_write(lock).await;
    assert_left_out(&ended, "the release is immutable");
    assert_eq!(digests(&app).await, [Value::Null]);
}
