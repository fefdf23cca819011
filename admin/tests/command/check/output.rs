//! What `check` prints.

use std::io::Read;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::server::Server;
use super::{add_release, check, with_links};
use crate::platform::end;
use crate::terminal::at_terminal_of;
use crate::{Ended, NO_PROJECT, command};
use testkit::app::TestApp;
use testkit::proxy::Proxy;

const LINKS: &str = "/api/v4/projects/24/releases/v1/assets/links";

/// A service with the releases `v1` and `v2`, whose links have every result but `changed`.
async fn with_every_result(server: &Server) -> TestApp {
    let app = with_links([
        ("docs", server.url("/status/404?signature=secret")),
        ("good", server.url("/file")),
    ])
    .await;
    let body = json!({
        "name": "app.zip", "url": server.url("/to/301//file"), "direct_asset_path": "/bin/app.zip",
    });
    assert_eq!(app.post(LINKS, body).await.status, 201);
    add_release(
        &app,
        "v2",
        [
            ("docs", server.url("/status/404?signature=secret")),
            ("ftp", "ftp://user:secret@e.com/a".to_owned()),
            ("members", server.url("/status/401")),
            ("\u{202e}odd", "http://e.com:99999/a?secret".to_owned()),
        ],
    )
    .await;
    app
}

const TABLE: &str = "\
PROJECT    TAG  LINK         RESULT                                URL                                  PERMANENT URL                                   SINCE
group/app  v2   1 docs       dead: status 404                      http://127.0.0.1:12345/status/404    -                                               v1
group/app  v2   2 ftp        skipped: ftp                          ftp://e.com/a                        -                                               v2
group/app  v2   3 members    uncertain: status 401                 http://127.0.0.1:12345/status/401    -                                               v2
group/app  v2   4 \\u202eodd  uncertain: invalid URL                http://e.com:99999/a                 -                                               v2
group/app  v1   1 docs       dead: status 404                      http://127.0.0.1:12345/status/404    -                                               v1
group/app  v1   3 app.zip    moved to http://127.0.0.1:12345/file  http://127.0.0.1:12345/to/301//file  /group/app/-/releases/v1/downloads/bin/app.zip  v1
";

const AT_TERMINAL: &str = "\
PROJECT    TAG  LINK    RESULT        URL                 PERMANENT URL  SINCE
group/app  v1   1 docs  dead:         http://127.0.0.1:1  -              v1
                        connection    /group/app/docs/in
                        refused       dex.html
