//! `release-links-admin project restore --from`, and `release restore --all`.

use std::process::Command;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use release_links::store::operator::{Operator, RestoreFrom, RestoreInto, RestoredPath, Takeover};
use serde_json::{Value, json};

use super::undo::{end, spawn};
use super::{NO_PROJECT, admin, command, run};
use testkit::app::{LINKS, TABLE, TestApp};
use testkit::engine;
use testkit::event::Event;
use testkit::invariants::assert_invariants;
use testkit::proxy::Proxy;

const BACKUP: &str = "links-restored";
const RESTORE: &str = "project restore 24 --from links-restored";
const RELEASES: &str = "/api/v4/projects/24/releases";

/// Copies the table as it is.
pub(super) async fn copy(app: &TestApp, name: &str) {
    engine::create_table(&app.client, name).await.unwrap();
    for item in app.items().await {
        let request = app.client.put_item().table_name(name);
        request.set_item(Some(item)).send().await.unwrap();
    }
}

/// A service whose project 24 was `group/app`, is `new/app`, and has the releases v0.1 with two
/// links, v2 without one, and v3, which was deleted; and a copy of its table as of then.
async fn backed_up() -> TestApp {
    let app = TestApp::start().await;
    let body = json!({"name": "app", "url": "https://e.com/app", "filepath": "/app"});
    assert_eq!(app.post(LINKS, body).await.status, 201);
    let body = json!({"tag_name": "v2", "description": "The second one"});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    let links = json!({"links": [{"name": "x", "url": "https://e.com/x"}]});
    let body = json!({"tag_name": "v3", "assets": links});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    assert_eq!(app.delete(&format!("{RELEASES}/v3")).await.status, 200);
    run(&app, "project update 24 --path new/app");
    run(&app, "token create --label revoked --grant 24=owner");
    copy(&app, BACKUP).await;
    run(&app, "token revoke revoked");
    app
}

async fn purged() -> TestApp {
    let app = backed_up().await;
    run(&app, "project delete 24 --yes --purge --wait 0s");
    app
}

