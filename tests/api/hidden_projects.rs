//! A hidden project takes the same calls, and has the same response, as a missing one (E8).

use std::time::{Duration, SystemTime};

use release_links::project::{Role, Visibility};
use release_links::token::NewToken;
use serde_json::json;

use testkit::app::{TestApp, granted, project, seeded_engine};
use testkit::event::Event;
use testkit::persona::PRIVATE;
use testkit::persona::Persona::{
    self, Anonymous, Expired, Guest, Junk, Outsider, Owner, ReadApi, Revoked,
};
use testkit::reply::Reply;

use crate::cases::Subject;

/// What a caller can observe of a request: the response, and the calls with their numbers of keys.
type Observed = (Reply, Vec<(String, usize)>);

async fn observe(app: &TestApp, event: Event) -> Observed {
    app.take_operations_and_keys();
    let reply = app.send(event).await.without_runtime();
    (reply, app.take_operations_and_keys())
}

/// A second process with empty caches.
fn cold(app: &TestApp, public_url: &str) -> TestApp {
    TestApp::builder(app.address).public_url(public_url).start()
}

const PREFIXED: &str = "https://example.com/links";
const DOWNLOAD: &str = "/links/group/app/-/releases/v0.1/downloads/bin/app";
const LATEST: &str = "/links/group/app/-/releases/permalink/latest";
const PAGE: &str = "/links/group/app/-/releases/v0.1";
const LIST: &str = "/links/group/app/-/releases";
const FEED: &str = "/links/group/app/-/releases.atom";

async fn post_link(app: &TestApp, project: u64, token: &str, url: &str) {
    let links = format!("/api/v4/projects/{project}/releases/v0.1/assets/links");
    let body = json!({"name": "app", "url": url, "filepath": "/bin/app"});
    let event = Event::new("POST", &links).token(token).json(body);
    assert_eq!(app.send(event).await.status, 201);
}

/// A service below `/links`, with the project `group/app` of this visibility. Its owner and an
/// outsider have tokens. The owner's private project is `links/group/app` or an unrelated path.
async fn prefixed(visibility: Visibility, path_of_hidden: &str) -> TestApp {
    let app = TestApp::builder(seeded_engine().await)
        .public_url(PREFIXED)
        .start();
    app.add(project(7, path_of_hidden, Visibility::Private))
        .await;
    app.add(project(8, "other/app", Visibility::Public)).await;
    let member = app.issue(granted(Owner.name(), 7, Role::Owner)).await;
    app.issue(granted(Outsider.name(), 8, Role::Owner)).await;
    let ends = Some(SystemTime::now());
    app.issue(NewToken {
        expires_at: ends,
        ..granted(Expired.name(), 7, Role::Owner)
    })
    .await;
    post_link(&app, 24, testkit::seed::TOKEN, "https://e.com/public").await;
    post_link(&app, 7, &member, "https://e.com/hidden").await;
    let session = app.operator.session(Duration::from_secs(5));
    let changes = release_links::store::operator::ProjectChanges {
        path: None,
        visibility: Some(visibility),
    };
    let name = release_links::project::ProjectRef::parse("24").unwrap();
    let updated = session.projects().update(
        &name,
        changes,
        release_links::store::operator::Takeover::Allow,
        SystemTime::now(),
    );
    updated.await.unwrap();
    app
}

#[tokio::test]
async fn a_hidden_project_does_not_cover_a_public_one_behind_a_prefix() {
    let app = prefixed(Visibility::Public, "links/group/app").await;
    for persona in [Anonymous, Outsider, Owner] {
        let (url, cache, path) = if persona == Owner {
            (
                "https://e.com/hidden",
                "private, no-store",
                "links/group/app",
            )
        } else {
            (
                "https://e.com/public",
                "public, max-age=60, stale-if-error=0",
                "group/app",
            )
        };
        let release = format!("{PREFIXED}/{path}/-/releases/v0.1");
        for app in [&app, &app, &cold(&app, PREFIXED)] {
            let reply = app.as_(persona).get(DOWNLOAD).await;
            assert_eq!(
                (
                    reply.status,
                    reply.header("location"),
                    reply.header("cache-control")
                ),
                (302, url, cache),
                "{persona:?}"
            );
            let reply = app.as_(persona).get(LATEST).await;
            assert_eq!(
                (reply.status, reply.header("location")),
                (302, release.as_str()),
                "{persona:?}"
            );
        }
    }
}

