//! What `check` prints.

use std::io::Read;
use std::process::Stdio;

use serde_json::json;

use super::server::Server;
use super::{RELEASES, add_release, check, with_links};
use crate::platform::end;
use crate::terminal::{at_terminal, interrupted_when};
use crate::{NO_PROJECT, admin, command};
use testkit::app::TestApp;

const LINKS: &str = "/api/v4/projects/24/releases/v1/assets/links";

/// A service with the releases `v1` and `v2`, whose links have every result but `changed`.
async fn with_every_result(server: &Server) -> TestApp {
    let app = with_links([
        ("docs", server.url("/status/404?signature=secret")),
        ("good", server.url("/file")),
    ])
    .await;
    let body = json!({
        "name": "app.zip", "url": server.url("/to/301//file"), "direct_asset_path": "/bin/app 1.zip",
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
PROJECT    TAG  LINK         RESULT                                       URL                                PERMANENT URL                                     SINCE
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
