//! Links whose unique-constraint items a partial restore has lost or assigned to another link.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use testkit::app::{LINKS, TABLE, TestApp};
use testkit::invariants::Item;
use testkit::invariants::assert_invariants;
use testkit::log::Log;

const KINDS: [&str; 3] = ["name", "url", "filepath"];

/// A link in a new release, and its unique-constraint item of this kind.
async fn link_and_item(app: &TestApp, kind: &str, round: usize) -> (String, Item) {
    let links = format!("/api/v4/projects/24/releases/{kind}-{round}/assets/links");
    let body = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/a"});
    assert_eq!(app.post(&links, body).await.status, 201);
    let pk = format!("24#{kind}-{round}");
    let is_of_kind = |item: &Item| {
        item["pk"].as_s().unwrap() == &pk
            && item["sk"]
                .as_s()
                .unwrap()
                .contains(&format!("#c#{}#", &kind[..1]))
    };
    (
        format!("{links}/1"),
        app.items().await.into_iter().find(is_of_kind).unwrap(),
    )
}

fn key(item: &Item) -> [&str; 2] {
    ["pk", "sk"].map(|name| item[name].as_s().unwrap().as_str())
}

/// Updates of each attribute alone, and of all three.
fn updates() -> [Value; 4] {
    [
        json!({"name": "b"}),
        json!({"url": "https://e.com/b"}),
        json!({"name": "a", "filepath": "/bin/b"}),
        json!({"name": "b", "url": "https://e.com/b", "filepath": "/bin/b"}),
    ]
}

#[tokio::test]
async fn a_link_that_lost_a_unique_constraint_item_can_be_updated_and_deleted() {
    let app = TestApp::start().await;
    for kind in KINDS {
        for (round, update) in updates().into_iter().enumerate() {
            let (link, item) = link_and_item(&app, kind, round).await;
            let [pk, sk] = key(&item);
            app.remove(pk, sk).await;
            assert_eq!(
                app.put(&link, update.clone()).await.status,
                200,
                "{kind}, {update}"
            );
            let is_repaired = update.get(kind).is_some_and(|value| value != "a")
                || (kind, round) == ("filepath", 1);
            if is_repaired {
                assert_invariants(&app.items().await);
            }
            let deleted = app.delete(&link).await;
            deleted.assert_calls(200, &["BatchGetItem", "TransactWriteItems"]);
            assert_invariants(&app.items().await);
        }
    }
}

#[tokio::test]
async fn another_links_unique_constraint_item_is_never_changed() {
    let app = TestApp::start().await;
    for kind in KINDS {
        let (link, mut item) = link_and_item(&app, kind, 0).await;
        item.insert("link_id".to_owned(), AttributeValue::N("99".to_owned()));
        app.client
            .put_item()
            .table_name(TABLE)
            .set_item(Some(item.clone()))
            .send()
            .await
            .unwrap();
        let log = Log::capture();
        let reply = app.put(&link, updates()[3].clone()).await;
        reply.assert(500, json!({"message": "500 Internal Server Error"}));
        let [pk, sk] = key(&item);
        let cause = format!("unique-constraint item {pk}/{sk} of link 1 belongs to another link");
        assert!(log.text().contains(&cause), "{}", log.text());
        assert_eq!(app.delete(&link).await.status, 200, "{kind}");
        let remaining: Vec<Item> = app
            .items()
            .await
            .into_iter()
            .filter(|other| key(other)[0] == pk)
            .collect();
        assert!(
            remaining.contains(&item) && remaining.len() == 3,
            "expected the release, its details and the other link's item: {remaining:?}"
        );
    }
    assert_eq!(app.get(LINKS).await.ids(), [2]);
}
