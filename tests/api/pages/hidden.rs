//! Who sees a page, and what it tells those who do not.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use release_links::project::{ProjectId, Role, Visibility};
use serde_json::json;

use testkit::app::{TestApp, granted, project};
use testkit::event::Event;
use testkit::log::Log;

const PATHS: [&str; 4] = [
    "/group/NAME/-/releases",
    "/group/NAME/-/releases/v1",
    "/group/NAME/-/releases.atom",
    "/group/NAME/-/releases?page=2",
];

async fn start() -> TestApp {
    let app = TestApp::start().await;
    app.add(project(7, "group/hidden", Visibility::Private))
        .await;
    app.add(project(8, "group/deleted", Visibility::Public))
        .await;
    for project in [7, 8] {
        let token = app
            .issue(granted(&format!("owner {project}"), project, Role::Owner))
            .await;
        let path = format!("/api/v4/projects/{project}/releases");
        let event = Event::new("POST", &path)
            .token(&token)
            .json(json!({"tag_name": "v1"}));
        assert_eq!(app.send(event).await.status, 201);
    }
    let session = app.operator.session(Duration::from_secs(5));
    let id = ProjectId::new(8).unwrap();
    session
        .projects()
        .hide(id, SystemTime::now())
        .await
        .unwrap();
    app
}

#[tokio::test]
async fn a_private_a_missing_and_a_deleted_project_have_the_same_page() {
    let app = start().await;
    let outsider = app.issue(granted("outsider", 24, Role::Owner)).await;
    for path in PATHS {
        for token in [None, Some(&outsider)] {
            let mut replies = Vec::new();
            for name in ["missing", "hidden", "deleted"] {
                // Every process has empty caches.
                let process = app.another_process();
                let event = Event::new("GET", &path.replace("NAME", name));
                let event = match token {
                    Some(token) => event.token(token),
                    None => event.anonymous(),
                };
                let reply = process.send(event).await;
                reply.assert_calls(404, &["BatchGetItem"]);
                replies.push(reply.without_runtime());
            }
            assert_eq!(replies[1], replies[0], "{path}");
            assert_eq!(replies[2], replies[0], "{path}");
            let text = replies[0].body.as_str().unwrap();
            assert!(text.contains(">404 Not Found<") && text.contains(">Page not found<"));
        }
    }
}

#[tokio::test]
async fn a_page_is_seen_with_a_token_in_any_place_and_repeats_it_nowhere() {
    let app = start().await;
    let token = app.issue(granted("reader", 7, Role::Guest)).await;
    let log = Log::capture();
    let bearer = format!("Bearer {token}");
    let mut bodies = BTreeSet::new();
    for path in PATHS.map(|path| path.replace("NAME", "hidden")) {
        let separator = if path.contains('?') { '&' } else { '?' };
        let headers = [
            ("private-token", token.as_str()),
            ("authorization", &bearer),
            ("job-token", &token),
        ];
        let get = |path: &str| Event::new("GET", path).anonymous();
        let mut events: Vec<_> = headers
            .map(|(name, value)| get(&path).header(name, value))
            .into();
        for name in [
            "private_token",
            "access_token",
            "bearer_token",
            "job_token",
            "token",
        ] {
            for rest in ["", "&x=%ff", "&page[]=1&page[a]=%00"] {
                events.push(get(&format!("{path}{separator}{name}={token}{rest}")));
            }
        }
        for event in events {
            let reply = app.send(event).await;
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
            assert!(!format!("{reply:?}").contains(&token), "{path}");
            bodies.insert(reply.body.to_string());
        }
    }
    assert_eq!(bodies.len(), 4, "the place of the token changes nothing");
    assert!(!log.text().contains(&token));
}

#[tokio::test]
async fn an_invalid_token_gets_a_page_and_not_the_public_project() {
    let app = start().await;
    for path in PATHS.map(|path| path.replace("NAME", "app").replace("v1", "v0.1")) {
        let reply = app.send(Event::new("GET", &path).token("unknown")).await;
        let text = reply.body.as_str().unwrap();
        assert_eq!(reply.status, 401);
        assert!(text.contains(">The access token is not valid.<"));
    }
}
