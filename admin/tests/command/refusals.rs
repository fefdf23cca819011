//! What the operator's command refuses, and that nothing is changed by it.

use release_links::project::Visibility;

use super::{admin, file};
use testkit::app::{LINKS, TestApp, project};
use testkit::invariants::Item;

/// What is refused, and the sentence that says so.
const REFUSALS: [(&str, &str); 14] = [
    (
        "project create --id 24 --path a/b",
        "there is a project 24 already: `project show 24` shows it",
    ),
    (
        "project create --id 25 --path Group/App",
        "there is a project Group/App already: `project show Group/App` shows it",
    ),
    (
        "project show 25",
        "there is no project 25: `project list` shows all there are",
    ),
    (
        "project update --id 25 --path a/b",
        "there is no project 25: `project list` shows all there are",
    ),
    (
        "project update 7 --path group/app",
        "there is a project group/app already: `project show group/app` shows it",
    ),
    (
        "project delete 25 --yes",
        "there is no project 25: `project list` shows all there are",
    ),
    (
        "token create --label x --grant 25=guest",
        "there is no project 25: `project list` shows all there are",
    ),
    (
        "token create --label x --grant a/b=guest",
        "there is no project a/b: `project list` shows all there are",
    ),
    (
        "token create --label x --grant 24=guest --grant group/app=owner",
        "there are two grants for group/app: leave one of them out",
    ),
    (
        "token revoke 99",
        "there is no token 99: `token list` shows all there are",
    ),
    (
        "token revoke nobody",
        "there is no token of this label: `token list` shows all there are, and `--token-file FILE` takes the token itself",
    ),
    (
        "token revoke ci",
        "several tokens are called \"ci\": name one by its number, which are 2, 3",
    ),
    (
        "token revoke --token-file /dev/null",
        "the file of --token-file holds no token: a token is one line of ASCII characters without spaces",
    ),
    (
        "token create --label x --grant 24=guest --token-file /nonexistent",
        "the file of --token-file cannot be read: No such file or directory (os error 2)",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_does_not_fit_what_is_there_is_refused_with_one_sentence() {
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
    for (arguments, sentence) in REFUSALS {
        admin(&app, arguments).assert_refused(sentence);
    }
    let again = format!(
        "token create --label x --grant 24=guest --token-file {}",
        known.display()
    );
    admin(&app, &again).assert_refused("this token is stored already: nothing can be stored twice");
    let counter = |items: Vec<_>| {
        items
            .into_iter()
            .filter(|item: &Item| !item.contains_key("last_token_id"))
            .count()
    };
    assert_eq!(
        counter(before),
        counter(app.items().await),
        "a refused change changes nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_revoked_once_by_number_label_or_itself() {
    let app = TestApp::start().await;
    assert_eq!(
        admin(&app, "token create --label old --grant 24=guest").code,
        Some(0)
    );
    let delay = "(running functions may take 30 s to notice)";
    admin(&app, "token revoke old").assert(0, &format!("token 2 (old) is revoked {delay}\n"), "");
    let again = admin(&app, "token revoke old");
    assert!(
        again
            .stderr
            .starts_with("release-links-admin: token 2 was revoked already, at 20"),
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
        &format!("token 1 (documentation) is revoked {delay}\n"),
        "",
    );
    assert_eq!(app.get(LINKS).await.body["error"], "invalid_token");
}
