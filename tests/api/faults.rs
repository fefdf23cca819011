//! Every fault between the function and DynamoDB, in every call of every operation.
//!
//! The faults are generated: each fault in each call of each case, once, twice or permanently, and
//! in each pair of calls a pair of faults for each pair of classes; `make faults` takes every pair.
//! Every time, the response is a correct success or a 503 that is safe to retry (a 500 for an
//! unreadable item or an invalid call), the table keeps its invariants, and a retry completes the
//! operation. A refusal of a locked release stays one, and no release that a response has called
//! locked is unlocked afterwards.

use std::collections::BTreeMap;
use std::io::{Write, stderr};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use release_links::store::Store;
use release_links::timestamp::Timestamp;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use testkit::app::{TABLE, TestApp};
use testkit::faults::Faulty;
use testkit::invariants::{Item, assert_invariants, assert_links_of, living_links};
use testkit::reply::Reply;

use crate::cases::{Given, create_project_with_one_release};
use crate::fault_cases::{Faulted, Pairs, faulted};

/// Number of cases that run concurrently: most of them wait for a response that never arrives.
const CONCURRENCY: usize = 96;
/// Time until the deadline of an invocation: enough for one attempt to time out and for another.
const INVOCATION_TIME: Duration = Duration::from_millis(3_300);
/// Time until the deadline of the retry, which meets no faults: enough on the busiest machine.
const RETRY_TIME: Duration = Duration::from_secs(120);

/// Asserts that an error has this message, or is a page with this sentence.
#[track_caller]
fn assert_says(reply: &Reply, message: &str, sentence: &str) {
    match reply.body.as_str() {
        Some(page) => assert!(page.contains(&format!(">{sentence}<")), "{reply:?}"),
        None => assert_eq!(reply.body, json!({ "message": message })),
    }
}

impl Faulted {
    async fn run(&self, healthy: &TestApp, http: &SharedHttpClient) {
        let subject = self.case.prepare(healthy, self.tag()).await;
        let faulty = Faulty::new(http.clone(), &self.rules);
        let app = TestApp::builder(healthy.address)
            .store(Store::new(faulty.config(healthy.address), TABLE.to_owned()))
            .start();
        let first = app
            .send_within(self.case.event(&subject), INVOCATION_TIME)
            .await;
        self.check(&first);
        let before = self.items(healthy).await;
        assert_links_of(&before);
        self.check_lock(&before, &first);
        let fresh = TestApp::builder(healthy.address)
            .store(healthy.store.clone())
            .start();
        let second = fresh
            .send_within(self.case.event(&subject), RETRY_TIME)
            .await;
        assert!(
            self.is_valid_on_retry(&second),
            "{self:?}: {first:?}, then {second:?}"
        );
        if first.status == 201 && self.case.has_key {
            assert_eq!(
                first.body, second.body,
                "{self:?}: a key always returns the same response"
            );
        }
        let items = self.items(healthy).await;
        assert_links_of(&items);
        self.check_lock(&items, &second);
        let lock = lock_of(&before);
        assert!(
            lock.is_none() || lock == lock_of(&items),
            "{self:?}: a lock keeps its time"
        );
        let mut links: BTreeMap<&str, &str> = BTreeMap::new();
        for item in living_links(&items) {
            links.insert(item["sk"].as_s().unwrap(), item["name"].as_s().unwrap());
        }
        assert_eq!(
            links.into_values().rev().collect::<Vec<_>>(),
            self.case.names(),
            "{self:?}: {first:?}, {second:?}"
        );
    }

    fn check(&self, reply: &Reply) {
        let is_permanent = self.rules.iter().any(|rule| rule.fault.is_permanent());
        match reply.status {
            _ if self.is_success(reply) => {}
            503 => {
                assert_eq!(reply.header("retry-after"), "1", "{self:?}");
                let text = "503 Service Unavailable: nothing is lost, please try again";
                assert_says(
                    reply,
                    text,
                    "The service is busy; please try again in a moment.",
                );
            }
            500 if is_permanent => {
                let sentence = "Something went wrong; please try again later.";
                assert_says(reply, "500 Internal Server Error", sentence);
            }
            _ => panic!("{self:?}: {reply:?}"),
        }
    }

    /// Checks that the release is locked if it was before, or if the response says so, and that the
    /// response has the time of the lock.
    fn check_lock(&self, items: &[Item], reply: &Reply) {
        let was_locked = self.case.given == Given::LockedRelease;
        let lock = lock_of(items);
        if !self.case.locks || was_locked || self.is_valid_on_retry(reply) {
            assert_eq!(lock.is_some(), self.case.locks, "{self:?}: {reply:?}");
        }
        if let Some(time) = reply.body.get("immutable_at") {
            assert_eq!(Some(time.as_str().unwrap()), lock.as_deref(), "{self:?}");
        }
    }

    async fn items(&self, app: &TestApp) -> Vec<Item> {
        let query = app
            .client
            .query()
            .table_name(TABLE)
            .key_condition_expression("pk = :pk")
            .consistent_read(true);
        let pk = AttributeValue::S(format!("24#{}", self.tag()));
        query
            .expression_attribute_values(":pk", pk)
            .send()
            .await
            .unwrap()
            .items
            .unwrap()
    }
}

/// The time from which the release among these items is immutable, as a response shows it.
fn lock_of(items: &[Item]) -> Option<String> {
    let mut releases = items
        .iter()
        .filter(|item| item["sk"].as_s().unwrap() == "release");
    let time = releases.next()?.get("immutable_at")?.as_s().unwrap();
    Some(time.parse::<Timestamp>().unwrap().to_milliseconds_text())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_causes_a_lost_duplicated_or_partial_write() {
    let healthy = TestApp::start().await;
    create_project_with_one_release(&healthy).await;
    let http = aws_smithy_http_client::Builder::new().build_http();
    let pairs = Pairs::chosen();
    let all = faulted(pairs);
    // Written directly to stderr because the test harness captures `eprintln!`.
    let _ = writeln!(
        stderr(),
        "fault matrix: {} cases, pairs: {pairs:?}",
        all.len()
    );
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    let mut running = JoinSet::new();
    for one in all {
        let permit = Arc::clone(&slots).acquire_owned().await.unwrap();
        let (healthy, http) = (healthy.clone(), http.clone());
        running.spawn(async move {
            one.run(&healthy, &http).await;
            drop(permit);
        });
    }
    while let Some(result) = running.join_next().await {
        result.unwrap();
    }
    assert_invariants(&healthy.items().await);
}
