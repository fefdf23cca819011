//! Every fault between the function and DynamoDB, in every call of every operation.
//!
//! The cases are generated: each fault in each call of each operation, once, twice or permanently,
//! and each pair of faults in each pair of calls. In every case, the response is a correct success
//! or a 503 that is safe to retry (a 500 for an unreadable item or an invalid call), the table
//! keeps its invariants, and a retry completes the operation.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use release_links::link::NewLink;
use release_links::store::Store;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use testkit::app::{TABLE, TestApp};
use testkit::event::Event;
use testkit::faults::{Fault, Faulty, Rule};
use testkit::invariants::assert_invariants;
use testkit::reply::Reply;
use testkit::seed;
use testkit::usage;

/// Number of cases that run concurrently: most of them wait for a response that never arrives.
const CONCURRENCY: usize = 96;
/// Time until the deadline of an invocation: enough for one attempt to time out and for another.
const INVOCATION_TIME: Duration = Duration::from_millis(3_300);
/// How many times a fault occurs.
const TIMES: [u32; 3] = [1, 2, u32::MAX];

/// The operations, and the calls that each makes in a process with empty caches.
const OPERATIONS: [(&str, &[&str]); 14] = [
    ("list", &["BatchGetItem", "Query"]),
    ("get", &["BatchGetItem", "GetItem"]),
    (
        "create",
        &["BatchGetItem", "UpdateItem", "TransactWriteItems"],
    ),
    (
        "create with key",
        &["BatchGetItem", "UpdateItem", "TransactWriteItems"],
    ),
    (
        "replayed create",
        &[
            "BatchGetItem",
            "UpdateItem",
            "TransactWriteItems",
            "GetItem",
        ],
    ),
    ("update", &["BatchGetItem", "GetItem", "TransactWriteItems"]),
    ("delete", &["BatchGetItem", "GetItem", "TransactWriteItems"]),
    ("download", &["BatchGetItem", "GetItem"]),
    ("user", &["BatchGetItem"]),
    ("job", &["BatchGetItem"]),
    ("version", &["BatchGetItem"]),
    ("project", &["BatchGetItem"]),
    ("member", &["BatchGetItem"]),
    ("branches", &["BatchGetItem"]),
];

#[derive(Debug, Clone)]
struct Case {
    id: usize,
    operation: &'static str,
    rules: Vec<Rule>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |operation, rules| {
        cases.push(Case {
            id: cases.len(),
            operation,
            rules,
        })
    };
    for (operation, calls) in OPERATIONS {
        for (index, call) in calls.iter().enumerate() {
            for fault in Fault::ALL
                .into_iter()
                .filter(|fault| fault.applies_to(call))
            {
                for times in TIMES {
                    add(
                        operation,
                        vec![Rule {
                            operation: call,
                            fault,
                            times,
                        }],
                    );
                }
                for later in &calls[index + 1..] {
                    for second in Fault::ALL
                        .into_iter()
                        .filter(|fault| fault.applies_to(later))
                    {
                        let rule = |operation, fault| Rule {
                            operation,
                            fault,
                            times: 1,
                        };
                        add(operation, vec![rule(call, fault), rule(later, second)]);
                    }
                }
            }
        }
    }
    cases
}

impl Case {
    fn tag(&self) -> String {
        format!("v{}", self.id)
    }

    fn event(&self) -> Event {
        let links = format!("/api/v4/projects/24/releases/{}/assets/links", self.tag());
        let link = format!("{links}/1");
        let new = json!({"name": "new", "url": "https://e.com/new", "filepath": "/bin/new"});
        match self.operation {
            "list" => Event::new("GET", &links),
            "get" => Event::new("GET", &link),
            "create" => Event::new("POST", &links).json(new),
            "create with key" | "replayed create" => Event::new("POST", &links)
                .json(new)
                .header("idempotency-key", "k"),
            "update" => Event::new("PUT", &link).json(new),
            "delete" => Event::new("DELETE", &link),
            "download" => Event::new(
                "GET",
                &format!("/group/app/-/releases/{}/downloads/bin/old", self.tag()),
            ),
            "job" => Event::new("GET", "/api/v4/job")
                .anonymous()
                .header("job-token", seed::TOKEN),
            "version" => Event::new("GET", "/api/v4/version"),
            "project" => Event::new("GET", "/api/v4/projects/24"),
            "member" => Event::new("GET", "/api/v4/projects/24/members/all/1"),
            "branches" => Event::new("GET", "/api/v4/projects/24/repository/branches"),
            _ => Event::new("GET", "/api/v4/user"),
        }
    }

    /// The status that the operation returns if nothing goes wrong.
    fn success_status(&self) -> u64 {
        match self.operation {
            "create" | "create with key" | "replayed create" => 201,
            "download" => 302,
            _ => 200,
        }
    }

