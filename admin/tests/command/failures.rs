//! Commands that fail with one sentence and change nothing.

use release_links::project::Visibility;

use super::{NO_PROJECT, admin, file};
use testkit::app::{LINKS, TestApp, project};
use testkit::invariants::Item;

/// Commands that fail, with their messages.
const FAILURES: [(&str, &str); 14] = [
    (
        "project create --id 24 --path a/b",
        "project 24 already exists: `project show 24` shows it",
    ),
    (
        "project create --id 25 --path Group/App",
        "project Group/App already exists: `project show Group/App` shows it",
    ),
    ("project show 25", NO_PROJECT),
    ("project update --id 25 --path a/b", NO_PROJECT),
    (
        "project update 7 --path group/app",
        "project group/app already exists: `project show group/app` shows it",
    ),
    ("project delete 25 --yes", NO_PROJECT),
    ("token create --label x --grant 25=guest", NO_PROJECT),
    (
        "token create --label x --grant a/b=guest",
        "there is no project a/b: `project list` shows the visible projects, and `project list \
         --hidden` the hidden ones",
    ),
    (
        "token create --label x --grant 24=guest --grant group/app=owner",
        "there are two grants for group/app: remove one of them",
    ),
    (
        "token revoke 99",
        "there is no token 99: `token list` shows all tokens",
    ),
    (
        "token revoke nobody",
        "there is no token with this label: `token list` shows all tokens, and `--token-file FILE` \
         accepts the token itself",
    ),
    (
        "token revoke ci",
        "several tokens have the label \"ci\": choose one by its ID (2, 3)",
    ),
    (
        "token revoke --token-file /dev/null",
        "the file of --token-file does not contain a token: write the token on one line, in ASCII \
         without spaces",
    ),
    (
        "token create --label x --grant 24=guest --token-file /nonexistent",
        "cannot read the file of --token-file: No such file or directory (os error 2)",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_change_fails_with_one_sentence_and_changes_nothing() {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    assert_eq!(
        admin(&app, "token create --label ci --grant 24=guest").code,
        Some(0)
    );
    assert_eq!(
        admin(&app, "token create --label ci --grant 24=guest").code,
        Some(0)
    );
    assert_eq!(
        admin(&app, "token create --label old --grant 24=guest").code,
        Some(0)
    );
    let known = file("known", "gDybLx3yrUK_HLp3qPjS\n");
    let before = app.items().await;
    for (arguments, sentence) in FAILURES {
        admin(&app, arguments).assert_fails(sentence);
    }
    let again = format!(
        "token create --label x --grant 24=guest --token-file {}",
        known.display()
    );
    admin(&app, &again).assert_fails("this token is already stored: choose a different token");
    let count = |items: Vec<_>| {
        items
            .into_iter()
            .filter(|item: &Item| !item.contains_key("last_token_id"))
            .count()
    };
    assert_eq!(
        count(before),
        count(app.items().await),
        "a failed command changes nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_can_be_revoked_only_once_by_label_or_by_token_file() {
    let app = TestApp::start().await;
    assert_eq!(
        admin(&app, "token create --label old --grant 24=guest").code,
        Some(0)
    );
    let delay = "running functions may take up to 30 s to notice, if the stack's \
                 IdentityCacheSeconds is 30";
    admin(&app, "token revoke old").assert(0, &format!("revoked token 2 (old); {delay}\n"), "");
    let again = admin(&app, "token revoke old");
    assert!(
        again
            .stderr
            .starts_with("release-links-admin: token 2 was already revoked at 20"),
        "{again:?}"
    );
    assert_eq!((again.code, again.stdout.as_str()), (Some(1), ""));
    let known = file("known-and-lost", "gDybLx3yrUK_HLp3qPjS");
    let by_token = admin(
        &app,
        &format!("token revoke --token-file {}", known.display()),
    );
    by_token.assert(
        0,
        &format!("revoked token 1 (documentation); {delay}\n"),
        "",
    );
    assert_eq!(app.get(LINKS).await.body["error"], "invalid_token");
}
