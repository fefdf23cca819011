//! Authorization (section E): every operation, for every kind of caller and project.

use std::time::{Duration, SystemTime};

use release_links::link::NewLink;
use release_links::project::{ProjectId, Role, Visibility};
use release_links::release::ReleaseKey;
use release_links::token::{Grants, NewToken, Scope};
use release_links::writer::Writer;
use serde_json::{Value, json};

use strum::VariantArray;
use testkit::app::{LINKS, TestApp, granted, project};
use testkit::event::Event;
use testkit::reply::Reply;

const PUBLIC: u64 = 1;
pub(super) const PRIVATE: u64 = 2;
const MISSING: u64 = 3;

/// The expected response for each caller. The columns after the project are: list, get, create,
/// update and delete a link of an existing release, then download it; get, update and delete a
/// nonexistent link; list and create in a nonexistent release. The letter after a status selects
/// the expected body.
///
/// Creating a link in a nonexistent release also creates the release. A caller with read access
/// only gets 403, as in an existing release.
const TABLE: &str = "
    anonymous      public   200  200  403  403  403  302  404  404  404  404  403
    junk           public   401  401  401  401  401  401  401  401  401  401  401
    expired        public   401e 401e 401e 401e 401e 401e 401e 401e 401e 401e 401e
    revoked        public   401r 401r 401r 401r 401r 401r 401r 401r 401r 401r 401r
    outsider       public   200  200  403  403  403  302  404  404  404  404  403
    guest          public   200  200  403  403  403  302  404  404  404  404  403
    reporter       public   200  200  403  403  403  302  404  404  404  404  403
    developer      public   200  200  201  200  200  302  404  404  404  404  201
    maintainer     public   200  200  201  200  200  302  404  404  404  404  201
    owner          public   200  200  201  200  200  302  404  404  404  404  201
    read_api       public   200  200  403s 403s 403s 302  404  403s 403s 404  403s
    every-project  public   200  200  201  200  200  302  404  404  404  404  201

    anonymous      private  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
    junk           private  401  401  401  401  401  401  401  401  401  401  401
    expired        private  401e 401e 401e 401e 401e 401e 401e 401e 401e 401e 401e
    revoked        private  401r 401r 401r 401r 401r 401r 401r 401r 401r 401r 401r
    outsider       private  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
    guest          private  200  200  403  403  403  302  404  404  404  404  403
    reporter       private  200  200  403  403  403  302  404  404  404  404  403
    developer      private  200  200  201  200  200  302  404  404  404  404  201
    maintainer     private  200  200  201  200  200  302  404  404  404  404  201
    owner          private  200  200  201  200  200  302  404  404  404  404  201
    read_api       private  200  200  403s 403s 403s 302  404  403s 403s 404  403s
    every-project  private  200  200  201  200  200  302  404  404  404  404  201

    anonymous      missing  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
    junk           missing  401  401  401  401  401  401  401  401  401  401  401
    expired        missing  401e 401e 401e 401e 401e 401e 401e 401e 401e 401e 401e
    revoked        missing  401r 401r 401r 401r 401r 401r 401r 401r 401r 401r 401r
    outsider       missing  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
    read_api       missing  404p 404p 403s 403s 403s 404p 404p 403s 403s 404p 403s
    developer      missing  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
    every-project  missing  404p 404p 404p 404p 404p 404p 404p 404p 404p 404p 404p
";

/// An app with the projects, and a token for each caller that has one.
pub(super) async fn app_with_callers() -> TestApp {
    let app = TestApp::start().await;
    app.add(project(PUBLIC, "group/public", Visibility::Public))
        .await;
    app.add(project(PRIVATE, "group/private", Visibility::Private))
        .await;
    for role in Role::VARIANTS.iter().copied() {
        app.issue(with_role_in_both(role.as_str(), Some(role)))
            .await;
    }
    app.issue(granted("outsider", 24, Role::Owner)).await;
    app.issue(NewToken {
        scope: Scope::ReadApi,
        ..with_role_in_both("read_api", Some(Role::Owner))
    })
    .await;
    app.issue(NewToken {
        grants: Grants {
            every: Some(Role::Developer),
            ..Grants::default()
        },
        ..with_role_in_both("every-project", None)
    })
    .await;
    let one_second_ago = SystemTime::now() - Duration::from_secs(1);
    app.issue(NewToken {
        expires_at: Some(one_second_ago),
        ..with_role_in_both("expired", Some(Role::Owner))
    })
    .await;
    app.issue(with_role_in_both("revoked", Some(Role::Owner)))
        .await;
    let session = app.operator.session(Duration::from_secs(5));
    let tokens = session.tokens().list().await.unwrap();
    let revoked = tokens
        .iter()
        .find(|token| token.settings.label == "revoked")
        .unwrap();
    session
        .tokens()
        .revoke(revoked.id, SystemTime::now())
        .await
        .unwrap();
    app
}

