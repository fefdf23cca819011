//! Authorization of releases (R52, R53). The access matrix has the response of each operation.

use serde_json::json;

use testkit::app::TestApp;
use testkit::event::Event;
use testkit::persona::Persona::{
    self, EveryProject, Guest, Junk, Outsider, Owner, ReadApi, Reporter,
};

/// R53: the order of the checks, each request with several errors.
#[tokio::test]
async fn the_checks_of_a_release_have_gitlabs_order() {
    let app = TestApp::start_with_personas().await;
    let post = |project: &str, persona: Persona, body: &str| {
        let event = Event::new("POST", &format!("/api/v4/projects/{project}/releases"));
        persona.sign(event.body("application/json", body))
    };
    let reply = app.send(post("3", Owner, "{")).await;
    assert_eq!(reply.status, 400, "a request that cannot be read");
    let xml = Event::new("POST", "/api/v4/projects/3/releases?format=xml").form("");
    assert_eq!(app.as_(Junk).send(xml).await.status, 406);
    let reply = app.send(post("3", Junk, "{}")).await;
    reply.assert(401, json!({"message": "401 Unauthorized"}));
    let reply = app.send(post("3", ReadApi, "{}")).await;
    assert_eq!(
        (reply.status, &reply.body["error"]),
        (403, &json!("insufficient_scope"))
    );
    let reply = app.send(post("3", Owner, "{}")).await;
    reply.assert(404, json!({"message": "404 Project Not Found"}));
    let reply = app.send(post("1", Reporter, "{}")).await;
    reply.assert_error(400, "tag_name is missing");
    let reply = app.send(post("1", Reporter, r#"{"tag_name": ""}"#)).await;
    reply.assert(403, json!({"message": "403 Forbidden"}));
    let reply = app.send(post("1", Owner, r#"{"tag_name": ""}"#)).await;
    reply.assert(400, json!({"message": "Tag name invalid"}));
}

#[tokio::test]
async fn only_callers_with_a_role_see_the_author() {
    let app = TestApp::start_with_personas().await;
    let releases = "/api/v4/projects/1/releases";
    let body = json!({"tag_name": "v1"});
    assert_eq!(app.as_(Owner).post(releases, body).await.status, 201);
    for (persona, sees) in [
        (Guest, true),
        (ReadApi, true),
        (EveryProject, true),
        (Outsider, false),
    ] {
        for path in [releases.to_owned(), format!("{releases}/v1")] {
            let body = app.as_(persona).get(&path).await.body;
            let release = body.get(0).unwrap_or(&body);
            let author = release.get("author").map(|author| author["name"].clone());
            assert_eq!(author, sees.then(|| json!("owner")), "{persona:?}, {path}");
        }
    }
}
