//! The operator's IAM policy: it allows what the command calls, and nothing else. The engine
//! enforces no policy.

use std::collections::BTreeSet;

use serde_json::json;

use super::import::{export, link, project, release, with};
use super::terminal::at_terminal_of;
use super::{command, ended, file};
use testkit::app::{TABLE, TestApp};
use testkit::policy::{Access, Policy};
use testkit::proxy::Proxy;

#[tokio::test(flavor = "multi_thread")]
async fn the_command_needs_every_permission_of_the_operators_policy_and_no_other() {
    let app = TestApp::start().await;
    let body = json!({"tag_name": "v1", "immutable": true});
    let created = app.post("/api/v4/projects/24/releases", body).await;
    assert_eq!(
        created.status, 201,
        "so that nobody has to wait for the lock"
    );
    let proxy = Proxy::start(app.address).await;
    let found = file("found-token", "a-token-that-somebody-found");
    let create = format!(
        "token create --label found --grant 7=guest --token-file {}",
        found.display()
    );
    let revoke = format!("token revoke --token-file {}", found.display());
    let import = import_of(1);
    let larger_import = import_of(40);
    let restore = format!("release restore v0.1 --project 24 --from {TABLE}");
    for arguments in [
        "project create --id 7 --path group/new",
        "project create --id 8 --path group/other",
        "project list",
        "project show 7",
        "project update 7 --path group/renamed --visibility public",
        "token create --label ci --grant 7=developer",
        "token list",
        "token show ci",
        "token revoke ci",
        &create,
        &revoke,
        &restore,
        &format!("release restore --all --project 24 --from {TABLE}"),
        &import,
        &larger_import,
        "release list --project 24",
        "export",
        "release lock v1 --project 24",
        "release unlock v1 --project 24 --yes",
        "release delete v0.1 --project 24 --yes",
        "project update 8 --path group/new --take-former-path",
        "project delete 7 --yes",
        "project list --hidden",
        "project restore 7",
        "project delete 7 --yes --purge --wait 0s",
    ] {
        let ended = ended(&mut command(proxy.address, arguments));
        assert_eq!(ended.code, Some(0), "{arguments}: {ended:?}");
    }
    delete_project_at_terminal(&proxy);
    let policy = Policy::of_operator();
    let mut called = BTreeSet::new();
    for access in proxy.accesses() {
        assert!(policy.allows(&access), "{access:?} is denied");
        called.insert(access.action);
    }
    assert_eq!(called, policy.actions());
}

/// The import of a project with a former path and two releases: one with this number of links, and
/// one with a link more than before.
fn import_of(links: u64) -> String {
    let project = with(
        project(31, "import/app"),
        json!({"former_paths": ["import/old"]}),
    );
    let number = u32::try_from(links).unwrap();
    let mut lines = vec![project, release(0), link(0, links), release(number)];
    lines.extend((1..=links).map(|id| link(number, id)));
    let path = file(&format!("policy-{links}"), &export(&lines));
    format!("import --file {}", path.display())
}

/// Deletes the project whose release is `v1`. Before the command asks, it counts the immutable
/// releases, for which it reads each of them.
fn delete_project_at_terminal(proxy: &Proxy) {
    let delete = "project delete 24 --purge --wait 0s";
    let before = proxy.accesses().len();
    let refused = at_terminal_of(proxy.address, delete, "no\n");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let read = Access {
        action: "dynamodb:BatchGetItem".to_owned(),
        partition: Some("24#v1".to_owned()),
    };
    assert!(proxy.accesses()[before..].contains(&read));
    let deleted = at_terminal_of(proxy.address, delete, "yes\n");
    assert_eq!(deleted.code, Some(0), "{deleted:?}");
}
