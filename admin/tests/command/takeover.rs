//! A path under which another project has published downloads.

use std::time::{Duration, SystemTime};

use release_links::project::{ProjectPath, ProjectRef, Visibility};
use release_links::store::operator::{ProjectChanges, Takeover};
use serde_json::json;

use super::{KEPT, admin, command, ended};
use testkit::app::{LINKS, TestApp, project};
use testkit::event::Event;
use testkit::proxy::Proxy;

const DELAY: &str = "; running functions may take up to 30 s to notice, if the stack's \
                     IdentityCacheSeconds is 30";

/// A service whose project 24 has published a download and moved away from `group/app`.
async fn moved() -> TestApp {
    let app = TestApp::start().await;
    let body = json!({"name": "app", "url": "https://e.com/app", "filepath": "/app"});
    assert_eq!(app.post(LINKS, body).await.status, 201);
    let moved = admin(&app, "project update 24 --path new/app");
    moved.assert(
        0,
        &format!("updated project 24 (new/app, public){DELAY}\n{KEPT}"),
        "",
    );
    app
}

/// The status of the published download, and where it leads.
async fn download(app: &TestApp) -> (u64, Option<String>) {
    let fresh = app.another_process();
    let event = Event::new("GET", "/group/app/-/releases/v0.1/downloads/app").anonymous();
    let reply = fresh.send(event).await;
    let location = reply.has_header("location");
    (
        reply.status,
        location.then(|| reply.header("location").to_owned()),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_path_of_another_project_is_taken_only_on_request() {
    for (change, verb) in [
        ("project create --id 25 --path group/app", "created"),
        ("project update 7 --path Group/app", "updated"),
    ] {
        let app = moved().await;
        app.add(project(7, "other/app", Visibility::Private)).await;
        let before = app.items().await.len();
        let (id, path) = match verb {
            "created" => (25, "group/app"),
            _ => (7, "Group/app"),
        };
        admin(&app, change).assert_fails(&format!(
            "{path} is a former path of project 24, which is now new/app: its published download \
             URLs would lead to project {id} instead; pass --take-former-path if you want that"
        ));
        assert_eq!(app.items().await.len(), before, "nothing was written");
        let published = (302, Some("https://e.com/app".to_owned()));
        assert_eq!(download(&app).await, published);
        admin(&app, &format!("{change} --take-former-path")).assert(
            0,
            &format!(
                "{verb} project {id} ({path}, private); {path} is a former path of project 24, \
                 which is now new/app: its published download URLs now lead to project \
                 {id}{DELAY}\n"
            ),
            "",
        );
        assert_eq!(download(&app).await.0, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_of_a_deleted_project_is_taken_only_on_request() {
    let app = moved().await;
    let deleted = admin(&app, "project delete 24 --yes --purge --wait 0s");
    assert_eq!(deleted.code, Some(0), "{deleted:?}");
    for path in ["group/app", "new/app"] {
        let create = format!("project create --id 25 --path {path}");
        admin(&app, &create).assert_fails(&format!(
            "{path} is reserved for project 24, which is hidden or deleted: its published download \
             URLs would lead to project 25 instead; pass --take-former-path if you want that"
        ));
    }
    let shown = admin(&app, "project show group/app");
    let sentence = "release-links-admin: project 24 was purged at 20";
    assert!(
        shown.code == Some(1) && shown.stderr.starts_with(sentence),
        "{shown:?}"
    );
    let reused = admin(&app, "project create --id 24 --path new/app");
    assert!(
        reused
            .stderr
            .ends_with("its ID cannot be reused: choose another ID\n"),
        "{reused:?}"
    );
    admin(
        &app,
        "project create --id 25 --path group/app --take-former-path",
    )
    .assert(
        0,
        &format!(
            "created project 25 (group/app, private); group/app was reserved for project 24, which \
             is hidden or deleted: its published download URLs now lead to project 25{DELAY}\n"
        ),
        "",
    );
}

/// A partial restore may have lost the item of the path.
#[tokio::test(flavor = "multi_thread")]
async fn the_path_of_a_deleted_project_is_taken_only_on_request_even_if_its_item_is_lost() {
    let app = TestApp::start().await;
    let deleted = admin(&app, "project delete 24 --yes --purge --wait 0s");
    assert_eq!(deleted.code, Some(0), "{deleted:?}");
    app.remove("project-path#group/app", "project").await;
    admin(&app, "project create --id 25 --path Group/App").assert_fails(
        "Group/App is reserved for project 24, which is hidden or deleted: its published download \
         URLs would lead to project 25 instead; pass --take-former-path if you want that",
    );
    let taken = admin(
        &app,
        "project create --id 25 --path Group/App --take-former-path",
    );
    assert_eq!(taken.code, Some(0), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_takes_back_its_own_former_path_without_a_request() {
    let app = moved().await;
    let back = admin(&app, "project update 24 --path group/app");
    back.assert(
        0,
        &format!("updated project 24 (group/app, public){DELAY}\n{KEPT}"),
        "",
    );
    assert_eq!(
        download(&app).await,
        (302, Some("https://e.com/app".to_owned()))
    );
}

/// The path is free when the command reads it, and a former path when its transaction arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_becomes_a_former_path_meanwhile_is_not_taken() {
    for change in [
        "project create --id 25 --path short/lived",
        "project update 7 --path short/lived",
    ] {
        let app = TestApp::start().await;
        app.add(project(7, "other/app", Visibility::Private)).await;
        let wire = Proxy::holding(app.address, "TransactWriteItems").await;
        let mut taker = command(wire.address, change);
        let taker = std::thread::spawn(move || ended(&mut taker));
        wire.held().await;
        for path in ["short/lived", "new/app"] {
            let changes = ProjectChanges {
                path: Some(ProjectPath::parse(path).unwrap()),
                visibility: None,
            };
            let name = ProjectRef::parse("24").unwrap();
            let session = app.operator.session(Duration::from_secs(5));
            let projects = session.projects();
            let update = projects.update(&name, changes, Takeover::Refuse, SystemTime::now());
            update.await.unwrap();
        }
        wire.release();
        let ended = tokio::task::spawn_blocking(|| taker.join().unwrap())
            .await
            .unwrap();
        let id = if change.contains("25") { 25 } else { 7 };
        ended.assert_fails(&format!(
            "short/lived is a former path of project 24, which is now new/app: its published \
             download URLs would lead to project {id} instead; pass --take-former-path if you want \
             that"
        ));
    }
}

/// The operator agreed to take the path from project 24, not from project 7.
#[tokio::test(flavor = "multi_thread")]
async fn the_project_that_loses_a_path_is_the_one_that_the_command_names() {
    let app = moved().await;
    app.add(project(7, "other/app", Visibility::Private)).await;
    let wire = Proxy::holding(app.address, "TransactWriteItems").await;
    let mut taker = command(
        wire.address,
        "project create --id 25 --path group/app --take-former-path",
    );
    let taker = std::thread::spawn(move || ended(&mut taker));
    wire.held().await;
    for change in [
        "project update 7 --path group/app --take-former-path",
        "project update 7 --path last/app",
    ] {
        assert_eq!(admin(&app, change).code, Some(0));
    }
    wire.release();
    let ended = tokio::task::spawn_blocking(|| taker.join().unwrap())
        .await
        .unwrap();
    ended.assert(
        0,
        &format!(
            "created project 25 (group/app, private); group/app is a former path of project 7, \
             which is now last/app: its published download URLs now lead to project 25{DELAY}\n"
        ),
        "",
    );
}
