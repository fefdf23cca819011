//! The network makes calls meet each other as DynamoDB does.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem, Update};
use testkit::app::TABLE;
use testkit::network::{Connection, Latency, Network, Point, Rates};

const SECOND: Duration = Duration::from_secs(1);

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn put(sk: &str) -> TransactWriteItem {
    let put = Put::builder().table_name(TABLE);
    let put = put.item("pk", text("p")).item("sk", text(sk));
    let put = put.condition_expression("attribute_not_exists(pk)");
    TransactWriteItem::builder()
        .put(put.build().unwrap())
        .build()
}

fn check(sk: &str) -> TransactWriteItem {
    let check = ConditionCheck::builder().table_name(TABLE);
    let check = check.key("pk", text("p")).key("sk", text(sk));
    let check = check.condition_expression("attribute_not_exists(pk)");
    TransactWriteItem::builder()
        .condition_check(check.build().unwrap())
        .build()
}

/// An update whose condition uses one of its two values.
fn update(sk: &str) -> TransactWriteItem {
    let update = Update::builder().table_name(TABLE);
    let update = update.key("pk", text("p")).key("sk", text(sk));
    let update = update
        .update_expression("SET a = :new")
        .condition_expression("a = :old")
        .expression_attribute_values(":new", text("new"))
        .expression_attribute_values(":old", text("old"));
    TransactWriteItem::builder()
        .update(update.build().unwrap())
        .build()
}

/// Commits a transaction with this token, and returns the code of the error or the reasons of the
/// cancellation.
async fn transact(
    client: &Client,
    token: &str,
    steps: impl IntoIterator<Item = TransactWriteItem>,
) -> Result<(), Vec<String>> {
    let request = client.transact_write_items().client_request_token(token);
    let request = request.set_transact_items(Some(steps.into_iter().collect()));
    let Err(error) = request.send().await else {
        return Ok(());
    };
    let error = error.into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else {
        return Err(vec![error.code().unwrap().to_owned()]);
    };
    let reasons = canceled.cancellation_reasons().iter();
    Err(reasons
        .map(|reason| reason.code().unwrap().to_owned())
        .collect())
}

/// Writes an item by itself, and returns the code of the error.
async fn put_item(client: &Client, sk: &str) -> Result<(), String> {
    let request = client.put_item().table_name(TABLE);
    let request = request.item("pk", text("p")).item("sk", text(sk));
    let result = request.send().await;
    result
        .map(|_| ())
        .map_err(|error| error.code().unwrap_or_default().to_owned())
}

async fn exists(client: &Client, sk: &str) -> bool {
    let request = client.get_item().table_name(TABLE);
    let request = request.key("pk", text("p")).key("sk", text(sk));
    request.send().await.unwrap().item.is_some()
}

/// A slow process, whose calls take four seconds without any retry, and a fast one.
async fn processes() -> (Connection, Client, Client) {
    let network = Network::seeded().await;
    let slow = network.connect();
    slow.set_latency(Latency::Fixed(4 * SECOND));
    let retries = aws_sdk_dynamodb::config::retry::RetryConfig::disabled();
    let [slow_client, fast_client] = [slow.clone(), network.connect()].map(|connection| {
        let config = connection.config().retry_config(retries.clone());
        Client::from_conf(config.build())
    });
    (slow, slow_client, fast_client)
}

