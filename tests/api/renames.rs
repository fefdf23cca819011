//! The former paths of a renamed project (F3): permanent URLs keep working, and the API redirects
//! to the project's ID.

use std::time::SystemTime;

use release_links::project::{Project, ProjectPath, ProjectRef, Role, Visibility};
use release_links::store::operator::{AdminError, ProjectChanges, Takeover};
use serde_json::{Value, json};

use testkit::app::{LINKS, TestApp, granted, project};
use testkit::event::Event;
use testkit::invariants::Item;
use testkit::reply::Reply;

const MOVED_PERMANENTLY: &str = "This resource has been moved permanently to ";

fn links(project: &str) -> String {
    format!(
        "/api/v4/projects/{}/releases/v0.1/assets/links",
        project.replace('/', "%2F")
    )
}

fn download(project: &str) -> String {
    format!("/{project}/-/releases/v0.1/downloads/bin/app")
}

/// The documentation's project with a permanent URL. Nothing is cached, so changes are visible
/// immediately.
async fn start() -> TestApp {
    let app = TestApp::start().await;
    let body = json!({"name": "app", "url": "https://e.com/app", "filepath": "/bin/app"});
    assert_eq!(app.post(LINKS, body).await.status, 201);
    let uncached = TestApp::builder(app.address).setting("IDENTITY_CACHE_SECONDS", "0");
    uncached.start()
}

async fn update(app: &TestApp, id: u64, changes: ProjectChanges) -> Result<Project, AdminError> {
    let project = ProjectRef::parse(&id.to_string()).unwrap();
    app.operator
        .session(std::time::Duration::from_secs(5))
        .projects()
        .update(&project, changes, Takeover::Allow, SystemTime::now())
        .await
        .map(|(project, _)| project)
}

async fn rename(app: &TestApp, id: u64, path: &str) {
    let path = Some(ProjectPath::parse(path).unwrap());
    update(
        app,
        id,
        ProjectChanges {
            path,
            visibility: None,
        },
    )
    .await
    .unwrap();
}

async fn set_visibility(app: &TestApp, id: u64, visibility: Visibility) {
    update(
        app,
        id,
        ProjectChanges {
            path: None,
            visibility: Some(visibility),
        },
    )
    .await
    .unwrap();
}

#[track_caller]
fn assert_moved(reply: &Reply, target: &str) {
    let location = format!("http://127.0.0.1:9000{target}");
    assert_eq!(
        (reply.status, reply.header("location")),
        (301, location.as_str()),
        "{reply:?}"
    );
    assert_eq!(reply.header("cache-control"), "private, no-store");
}

#[tokio::test]
async fn a_former_path_redirects_reads_to_the_project_id() {
    let app = start().await;
    rename(&app, 24, "new/app").await;
    let old = links("Group/App");
    for (path, target) in [
        (old.clone(), LINKS.to_owned()),
        (format!("{old}/2"), format!("{LINKS}/2")),
        (
            format!("{old}?page=2&x[y]=a b&per_page=1"),
            format!("{LINKS}?page=2&x%5By%5D=a%20b&per_page=1"),
        ),
        (
            "/api/v4/projects/group/app/releases/v0.1/assets/links".to_owned(),
            LINKS.to_owned(),
        ),
    ] {
        let reply = app.get(&path).await;
        assert_moved(&reply, &target);
        assert_eq!(
            reply.body,
            json!(format!("{MOVED_PERMANENTLY}http://127.0.0.1:9000{target}"))
        );
        let head = app.send(Event::new("HEAD", &path)).await;
        assert_moved(&head, &target);
        assert_eq!(head.body, Value::Null);
    }
}

#[tokio::test]
async fn a_former_path_returns_405_for_writes() {
    let app = start().await;
    rename(&app, 24, "new/app").await;
    let old = links("Group/App");
    for (method, path) in [
        ("POST", old.clone()),
        ("PUT", format!("{old}/2")),
        ("DELETE", format!("{old}/2")),
    ] {
        let reply = app
            .send(Event::new(method, &path).form("name=a&url=http://a"))
            .await;
        reply.assert(
            405,
            json!({"message": "Non GET methods are not allowed for moved projects"}),
        );
        assert_eq!(reply.header("allow"), "GET, HEAD");
    }
    assert_eq!(app.get(&links("new/app")).await.ids(), [2, 1]);
}

