//! `release-links-admin release lock` and `release unlock`, and what a lock forbids to the command.

use std::time::Duration;

use serde_json::json;

use super::project_restore::copy;
use super::terminal::{at_terminal, interrupted};
use super::{Ended, admin, run};
use testkit::app::TestApp;
use testkit::invariants::assert_invariants;

const RELEASES: &str = "/api/v4/projects/24/releases";
const V1: &str = "/api/v4/projects/24/releases/v1";
const PROJECT: &str = "project 24 (group/app, public)";

/// A service with the immutable release `v1`, which has the links `a` and `b`.
async fn with_immutable_release() -> TestApp {
    let app = TestApp::start().await;
    let link = |name| json!({"name": name, "url": format!("https://e.com/{name}")});
    let links = [link("a"), link("b")];
    let body = json!({"tag_name": "v1", "immutable": true, "assets": {"links": links}});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    app
}

/// The number of seconds for which the command says that it waits, each time that it does.
fn waits_of(ended: &Ended) -> Vec<u64> {
    let waits = ended
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("waiting "));
    let seconds = waits.map(|wait| wait.split(' ').next().unwrap());
    seconds.map(|seconds| seconds.parse().unwrap()).collect()
}

/// What the command says while it waits.
fn waiting(waits: &[u64]) -> String {
    let sentence = |seconds| {
        format!("waiting {seconds} s until no running function can write to the release\n")
    };
    waits.iter().map(sentence).collect()
}

/// The first command leaves the lock, and the second one waits for the rest of the 20 s.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_was_interrupted_is_finished_by_the_same_command() {
    let app = TestApp::start().await;
    let release = format!("{RELEASES}/v0.1");
    let lock = "release lock v0.1 --project group/app";
    let first = interrupted(&app, lock);
    let left = waits_of(&first);
    let sentence = "release-links-admin: interrupted: the release may be locked: run the command \
                    again to wait until it is immutable, or `release unlock` to undo it\n";
    first.assert(1, "", &(waiting(&left) + sentence));
    let locked = app.get(&release).await.body;
    assert_eq!(locked["immutable"], false);
    let refused = app.delete(&release).await;
    let message = "403 Forbidden - release v0.1 is immutable";
    refused.assert(403, json!({ "message": message }));
    let second = admin(&app, lock);
    // The time of DynamoDB has no fractions, and each thread of the engine caches the one that it
    // sends, so a command may wait for another second.
    let rest = waits_of(&second);
    let sentence = format!("release v0.1 of {PROJECT} is immutable\n");
    second.assert(0, &sentence, &waiting(&rest));
    let is_rest = (19..=21).contains(&left[0]) && rest[0] <= left[0] + 1;
    assert!(is_rest, "{left:?} s, then {rest:?} s");
    let mut immutable = locked;
    immutable["immutable"] = json!(true);
    app.get(&release).await.assert(200, immutable);
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_was_interrupted_can_be_undone() {
    let app = TestApp::start().await;
    let interrupted = interrupted(&app, "release lock v0.1 --project 24");
    assert_eq!(interrupted.code, Some(1), "{interrupted:?}");
    let unlocked = format!("unlocked release v0.1 of {PROJECT}\n");
    admin(&app, "release unlock v0.1 --project 24 --yes").assert(0, &unlocked, "");
    assert_eq!(app.delete(&format!("{RELEASES}/v0.1")).await.status, 200);
    assert_invariants(&app.items().await);
}

