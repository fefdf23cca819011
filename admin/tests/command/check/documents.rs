//! What `docs/check-links.md` promises.

use std::collections::BTreeSet;

use super::server::Server;
use super::{check, with_links};
use crate::command;
use crate::platform::end;
use testkit::policy::Policy;
use testkit::proxy::Proxy;

const DOCUMENT: &str = include_str!("../../../../docs/check-links.md");

/// The blocks of code in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let begin = format!("```{language}\n");
    let blocks = DOCUMENT.split(begin.as_str()).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_policy_allows_a_check_and_nothing_else() {
    let [document] = blocks("json")[..] else {
        panic!("the document has one policy");
    };
    let policy = Policy::parse(document);
    let server = Server::start().await;
    let app = with_links([("a", server.url("/file"))]).await;
    let proxy = Proxy::start(app.address).await;
    for arguments in [
        "check --allow-private",
        "check --allow-private --project group/app --verify",
    ] {
        let ended = end(command(proxy.address, arguments)).await;
        ended.assert(0, "checked 1 URL of 1 link: 1 ok\n", "");
    }
    let mut called = BTreeSet::new();
    for access in proxy.accesses() {
        assert!(policy.allows(&access), "{access:?} is denied");
        called.insert(access.action);
    }
    assert_eq!(called, policy.actions());
}

#[tokio::test(flavor = "multi_thread")]
async fn digests_need_no_more_than_the_operators_policy() {
    let server = Server::start().await;
    let app = with_links([("a", server.url("/file"))]).await;
    let proxy = Proxy::start(app.address).await;
    let ended = end(command(
        proxy.address,
        "check --allow-private --write-digests",
    ))
    .await;
    ended.assert(0, "checked 1 URL of 1 link: 1 ok; wrote 1 digest\n", "");
    let policy = Policy::of_operator();
    let accesses = proxy.accesses();
    let writes = accesses
        .iter()
        .filter(|access| access.action == "dynamodb:PutItem");
    assert_eq!(writes.count(), 1);
    for access in accesses {
        assert!(policy.allows(&access), "{access:?} is denied");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_jobs_are_short_and_their_commands_work() {
    let jobs = blocks("yaml");
    assert_eq!(jobs.len(), 2, "one for GitLab and one for GitHub");
    for job in jobs {
        assert!(job.lines().count() <= 11, "{job}");
        let read = serde_yaml_ng::from_str::<serde_yaml_ng::Value>(job);
        assert!(read.unwrap().is_mapping(), "{job}");
    }
    let app = with_links([]).await;
    let program = "release-links-admin check";
    let commands = DOCUMENT.lines().filter_map(|line| line.split_once(program));
    let is_command = |before: &str| matches!(before.trim(), "" | "-") || before.ends_with("&& ");
    let commands = commands.filter(|(before, _)| is_command(before));
    let commands: BTreeSet<&str> = commands.map(|(_, arguments)| arguments).collect();
    assert!(commands.len() > 3, "{commands:?}");
    for arguments in commands {
        let ended = check(&app, arguments).await;
        assert_eq!(ended.code, Some(0), "{arguments}: {ended:?}");
    }
}
