//! Authorization of releases: every operation, for every kind of caller and project (R52, R53).

use std::io::Write;

use serde_json::json;

use testkit::app::TestApp;
use testkit::event::Event;

use crate::access::{app_with_callers, as_caller, assert_response};

/// The expected response for each caller. The columns after the project are: list the releases, get
/// one, create one, update one, delete it, redirect to the latest and download an asset of it; get
/// a nonexistent release, update it and delete it.
const TABLE: &str = "
    anonymous      public   200  200  403  403  403  302  302  404r 403  403
    junk           public   401  401  401  401  401  401  401  401  401  401
    expired        public   401e 401e 401e 401e 401e 401e 401e 401e 401e 401e
    revoked        public   401r 401r 401r 401r 401r 401r 401r 401r 401r 401r
    outsider       public   200  200  403  403  403  302  302  404r 403  403
    guest          public   200  200  403  403  403  302  302  404r 403  403
    reporter       public   200  200  403  403  403  302  302  404r 403  403
    developer      public   200  200  201  200  200  302  302  404r 403  403
    maintainer     public   200  200  201  200  200  302  302  404r 403  403
    owner          public   200  200  201  200  200  302  302  404r 403  403
    read_api       public   200  200  403s 403s 403s 302  302  404r 403s 403s
    every-project  public   200  200  201  200  200  302  302  404r 403  403

    anonymous      private  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
    junk           private  401  401  401  401  401  401  401  401  401  401
    expired        private  401e 401e 401e 401e 401e 401e 401e 401e 401e 401e
    revoked        private  401r 401r 401r 401r 401r 401r 401r 401r 401r 401r
    outsider       private  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
    guest          private  200  200  403  403  403  302  302  404r 403  403
    reporter       private  200  200  403  403  403  302  302  404r 403  403
    developer      private  200  200  201  200  200  302  302  404r 403  403
    maintainer     private  200  200  201  200  200  302  302  404r 403  403
    owner          private  200  200  201  200  200  302  302  404r 403  403
    read_api       private  200  200  403s 403s 403s 302  302  404r 403s 403s
    every-project  private  200  200  201  200  200  302  302  404r 403  403

    anonymous      missing  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
    junk           missing  401  401  401  401  401  401  401  401  401  401
    outsider       missing  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
    read_api       missing  404p 404p 403s 403s 403s 404p 404p 404p 403s 403s
    developer      missing  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
    every-project  missing  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
";

/// One request for each column of the table. The release is created first.
async fn requests(app: &TestApp, project: u64, row: usize) -> [Event; 10] {
    let releases = format!("/api/v4/projects/{project}/releases");
    let tag = format!("row{row}");
    let links = json!([{"name": "a", "url": "https://e.com/a", "filepath": "/bin/a"}]);
    let body = json!({"tag_name": tag, "assets": {"links": links}});
    let event = Event::new("POST", &releases).token("rlat-owner").json(body);
    let status = app.send(event).await.status;
    assert_eq!(status, if project == 3 { 404 } else { 201 });
    let event = |method: &str, path: &str| Event::new(method, &format!("{releases}{path}"));
    let release = format!("/{tag}");
    [
        event("GET", ""),
        event("GET", &release),
        event("POST", "").json(json!({"tag_name": format!("new{row}")})),
        event("PUT", &release).form("name=a"),
        event("DELETE", &format!("/{tag}-to-delete")),
        event("GET", "/permalink/latest"),
        event("GET", &format!("/{tag}/downloads/bin/a")),
        event("GET", "/none"),
        event("PUT", "/none").form("name=a"),
        event("DELETE", "/none"),
    ]
}

#[tokio::test]
async fn every_caller_gets_gitlabs_response_about_releases() {
    let app = app_with_callers().await;
    let mut checked = 0;
    for (row, line) in TABLE
        .lines()
        .filter(|line| !line.trim().is_empty())
        .enumerate()
    {
        let mut words = line.split_whitespace();
        let (caller, kind) = (words.next().unwrap(), words.next().unwrap());
        let id = ["public", "private", "missing"]
            .iter()
            .position(|name| *name == kind);
        let id = u64::try_from(id.unwrap() + 1).unwrap();
        let requests = requests(&app, id, row).await;
        let to_delete = json!({"tag_name": format!("row{row}-to-delete")});
        let event = Event::new("POST", &format!("/api/v4/projects/{id}/releases"));
        let _ = app.send(event.token("rlat-owner").json(to_delete)).await;
        for (column, (event, expected)) in requests.into_iter().zip(words).enumerate() {
            let reply = app.send(as_caller(event, caller)).await;
            assert_response(
                &reply,
                expected,
                &format!("{caller}, {kind}, column {column}"),
            );
            checked += 1;
        }
    }
    assert_eq!(checked, 30 * 10);
    // Written directly to stderr because the test harness captures `eprintln!`.
    let _ = writeln!(
        std::io::stderr(),
        "access matrix of releases: {checked} cases"
    );
}

/// R53: the order of the checks, each request with several errors.
#[tokio::test]
async fn access_is_checked_before_parameters_and_parameters_before_the_role() {
    let app = app_with_callers().await;
    let post = |project: &str, token: &str, body: &str| {
        let event = Event::new("POST", &format!("/api/v4/projects/{project}/releases"));
        event.token(token).body("application/json", body)
    };
    let reply = app.send(post("3", "rlat-owner", "{")).await;
    assert_eq!(reply.status, 400, "a request that cannot be read");
    let xml = Event::new("POST", "/api/v4/projects/3/releases?format=xml").token("junk");
    assert_eq!(app.send(xml.form("")).await.status, 406);
    let reply = app.send(post("3", "junk", "{}")).await;
    reply.assert(401, json!({"message": "401 Unauthorized"}));
    let reply = app.send(post("3", "rlat-read_api", "{}")).await;
    assert_eq!(
        (reply.status, &reply.body["error"]),
        (403, &json!("insufficient_scope"))
    );
    let reply = app.send(post("3", "rlat-owner", "{}")).await;
    reply.assert(404, json!({"message": "404 Project Not Found"}));
    let reply = app.send(post("1", "rlat-reporter", "{}")).await;
    reply.assert_error(400, "tag_name is missing");
    let reply = app
        .send(post("1", "rlat-reporter", r#"{"tag_name": ""}"#))
        .await;
    reply.assert(403, json!({"message": "403 Forbidden"}));
    let reply = app
        .send(post("1", "rlat-owner", r#"{"tag_name": ""}"#))
        .await;
    reply.assert(400, json!({"message": "Tag name invalid"}));
}

#[tokio::test]
async fn only_callers_with_a_role_see_the_author() {
    let app = app_with_callers().await;
    let releases = "/api/v4/projects/1/releases";
    let event = Event::new("POST", releases)
        .token("rlat-owner")
        .json(json!({"tag_name": "v1"}));
    assert_eq!(app.send(event).await.status, 201);
    for (caller, sees) in [
        ("guest", true),
        ("read_api", true),
        ("every-project", true),
        ("outsider", false),
    ] {
        for path in [releases.to_owned(), format!("{releases}/v1")] {
            let event = Event::new("GET", &path).token(&format!("rlat-{caller}"));
            let body = app.send(event).await.body;
            let release = body.get(0).unwrap_or(&body);
            let author = release.get("author").map(|author| author["name"].clone());
            assert_eq!(author, sees.then(|| json!("owner")), "{caller}, {path}");
        }
    }
}
