//! The endpoints of a project apart from its releases, and those of the caller's token: what tools
//! ask before they publish a release (R70 to R76).

use std::time::{Duration, SystemTime};

use release_links::project::{ProjectPath, ProjectRef, Role, Visibility};
use release_links::store::operator::{ProjectChanges, Takeover};
use serde_json::{Value, json};

use testkit::app::{TestApp, granted, project};
use testkit::event::Event;
use testkit::seed;

const PROJECT: &str = "/api/v4/projects/24";
const VERSION: &str = "/api/v4/version";
const JOB: &str = "/api/v4/job";

#[tokio::test]
async fn a_project_has_gitlabs_attributes() {
    let app = TestApp::start().await;
    let expected = json!({
        "id": 24, "description": null, "name": "app", "name_with_namespace": "group / app",
        "path": "app", "path_with_namespace": "group/app", "default_branch": "main",
        "tag_list": [], "topics": [], "web_url": "http://127.0.0.1:9000/group/app",
        "forks_count": 0, "avatar_url": null, "star_count": 0,
        "_links": {"self": "http://127.0.0.1:9000/api/v4/projects/24"},
        "empty_repo": true, "archived": false, "visibility": "public",
    });
    for path in [
        PROJECT,
        "/api/v4/projects/group%2Fapp",
        "/api/v4/projects/group/app/",
    ] {
        app.send(Event::new("GET", path).anonymous())
            .await
            .assert(200, expected.clone());
    }
}

#[tokio::test]
async fn a_project_shows_the_access_of_the_caller() {
    let app = TestApp::start().await;
    for (role, level) in [
        (Role::Guest, 10),
        (Role::Reporter, 20),
        (Role::Developer, 30),
        (Role::Maintainer, 40),
        (Role::Owner, 50),
    ] {
        let token = app.issue(granted(role.as_str(), 24, role)).await;
        let reply = app.send(Event::new("GET", PROJECT).token(&token)).await;
        let permissions = json!({
            "project_access": {"access_level": level, "notification_level": 3},
            "group_access": null,
        });
        assert_eq!(
            (reply.status, &reply.body["permissions"]),
            (200, &permissions)
        );
    }
    app.add(project(25, "group/other", Visibility::Public))
        .await;
    let outsider = app.issue(granted("outsider", 25, Role::Owner)).await;
    let reply = app.send(Event::new("GET", PROJECT).token(&outsider)).await;
    let permissions = json!({"project_access": null, "group_access": null});
    assert_eq!(
        (reply.status, &reply.body["permissions"]),
        (200, &permissions)
    );
    let reply = app.send(Event::new("GET", PROJECT).anonymous()).await;
    assert_eq!((reply.status, reply.body.get("permissions")), (200, None));
}

#[tokio::test]
async fn the_boolean_parameters_of_a_project_are_validated() {
    let app = TestApp::start().await;
    for query in [
        "license=true",
        "statistics=F&license=",
        "with_custom_attributes=On",
    ] {
        assert_eq!(app.get(&format!("{PROJECT}?{query}")).await.status, 200);
    }
    app.get(&format!("{PROJECT}?statistics=maybe&license=2"))
        .await
        .assert_error(400, "license is invalid, statistics is invalid");
    app.get(&format!("{PROJECT}?license[]=true"))
        .await
        .assert_error(400, "license is invalid");
}

