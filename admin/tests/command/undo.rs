//! `release-links-admin project restore` of a hidden project, and `project purge`.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Ended, KEPT, admin, command, run};
use testkit::app::{LINKS, TestApp};
use testkit::event::Event;
use testkit::invariants::{Item, assert_invariants};
use testkit::proxy::Proxy;

const DELAY: &str = "; running functions may take up to 30 s to notice, if the stack's \
                     IdentityCacheSeconds is 30";
const HIDDEN: &str = "project 24 is hidden: `project restore 24` brings it back, and `project purge \
                      24` deletes it for good";
const PURGING: &str = "project 24 is being purged: run `project purge 24` to finish the deletion; \
                       after that, `project restore 24 --from TABLE` can undo it";

/// A service whose project 24 has a link with a filepath.
async fn start() -> TestApp {
    let app = TestApp::start().await;
    let body = json!({"name": "app", "url": "https://e.com/app", "filepath": "/app"});
    assert_eq!(app.post(LINKS, body).await.status, 201);
    app
}

/// The status of the published download under this path of the project.
async fn download(app: &TestApp, path: &str) -> u64 {
    let target = format!("/{path}/-/releases/v0.1/downloads/app");
    let fresh = app.another_process();
    fresh
        .send(Event::new("GET", &target).anonymous())
        .await
        .status
}

/// The items of the table but those of projects, sorted.
async fn items(app: &TestApp) -> Vec<Item> {
    let mut items = app.items().await;
    items.retain(|item| !item["pk"].as_s().unwrap().starts_with("project"));
    items.sort_by_key(|item| format!("{:?}", (&item["pk"], &item["sk"])));
    items
}

pub fn spawn(command: &mut std::process::Command) -> Child {
    let streams = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    streams.spawn().unwrap()
}