/// The releases as anybody sees them.
async fn releases(app: &TestApp) -> Value {
    let fresh = app.another_process();
    let reply = fresh.send(Event::new("GET", RELEASES).anonymous()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_project_is_restored_without_and_with_the_roles_of_its_tokens() {
    let app = backed_up().await;
    let before = releases(&app).await;
    for (arguments, end, grants, status) in [
        ("", "", json!({}), 403),
        (
            " --with-grants",
            ", and the roles of 1 token",
            json!({"24": "developer"}),
            201,
        ),
    ] {
        run(&app, "project delete 24 --yes --purge --wait 0s");
        let restored =
            format!("restored project 24 (new/app, public) with 2 releases and 2 links{end}\n");
        admin(&app, &format!("{RESTORE}{arguments}")).assert(0, &restored, "");
        assert_eq!(releases(&app).await, before);
        let tokens = admin(&app, "token list --json").json();
        assert_eq!(tokens[0]["grants"], grants);
        assert_eq!(
            tokens[1]["grants"],
            json!({}),
            "a revoked token gets no role"
        );
        let fresh = app.another_process();
        for path in ["group/app", "new/app"] {
            let target = format!("/{path}/-/releases/v0.1/downloads/app");
            let reply = fresh.send(Event::new("GET", &target).anonymous()).await;
            assert_eq!(reply.status, 302, "{path}");
        }
        let body = json!({"name": "late", "url": "http://late"});
        assert_eq!(fresh.post(LINKS, body).await.status, status);
        assert_invariants(&app.items().await);
    }
    let fresh = app.another_process();
    let links = fresh.get(LINKS).await;
    assert_eq!(links.ids(), [3, 2, 1], "a new link gets the ID of no other");
    let body = json!({"name": "later", "url": "https://e.com/later"});
    let later = fresh
        .post(&format!("{RELEASES}/v3/assets/links"), body)
        .await;
    assert_eq!(later.body["id"], 2, "v3 had a link with ID 1");
    assert_generations_are_new(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_the_maximum_number_of_roles_gets_no_further_one_back() {
    let app = purged().await;
    let grants = (101..=197).map(|id| (id.to_string(), AttributeValue::S("guest".to_owned())));
    let grants = AttributeValue::M(grants.collect());
    for mut item in app.items().await {
        if item
            .get("label")
            .is_some_and(|label| label.as_s().unwrap() == "documentation")
        {
            item.insert("grants".to_owned(), grants.clone());
            let request = app.client.put_item().table_name(TABLE);
            request.set_item(Some(item)).send().await.unwrap();
        }
    }
    admin(&app, &format!("{RESTORE} --with-grants")).assert_fails(
        "token 1 already has roles in 97 projects, so it cannot get its role back: run the command \
         again without --with-grants, and create another token",
    );
    assert_eq!(app.another_process().get(LINKS).await.status, 404);
    admin(&app, RESTORE).assert(
        0,
        "restored project 24 (new/app, public) with 2 releases and 2 links\n",
        "",
    );
}

/// The numbers of generations begin with the time of the restore, so that nothing from before the
/// purge can belong to one of them.
async fn assert_generations_are_new(app: &TestApp) {
    let items = app.items().await;
    for item in items
        .iter()
        .filter(|item| item["sk"].as_s().unwrap() == "release")
    {
        let generation: u64 = item["generation"].as_n().unwrap().parse().unwrap();
        assert!(generation > 1_700_000_000, "{item:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_restore_of_a_project_goes_on_when_it_is_run_again() {
    let app = backed_up().await;
    let before = releases(&app).await;
    run(&app, "project delete 24 --yes --purge --wait 0s");
    let wire = Proxy::holding(app.address, "TransactWriteItems").await;
    let restore = spawn(&mut command(wire.address, RESTORE));
    wire.held().await;
    let interrupt = Command::new("kill")
        .args(["-INT", &restore.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    end(restore).await.assert_fails(
        "interrupted: project 24 may still be deleted, with a part of its releases restored: run \
         the command again to go on",
    );
    assert_eq!(app.another_process().get(LINKS).await.status, 404);
    // Another run restored one of the releases.
    let session = app.operator.session(Duration::from_secs(30));
    let release = testkit::usage::release("v0.1");
    let other = Operator::new(engine::client_config(app.address), BACKUP.to_owned());
    let source = other.session(Duration::from_secs(30));
    let backup = source.releases().back_up(&release).await.unwrap();
    let id = release.project;
    let path = RestoredPath {
        path: None,
        takeover: Takeover::Refuse,
    };
    let version = session
        .projects()
        .check_restore(id, RestoreFrom::Purged, &path);
    let into = RestoreInto::Purged(version.await.unwrap());
    let restored = session.releases().restore(&release, &backup, &into).await;
    assert_eq!(restored.unwrap().links.len(), 2);
    assert_eq!(
        app.another_process().get(LINKS).await.status,
        404,
        "it stays hidden"
    );
    admin(&app, RESTORE).assert(
        0,
        "restored project 24 (new/app, public) with 2 releases and 2 links\n",
        "",
    );
    assert_eq!(releases(&app).await, before);
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_restored_only_if_it_was_purged_and_the_other_table_has_all_of_it() {
    let app = backed_up().await;
    admin(&app, RESTORE).assert_fails(
        "project 24 was not purged: `release restore --all` restores its releases from another \
         table",
    );
    run(&app, "project delete 24 --yes");
    admin(&app, RESTORE).assert_fails(
        "project 24 is hidden: `project restore 24` brings it back, and `project purge 24` deletes \
         it for good",
    );
    run(&app, "project purge 24 --yes --wait 0s");
    let before = app.items().await.len();
    copy(&app, "too-late").await;
    for table in ["too-late", testkit::app::TABLE] {
        admin(&app, &format!("project restore 24 --from {table}")).assert_fails(&format!(
            "the table {table} does not have project 24 with all its releases: check --from, or \
             restore the table to a moment at which the project existed and its purge had not begun"
        ));
    }
    admin(&app, "project restore 24 --from missing")
        .assert_fails("there is no table \"missing\" in eu-central-1: check --from and AWS_REGION");
    admin(&app, "project restore 25 --from links-restored").assert_fails(NO_PROJECT);
    assert_eq!(app.items().await.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_project_whose_path_is_taken_is_restored_under_another_one() {
    let app = purged().await;
    run(
        &app,
        "project create --id 25 --path new/app --take-former-path",
    );
    let before = app.items().await.len();
    admin(&app, RESTORE).assert_fails(
        "another project has the path new/app of project 24: pass --path with another path to \
         restore project 24",
    );
    assert_eq!(app.items().await.len(), before, "nothing was restored yet");
    admin(&app, &format!("{RESTORE} --path back/app")).assert(
        0,
        "restored project 24 (back/app, public) with 2 releases and 2 links; its former path \
         new/app belongs to another project now\n",
        "",
    );
    let target = "/group/app/-/releases/v0.1/downloads/app";
    let fresh = app.another_process();
    let reply = fresh.send(Event::new("GET", target).anonymous()).await;
    assert_eq!(reply.status, 302);
}

/// Another run of the purge has read what to remove, or the tokens, and is suspended until the
/// project is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_was_suspended_changes_nothing_of_a_restored_project() {
    for held in ["TransactWriteItems", "Query"] {
        let app = backed_up().await;
        let before = releases(&app).await;
        run(&app, "project delete 24 --yes");
        let wire = Proxy::holding(app.address, "Scan").await;
        let mut begun = spawn(&mut command(
            wire.address,
            "project purge 24 --yes --wait 0s",
        ));
        wire.held().await;
        begun.kill().unwrap();
        begun.wait().unwrap();
        let wire = Proxy::holding(app.address, held).await;
        let suspended = spawn(&mut command(wire.address, "project purge 24 --yes"));
        wire.held().await;
        run(&app, "project purge 24 --yes");
        run(&app, &format!("{RESTORE} --with-grants"));
        wire.release();
        end(suspended).await.assert_fails(
            "somebody else changed this at the same time: check its current state, and try again",
        );
        assert_eq!(releases(&app).await, before, "{held}");
        let tokens = admin(&app, "token list --json").json();
        assert_eq!(tokens[0]["grants"], json!({"24": "developer"}), "{held}");
        assert_invariants(&app.items().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_whose_tag_a_path_cannot_name_is_reported_and_the_others_are_restored() {
    let app = backed_up().await;
    let before = releases(&app).await;
    let scan = app.client.scan().table_name(BACKUP).send().await.unwrap();
    for mut item in scan.items().to_vec() {
        if item["pk"].as_s().unwrap() == "24#v0.1" {
            let pk = AttributeValue::S("24#a/".to_owned());
            item.insert("pk".to_owned(), pk);
            let request = app.client.put_item().table_name(BACKUP);
            request.set_item(Some(item)).send().await.unwrap();
        }
    }
    let reason = "the tag begins or ends with a slash, or has two slashes in a row";
    let sentence = "release-links-admin: could not restore 1 of 3 releases, because a path cannot \
                    name their tags: create them under other tags\n";
    let restore = format!("release restore --all --project 24 --from {BACKUP}");
    let table = format!(
        "TAG   LINKS  RESULT\na/    -      not restored: {reason}\nv0.1  2      2 existing\n\
         v2    0      no links\n"
    );
    admin(&app, &restore).assert(1, &table, sentence);
    run(&app, "project delete 24 --yes --purge --wait 0s");
    admin(&app, RESTORE).assert(
        1,
        "restored project 24 (new/app, public) with 2 releases and 2 links\n",
        &format!("release a/ was not restored: {reason}\n{sentence}"),
    );
    assert_eq!(releases(&app).await, before);
    assert_invariants(&app.items().await);
}

/// A part of the project was restored before, from a table in which link 1 has another type.
#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_restored_without_the_links_that_others_stand_in_the_way_of() {
    let app = purged().await;
    let scan = app.client.scan().table_name(BACKUP).send().await.unwrap();
    for mut item in scan.items().to_vec() {
        let [pk, sk] = ["pk", "sk"].map(|name| item[name].as_s().unwrap().clone());
        if sk.ends_with("#l#000000000001") {
            let link_type = AttributeValue::S("runbook".to_owned());
            item.insert("link_type".to_owned(), link_type);
        }
        if pk.starts_with("24") {
            let request = app.client.put_item().table_name(TABLE);
            request.set_item(Some(item)).send().await.unwrap();
        }
    }
    admin(&app, RESTORE).assert(
        1,
        "restored project 24 (new/app, public) with 2 releases and 1 link\n",
        "release-links-admin: could not restore 1 of 2 links, because other links have their ID, \
         name, URL or filepath: change or delete those, and run `release restore --all --project \
         24 --from links-restored`\n",
    );
    assert_invariants(&app.items().await);
    admin(&app, RESTORE).assert_fails(
        "project 24 was not purged: `release restore --all` restores its releases from another \
         table",
    );
    assert_eq!(app.delete(&format!("{LINKS}/1")).await.status, 200);
    let restore = "release restore --all --project 24 --from links-restored";
    let table = "TAG   LINKS  RESULT\nv0.1  2      1 restored, 1 existing\nv2    0      no links\n";
    admin(&app, restore).assert(0, table, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_releases_of_a_project_are_restored() {
    let app = backed_up().await;
    let before = releases(&app).await;
    let restore = "release restore --all --project 24 --from links-restored";
    for release in ["v0.1", "v2"] {
        let target = format!("{RELEASES}/{release}");
        assert_eq!(app.delete(&target).await.status, 200);
    }
    let missing = "TAG   LINKS  RESULT\nv0.1  2      2 missing\nv2    0      release missing\n";
    let count = app.items().await.len();
    admin(&app, &format!("{restore} --dry-run")).assert(0, missing, "");
    assert_eq!(app.items().await.len(), count, "a dry run changes nothing");
    admin(&app, restore).assert(0, &missing.replace("missing", "restored"), "");
    assert_eq!(releases(&app).await, before);
    assert_eq!(app.delete(&format!("{LINKS}/1")).await.status, 200);
    let changed = app.put(&format!("{LINKS}/2"), json!({"name": "new"})).await;
    assert_eq!(changed.status, 200);
    admin(&app, restore).assert(
        1,
        "TAG   LINKS  RESULT\nv0.1  2      1 restored, 1 not restored\nv2    0      no links\n",
        "release-links-admin: could not restore 1 of 2 links, because other links have their ID, \
         name, URL or filepath: change or delete those, and run the command again\n",
    );
    run(&app, "project delete 24 --yes");
    admin(&app, restore).assert_fails(
        "project 24 is hidden: `project restore 24` brings it back, and `project purge 24` deletes \
         it for good",
    );
}
