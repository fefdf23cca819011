//! `release-links-admin project …`.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use release_links::project::{ProjectRef, Visibility};
use serde_json::json;

use super::{admin, command, ended};
use crate::support::{Event, LINKS, TestApp, project};

#[tokio::test(flavor = "multi_thread")]
async fn projects_are_listed_shown_and_changed() {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    insta::assert_snapshot!(admin(&app, "project list").stdout, @r"
    ID  PATH        VISIBILITY
    7   secret/app  private
    24  group/app   public
    ");
    let seven = json!({"id": 7, "path": "secret/app", "visibility": "private"});
    let documented = json!({"id": 24, "path": "group/app", "visibility": "public"});
    assert_eq!(admin(&app, "project list --json").json(), json!([seven, documented]));
    for which in ["7", "--id 7", "secret/app", "SECRET/App"] {
        assert_eq!(admin(&app, &format!("project show {which} --json")).json(), seven, "{which}");
    }
    insta::assert_snapshot!(admin(&app, "project show 7").stdout, @r"
    ID  PATH        VISIBILITY
    7   secret/app  private
    ");
    let delay = "(running functions may take 30 s to notice)";
    let changed = admin(&app, "project update 7 --visibility public --path open/app");
    changed.assert(0, &format!("project 7 (open/app, public) is changed {delay}\n"), "");
    let event =
        |path: &str| Event::new("GET", &format!("/api/v4/projects/{path}/releases/v1/assets/links")).anonymous();
    let project_not_found = json!({"message": "404 Project Not Found"});
    app.send(event("open%2Fapp")).await.assert(404, json!({"message": "404 Not found"}));
    app.send(event("secret%2Fapp")).await.assert(404, project_not_found);
    let respelt = admin(&app, "project update open/app --path Open/App");
    respelt.assert(0, &format!("project 7 (Open/App, public) is changed {delay}\n"), "");
    let unremembered = ended(command(app.address, "project update 7 --path a/b").env("IDENTITY_CACHE_SECONDS", "0"));
    unremembered.assert(0, "project 7 (a/b, public) is changed\n", "");
    assert_eq!(admin(&app, "project list --json").json()[0]["path"], "a/b");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_project_takes_all_that_is_its_own_with_it() {
    let app = TestApp::start().await;
    app.add(project(2, "group/app2", Visibility::Private)).await;
    assert_eq!(admin(&app, "token create --label both --grant 2=owner --grant 24=owner").code, Some(0));
    assert_eq!(admin(&app, "token create --label every --grant all=owner --token-file /dev/stdin").code, Some(1));
    for n in 0..30 {
        assert_eq!(app.post(LINKS, json!({"name": n, "url": format!("http://{n}")})).await.status, 201);
    }
    let mut every = command(app.address, "token create --label every --grant all=owner --token-file -");
    let mut every = every.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    every.stdin.take().unwrap().write_all(b"token-for-every-project").unwrap();
    assert!(every.wait().unwrap().success());
    let kept = Event::new("POST", "/api/v4/projects/2/releases/v0.1/assets/links").token("token-for-every-project");
    assert_eq!(app.send(kept.form("name=kept&url=http://kept")).await.status, 201);

    let delay = "(running functions may take 30 s to notice)";
    let deleted = admin(&app, "project delete --id 24");
    deleted.assert(
        0,
        &format!("project 24 (group/app, public) is deleted, and 94 items of its releases {delay}\n"),
        "",
    );
    let fresh = TestApp::at(app.address);
    fresh.get(LINKS).await.assert(404, json!({"message": "404 Project Not Found"}));
    assert_eq!(admin(&app, "token list --json").json()[1]["grants"], json!({"2": "owner"}));
    assert_eq!(admin(&app, "project create --id 24 --path group/app --visibility public").code, Some(0));
    let fresh = TestApp::at(app.address);
    fresh.get(LINKS).await.assert(404, json!({"message": "404 Not found"}));
    fresh.post(LINKS, json!({"name": "a", "url": "http://a"})).await.assert(403, json!({"message": "403 Forbidden"}));
    let kept = Event::new("GET", "/api/v4/projects/2/releases/v0.1/assets/links").token("token-for-every-project");
    assert_eq!(app.send(kept).await.ids(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_was_interrupted_hides_the_project_and_can_be_finished() {
    let app = TestApp::start().await;
    let session = app.store.session(Duration::from_secs(5));
    let which = ProjectRef::parse("24").unwrap();
    session.hide_project(&which, SystemTime::now()).await.unwrap();
    let fresh = TestApp::at(app.address);
    for project in ["24", "group%2Fapp"] {
        let links = format!("/api/v4/projects/{project}/releases/v0.1/assets/links");
        fresh.get(&links).await.assert(404, json!({"message": "404 Project Not Found"}));
    }
    let pending = "project 24 is being deleted: `project delete 24` again finishes that";
    admin(&app, "project show 24").assert_refused(pending);
    admin(&app, "project update 24 --visibility private").assert_refused(pending);
    admin(&app, "project create --id 24 --path a/b")
        .assert_refused("there is a project 24 already: `project show 24` shows it");
    admin(&app, "token create --label x --grant 24=guest").assert_refused(pending);
    assert_eq!(admin(&app, "project list --json").json(), json!([]));
    assert_eq!(admin(&app, "project create --id 8 --path group/app").code, Some(0), "its path is free");
    assert_eq!(admin(&app, "project delete 24").code, Some(0));
    admin(&app, "project show 24").assert_refused("there is no project 24: `project list` shows all there are");
}
