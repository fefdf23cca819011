//! The headers and parameters that can contain a token (section E).

use serde_json::json;
use testkit::app::{LINKS, TestApp};
use testkit::event::Event;
use testkit::persona::PRIVATE;
use testkit::persona::Persona::{self, Developer, Guest};

use crate::cases::Subject;

#[tokio::test]
async fn tokens_are_accepted_in_every_location() {
    let app = TestApp::start_with_personas().await;
    let private = "/api/v4/projects/2/releases/v1/assets/links";
    Subject::new(PRIVATE, "v1").create_release(&app).await;
    let get = || Event::new("GET", private).anonymous();
    let [guest, developer] = [Guest, Developer].map(Persona::token);
    for name in "private-token PRIVATE-TOKEN Private-Token JOB-TOKEN Job-Token".split(' ') {
        let reply = app.send(get().header(name, &guest)).await;
        assert_eq!(reply.status, 200, "{name}");
    }
    for (name, scheme) in [("authorization", "Bearer"), ("Authorization", "bearer")] {
        let header = format!("{scheme} {guest}");
        let reply = app.send(get().header(name, &header)).await;
        assert_eq!(reply.status, 200, "{name}: {header}");
    }
    for name in [
        "private_token",
        "access_token",
        "bearer_token",
        "job_token",
        "token",
    ] {
        let query = format!("{private}?{name}={developer}&per_page=1");
        let reply = app.send(Event::new("GET", &query).anonymous()).await;
        assert_eq!(reply.status, 200, "{name}");
        assert!(!reply.header("link").contains("rlat"), "{reply:?}");
        let form = format!(
            "{name}={developer}&name={name}&url=http://{}",
            name.replace('_', "-")
        );
        assert_eq!(
            app.send(Event::new("POST", private).anonymous().form(&form))
                .await
                .status,
            201,
            "{name}"
        );
        let body = json!({name: developer, "name": format!("{name} json"), "url": format!("http://json/{name}")});
        assert_eq!(
            app.send(Event::new("POST", private).anonymous().json(body))
                .await
                .status,
            201,
            "{name}"
        );
    }
}

/// The parameters and headers that may hold a token, in order of precedence.
const TOKEN_LOCATIONS: [&str; 8] = [
    "private_token",
    "private-token",
    "authorization",
    "access_token",
    "bearer_token",
    "job-token",
    "job_token",
    "token",
];

/// A request with a token in each of these locations.
fn with_tokens(tokens: &[(&str, &str)]) -> Event {
    let parameters = tokens
        .iter()
        .filter(|(name, _)| name.contains('_') || *name == "token");
    let query = parameters
        .map(|(name, token)| format!("{name}={token}"))
        .collect::<Vec<_>>()
        .join("&");
    let headers = tokens
        .iter()
        .filter(|(name, _)| name.contains('-') || *name == "authorization");
    headers.fold(
        Event::new("GET", &format!("{LINKS}?{query}")).anonymous(),
        |event, (name, token)| {
            let scheme = if *name == "authorization" {
                "Bearer "
            } else {
                ""
            };
            event.header(name, &format!("{scheme}{token}"))
        },
    )
}

fn with_header(name: &str, value: &str) -> Event {
    Event::new("GET", LINKS).anonymous().header(name, value)
}

#[tokio::test]
async fn token_locations_have_gitlabs_precedence() {
    let app = TestApp::start_with_personas().await;
    let guest = Guest.token();
    for pair in TOKEN_LOCATIONS.windows(2) {
        let reply = app
            .send(with_tokens(&[(pair[0], &guest), (pair[1], "junk")]))
            .await;
        assert_eq!(reply.status, 200, "{pair:?}");
        app.send(with_tokens(&[(pair[0], "junk"), (pair[1], &guest)]))
            .await
            .assert(401, json!({"message": "401 Unauthorized"}));
    }
}

#[tokio::test]
async fn blank_tokens_are_ignored() {
    let app = TestApp::start_with_personas().await;
    let guest = Guest.token();
    for pair in TOKEN_LOCATIONS.windows(2) {
        let reply = app
            .send(with_tokens(&[(pair[0], ""), (pair[1], &guest)]))
            .await;
        assert_eq!(reply.status, 200, "a blank {}", pair[0]);
    }
    let blank = with_header("private-token", " ");
    assert_eq!(app.send(blank).await.status, 200);
}

#[tokio::test]
async fn authorization_headers_without_a_bearer_token_are_ignored() {
    let app = TestApp::start_with_personas().await;
    for value in ["Basic Zm9v", &Guest.token()] {
        let event = with_header("authorization", value);
        assert_eq!(app.send(event).await.status, 200, "{value}");
    }
}

#[tokio::test]
async fn malformed_tokens_return_401() {
    let app = TestApp::start_with_personas().await;
    let unauthorized = json!({"message": "401 Unauthorized"});
    for (name, value) in [
        ("private-token", "é"),
        ("private-token", "a,b"),
        ("authorization", "Bearer é"),
    ] {
        app.send(with_header(name, value))
            .await
            .assert(401, unauthorized.clone());
    }
    let array = Event::new("GET", &format!("{LINKS}?private_token[]={}", Guest.token()));
    app.send(array.anonymous()).await.assert(401, unauthorized);
}