group/app  v1   2 ftp   skipped: ftp  ftp://e.com/a       -              v1
release-links-admin: checked 2 URLs of 2 links: 1 dead, 1 skipped
";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_shows_the_links_that_need_attention() {
    let server = Server::start().await;
    let app = with_every_result(&server).await;
    let ended = check(&app, "--allow-private").await;
    let summary = "release-links-admin: checked 6 URLs of 7 links: 1 ok, 1 moved, 2 dead, 2 \
                   uncertain, 1 skipped\n";
    assert_eq!(
        (
            ended.code,
            server.without_port(&ended.stdout).as_str(),
            ended.stderr.as_str()
        ),
        (Some(1), TABLE, summary)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn json_has_every_link() {
    let server = Server::start().await;
    let app = with_every_result(&server).await;
    let mut with_address = command(app.address, "check --allow-private --json");
    with_address.env("PUBLIC_URL", "https://links.e.com/prefix");
    let ended = end(with_address).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let report: Value = serde_json::from_str(&server.without_port(&ended.stdout)).unwrap();
    let links = report["links"].as_array().unwrap();
    assert_eq!(
        (links.len(), &report["urls"], &report["is_complete"]),
        (7, &6.into(), &true.into())
    );
    assert_eq!(
        links[6],
        json!({
            "project_id": 24,
            "project": "group/app",
            "tag": "v1",
            "link_id": 3,
            "name": "app.zip",
            "url": "http://127.0.0.1:12345/to/301//file",
            "permanent_url": "https://links.e.com/prefix/group/app/-/releases/v1/downloads/bin/app.zip",
            "result": "moved",
            "cause": null,
            "status": 200,
            "moved_to": "http://127.0.0.1:12345/file",
            "in_use_since": "v1",
            "digest": "unknown",
            "file_digest": null,
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_the_progress_and_then_a_table_that_fits() {
    let app = with_links([
        (
            "docs",
            "http://127.0.0.1:1/group/app/docs/index.html?a".to_owned(),
        ),
        ("ftp", "ftp://e.com/a".to_owned()),
    ])
    .await;
    let address = app.address;
    let run = move || at_terminal_of(address, "check --allow-private", "");
    let shown = tokio::task::spawn_blocking(run).await.unwrap();
    let (progress, text) = shown.stdout.rsplit_once("\u{1b}[2K").unwrap();
    for part in [
        "reading the links",
        "checked 0 of 2 URLs, ",
        "checked 1 of 2 URLs, ",
    ] {
        assert!(progress.contains(part), "{progress}");
    }
    let text = text.replace("\r\n", "\n");
    assert_eq!((shown.code, text.as_str()), (Some(1), AT_TERMINAL));
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_and_releases_can_be_chosen() {
    let server = Server::start().await;
    let app = with_links([("a", server.url("/file"))]).await;
    add_release(
        &app,
        "v2",
        [("a", server.url("/file")), ("b", server.url("/b"))],
    )
    .await;
    let body = json!({
        "tag_name": "v3", "released_at": "2030-01-02T03:04:05Z",
        "assets": {"links": [{"name": "a", "url": server.url("/file")}]},
    });
    assert_eq!(app.post(super::RELEASES, body).await.status, 201);
    for (arguments, summary) in [
        ("", "checked 2 URLs of 4 links: 4 ok\n"),
        (
            "--project 24 --project group/app",
            "checked 2 URLs of 4 links: 4 ok\n",
        ),
        ("--latest 1", "checked 1 URL of 1 link: 1 ok\n"),
        ("--latest 2", "checked 2 URLs of 3 links: 3 ok\n"),
        ("--since 2030-01-02", "checked 1 URL of 1 link: 1 ok\n"),
        (
            "--since 2030-01-02T03:04:06Z",
            "there are no links to check\n",
        ),
    ] {
        let ended = check(&app, &format!("--allow-private {arguments}")).await;
        ended.assert(0, summary, "");
    }
    let latest = check(&app, "--allow-private --latest 1 --json")
        .await
        .json();
    assert_eq!(latest["links"][0]["in_use_since"], "v1");
    let unknown = check(&app, "--project 24 --project 25").await;
    unknown.assert_fails(NO_PROJECT);
}

/// Presses Ctrl-C.
fn interrupt(running: &Child) {
    let id = running.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_check_shows_what_it_has_found() {
    let server = Server::start().await;
    let links = ["/status/404", "/silent/1", "/silent/2"];
    let app = with_links(links.map(|path| (path, server.url(path)))).await;
    let mut running = command(app.address, "check --allow-private");
    let streams = running.stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = streams.spawn().unwrap();
    server.asked_times(4).await;
    interrupt(&running);
    let ended = Ended::of(running.wait_with_output().unwrap());
    let table = "\
PROJECT    TAG  LINK           RESULT            URL                                PERMANENT URL  SINCE
group/app  v1   1 /status/404  dead: status 404  http://127.0.0.1:12345/status/404  -              v1
";
    let sentence = "release-links-admin: interrupted; checked 1 of 3 URLs of 1 link: 1 dead\n";
    assert_eq!(
        (
            ended.code,
            server.without_port(&ended.stdout).as_str(),
            ended.stderr.as_str()
        ),
        (Some(1), table, sentence)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_is_interrupted_before_its_first_request_says_so() {
    let app = with_links([("a", "https://e.com/".to_owned())]).await;
    let wire = Proxy::holding(app.address, "Query").await;
    let mut running = command(wire.address, "check");
    let streams = running.stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = streams.spawn().unwrap();
    wire.held().await;
    interrupt(&running);
    let ended = Ended::of(running.wait_with_output().unwrap());
    ended.assert_fails("interrupted: no URL was checked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_is_no_error() {
    let server = Server::start().await;
    let app = with_links([("a", server.url("/to/301//file"))]).await;
    let mut running = command(app.address, "check --allow-private");
    let streams = running.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = streams.spawn().unwrap();
    drop(running.stdout.take());
    let ended = tokio::task::spawn_blocking(move || {
        let mut stderr = String::new();
        running
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        (running.wait().unwrap().code(), stderr)
    });
    assert_eq!(ended.await.unwrap(), (Some(0), String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_proxy_is_used() {
    let server = Server::start().await;
    let app = with_links([("a", server.url("/file"))]).await;
    let mut check = command(app.address, "check --allow-private");
    check
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("NO_PROXY", "127.0.0.1");
    let note = "check does not use the proxy of HTTP_PROXY for the URLs, because it must know the \
                addresses to which it connects\n";
    end(check)
        .await
        .assert(0, "checked 1 URL of 1 link: 1 ok\n", note);
}
