//! `release-links-admin release list` and `release delete`.

use aws_sdk_dynamodb::types::AttributeValue;
use release_links::store::schema::shard_sort_key;
use serde_json::{Value, json};

use super::terminal::at_terminal;
use super::{NO_PROJECT, admin, command, ended};
use testkit::app::TestApp;
use testkit::invariants::assert_invariants;

/// Tags that the API does not create, or that no path can contain.
const UNUSUAL_TAGS: [&str; 9] = [
    "release/",
    "%41",
    "permalink/latest",
    "a?b=c",
    "x/assets/links/1",
    " v4 ",
    "v5\r",
    "v\u{202e}6",
    "-v7",
];

/// Counts one more release.
async fn count(app: &TestApp, tag: &str) {
    let update = app.client.update_item().table_name(testkit::app::TABLE);
    let update = update
        .key("pk", AttributeValue::S("24/releases".to_owned()))
        .key("sk", AttributeValue::S(shard_sort_key(tag)))
        .update_expression("ADD releases :one")
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    update.send().await.unwrap();
}

/// Adds releases with these tags, which the service does not create, as copies of v0.1.
async fn with_unusual_tags() -> TestApp {
    let app = TestApp::start().await;
    for item in app.items().await {
        let [pk, sk] = ["pk", "sk"].map(|name| item[name].as_s().unwrap().clone());
        let place = sk.strip_suffix("v0.1").filter(|_| pk == "24/releases");
        for tag in UNUSUAL_TAGS {
            let (pk, sk) = match place {
                Some(times) => (pk.clone(), format!("{times}{tag}")),
                None if pk == "24#v0.1" => (format!("24#{tag}"), sk.clone()),
                None => continue,
            };
            let [pk, sk] = [pk, sk].map(AttributeValue::S);
            let mut copy = item.clone();
            copy.extend([("pk".to_owned(), pk), ("sk".to_owned(), sk)]);
            let request = app.client.put_item().table_name(testkit::app::TABLE);
            request.set_item(Some(copy)).send().await.unwrap();
        }
    }
    for tag in UNUSUAL_TAGS {
        count(&app, tag).await;
    }
    assert_invariants(&app.items().await);
    app
}

fn tags(app: &TestApp) -> Vec<String> {
    let releases = admin(app, "release list --project group/app --json").json();
    let releases = releases.as_array().unwrap().iter();
    let mut tags: Vec<String> = releases
        .map(|release| release["tag"].as_str().unwrap().to_owned())
        .collect();
    tags.sort();
    tags
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_are_listed_with_their_dates_the_latest_first() {
    let app = TestApp::start().await;
    let body = json!({"tag_name": "v2", "released_at": "2030-01-02T03:04:05.678Z"});
    let created = app.post("/api/v4/projects/24/releases", body).await;
    assert_eq!(created.status, 201);
    let listed = admin(&app, "release list --project 24 --json").json();
    let first = app.get("/api/v4/projects/24/releases/v0.1").await.body;
    let microseconds = |time: &Value| time.as_str().unwrap().replace('Z', "000Z");
    assert_eq!(
        listed,
        json!([
            {
                "tag": "v2", "released_at": "2030-01-02T03:04:05.678000Z",
                "created_at": listed[0]["created_at"],
            },
            {
                "tag": "v0.1", "released_at": microseconds(&first["released_at"]),
                "created_at": microseconds(&first["created_at"]),
            },
        ])
    );
    let whole = |time: &Value| format!("{}Z", &time.as_str().unwrap()[..19]);
    let [v2, v01] = [0, 1].map(|index| whole(&listed[index]["created_at"]));
    let released = whole(&first["released_at"]);
    let table = format!(
        "TAG   RELEASED              CREATED\nv2    2030-01-02T03:04:05Z  {v2}\n\
         v0.1  {released}  {v01}\n"
    );
    admin(&app, "release list --project 24").assert(0, &table, "");
    admin(&app, "release list --project 25").assert_fails(NO_PROJECT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_no_client_can_name_is_listed_and_deleted() {
    let app = with_unusual_tags().await;
    let long = "l".repeat(1_000);
    for tag in ["release", "A", "x", &long] {
        let body = json!({"tag_name": tag});
        let created = app.post("/api/v4/projects/24/releases", body).await;
        assert_eq!(created.status, 201, "{tag}");
    }
    let mut left = tags(&app);
    for tag in UNUSUAL_TAGS.into_iter().chain([long.as_str()]) {
        let before = left.len();
        left.retain(|other| other != tag);
        assert_eq!(left.len() + 1, before, "{tag}");
        let mut delete = command(app.address, "release delete --project 24 --yes --");
        let shown = tag.replace('\r', "\\u000d").replace('\u{202e}', "\\u202e");
        ended(delete.arg(tag)).assert(
            0,
            &format!("deleted release {shown} of project 24 (group/app, public)\n"),
            "",
        );
        assert_eq!(tags(&app), left, "{tag}");
    }
    assert_eq!(left, ["A", "release", "v0.1", "x"]);
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_of_a_release_asks_for_confirmation_or_requires_yes_without_a_terminal() {
    let app = TestApp::start().await;
    let what = "release v0.1 of project 24 (group/app, public)";
    admin(&app, "release delete v0.1 --project 24").assert_fails(&format!(
        "{what} was not deleted: without a terminal, pass --yes to confirm"
    ));
    admin(&app, "release delete v9 --project 24").assert_fails(
        "there is no release v9 in project 24: `release list --project 24` shows all releases",
    );
    for (answer, code, left) in [("no\n", 1, 1), ("yes\n", 0, 0)] {
        let ended = at_terminal(&app, "release delete v0.1 --project group/app", answer);
        let question = format!("Delete {what} with all its links? Type yes to confirm: ");
        assert!(ended.stdout.contains(&question), "{ended:?}");
        assert_eq!(
            (ended.code, tags(&app).len()),
            (Some(code), left),
            "{ended:?}"
        );
    }
}