#[tokio::test]
async fn permanent_urls_work_under_current_and_former_paths() {
    let app = start().await;
    rename(&app, 24, "new/app").await;
    for path in ["group/app", "new/app"] {
        let reply = app.get(&download(path)).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (302, "https://e.com/app"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_former_path_of_a_private_project_is_hidden() {
    let app = start().await;
    rename(&app, 24, "new/app").await;
    set_visibility(&app, 24, Visibility::Private).await;
    app.add(project(7, "outside/app", Visibility::Private))
        .await;
    let outsider = app.issue(granted("outsider", 7, Role::Guest)).await;
    let missing = app
        .send(Event::new("GET", &links("missing/app")).token(&outsider))
        .await
        .without_runtime();
    for event in [
        Event::new("GET", &links("group/app")),
        Event::new("GET", &download("group/app")),
    ] {
        app.send(event.anonymous())
            .await
            .assert(404, json!({"message": "404 Project Not Found"}));
    }
    let hidden = app
        .send(Event::new("GET", &links("group/app")).token(&outsider))
        .await;
    hidden.assert_calls(404, &["BatchGetItem"]);
    assert_eq!(hidden.without_runtime(), missing);
    assert_moved(&app.get(&links("group/app")).await, LINKS);
    assert_eq!(app.get(&download("group/app")).await.status, 302);
}

#[tokio::test]
async fn every_former_path_redirects_after_several_renames() {
    let app = start().await;
    for path in ["a/b", "c/d", "e/f"] {
        rename(&app, 24, path).await;
    }
    for path in ["group/app", "a/b", "c/d"] {
        assert_moved(&app.get(&links(path)).await, LINKS);
        assert_eq!(app.get(&download(path)).await.status, 302, "{path}");
    }
    rename(&app, 24, "a/b").await;
    assert_eq!(app.get(&links("a/b")).await.ids(), [2, 1]);
    for path in ["group/app", "c/d", "e/f"] {
        assert_moved(&app.get(&links(path)).await, LINKS);
    }
    rename(&app, 24, "A/B").await;
    assert_eq!(
        app.get(&links("a/b")).await.ids(),
        [2, 1],
        "paths are case-insensitive"
    );
}

#[tokio::test]
async fn a_former_path_belongs_to_the_project_that_last_took_it() {
    let app = start().await;
    rename(&app, 24, "new/app").await;
    rename(&app, 24, "newer/app").await;
    app.add(project(7, "group/app", Visibility::Public)).await;
    app.get(&links("group/app"))
        .await
        .assert(404, json!({"message": "404 Not found"}));
    set_visibility(&app, 24, Visibility::Private).await;
    app.get(&links("group/app"))
        .await
        .assert(404, json!({"message": "404 Not found"}));
    app.send(Event::new("GET", &links("new/app")).anonymous())
        .await
        .assert(404, json!({"message": "404 Project Not Found"}));
    rename(&app, 7, "new/app").await;
    let moved = "/api/v4/projects/7/releases/v0.1/assets/links";
    assert_moved(&app.get(&links("group/app")).await, moved);
    app.get(&links("new/app"))
        .await
        .assert(404, json!({"message": "404 Not found"}));
    rename(&app, 24, "group/app").await;
    assert_eq!(
        app.get(&links("group/app")).await.ids(),
        [2, 1],
        "the original project can take back its former path"
    );
    let conflicting = update(
        &app,
        24,
        ProjectChanges {
            path: Some(ProjectPath::parse("new/app").unwrap()),
            visibility: None,
        },
    );
    assert_eq!(
        conflicting.await,
        Err(AdminError::PathTaken(
            ProjectPath::parse("new/app").unwrap()
        ))
    );
}

#[tokio::test]
async fn deleting_a_project_frees_its_remaining_former_paths() {
    let app = start().await;
    rename(&app, 24, "new/app").await;
    rename(&app, 24, "newer/app").await;
    app.add(project(7, "group/app", Visibility::Public)).await;
    let session = app.operator.session(std::time::Duration::from_secs(5));
    let id = release_links::project::ProjectId::new(24).unwrap();
    session
        .projects()
        .hide(id, SystemTime::now())
        .await
        .unwrap();
    for path in ["new/app", "newer/app"] {
        app.get(&links(path))
            .await
            .assert(404, json!({"message": "404 Project Not Found"}));
    }
    app.get(&links("group/app"))
        .await
        .assert(404, json!({"message": "404 Not found"}));
    let paths = app.items().await.into_iter();
    let is_free =
        |item: &Item| item.contains_key("moved_at") && item.contains_key("deleting_since");
    let mut kept: Vec<(String, bool)> = paths
        .filter_map(|item| {
            let path = item["pk"].as_s().unwrap().strip_prefix("project-path#")?;
            Some((path.to_owned(), is_free(&item)))
        })
        .collect();
    kept.sort();
    let expected = [("group/app", false), ("new/app", true), ("newer/app", true)];
    assert_eq!(
        kept,
        expected.map(|(path, is_free)| (path.to_owned(), is_free))
    );
}

#[tokio::test]
async fn an_operator_cannot_refer_to_a_project_by_a_former_path() {
    let app = start().await;
    rename(&app, 24, "new/app").await;
    let session = app.operator.session(std::time::Duration::from_secs(5));
    let error = session
        .projects()
        .get(&ProjectRef::parse("group/app").unwrap())
        .await
        .unwrap_err();
    let message = "group/app is a former path of project 24, which is now new/app: \
                   use its ID or its current path";
    assert_eq!(error.to_string(), message);
}

#[tokio::test]
async fn a_project_with_50_former_paths_cannot_be_renamed() {
    let app = start().await;
    rename(&app, 24, "new/app").await;
    for n in 0..49 {
        rename(&app, 24, &format!("path/{n}")).await;
    }
    assert_moved(&app.get(&links("group/app")).await, LINKS);
    let path = Some(ProjectPath::parse("one/more").unwrap());
    let error = update(
        &app,
        24,
        ProjectChanges {
            path,
            visibility: None,
        },
    )
    .await
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "project 24 has the maximum number of former paths: it can only move back to one of them"
    );
}