fn with_role_in_both(label: &str, role: Option<Role>) -> NewToken {
    let mut token = granted(label, PUBLIC, Role::Guest);
    let projects = [PUBLIC, PRIVATE].map(|id| ProjectId::new(id).unwrap());
    token.grants.projects = projects
        .into_iter()
        .filter_map(|project| Some((project, role?)))
        .collect();
    token
}

/// One request for each column of the table.
async fn requests(app: &TestApp, project: u64, name: &str) -> [Event; 11] {
    let [deleted, updated] = [1, 2].map(|n| format!("{name}-{n}"));
    for name in [&deleted, &updated] {
        create_link_named(app, project, name).await;
    }
    let links = format!("/api/v4/projects/{project}/releases/v1/assets/links");
    let session = app.store.session(Duration::from_secs(5), SystemTime::now());
    let page = release_links::page::Page {
        number: 1,
        per_page: 2,
    };
    let [newest, older] = match session
        .links(&release(project))
        .list(page)
        .await
        .unwrap()
        .items
        .as_slice()
    {
        [newest, older] => [newest.id, older.id],
        other => panic!("expected the two links just created: {other:?}"),
    };
    let missing_release = format!("/api/v4/projects/{project}/releases/none-{name}/assets/links");
    let path = if project == PUBLIC {
        "group/public"
    } else {
        "group/private"
    };
    let path = if project == MISSING {
        "group/missing"
    } else {
        path
    };
    let new = |name: &str| json!({"name": name, "url": format!("https://e.com/{name}")});
    [
        Event::new("GET", &links),
        Event::new("GET", &format!("{links}/{newest}")),
        Event::new("POST", &links).json(new(&format!("{name}-3"))),
        Event::new("PUT", &format!("{links}/{newest}")).json(json!({"name": format!("{name}-4")})),
        Event::new("DELETE", &format!("{links}/{older}")),
        Event::new(
            "GET",
            &format!("/{path}/-/releases/v1/downloads/bin/{updated}"),
        ),
        Event::new("GET", &format!("{links}/999999")),
        Event::new("PUT", &format!("{links}/999999")).json(json!({"name": "x"})),
        Event::new("DELETE", &format!("{links}/999999")),
        Event::new("GET", &missing_release),
        Event::new("POST", &missing_release).json(new(name)),
    ]
}

pub(super) async fn create_link_named(app: &TestApp, project: u64, name: &str) {
    let link = NewLink::new(name, format!("https://e.com/{name}"));
    let link = link
        .and_then(|link| link.with_filepath(format!("/bin/{name}")))
        .unwrap();
    let session = app.store.session(Duration::from_secs(5), SystemTime::now());
    let release = release(project);
    session
        .write_as(&Writer::for_tests(release.project))
        .create_link(&release.tag, link, None)
        .await
        .unwrap();
}

fn release(project: u64) -> ReleaseKey {
    ReleaseKey {
        project: ProjectId::new(project).unwrap(),
        tag: "v1".parse().unwrap(),
    }
}

/// The request of this caller.
pub(super) fn as_caller(event: Event, caller: &str) -> Event {
    if caller == "anonymous" {
        event.anonymous()
    } else {
        event.token(&format!("rlat-{caller}"))
    }
}