/// The command waits for 20 s.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_release_is_immutable_when_the_command_says_so() {
    let app = TestApp::start().await;
    let release = format!("{RELEASES}/v0.1");
    let locked = admin(&app, "release lock v0.1 --project group/app");
    let sentence = format!("release v0.1 of {PROJECT} is immutable\n");
    assert_eq!(
        (locked.code, &locked.stdout),
        (Some(0), &sentence),
        "{locked:?}"
    );
    let (wait, rest) = locked.stderr.split_once(" s until ").unwrap();
    let seconds: u64 = wait.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((19..=21).contains(&seconds), "{locked:?}");
    assert_eq!(
        rest.lines().next(),
        Some("no running function can write to the release")
    );
    let shown = app.get(&release).await;
    assert_eq!(shown.body["immutable"], true);
    // A second lock keeps the time of the first one, so there is nothing to wait for. Each thread of
    // the engine caches the time that it sends, so the next connection may be a second behind.
    tokio::time::sleep(Duration::from_secs(2)).await;
    admin(&app, "release lock v0.1 --project 24").assert(0, &sentence, "");
    app.get(&release).await.assert(200, shown.body);
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlocked_release_can_change_again() {
    let app = with_immutable_release().await;
    let refused = app.delete(&format!("{V1}/assets/links/1")).await;
    assert_eq!(refused.status, 403);
    let unlock = "release unlock v1 --project 24";
    admin(&app, unlock).assert_fails(&format!(
        "release v1 of {PROJECT} was not unlocked: without a terminal, pass --yes to confirm"
    ));
    let unlock = format!("{unlock} --yes");
    admin(&app, &unlock).assert(0, &format!("unlocked release v1 of {PROJECT}\n"), "");
    let not_locked = format!("release v1 of {PROJECT} is not immutable\n");
    admin(&app, &unlock).assert(0, &not_locked, "");
    let shown = app.get(V1).await.body;
    assert_eq!(
        (shown.get("immutable"), shown.get("immutable_at")),
        (None, None)
    );
    assert_eq!(
        app.delete(&format!("{V1}/assets/links/1")).await.status,
        200
    );
    assert_eq!(app.delete(V1).await.status, 200);
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_existing_release_is_locked_or_unlocked() {
    let app = TestApp::start().await;
    for command in ["lock v9", "unlock v9 --yes"] {
        admin(&app, &format!("release {command} --project 24")).assert_fails(
            "there is no release v9 in project 24: `release list --project 24` shows all releases",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_immutable_release_is_not_deleted_before_it_is_unlocked() {
    let app = with_immutable_release().await;
    let delete = "release delete v1 --project 24 --yes";
    admin(&app, delete).assert_fails("release v1 is immutable: unlock it first");
    run(&app, "release unlock v1 --project 24 --yes");
    run(&app, delete);
    assert_eq!(app.get(V1).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_release_is_as_immutable_as_it_was() {
    let app = with_immutable_release().await;
    let before = app.get(V1).await.body;
    copy(&app, "links-restored").await;
    run(&app, "release unlock v1 --project 24 --yes");
    run(&app, "release delete v1 --project 24 --yes");
    let restore = "release restore v1 --project 24 --from links-restored";
    let outcome = |result| format!("ID  NAME  RESULT\n1   a     {result}\n2   b     {result}\n");
    admin(&app, restore).assert(0, &outcome("restored"), "");
    app.get(V1).await.assert(200, before);
    admin(&app, restore).assert(0, &outcome("exists"), "");
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_link_is_restored_into_an_immutable_release() {
    let app = with_immutable_release().await;
    copy(&app, "links-restored").await;
    run(&app, "release unlock v1 --project 24 --yes");
    assert_eq!(
        app.delete(&format!("{V1}/assets/links/1")).await.status,
        200
    );
    assert_eq!(app.put(V1, json!({"immutable": true})).await.status, 200);
    let before = app.get(V1).await.body;
    let restore = "release restore v1 --project 24 --from links-restored";
    admin(&app, restore).assert_fails("release v1 is immutable: unlock it first");
    let dry_run = "ID  NAME  RESULT\n1   a     missing\n2   b     exists\n";
    admin(&app, &format!("{restore} --dry-run")).assert(0, dry_run, "");
    let all = "TAG   LINKS  RESULT\nv0.1  1      1 existing\nv1    2      1 missing, 1 existing\n";
    let restored = admin(
        &app,
        "release restore --all --project 24 --from links-restored",
    );
    assert_eq!(restored.code, Some(1));
    assert_eq!(
        restored.stderr.lines().last(),
        Some(
            "release-links-admin: could not restore 1 of 2 releases, because they are immutable: \
             unlock them first"
        ),
        "{all}{restored:?}"
    );
    assert_eq!(restored.stdout, all);
    app.get(V1).await.assert(200, before);
    run(&app, "release unlock v1 --project 24 --yes");
    run(&app, restore);
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deletion_of_a_project_says_how_many_of_its_releases_are_immutable() {
    let app = with_immutable_release().await;
    let asked = |arguments: &str, sentence: &str| {
        let ended = at_terminal(&app, arguments, "no\n");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stdout.contains(sentence), "{ended:?}");
    };
    let one = "1 release of project 24 is immutable. ";
    asked("project delete 24", &format!("{one}Hide {PROJECT} "));
    asked(
        "project delete 24 --purge",
        &format!("{one}Purge {PROJECT}: "),
    );
    let body = json!({"tag_name": "v2", "immutable": true});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    let two = "2 releases of project 24 are immutable. ";
    asked("project delete 24", &format!("{two}Hide {PROJECT} "));
    run(&app, "project delete 24 --yes");
    asked("project purge 24", &format!("{two}Purge {PROJECT}: "));
    run(&app, "project purge 24 --yes --wait 0s");
}
