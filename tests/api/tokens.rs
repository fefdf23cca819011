//! Tokens: their identity, their lifetime, and the places where they must never appear.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use release_links::project::{ProjectRef, Role, Visibility};
use release_links::store::operator::{ProjectChanges, Takeover};
use release_links::token::{NewToken, Scope, TokenId};
use serde_json::json;

use testkit::app::{LINKS, TestApp, granted};
use testkit::event::Event;
use testkit::log::Log;
use testkit::persona::Persona::{Anonymous, Junk};
use testkit::seed;

const USER: &str = "/api/v4/user";

#[tokio::test]
async fn the_user_endpoint_returns_the_identity_of_the_token() {
    let app = TestApp::start().await;
    let user = json!({
        "id": 1, "username": "token_1", "name": "documentation", "state": "active",
        "web_url": "http://127.0.0.1:9000/token_1", "bot": true,
    });
    app.get(USER).await.assert(200, user.clone());
    app.get(&format!("{USER}.json")).await.assert(200, user);
    let reader = app
        .issue(NewToken {
            scope: Scope::ReadApi,
            ..granted("reader", 24, Role::Guest)
        })
        .await;
    assert_eq!(
        app.send(Event::new("GET", USER).token(&reader)).await.body["id"],
        2
    );
    let now = Some(SystemTime::now());
    let expired = app
        .issue(NewToken {
            expires_at: now,
            ..granted("expired", 24, Role::Guest)
        })
        .await;
    let reply = app.send(Event::new("GET", USER).token(&expired)).await;
    assert_eq!(
        (reply.status, &reply.body["error"]),
        (401, &json!("invalid_token"))
    );
    for event in [
        Event::new("GET", USER).anonymous(),
        Event::new("GET", USER).token("junk"),
    ] {
        app.send(event)
            .await
            .assert(401, json!({"message": "401 Unauthorized"}));
    }
    let head = app.send(Event::new("HEAD", USER)).await;
    assert_eq!((head.status, head.body.is_null()), (200, true));
    assert_eq!(
        app.send(Event::new("OPTIONS", USER).anonymous())
            .await
            .header("allow"),
        "OPTIONS, GET, HEAD"
    );
    app.send(Event::new("POST", USER))
        .await
        .assert_error(404, "404 Not Found");
    app.get(&format!("{USER}?format=xml"))
        .await
        .assert_error(406, "The requested format 'xml' is not supported.");
}

#[tokio::test]
async fn known_and_unknown_tokens_are_cached() {
    let app = TestApp::start().await;
    let [anonymous, junk] = [Anonymous, Junk].map(|persona| app.as_(persona));
    app.get(USER).await.assert_calls(200, &["BatchGetItem"]);
    app.get(USER).await.assert_calls(200, &[]);
    let list = app.get(LINKS).await;
    list.assert_calls(200, &["BatchGetItem", "Query"]);
    anonymous.get(LINKS).await.assert_calls(200, &["Query"]);
    junk.get(LINKS).await.assert_calls(401, &["BatchGetItem"]);
    junk.get(LINKS).await.assert_calls(401, &[]);
    let more_junk = Event::new("GET", &format!("{LINKS}?per_page=0")).token("more junk");
    app.send(more_junk).await.assert_calls(400, &[]);
}

#[tokio::test]
async fn a_process_identifies_a_caller_who_writes_once() {
    let fresh = TestApp::start().await;
    let links = "/api/v4/projects/24/releases/v9/assets/links";
    for (method, target, operations) in [
        (
            "POST",
            links.to_owned(),
            vec!["BatchGetItem", "UpdateItem", "TransactWriteItems"],
        ),
        (
            "POST",
            links.to_owned(),
            vec!["UpdateItem", "TransactWriteItems"],
        ),
        (
            "PUT",
            format!("{links}/1"),
            vec!["BatchGetItem", "TransactWriteItems"],
        ),
        (
            "DELETE",
            format!("{links}/1"),
            vec!["BatchGetItem", "TransactWriteItems"],
        ),
    ] {
        let name = format!("{method}{}", operations.len());
        let event = Event::new(method, &target).form(&format!("name={name}&url=http://{name}"));
        let status = if method == "POST" { 201 } else { 200 };
        fresh.send(event).await.assert_calls(status, &operations);
    }
}

#[tokio::test]
async fn a_revoked_token_works_only_until_its_cache_entry_expires() {
    let app = TestApp::start().await;
    let with_cache = |seconds| {
        TestApp::builder(app.address)
            .setting("IDENTITY_CACHE_SECONDS", seconds)
            .start()
    };
    let [uncached, cached] = ["0", "3"].map(with_cache);
    for app in [&uncached, &cached] {
        assert_eq!(app.get(USER).await.status, 200);
    }
    app.operator
        .session(Duration::from_secs(5))
        .tokens()
        .revoke(TokenId(1), SystemTime::now())
        .await
        .unwrap();
    assert_eq!(cached.get(USER).await.status, 200);
    assert_eq!(uncached.get(USER).await.status, 401);
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    let reply = cached.get(USER).await;
    assert_eq!(
        (reply.status, &reply.body["error"]),
        (401, &json!("invalid_token"))
    );
}