    /// Whether a retry may return this: a success, or an error that shows that the first attempt
    /// succeeded.
    fn is_valid_on_retry(&self, reply: &Reply) -> bool {
        match self.operation {
            "create" if reply.status == 400 => {
                reply.body["message"][0] == "Url has already been taken"
            }
            "delete" => matches!(reply.status, 200 | 404),
            _ => reply.status == self.success_status(),
        }
    }

    /// The names of the release's links after the retry, newest first.
    fn names(&self) -> &'static [&'static str] {
        match self.operation {
            "create" | "create with key" | "replayed create" => &["new", "old"],
            "update" => &["new"],
            "delete" => &[],
            _ => &["old"],
        }
    }

    async fn prepare(&self, healthy: &TestApp) {
        let link = NewLink::new("old", "https://e.com/old");
        let link = link
            .and_then(|link| link.with_filepath("/bin/old"))
            .unwrap();
        let session = healthy.store.session(Duration::from_secs(60));
        let release = usage::release(&self.tag());
        session
            .create_link(&release, link, None, SystemTime::now())
            .await
            .unwrap();
        if self.operation == "replayed create" {
            assert_eq!(healthy.send(self.event()).await.status, 201);
        }
    }

    async fn run(&self, healthy: &TestApp, http: &SharedHttpClient) {
        self.prepare(healthy).await;
        let faulty = Faulty::new(http.clone(), &self.rules);
        let app = TestApp::with_store(
            Store::new(faulty.config(healthy.address), TABLE.to_owned()),
            healthy.address,
        );
        let first = app.send_within(self.event(), INVOCATION_TIME).await;
        self.check(&first);
        assert_invariants(&self.items(healthy).await);
        let fresh = TestApp::with_store(healthy.store.clone(), healthy.address);
        let second = fresh.send(self.event()).await;
        assert!(
            self.is_valid_on_retry(&second),
            "{self:?}: {first:?}, then {second:?}"
        );
        if first.status == 201 && self.operation != "create" {
            assert_eq!(
                first.body, second.body,
                "{self:?}: a key always returns the same response"
            );
        }
        let items = self.items(healthy).await;
        assert_invariants(&items);
        let mut links: BTreeMap<&str, &str> = BTreeMap::new();
        for item in items
            .iter()
            .filter(|item| item["sk"].as_s().unwrap().starts_with("link#"))
        {
            links.insert(item["sk"].as_s().unwrap(), item["name"].as_s().unwrap());
        }
        assert_eq!(
            links.into_values().rev().collect::<Vec<_>>(),
            self.names(),
            "{self:?}: {first:?}, {second:?}"
        );
    }

    fn check(&self, reply: &Reply) {
        let is_permanent = self.rules.iter().any(|rule| rule.fault.is_permanent());
        match reply.status {
            status if status == self.success_status() => {}
            503 => {
                assert_eq!(reply.header("retry-after"), "1", "{self:?}");
                assert_eq!(
                    reply.body,
                    json!({"message": "503 Service Unavailable: nothing is lost, please try again"})
                );
            }
            500 if is_permanent => {
                assert_eq!(reply.body, json!({"message": "500 Internal Server Error"}))
            }
            _ => panic!("{self:?}: {reply:?}"),
        }
    }

    async fn items(&self, app: &TestApp) -> Vec<testkit::invariants::Item> {
        let query = app
            .client
            .query()
            .table_name(TABLE)
            .key_condition_expression("pk = :pk")
            .consistent_read(true);
        let pk = aws_sdk_dynamodb::types::AttributeValue::S(format!("24#{}", self.tag()));
        query
            .expression_attribute_values(":pk", pk)
            .send()
            .await
            .unwrap()
            .items
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_causes_a_lost_duplicated_or_partial_write() {
    let healthy = TestApp::start().await;
    let http = aws_smithy_http_client::Builder::new().build_http();
    let cases = cases();
    let calls: usize = OPERATIONS.iter().map(|(_, calls)| calls.len()).sum();
    // Written directly to stderr because the test harness captures `eprintln!`.
    let _ = writeln!(
        std::io::stderr(),
        "fault matrix: {} cases: {} operations, {calls} calls, {} faults, {} occurrence counts, \
         and all pairs of faults",
        cases.len(),
        OPERATIONS.len(),
        Fault::ALL.len(),
        TIMES.len(),
    );
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    let mut running = JoinSet::new();
    for case in cases {
        let permit = Arc::clone(&slots).acquire_owned().await.unwrap();
        let (healthy, http) = (healthy.clone(), http.clone());
        running.spawn(async move {
            case.run(&healthy, &http).await;
            drop(permit);
        });
    }
    while let Some(result) = running.join_next().await {
        result.unwrap();
    }
}