#[tokio::test(start_paused = true)]
async fn a_transaction_holds_its_items_until_it_ends() {
    let (_, slow, fast) = processes().await;
    put_item(&fast, "c").await.unwrap();
    let running = tokio::spawn(async move { transact(&slow, "1", [put("a"), check("b")]).await });
    tokio::time::sleep(SECOND / 2).await;
    assert_eq!(put_item(&fast, "a").await, Ok(()), "it has not arrived");
    fast.delete_item()
        .table_name(TABLE)
        .key("pk", text("p"))
        .key("sk", text("a"))
        .send()
        .await
        .unwrap();

    tokio::time::sleep(SECOND).await;
    for sk in ["a", "b"] {
        let refused = Err("TransactionConflictException".to_owned());
        assert_eq!(put_item(&fast, sk).await, refused);
        assert!(!exists(&fast, sk).await, "a read is never refused");
    }
    let steps = [put("b"), put("c"), put("d"), update("e"), check("a")];
    let reasons = [
        "TransactionConflict",
        "ConditionalCheckFailed",
        "None",
        "ConditionalCheckFailed",
        "TransactionConflict",
    ];
    let reasons = Err(reasons.map(str::to_owned).to_vec());
    assert_eq!(transact(&fast, "2", steps).await, reasons);
    assert!(!exists(&fast, "d").await);

    tokio::time::sleep(SECOND).await;
    assert!(exists(&fast, "a").await, "it is executed");
    assert!(put_item(&fast, "a").await.is_err(), "it has not ended");
    tokio::time::sleep(SECOND).await;
    assert_eq!(put_item(&fast, "a").await, Ok(()));
    assert!(!running.is_finished());
    assert_eq!(running.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn single_writes_of_one_item_do_not_conflict() {
    let (_, slow, fast) = processes().await;
    let running = tokio::spawn(async move { put_item(&slow, "a").await });
    tokio::time::sleep(SECOND * 3 / 2).await;
    assert_eq!(put_item(&fast, "a").await, Ok(()));
    assert_eq!(transact(&fast, "1", [put("b")]).await, Ok(()));
    assert_eq!(running.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_a_transaction_succeeds_and_changes_nothing() {
    let (_, slow, fast) = processes().await;
    let running = tokio::spawn(async move { transact(&slow, "1", [put("a")]).await });
    tokio::time::sleep(2 * SECOND).await;
    let in_progress = Err(vec!["TransactionInProgressException".to_owned()]);
    assert_eq!(transact(&fast, "1", [put("a")]).await, in_progress);
    assert_eq!(running.await.unwrap(), Ok(()));
    assert_eq!(transact(&fast, "1", [put("a")]).await, Ok(()));
    let refused = Err(vec!["ConditionalCheckFailed".to_owned()]);
    assert_eq!(transact(&fast, "2", [put("a")]).await, refused);
    assert_eq!(transact(&fast, "2", [put("a")]).await, refused);

    tokio::time::sleep(Duration::from_mins(11)).await;
    assert_eq!(transact(&fast, "1", [put("a")]).await, refused, "forgotten");
}

#[tokio::test(start_paused = true)]
async fn a_call_arrives_even_if_its_process_ends() {
    let (_, slow, fast) = processes().await;
    let running = tokio::spawn(async move { put_item(&slow, "a").await });
    tokio::time::sleep(SECOND / 2).await;
    running.abort();
    assert!(!exists(&fast, "a").await);
    tokio::time::sleep(2 * SECOND).await;
    assert!(exists(&fast, "a").await);
}

#[tokio::test(start_paused = true)]
async fn the_call_that_a_test_names_is_held() {
    let (connection, client, fast) = processes().await;
    connection.set_latency(Latency::None);
    let hold = connection.hold(Point::Call, 2, |call| {
        call.operation == "PutItem" && call.body["Item"]["pk"]["S"] == "p"
    });
    let answer = connection.hold(Point::Answer, 1, |call| {
        call.keys() == [("p".to_owned(), "c".to_owned())]
    });
    put_item(&client, "a").await.unwrap();
    assert!(!hold.is_held());
    let other = client.clone();
    let running = tokio::spawn(async move { put_item(&other, "b").await });
    hold.reached().await;
    assert!(hold.is_held() && !exists(&fast, "b").await);
    let last = tokio::spawn(async move { put_item(&client, "c").await });
    answer.reached().await;
    assert!(exists(&fast, "c").await && !last.is_finished());

    hold.release();
    assert_eq!(running.await.unwrap(), Ok(()));
    assert!(exists(&fast, "b").await);
    answer.release();
    assert_eq!(last.await.unwrap(), Ok(()));
    let operations = connection.take_calls().into_iter();
    let operations: Vec<String> = operations.map(|call| call.operation).collect();
    assert_eq!(operations, ["PutItem", "PutItem", "PutItem"]);
}

#[tokio::test(start_paused = true)]
async fn a_query_may_see_two_moments() {
    let network = Network::seeded().await;
    let (torn, whole) = (network.connect(), network.connect().client());
    let two_moments = 1_000;
    torn.set_faults(
        7,
        Rates {
            two_moments,
            ..Rates::NONE
        },
    );
    let torn = torn.client();
    let query = || {
        let query = torn.query().table_name(TABLE).consistent_read(true);
        let query = query
            .key_condition_expression("pk = :pk")
            .scan_index_forward(false);
        query.expression_attribute_values(":pk", text("p")).send()
    };
    let mut mixed = BTreeSet::new();
    for n in 0..40 {
        let steps = ["a", "b", "c"].map(|sk| put(&format!("{n:0>2}{sk}")));
        let whole = whole.clone();
        let writing = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            transact(&whole, &n.to_string(), steps).await.unwrap();
        };
        let (page, ()) = tokio::join!(query(), writing);
        let page = page.unwrap();
        assert_eq!(usize::try_from(page.count()).unwrap(), page.items().len());
        let keys = page.items().iter().map(|item| item["sk"].as_s().unwrap());
        let (old, new): (Vec<_>, Vec<_>) = keys.partition(|sk| **sk < format!("{n:0>2}"));
        assert_eq!(old.len(), 3 * n, "what does not change is always seen");
        mixed.insert(new.len());
    }
    assert_eq!(mixed, BTreeSet::from([0, 1, 2, 3]));
}

#[tokio::test(start_paused = true)]
async fn a_killed_process_sends_nothing_more() {
    let network = Network::seeded().await;
    let (connection, other) = (network.connect(), network.connect().client());
    let client = connection.client();
    put_item(&client, "a").await.unwrap();
    connection.kill();
    let sent = tokio::time::timeout(SECOND, put_item(&client, "b")).await;
    assert!(sent.is_err() && connection.is_dead());
    assert!(exists(&other, "a").await && !exists(&other, "b").await);
}