/// The process is suspended for 4 seconds, during which its monotonic clock stands still.
#[tokio::test]
async fn cached_tokens_and_projects_expire_while_the_process_is_suspended() {
    static WALL: AtomicU64 = AtomicU64::new(1_800_000_000);
    fn clock() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(WALL.load(Ordering::Relaxed))
    }
    let app = TestApp::start().await;
    let cached = TestApp::builder(app.address).setting("IDENTITY_CACHE_SECONDS", "3");
    let warm = cached.clock(clock).start();
    let session = || app.operator.session(Duration::from_secs(5));
    let event = || Event::new("POST", LINKS).form("name=a&url=http://a");
    let anonymous = || Event::new("GET", LINKS).anonymous();
    assert_eq!(warm.send(Event::new("GET", LINKS)).await.status, 200);
    session()
        .tokens()
        .revoke(TokenId(1), SystemTime::now())
        .await
        .unwrap();
    let changes = ProjectChanges {
        visibility: Some(Visibility::Private),
        path: None,
    };
    session()
        .projects()
        .update(
            &ProjectRef::parse("24").unwrap(),
            changes,
            Takeover::Allow,
            SystemTime::now(),
        )
        .await
        .unwrap();
    assert_eq!(warm.send(anonymous()).await.status, 200, "both are cached");
    for seconds in [4, -1] {
        WALL.store(
            1_800_000_000_u64.checked_add_signed(seconds).unwrap(),
            Ordering::Relaxed,
        );
        let reply = warm.send(event()).await;
        assert_eq!(
            (reply.status, &reply.body["error"]),
            (401, &json!("invalid_token")),
            "{seconds}"
        );
        warm.send(anonymous())
            .await
            .assert(404, json!({"message": "404 Project Not Found"}));
    }
}

/// Known tokens are cached for 30 seconds; the negative cache has a shorter TTL.
#[tokio::test]
async fn a_token_used_before_its_creation_works_within_seconds() {
    let app = TestApp::start().await;
    let early = || Event::new("GET", USER).token("rlat-early");
    app.send(early())
        .await
        .assert(401, json!({"message": "401 Unauthorized"}));
    app.issue(granted("early", 24, Role::Guest)).await;
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    let reply = app.send(early()).await;
    assert_eq!((reply.status, &reply.body["name"]), (200, &json!("early")));
}

#[tokio::test]
async fn a_cached_token_expires_on_time() {
    let app = TestApp::start().await;
    let expires_at = Some(SystemTime::now() + Duration::from_secs(2));
    let token = app
        .issue(NewToken {
            expires_at,
            ..granted("short", 24, Role::Guest)
        })
        .await;
    assert_eq!(
        app.send(Event::new("GET", USER).token(&token)).await.status,
        200
    );
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(
        app.send(Event::new("GET", USER).token(&token)).await.status,
        401
    );
}

#[tokio::test]
async fn the_ttl_of_a_token_is_30_days_after_its_expiry() {
    let app = TestApp::start().await;
    let expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    app.issue(NewToken {
        expires_at: Some(expires_at),
        ..granted("ends", 24, Role::Guest)
    })
    .await;
    let items = app.items().await;
    let ttl: Vec<&str> = items
        .iter()
        .filter_map(|item| Some(item.get("expires_at")?.as_n().unwrap().as_str()))
        .collect();
    assert_eq!(
        ttl,
        ["2002592000", "2002592000"],
        "both items of the only token that expires"
    );
}

#[tokio::test]
async fn tokens_never_appear_in_logs_responses_or_items() {
    let log = Log::capture();
    let app = TestApp::start().await;
    let token = app
        .issue(granted("a token that is looked for", 24, Role::Developer))
        .await;
    let mut responses = String::new();
    let body = |n: u8| format!("name={n}&url=http://{n}&private_token={token}");
    for event in [
        Event::new("POST", LINKS).form(&body(1)),
        Event::new("POST", LINKS)
            .token(&token)
            .form("name=2&url=http://2"),
        Event::new("POST", LINKS)
            .token(&token)
            .form("name=2&url=http://2"),
        Event::new("GET", &format!("{LINKS}?private_token={token}&per_page=1")),
        Event::new("GET", &format!("{LINKS}?access_token={token}")),
        Event::new("GET", &format!("{LINKS}/1"))
            .anonymous()
            .header("authorization", &format!("Bearer {token}")),
        Event::new("GET", LINKS)
            .anonymous()
            .header("job-token", &token),
        Event::new("PUT", &format!("{LINKS}/99"))
            .token(&token)
            .form("name=2"),
        Event::new("DELETE", &format!("{LINKS}/1")).token(&token),
        Event::new("GET", USER).token(&token),
        Event::new("POST", LINKS)
            .token(&token)
            .body("text/plain", &token),
        Event::new("GET", LINKS).token(&format!("{token}-junk")),
    ] {
        responses += &format!("{:?}", app.send(event).await);
    }
    let nowhere = TestApp::builder(([127, 0, 0, 1], 1).into()).start();
    responses += &format!(
        "{:?}",
        nowhere.send(Event::new("GET", USER).token(&token)).await
    );
    let items = format!("{:?}", app.items().await);
    let log = log.text();
    assert!(
        log.contains("request answered") && log.contains("DEBUG"),
        "the log was not captured:\n{log}"
    );
    assert!(items.contains("a token that is looked for") && responses.contains("503"));
    for token in [token.as_str(), seed::TOKEN] {
        for (place, text) in [("log", &log), ("responses", &responses), ("items", &items)] {
            assert!(!text.contains(token), "{token} is in the {place}");
        }
    }
}