#[tokio::test]
async fn a_project_has_no_branches() {
    let app = TestApp::start().await;
    let reply = app
        .get(&format!(
            "{PROJECT}/repository/branches?per_page=5&search=x"
        ))
        .await;
    reply.assert(200, json!([]));
    for (name, value) in [
        ("x-per-page", "5"),
        ("x-page", "1"),
        ("x-next-page", ""),
        ("x-prev-page", ""),
        ("x-total", "0"),
        ("x-total-pages", "1"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    let url = "http://127.0.0.1:9000/api/v4/projects/24/repository/branches?id=24&page=1&per_page=5&search=x";
    assert_eq!(
        reply.header("link"),
        format!("<{url}>; rel=\"first\", <{url}>; rel=\"last\"")
    );
    app.get(&format!("{PROJECT}/repository/branches?per_page=0"))
        .await
        .assert_error(400, "per_page has a value not allowed");
}

#[tokio::test]
async fn the_version_is_that_of_the_gitlab_whose_api_the_service_implements() {
    let app = TestApp::start().await;
    let version = json!({
        "version": "18.0.0", "revision": "Unknown",
        "kas": {"enabled": false, "externalUrl": null, "version": null}, "enterprise": false,
    });
    for path in [VERSION, "/api/v4/metadata", "/api/v4/version.json"] {
        app.get(path).await.assert(200, version.clone());
    }
}

#[tokio::test]
async fn only_a_job_token_has_a_job() {
    let app = TestApp::start().await;
    let job = json!({
        "id": 1, "name": "documentation", "status": "running",
        "user": {
            "id": 1, "username": "token_1", "name": "documentation", "state": "active",
            "web_url": "http://127.0.0.1:9000/token_1", "bot": true,
        },
    });
    let token = seed::TOKEN;
    for event in [
        Event::new("GET", JOB)
            .anonymous()
            .header("job-token", token),
        Event::new("GET", &format!("{JOB}?job_token={token}")).anonymous(),
    ] {
        app.send(event).await.assert(200, job.clone());
    }
    let not_a_job = json!({"message": "404 Job Not Found"});
    for event in [
        Event::new("GET", JOB),
        Event::new("GET", JOB).header("job-token", token),
        Event::new("GET", &format!("{JOB}?private_token={token}")).anonymous(),
        Event::new("GET", JOB)
            .anonymous()
            .header("authorization", &format!("Bearer {token}")),
    ] {
        app.send(event).await.assert(404, not_a_job.clone());
    }
    let junk = Event::new("GET", JOB)
        .anonymous()
        .header("job-token", "junk");
    app.send(junk)
        .await
        .assert(401, json!({"message": "401 Unauthorized"}));
}

#[tokio::test]
async fn a_former_path_redirects_to_the_projects_id() {
    let app = TestApp::start().await;
    let session = app.operator.session(Duration::from_secs(5));
    let changes = ProjectChanges {
        path: Some(ProjectPath::parse("group/new").unwrap()),
        visibility: None,
    };
    let project = ProjectRef::parse("24").unwrap();
    session
        .projects()
        .update(&project, changes, Takeover::Allow, SystemTime::now())
        .await
        .unwrap();
    for tail in ["", "/repository/branches", "/members/all/1"] {
        let reply = app
            .get(&format!("/api/v4/projects/group%2Fapp{tail}?a=b"))
            .await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (
                301,
                format!("http://127.0.0.1:9000{PROJECT}{tail}?a=b").as_str()
            ),
            "{tail}"
        );
    }
}

#[tokio::test]
async fn the_endpoints_only_support_reading() {
    let app = TestApp::start().await;
    let branches = format!("{PROJECT}/repository/branches");
    for path in [
        PROJECT,
        VERSION,
        JOB,
        &branches,
        &format!("{PROJECT}/members/all/1"),
    ] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            app.send(Event::new(method, path))
                .await
                .assert_error(404, "404 Not Found");
        }
        let options = app.send(Event::new("OPTIONS", path).anonymous()).await;
        assert_eq!(
            (options.status, options.header("allow"), &options.body),
            (204, "OPTIONS, GET, HEAD", &Value::Null)
        );
    }
    let head = app.send(Event::new("HEAD", PROJECT)).await;
    assert_eq!((head.status, &head.body), (200, &Value::Null));
    let etag = app.get(PROJECT).await.header("etag").to_owned();
    let unchanged = app
        .send(Event::new("GET", PROJECT).header("if-none-match", &etag))
        .await;
    assert_eq!(unchanged.status, 304);
}

#[tokio::test]
async fn cached_tokens_and_projects_cost_no_call() {
    let app = TestApp::start().await;
    app.add(testkit::app::project(
        7,
        "group/private",
        Visibility::Private,
    ))
    .await;
    for path in [PROJECT, VERSION, &format!("{PROJECT}/members/all/1")] {
        assert_eq!(app.get(path).await.status, 200);
        app.get(path).await.assert_calls(200, &[]);
    }
    let private = "/api/v4/projects/7";
    for _ in 0..2 {
        let hidden = app.get(private).await;
        hidden.assert_calls(404, &["BatchGetItem"]);
    }
}

#[tokio::test]
async fn unknown_paths_below_a_project_or_a_release_are_unknown_routes() {
    let app = TestApp::start().await;
    for path in [
        "24/issues",
        "24/members",
        "24/members/all/1/2",
        "24/repository/tags/v1",
        "24/repository/branches/main",
        "24/releases/v0.1/assets",
        "24/releases/v0.1/assets/links/1/2",
        "24/releases/v0.1/downloads",
        "24/x/members/all/1",
    ] {
        app.get(&format!("/api/v4/projects/{path}?license=maybe"))
            .await
            .assert_error(404, "404 Not Found");
    }
    app.get("/api/v4/projects/group/app/issues")
        .await
        .assert(404, json!({"message": "404 Project Not Found"}));
}