pub async fn end(child: Child) -> Ended {
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
    Ended::of(output.await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_project_is_hidden_until_it_is_restored() {
    let app = start().await;
    let before = items(&app).await;
    let links = app.get(LINKS).await.body;
    let is_hidden = "project 24 (group/app, public) is hidden: `project restore 24` brings it back \
                     until `project purge 24`";
    admin(&app, "project delete 24 --yes").assert(0, &format!("{is_hidden}{DELAY}\n{KEPT}"), "");
    admin(&app, "project delete 24").assert(0, &format!("{is_hidden}\n"), "");
    assert_eq!(app.another_process().get(LINKS).await.status, 404);
    assert_eq!(download(&app, "group/app").await, 404);
    admin(&app, "project show 24").assert_fails(HIDDEN);
    admin(&app, "project show group/app").assert_fails(HIDDEN);
    admin(&app, "release list --project 24").assert_fails(HIDDEN);
    assert_eq!(admin(&app, "project list --json").json(), json!([]));
    let hidden = admin(&app, "project list --hidden --json").json();
    let since = hidden[0]["since"].as_str().unwrap();
    assert_eq!(
        hidden,
        json!([{
            "id": 24, "path": "group/app", "visibility": "public", "state": "hidden",
            "since": since
        }])
    );
    let table = format!(
        "ID  PATH       VISIBILITY  STATE   SINCE\n24  group/app  public      hidden  {since}\n"
    );
    admin(&app, "project list --hidden").assert(0, &table, "");
    assert_eq!(
        items(&app).await,
        before,
        "releases and tokens are unchanged"
    );
    admin(&app, "project restore 24").assert(0, "restored project 24 (group/app, public)\n", "");
    admin(&app, "project restore 24").assert_fails(
        "project 24 is not hidden: `project list --hidden` shows the hidden projects",
    );
    assert_eq!(
        admin(&app, "project list --hidden --json").json(),
        json!([])
    );
    let fresh = app.another_process();
    assert_eq!(fresh.get(LINKS).await.body, links);
    let body = json!({"name": "b", "url": "http://b"});
    assert_eq!(
        fresh.post(LINKS, body).await.status,
        201,
        "the token has its role"
    );
    assert_eq!(download(&app, "group/app").await, 302);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_project_takes_back_the_paths_that_are_free() {
    let app = start().await;
    run(&app, "project update 24 --path b/app");
    run(&app, "project update 24 --path c/app");
    run(&app, "project delete 24 --yes");
    run(
        &app,
        "project create --id 25 --path b/app --take-former-path",
    );
    admin(&app, "project restore 24").assert(
        0,
        "restored project 24 (c/app, public); its former path b/app belongs to another project \
         now\n",
        "",
    );
    for (path, status) in [("group/app", 302), ("b/app", 404), ("c/app", 302)] {
        assert_eq!(download(&app, path).await, status, "{path}");
    }
    run(&app, "project delete 24 --yes");
    run(
        &app,
        "project create --id 26 --path c/app --take-former-path",
    );
    let before = app.items().await.len();
    admin(&app, "project restore 24").assert_fails(
        "another project has the path c/app of project 24: pass --path with another path to \
         restore project 24",
    );
    admin(&app, "project restore 24 --path b/app")
        .assert_fails("project b/app already exists: `project show b/app` shows it");
    assert_eq!(app.items().await.len(), before);
    assert_eq!(download(&app, "group/app").await, 404, "it is still hidden");
    admin(&app, "project restore 24 --path d/app").assert(
        0,
        "restored project 24 (d/app, public); its former path c/app belongs to another project \
         now\n",
        "",
    );
    for (path, status) in [("group/app", 302), ("c/app", 404), ("d/app", 302)] {
        assert_eq!(download(&app, path).await, status, "{path}");
    }
    run(&app, "project delete 24 --yes");
    admin(&app, "project restore 24 --path group/app").assert(
        0,
        "restored project 24 (group/app, public)\n",
        "",
    );
    for path in ["group/app", "d/app"] {
        assert_eq!(download(&app, path).await, 302, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_became_a_former_path_meanwhile_is_taken_back_only_on_request() {
    let app = start().await;
    run(&app, "project delete 24 --yes");
    run(
        &app,
        "project create --id 25 --path group/app --take-former-path",
    );
    run(&app, "project update 25 --path other/app");
    admin(&app, "project restore 24").assert_fails(
        "group/app is a former path of project 25, which is now other/app: its published download \
         URLs would lead to project 24 instead; pass --take-former-path if you want that",
    );
    admin(&app, "project restore 24 --take-former-path").assert(
        0,
        &format!(
            "restored project 24 (group/app, public); group/app is a former path of project 25, \
             which is now other/app: its published download URLs now lead to project 24{DELAY}\n"
        ),
        "",
    );
    assert_eq!(download(&app, "group/app").await, 302);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_purge_can_only_be_finished() {
    let app = start().await;
    admin(&app, "project purge 24 --yes")
        .assert_fails("project 24 is not hidden: run `project delete 24` before you purge it");
    run(&app, "project delete 24 --yes");
    admin(&app, "project purge 24").assert_fails(
        "project 24 (group/app, public) was not purged: without a terminal, pass --yes to confirm",
    );
    let wire = Proxy::holding(app.address, "Scan").await;
    let mut killed = spawn(&mut command(
        wire.address,
        "project purge 24 --yes --wait 0s",
    ));
    wire.held().await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    for arguments in [
        "project restore 24",
        "project restore 24 --from links-restored",
        "project delete 24 --yes",
        "project show 24",
        "project create --id 24 --path a/b",
        "token create --label x --grant 24=guest",
    ] {
        admin(&app, arguments).assert_fails(PURGING);
    }
    let hidden = admin(&app, "project list --hidden --json").json();
    assert_eq!(hidden[0]["state"], "purging");
    let started = Instant::now();
    admin(&app, "project purge 24 --yes").assert(
        0,
        "deleted project 24 (group/app, public) and 11 items of its releases\n",
        "",
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "the wait was served before"
    );
    assert_eq!(
        admin(&app, "project list --hidden --json").json(),
        json!([])
    );
    for arguments in [
        "project restore 24",
        "project purge 24 --yes",
        "project show 24",
    ] {
        let refused = admin(&app, arguments);
        let (begin, rest) = refused.stderr.split_at(54);
        assert!(
            begin.starts_with("release-links-admin: project 24 was purged at 20")
                && rest.ends_with(
                    "Z: until 35 days after the purge began, `project restore 24 --from TABLE` can \
                     bring it back from a table restored to a moment before that\n"
                ),
            "{refused:?}"
        );
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_restored_while_its_purge_waits_is_not_purged() {
    for (changes, sentence) in [
        (
            &["project restore 24"][..],
            "project 24 is not hidden: `project list --hidden` shows the hidden projects",
        ),
        (
            &["project restore 24", "project delete 24 --yes"],
            "somebody else changed this at the same time: check its current state, and try again",
        ),
    ] {
        let app = start().await;
        let before = items(&app).await;
        run(&app, "project delete 24 --yes");
        let purge = spawn(&mut command(
            app.address,
            "project purge 24 --yes --wait 4s",
        ));
        tokio::time::sleep(Duration::from_secs(1)).await;
        for change in changes {
            run(&app, change);
        }
        let ended = end(purge).await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(1), ""),
            "{ended:?}"
        );
        let last = ended.stderr.lines().last().unwrap();
        assert_eq!(
            last,
            format!("release-links-admin: {sentence}"),
            "{ended:?}"
        );
        assert_eq!(items(&app).await, before, "nothing was removed");
        assert_invariants(&app.items().await);
    }
}
