//! `release-links-admin project delete`.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use release_links::project::{ProjectId, Role, Visibility};
use release_links::token::{NewToken, PlainToken};
use serde_json::json;

use super::terminal::at_terminal;
use super::{admin, command, file};
use testkit::app::{LINKS, TestApp, granted, project};
use testkit::event::Event;
use testkit::invariants::Item;
use testkit::proxy::Proxy;

/// The links of project 2.
const KEPT: &str = "/api/v4/projects/2/releases/v0.1/assets/links";
/// The text of the token for every project.
const EVERY: &str = "token-for-every-project";

/// Creates the token for every project, whose text comes from standard input.
fn create_token_for_every_project(app: &TestApp) {
    let arguments = "token create --label every --grant all=owner --token-file -";
    let mut create = command(app.address, arguments);
    let create = create.stdin(Stdio::piped()).stderr(Stdio::null());
    let mut create = create.spawn().unwrap();
    let mut input = create.stdin.take().unwrap();
    input.write_all(EVERY.as_bytes()).unwrap();
    drop(input);
    assert!(create.wait().unwrap().success());
}

/// Runs a command that succeeds.
#[track_caller]
fn succeed(app: &TestApp, arguments: &str) {
    assert_eq!(admin(app, arguments).code, Some(0), "{arguments}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_removes_the_releases_and_grants_of_the_project() {
    let app = TestApp::start().await;
    app.add(project(2, "group/app2", Visibility::Private)).await;
    let create = "token create --label both --grant 2=owner --grant 24=owner";
    succeed(&app, create);
    let from_terminal = "token create --label every --grant all=owner --token-file /dev/stdin";
    assert_eq!(admin(&app, from_terminal).code, Some(1));
    for n in 0..30 {
        let link = json!({"name": n, "url": format!("http://{n}")});
        assert_eq!(app.post(LINKS, link).await.status, 201);
    }
    create_token_for_every_project(&app);
    let kept = Event::new("POST", KEPT).token(EVERY);
    let kept = app.send(kept.form("name=kept&url=http://kept")).await;
    assert_eq!(kept.status, 201);

    let deleted = admin(&app, "project delete --id 24 --yes --purge --wait 0s");
    deleted.assert(
        0,
        "deleted project 24 (group/app, public) and 97 items of its releases\n",
        "",
    );
    let fresh = app.another_process();
    fresh
        .get(LINKS)
        .await
        .assert(404, json!({"message": "404 Project Not Found"}));
    assert_eq!(
        admin(&app, "token list --json").json()[1]["grants"],
        json!({"2": "owner"})
    );
    let create = "project create --id 25 --path group/app --visibility public --take-former-path";
    succeed(&app, create);
    let fresh = app.another_process();
    let links = "/api/v4/projects/group%2Fapp/releases/v0.1/assets/links";
    fresh
        .get(links)
        .await
        .assert(404, json!({"message": "404 Not found"}));
    fresh
        .post(links, json!({"name": "a", "url": "http://a"}))
        .await
        .assert(403, json!({"message": "403 Forbidden"}));
    let kept = Event::new("GET", KEPT).token(EVERY);
    assert_eq!(app.send(kept).await.ids(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_deletion_hides_the_project_and_can_be_finished() {
    let app = TestApp::start().await;
    let session = app.operator.session(Duration::from_secs(5));
    session
        .projects()
        .hide(ProjectId::new(24).unwrap(), SystemTime::now())
        .await
        .unwrap();
    let fresh = app.another_process();
    for project in ["24", "group%2Fapp"] {
        let links = format!("/api/v4/projects/{project}/releases/v0.1/assets/links");
        fresh
            .get(&links)
            .await
            .assert(404, json!({"message": "404 Project Not Found"}));
    }
    let pending = "project 24 is hidden: `project restore 24` brings it back, and `project purge 24` \
                   deletes it for good";
    admin(&app, "project show 24").assert_fails(pending);
    admin(&app, "project update 24 --visibility private").assert_fails(pending);
    admin(&app, "project create --id 24 --path a/b").assert_fails(pending);
    admin(&app, "token create --label x --grant 24=guest").assert_fails(pending);
    assert_eq!(admin(&app, "project list --json").json(), json!([]));
    // Its path is free.
    let create = "project create --id 8 --path group/app --take-former-path";
    succeed(&app, create);
    succeed(&app, "project delete 24 --yes --purge --wait 0s");
    for arguments in [
        "project show 24",
        "project update 24 --path b/c",
        "project delete 24 --yes",
    ] {
        let error = admin(&app, arguments);
        assert!(
            error
                .stderr
                .starts_with("release-links-admin: project 24 was purged at 20"),
            "{error:?}"
        );
        assert_eq!((error.code, error.stdout.as_str()), (Some(1), ""));
    }
    let again = admin(&app, "project create --id 24 --path a/b");
    let sentence = "Z, and its ID cannot be reused: choose another ID\n";
    assert!(
        again.code == Some(1) && again.stderr.ends_with(sentence),
        "{again:?}"
    );
    assert_eq!(
        admin(&app, "project list --json")
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// A warm function caches the project for another 2 seconds. Links that it creates in that time are
/// deleted with the project.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_includes_late_writes_of_a_function_that_has_cached_the_project() {
    let app = TestApp::start().await;
    let warm = TestApp::builder(app.address)
        .setting("IDENTITY_CACHE_SECONDS", "2")
        .start();
    assert_eq!(warm.get(LINKS).await.status, 200);
    let mut deletion = command(
        app.address,
        "project delete group/app --yes --purge --wait 3s",
    );
    let mut deletion = deletion
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let hidden = TestApp::builder(app.address)
        .setting("IDENTITY_CACHE_SECONDS", "0")
        .start();
    while hidden.get(LINKS).await.status != 404 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let reply = warm
        .post(LINKS, json!({"name": "late", "url": "http://late"}))
        .await;
    assert_eq!(
        reply.status, 201,
        "the function still uses the cached project"
    );
    let ended = tokio::task::spawn_blocking(move || deletion.wait().unwrap())
        .await
        .unwrap();
    assert!(ended.success());
    warm.post(LINKS, json!({"name": "b", "url": "http://b"}))
        .await
        .assert(404, json!({"message": "404 Project Not Found"}));
    let left = app
        .items()
        .await
        .into_iter()
        .filter(|item| item["pk"].as_s().unwrap().starts_with("24#"));
    assert_eq!(left.count(), 0, "the late link is deleted too");
}

/// One call of the slower operator is held on the wire while the faster operator finishes.
#[tokio::test(flavor = "multi_thread")]
async fn the_slower_of_two_deletions_leaves_a_later_project_unchanged() {
    for held in ["Scan", "Query", "TransactWriteItems"] {
        let app = TestApp::start().await;
        let wire = Proxy::holding(app.address, held).await;
        let slow = command(wire.address, "project delete 24 --yes --purge --wait 0s")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wire.held().await;
        assert_eq!(
            admin(&app, "project delete 24 --yes --purge --wait 0s").code,
            Some(0)
        );
        assert_eq!(
            admin(&app, "project create --id 24 --path group/app").code,
            Some(1)
        );
        assert_eq!(
            admin(
                &app,
                "project create --id 25 --path group/app --take-former-path"
            )
            .code,
            Some(0)
        );
        let token = admin(&app, "token create --label new --grant 25=developer").stdout;
        let links = "/api/v4/projects/25/releases/v0.1/assets/links";
        let event = Event::new("POST", links)
            .token(token.trim())
            .form("name=a&url=http://a");
        assert_eq!(app.another_process().send(event).await.status, 201);
        let before = app.items().await;
        wire.release();
        let mut slow = slow;
        let ended = tokio::task::spawn_blocking(move || slow.wait().unwrap())
            .await
            .unwrap();
        // If its first transaction was held, the project is already deleted by then.
        assert_eq!(ended.success(), held != "TransactWriteItems", "{held}");
        let key = |item: &Item| format!("{:?}", (&item["pk"], &item["sk"]));
        let sorted = |mut items: Vec<Item>| {
            items.sort_by_key(key);
            items
        };
        assert_eq!(sorted(app.items().await), sorted(before), "{held}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_asks_for_confirmation_or_requires_yes_without_a_terminal() {
    let app = TestApp::start().await;
    let project = "project 24 (group/app, public)";
    let refusal =
        |verb: &str| format!("{project} was not {verb}: without a terminal, pass --yes to confirm");
    admin(&app, "project delete 24").assert_fails(&refusal("hidden"));
    admin(&app, "project delete 24 --purge").assert_fails(&refusal("purged"));
    assert_eq!(app.get(LINKS).await.status, 200);
    let hide = format!(
        "Hide {project} with all its releases and links? `project restore 24` undoes this. Type \
         yes to confirm: "
    );
    let purge = format!(
        "Purge {project}: delete all its releases and links, and the tokens' roles in it? Type yes \
         to confirm: "
    );
    let nothing = "nothing was changed: to confirm, run the command again and type yes";
    for (arguments, question, answer, state) in [
        ("delete 24 --purge --wait 0s", &purge, "no", "visible"),
        ("delete 24", &hide, "no", "visible"),
        ("delete 24", &hide, "yes", "hidden"),
        ("purge 24 --wait 0s", &purge, "no", "hidden"),
        ("purge 24 --wait 0s", &purge, "yes", "deleted"),
    ] {
        let ended = at_terminal(
            &app,
            &format!("project {arguments}"),
            &format!("{answer}\n"),
        );
        assert!(ended.stdout.contains(question), "{ended:?}");
        assert_eq!(ended.stdout.contains(nothing), answer == "no", "{ended:?}");
        assert_eq!(ended.code, Some(i32::from(answer == "no")), "{ended:?}");
        let [visible, hidden] = ["project list --json", "project list --hidden --json"]
            .map(|list| admin(&app, list).json().as_array().unwrap().len());
        let expected = (
            usize::from(state == "visible"),
            usize::from(state == "hidden"),
        );
        assert_eq!((visible, hidden), expected, "{arguments}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_half_removed_by_ttl_blocks_neither_deletion_nor_revocation() {
    let app = TestApp::start().await;
    let ended = SystemTime::now() - Duration::from_secs(31 * 24 * 60 * 60);
    let expired = |label: &str| NewToken {
        expires_at: Some(ended),
        ..granted(label, 24, Role::Owner)
    };
    let tokens = [
        app.issue(expired("without hash")).await,
        app.issue(expired("without id")).await,
    ];
    let hash = PlainToken::from(tokens[0].clone()).hash().hex();
    app.remove(&format!("token#{hash}"), "token").await;
    app.remove("tokens", &format!("{:0>20}", 3)).await;
    let sentence = |id: u64| format!("release-links-admin: token {id} expired at 20");
    let file = file("half-removed", &tokens[1]);
    for (arguments, id) in [
        ("token revoke 2", 2),
        (&format!("token revoke --token-file {}", file.display()), 3),
    ] {
        let error = admin(&app, arguments);
        assert_eq!(
            (error.code, error.stdout.as_str()),
            (Some(1), ""),
            "{error:?}"
        );
        assert!(error.stderr.contains(&sentence(id)), "{error:?}");
    }
    let token_items = |items: Vec<Item>| {
        items
            .into_iter()
            .filter(|item| item.contains_key("valid_until"))
            .count()
    };
    assert_eq!(token_items(app.items().await), 2);
    assert_eq!(
        admin(&app, "project delete 24 --yes --purge --wait 0s").code,
        Some(0)
    );
    assert_eq!(
        token_items(app.items().await),
        2,
        "items that DynamoDB removed stay removed"
    );
}