/// The first request of each process is sent by the owner, by somebody else or by nobody.
#[tokio::test]
async fn a_hidden_project_behind_a_prefix_is_like_a_missing_one() {
    for visibility in [Visibility::Public, Visibility::Private] {
        let hidden = prefixed(visibility, "links/group/app").await;
        let missing = prefixed(visibility, "unrelated/app").await;
        for persona in [Anonymous, Outsider, Expired, Junk] {
            for path in [DOWNLOAD, LATEST, PAGE, LIST, FEED] {
                for first in [Some(Owner), Some(Outsider), None] {
                    let [hidden, missing] = [&hidden, &missing].map(|app| cold(app, PREFIXED));
                    for app in [&hidden, &missing] {
                        if let Some(first) = first {
                            assert!(app.as_(first).get(DOWNLOAD).await.status < 500);
                        }
                    }
                    for n in 1..=3 {
                        let request = || persona.sign(Event::new("GET", path));
                        assert_eq!(
                            observe(&hidden, request()).await,
                            observe(&missing, request()).await,
                            "{visibility:?}, {persona:?}, {path}, after {first:?}, request {n}"
                        );
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cached_download_behind_a_prefix_adds_no_project_to_the_api() {
    let app = prefixed(Visibility::Public, "unrelated/app").await;
    let download = Event::new("GET", DOWNLOAD).anonymous();
    assert_eq!(app.send(download).await.status, 302);
    app.get("/api/v4/projects/links%2Fgroup%2Fapp")
        .await
        .assert(404, json!({"message": "404 Project Not Found"}));
}

/// Whose token is sent, and with which method.
const INVALID_TOKENS: [(Persona, &str, u64); 4] = [
    (Expired, "GET", 401),
    (Revoked, "GET", 401),
    (ReadApi, "POST", 403),
    (Junk, "GET", 401),
];

/// The tokens have roles in the private project, like those of a former member.
#[tokio::test]
async fn an_invalid_token_takes_the_same_calls_for_private_and_missing_projects() {
    let app = TestApp::start_with_personas().await;
    Subject::new(PRIVATE, "v1").create_release(&app).await;
    let links = |project: &str| format!("/api/v4/projects/{project}/releases/v1/assets/links");
    let both = [("BatchGetItem".to_owned(), 2)];
    let token_alone = [("BatchGetItem".to_owned(), 1)];
    for (persona, method, status) in INVALID_TOKENS {
        let request = |project: &str| {
            let event = Event::new(method, &links(project));
            persona.sign(event.form("name=b&url=http://b"))
        };
        for (is_project_warm, is_token_warm) in
            [(false, false), (false, true), (true, false), (true, true)]
        {
            let mut replies = Vec::new();
            for (name, is_public) in [
                ("2", false),
                ("group%2Fprivate", false),
                ("3", false),
                ("group%2Fmissing", false),
                ("1", true),
            ] {
                let app = cold(&app, "http://127.0.0.1:9000");
                if is_project_warm {
                    assert!(app.as_(Guest).get(&links(name)).await.status < 500);
                }
                if is_token_warm {
                    assert_eq!(app.send(request("4")).await.status, status);
                }
                let (reply, calls) = observe(&app, request(name)).await;
                let expected: &[_] = match (is_token_warm, is_public && is_project_warm) {
                    (true, _) => &[],
                    (false, true) => &token_alone,
                    (false, false) => &both,
                };
                let case = format!("{persona:?}, {name}, {is_project_warm}, {is_token_warm}");
                assert_eq!(
                    (reply.status, calls.as_slice()),
                    (status, expected),
                    "{case}"
                );
                replies.push(reply);
            }
            assert!(
                replies.windows(2).all(|pair| pair[0] == pair[1]),
                "{persona:?}"
            );
        }
    }
}
