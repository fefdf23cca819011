//! Everything that can go wrong between the function and DynamoDB, in every call of every
//! operation.
//!
//! The cases are made, not written: one fault in each call of each operation, once, twice or for
//! good, and each pair of faults in each pair of calls. Whatever happens, the answer is a success
//! that is true or a 503 that may be repeated (a 500 for an item that cannot be read or a call that
//! is invalid), the table keeps its invariants, and the repeated request reaches what was meant.

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
use testkit::usage;

/// Cases at the same time: most of them wait for something that does not come.
const AT_ONCE: usize = 96;
/// Time that an invocation has: enough for one attempt to be given up and another to be made.
const TIME: Duration = Duration::from_millis(3_300);
const TIMES: [u32; 3] = [1, 2, u32::MAX];

/// The operations, and the calls that each makes in a process that knows nothing yet.
const OPERATIONS: [(&str, &[&str]); 9] = [
    ("list", &["BatchGetItem", "Query"]),
    ("get", &["BatchGetItem", "GetItem"]),
    (
        "create",
        &["BatchGetItem", "UpdateItem", "TransactWriteItems"],
    ),
    (
        "create once",
        &["BatchGetItem", "UpdateItem", "TransactWriteItems"],
    ),
    (
        "create again",
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
];

#[derive(Debug, Clone)]
struct Case {
    number: usize,
    operation: &'static str,
    rules: Vec<Rule>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |operation, rules| {
        cases.push(Case {
            number: cases.len(),
            operation,
            rules,
        })
    };
    for (operation, calls) in OPERATIONS {
        for (index, call) in calls.iter().enumerate() {
            for fault in Fault::ALL.into_iter().filter(|fault| fault.meets(call)) {
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
                    for second in Fault::ALL.into_iter().filter(|fault| fault.meets(later)) {
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
        format!("v{}", self.number)
    }

    fn event(&self) -> Event {
        let links = format!("/api/v4/projects/24/releases/{}/assets/links", self.tag());
        let link = format!("{links}/1");
        let new = json!({"name": "new", "url": "https://e.com/new", "filepath": "/bin/new"});
        match self.operation {
            "list" => Event::new("GET", &links),
            "get" => Event::new("GET", &link),
            "create" => Event::new("POST", &links).json(new),
            "create once" | "create again" => Event::new("POST", &links)
                .json(new)
                .header("idempotency-key", "k"),
            "update" => Event::new("PUT", &link).json(new),
            "delete" => Event::new("DELETE", &link),
            "download" => Event::new(
                "GET",
                &format!("/group/app/-/releases/{}/downloads/bin/old", self.tag()),
            ),
            _ => Event::new("GET", "/api/v4/user"),
        }
    }

    /// What the operation answers if nothing goes wrong.
    fn success(&self) -> u64 {
        match self.operation {
            "create" | "create once" | "create again" => 201,
            "download" => 302,
            _ => 200,
        }
    }

    /// What a repetition may say: that it is done, or that the first time did it.
    fn is_settled(&self, reply: &Reply) -> bool {
        match self.operation {
            "create" if reply.status == 400 => {
                reply.body["message"][0] == "Url has already been taken"
            }
            "delete" => matches!(reply.status, 200 | 404),
            _ => reply.status == self.success(),
        }
    }

    /// The names of the release's links once it is settled, the newest first.
    fn names(&self) -> &'static [&'static str] {
        match self.operation {
            "create" | "create once" | "create again" => &["new", "old"],
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
        if self.operation == "create again" {
            assert_eq!(healthy.send(self.event()).await.status, 201);
        }
    }

    async fn run(&self, healthy: &TestApp, http: &SharedHttpClient) {
        self.prepare(healthy).await;
        let faulty = Faulty::new(http.clone(), &self.rules);
        let app = TestApp::on(
            Store::new(faulty.config(healthy.address), TABLE.to_owned()),
            healthy.address,
        );
        let first = app.send_within(self.event(), TIME).await;
        self.check(&first);
        assert_invariants(&self.items(healthy).await);
        let fresh = TestApp::on(healthy.store.clone(), healthy.address);
        let second = fresh.send(self.event()).await;
        assert!(
            self.is_settled(&second),
            "{self:?}: {first:?}, then {second:?}"
        );
        if first.status == 201 && self.operation != "create" {
            assert_eq!(first.body, second.body, "{self:?}: a key has one answer");
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
            status if status == self.success() => {}
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
async fn whatever_goes_wrong_nothing_is_lost_doubled_or_half_written() {
    let healthy = TestApp::start().await;
    let http = aws_smithy_http_client::Builder::new().build_http();
    let cases = cases();
    let calls: usize = OPERATIONS.iter().map(|(_, calls)| calls.len()).sum();
    // Written past the test harness, which would keep it back.
    let _ = writeln!(
        std::io::stderr(),
        "fault matrix: {} cases: {} operations, {calls} calls, {} faults, {} times, and each pair of them",
        cases.len(),
        OPERATIONS.len(),
        Fault::ALL.len(),
        TIMES.len(),
    );
    let turn = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for case in cases {
        let permit = Arc::clone(&turn).acquire_owned().await.unwrap();
        let (healthy, http) = (healthy.clone(), http.clone());
        running.spawn(async move {
            case.run(&healthy, &http).await;
            drop(permit);
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}
