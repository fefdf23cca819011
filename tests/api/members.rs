//! The caller as a member of a project (R75).

use std::time::Duration;

use release_links::project::Role;
use release_links::token::NewToken;
use serde_json::json;

use testkit::app::{TestApp, granted};
use testkit::event::Event;

const PROJECT: &str = "/api/v4/projects/24";

#[tokio::test]
async fn a_member_is_the_caller_with_its_access_level() {
    let app = TestApp::start().await;
    app.get(&format!("{PROJECT}/members/all/1")).await.assert(
        200,
        json!({
            "id": 1, "username": "token_1", "name": "documentation", "state": "active",
            "avatar_url": null, "web_url": "http://127.0.0.1:9000/token_1", "access_level": 30,
            "created_at": "2026-11-24T00:00:00.000Z", "expires_at": null,
            "membership_state": "active",
        }),
    );
    let settings = granted("short", 24, Role::Owner);
    let expiry = settings.created_at + Duration::from_secs(86_400);
    let expected = humantime::format_rfc3339(expiry).to_string()[..10].to_owned();
    let expires_at = Some(expiry);
    let token = app
        .issue(NewToken {
            expires_at,
            ..settings
        })
        .await;
    let member = Event::new("GET", &format!("{PROJECT}/members/all/2.json")).token(&token);
    let member = app.send(member).await;
    assert_eq!(
        (&member.body["access_level"], &member.body["expires_at"]),
        (&json!(50), &json!(expected))
    );
}

/// GitLab checks the token first, then the user's ID, and then the project.
#[tokio::test]
async fn errors_about_a_member_have_gitlabs_order() {
    let app = TestApp::start().await;
    let member =
        |project: &str, user: &str| format!("/api/v4/projects/{project}/members/all/{user}");
    for (project, user) in [("24", "1"), ("24", "x"), ("99", "1")] {
        app.send(Event::new("GET", &member(project, user)).anonymous())
            .await
            .assert(401, json!({"message": "401 Unauthorized"}));
    }
    for project in ["24", "99"] {
        app.get(&member(project, "x"))
            .await
            .assert_error(400, "user_id is invalid");
    }
    app.get(&member("99", "1"))
        .await
        .assert(404, json!({"message": "404 Project Not Found"}));
    for user in ["0", "-1", "2", "99999999999999999999"] {
        app.get(&member("24", user))
            .await
            .assert(404, json!({"message": "404 Not found"}));
    }
}