#[track_caller]
pub(super) fn assert_response(reply: &Reply, expected: &str, context: &str) {
    let (status, body) = match expected {
        "401" => (401, json!({"message": "401 Unauthorized"})),
        "401e" => (
            401,
            oauth_error(
                "invalid_token",
                "Token is expired. You can either do re-authorization or token refresh.",
            ),
        ),
        "401r" => (
            401,
            oauth_error(
                "invalid_token",
                "Token was revoked. You have to re-authorize from the user.",
            ),
        ),
        "403" => (403, json!({"message": "403 Forbidden"})),
        "403s" => {
            let description =
                "The request requires higher privileges than provided by the access token.";
            let mut body = oauth_error("insufficient_scope", description);
            body["scope"] = json!("api read_api");
            (403, body)
        }
        "404" => (404, json!({"message": "404 Not found"})),
        "404r" => (404, json!({"message": "404 Not Found"})),
        "404j" => (404, json!({"message": "404 Job Not Found"})),
        "404p" => (404, json!({"message": "404 Project Not Found"})),
        success => (success.parse().unwrap(), reply.body.clone()),
    };
    assert_eq!((reply.status, &reply.body), (status, &body), "{context}");
    let challenge = body.get("error_description").filter(|_| status == 401).map(|description| {
        let description = description.as_str().unwrap();
        format!(r#"Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description="{description}""#)
    });
    assert_eq!(
        reply.header("www-authenticate"),
        challenge.unwrap_or_default(),
        "{context}"
    );
}

fn oauth_error(error: &str, description: &str) -> Value {
    json!({"error": error, "error_description": description})
}

#[tokio::test]
async fn every_caller_gets_gitlabs_response() {
    let app = app_with_callers().await;
    let mut checked = 0;
    for (row, line) in TABLE
        .lines()
        .filter(|line| !line.trim().is_empty())
        .enumerate()
    {
        let mut words = line.split_whitespace();
        let (caller, kind) = (words.next().unwrap(), words.next().unwrap());
        let id = [
            ("public", PUBLIC),
            ("private", PRIVATE),
            ("missing", MISSING),
        ];
        let id = id.into_iter().find(|(name, _)| *name == kind).unwrap().1;
        let requests = requests(&app, id, &format!("link{row}")).await;
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
    assert_eq!(checked, 32 * 11);
}

#[tokio::test]
async fn parameters_are_validated_before_authorization_and_link_rules_after_it() {
    let app = app_with_callers().await;
    let missing = "/api/v4/projects/3/releases/v1/assets/links";
    let event = Event::new("POST", missing).anonymous().form("");
    app.send(event)
        .await
        .assert_error(400, "name is missing, url is missing");
    let event = Event::new("POST", missing)
        .token("junk")
        .form("name=a&url=http://a");
    app.send(event)
        .await
        .assert(401, json!({"message": "401 Unauthorized"}));
    let forbidden = json!({"message": "403 Forbidden"});
    let event = Event::new("POST", LINKS)
        .anonymous()
        .form("name=&url=http://a");
    app.send(event).await.assert(403, forbidden.clone());
    let link = format!("{LINKS}/2");
    app.send(Event::new("PUT", &link).anonymous().form("name="))
        .await
        .assert(403, forbidden);
    app.put(&link, json!({"name": ""}))
        .await
        .assert(400, json!({"message": ["Name can't be blank"]}));
}

#[tokio::test]
async fn an_outsider_cannot_distinguish_a_private_project_from_a_missing_one() {
    let app = app_with_callers().await;
    create_link_named(&app, PRIVATE, "a").await;
    let member =
        Event::new("GET", "/api/v4/projects/2/releases/v1/assets/links").token("rlat-guest");
    assert_eq!(
        app.send(member).await.status,
        200,
        "the project is cached from here on"
    );
    for token in ["rlat-outsider", ""] {
        for project in ["2", "3", "group%2Fprivate", "group%2Fmissing"] {
            let get = || {
                Event::new(
                    "GET",
                    &format!("/api/v4/projects/{project}/releases/v1/assets/links"),
                )
                .token(token)
            };
            app.send(get())
                .await
                .assert(404, json!({"message": "404 Project Not Found"}));
            app.take_calls();
            let reply = app.send(get()).await.without_runtime();
            assert_eq!(
                app.take_calls(),
                1,
                "every request reads the table: {project}"
            );
            let missing = "/api/v4/projects/99/releases/v1/assets/links";
            assert_eq!(
                reply,
                app.send(Event::new("GET", missing).token(token))
                    .await
                    .without_runtime()
            );
        }
    }
}

#[tokio::test]
async fn an_uncached_token_reads_the_same_keys_for_private_and_missing_projects() {
    let app = app_with_callers().await;
    let links = |project: &str| format!("/api/v4/projects/{project}/releases/v1/assets/links");
    create_link_named(&app, PRIVATE, "a").await;
    for project in ["1", "2", "group%2Fprivate"] {
        assert!(
            app.send(Event::new("GET", &links(project)).token("rlat-guest"))
                .await
                .status
                < 500
        );
    }
    for (project, keys) in [
        ("2", 2),
        ("3", 2),
        ("group%2Fprivate", 2),
        ("group%2Fmissing", 2),
        ("1", 1),
    ] {
        let outsider = app
            .issue(granted(&format!("outsider of {project}"), 24, Role::Owner))
            .await;
        for (token, status) in [(outsider, 404), (format!("junk for {project}"), 401)] {
            app.take_calls();
            let reply = app
                .send(Event::new("GET", &links(project)).token(&token))
                .await;
            assert_eq!(reply.status, status, "{project}: {reply:?}");
            let batches = app
                .take_operations_and_keys()
                .into_iter()
                .filter(|(operation, _)| operation == "BatchGetItem");
            assert_eq!(
                batches.map(|(_, keys)| keys).collect::<Vec<_>>(),
                [keys],
                "{project}, {token}"
            );
        }
    }
}
