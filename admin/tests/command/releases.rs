//! `release-links-admin release restore`.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;
use release_links::store::schema::shard_sort_key;
use serde_json::{Value, json};

use super::project_restore::copy;
use super::{NO_PROJECT, admin};
use testkit::app::{LINKS, TestApp};
use testkit::invariants::assert_invariants;

const BACKUP: &str = "links-restored";
const RELEASES: &str = "/api/v4/projects/24/releases";
const RESTORE: &str = "release restore v0.1 --project group/app --from links-restored";

/// A service whose release v0.1 has the links `a` (1), `b` (2) and `c` (3), and a copy of its table
/// as of then.
async fn backed_up() -> TestApp {
    let app = TestApp::start().await;
    assert_eq!(app.delete(&format!("{LINKS}/2")).await.status, 200);
    for name in ["a", "b", "c"] {
        assert_eq!(create(&app, name).await, 201);
    }
    copy(&app, BACKUP).await;
    app
}

async fn create(app: &TestApp, name: &str) -> u64 {
    let body =
        json!({"name": name, "url": format!("http://{name}"), "filepath": format!("/bin/{name}")});
    app.post(LINKS, body).await.status
}

/// The ID and the name of each link, newest first.
async fn links(app: &TestApp) -> Value {
    let links = app.get(LINKS).await.body;
    let links = links.as_array().unwrap().iter();
    links
        .map(|link| json!([link["id"], link["name"]]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_links_are_restored_with_their_ids() {
    let app = backed_up().await;
    for id in [1, 3] {
        assert_eq!(app.delete(&format!("{LINKS}/{id}")).await.status, 200);
    }
    let renamed = app.put(&format!("{LINKS}/2"), json!({"name": "new"})).await;
    assert_eq!(renamed.status, 200);
    let missing = "ID  NAME  RESULT\n1   a     missing\n\
                   2   b     differs from the link with this ID\n3   c     missing\n";
    let before = app.items().await.len();
    admin(&app, &format!("{RESTORE} --dry-run")).assert(0, missing, "");
    assert_eq!(app.items().await.len(), before, "a dry run changes nothing");
    let output = "ID  NAME  RESULT\n1   a     restored\n\
                  2   b     differs from the link with this ID\n3   c     restored\n";
    let sentence = "release-links-admin: could not restore 1 of 3 links, because other links have \
                    their ID, name, URL or filepath: change or delete those, and run the command \
                    again\n";
    admin(&app, RESTORE).assert(1, output, sentence);
    assert_eq!(links(&app).await, json!([[3, "c"], [2, "new"], [1, "a"]]));
    assert_invariants(&app.items().await);
    let former = app.put(&format!("{LINKS}/2"), json!({"name": "b"})).await;
    assert_eq!(former.status, 200);
    admin(&app, RESTORE).assert(
        0,
        "ID  NAME  RESULT\n1   a     exists\n2   b     exists\n3   c     exists\n",
        "",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_missing_as_a_whole_is_restored_and_reuses_no_id() {
    let app = backed_up().await;
    assert_eq!(create(&app, "d").await, 201);
    assert_eq!(app.delete(&format!("{LINKS}/4")).await.status, 200);
    for item in app.items().await {
        let [pk, sk] = ["pk", "sk"].map(|name| item[name].as_s().unwrap().clone());
        if pk == "24#v0.1" {
            app.remove(&pk, &sk).await;
        }
    }
    app.remove("24/releases", &shard_sort_key("v0.1")).await;
    admin(&app, RESTORE).assert(
        0,
        "ID  NAME  RESULT\n1   a     restored\n2   b     restored\n3   c     restored\n",
        "",
    );
    assert_eq!(create(&app, "e").await, 201);
    assert_eq!(
        links(&app).await,
        json!([[4, "e"], [3, "c"], [2, "b"], [1, "a"]]),
        "the backup does not know of link 4"
    );
    assert_invariants(&app.items().await);
    let times = |items: Vec<testkit::invariants::Item>| -> Vec<SystemTime> {
        let is_release = |item: &&testkit::invariants::Item| {
            item["pk"].as_s().unwrap() == "24#v0.1" && item["sk"].as_s().unwrap() == "release"
        };
        let releases = items.iter().filter(is_release);
        let texts = releases.map(|item| item["created_at"].as_s().unwrap());
        texts
            .map(|text| humantime::parse_rfc3339(text).unwrap())
            .collect()
    };
    let scan = app.client.scan().table_name(BACKUP).send().await.unwrap();
    assert_eq!(times(app.items().await), times(scan.items().to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_release_is_restored_with_its_attributes_and_its_place_in_the_order() {
    let app = backed_up().await;
    let release = "/api/v4/projects/24/releases/v0.1";
    let before = app.get(release).await;
    for is_recreated in [false, true] {
        assert_eq!(app.delete(release).await.status, 200);
        if is_recreated {
            let body = json!({"tag_name": "v0.1"});
            assert_eq!(
                app.post("/api/v4/projects/24/releases", body).await.status,
                201
            );
        }
        let missing = "ID  NAME  RESULT\n1   a     missing\n2   b     missing\n3   c     missing\n";
        admin(&app, &format!("{RESTORE} --dry-run")).assert(0, missing, "");
        let restored = missing.replace("missing", "restored");
        admin(&app, RESTORE).assert(0, &restored, "");
        let after = app.get(release).await;
        assert_eq!(after.body["assets"], before.body["assets"]);
        if !is_recreated {
            after.assert(200, before.body.clone());
        }
        assert_invariants(&app.items().await);
    }
    assert_eq!(create(&app, "d").await, 201);
    let id = links(&app).await[0][0].as_u64().unwrap();
    assert!(id > 3, "a new link gets the ID of no deleted one: {id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_values_are_taken_is_reported() {
    let app = backed_up().await;
    assert_eq!(app.delete(&format!("{LINKS}/2")).await.status, 200);
    let body = json!({"name": "b", "url": "http://other", "filepath": "/bin/b"});
    assert_eq!(app.post(LINKS, body).await.status, 201);
    admin(&app, RESTORE).assert(
        1,
        "ID  NAME  RESULT\n1   a     exists\n\
         2   b     not restored: Name has already been taken, Filepath has already been taken\n\
         3   c     exists\n",
        "release-links-admin: could not restore 1 of 3 links, because other links have their ID, \
         name, URL or filepath: change or delete those, and run the command again\n",
    );
    assert_eq!(app.delete(&format!("{LINKS}/4")).await.status, 200);
    assert_eq!(create(&app, "d").await, 201);
    assert_eq!(
        links(&app).await,
        json!([[5, "d"], [3, "c"], [1, "a"]]),
        "the last link ID of the backup does not replace the higher one"
    );
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_lost_only_its_own_item_is_restored() {
    let app = backed_up().await;
    app.remove("24#v0.1", "g000000000001#l#000000000002").await;
    app.remove("24#v0.1", "g000000000001#c#f#/bin/b").await;
    let restored = admin(&app, RESTORE);
    assert!(
        restored.stdout.contains("2   b     restored"),
        "{restored:?}"
    );
    assert_invariants(&app.items().await);
}

/// A restore would create a release that clients cannot reach.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_whose_tag_a_path_cannot_name_is_not_restored() {
    let app = backed_up().await;
    for (tag, reason) in [
        (
            "a/",
            "begins or ends with a slash, or has two slashes in a row",
        ),
        ("a/..", "has a segment '.' or '..'"),
        ("a?b", "has a '?'"),
        ("a\\b", "has a backslash"),
        ("a%2Fb", "has a '%' before two hexadecimal digits"),
        ("permalink/latest", "begins with permalink/latest"),
        (
            "a/downloads",
            "has segments such as /downloads or assets/links, which the API reserves",
        ),
        ("v1\u{9d}", "has a control character"),
    ] {
        let mut releases = Vec::new();
        for mut item in app.items().await {
            if item["pk"].as_s().unwrap() == "24#v0.1" {
                let pk = AttributeValue::S(format!("24#{tag}"));
                item.insert("pk".to_owned(), pk);
                releases.push(item);
            }
        }
        for item in releases {
            let request = app.client.put_item().table_name(BACKUP);
            request.set_item(Some(item)).send().await.unwrap();
        }
        let before = app.items().await;
        let sentence =
            format!("Tag name invalid: the tag {reason}, so create the release under another tag");
        let restore = format!("release restore {tag} --project 24 --from {BACKUP}");
        admin(&app, &restore).assert_fails(&sentence);
        admin(&app, &format!("{restore} --dry-run")).assert_fails(&sentence);
        assert_eq!(app.items().await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_without_links_is_restored_with_its_description() {
    let app = TestApp::start().await;
    let body = json!({"tag_name": "notes", "description": "Only notes."});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    let release = format!("{RELEASES}/notes");
    let before = app.get(&release).await.body;
    copy(&app, BACKUP).await;
    let restore = format!("release restore notes --project 24 --from {BACKUP}");
    let outcome =
        |what| format!("release notes of project 24 {what}; it has no links in {BACKUP}\n");
    admin(&app, &restore).assert(0, &outcome("exists"), "");
    assert_eq!(app.delete(&release).await.status, 200);
    admin(&app, &format!("{restore} --dry-run")).assert(0, &outcome("is missing"), "");
    assert_eq!(app.get(&release).await.status, 404);
    admin(&app, &restore).assert(0, &outcome("is restored"), "");
    app.get(&release).await.assert(200, before);
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_from_the_wrong_place_changes_nothing() {
    let app = backed_up().await;
    let before = app.items().await.len();
    admin(
        &app,
        "release restore v9 --project 24 --from links-restored",
    )
    .assert_fails(
        "the table links-restored has no release v9 in project 24: check the tag and the table",
    );
    admin(
        &app,
        "release restore v0.1 --project 25 --from links-restored",
    )
    .assert_fails(NO_PROJECT);
    admin(&app, "release restore v0.1 --project 24 --from missing")
        .assert_fails("there is no table \"missing\" in eu-central-1: check --from and AWS_REGION");
    assert_eq!(app.items().await.len(), before);
}

/// A partial restore of the whole table may have lost a unique-constraint item, and another link may
/// have taken its value since.
#[tokio::test(flavor = "multi_thread")]
async fn of_links_with_the_same_name_in_the_backup_the_oldest_one_is_restored() {
    let app = backed_up().await;
    for item in app.items().await {
        if item["sk"].as_s().unwrap() == "g000000000001#l#000000000003" {
            let mut rival = item;
            rival.insert("name".to_owned(), AttributeValue::S("a".to_owned()));
            let request = app.client.put_item().table_name(BACKUP);
            request.set_item(Some(rival)).send().await.unwrap();
        }
    }
    assert_eq!(app.delete(&format!("{RELEASES}/v0.1")).await.status, 200);
    let ended = admin(&app, RESTORE);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (
            Some(1),
            "ID  NAME  RESULT\n1   a     restored\n2   b     restored\n3   a     not restored: Name \
             has already been taken\n"
        ),
        "{ended:?}"
    );
    assert_eq!(links(&app).await, json!([[2, "b"], [1, "a"]]));
    assert_invariants(&app.items().await);
}
