//! The operations of the fault matrix: their calls, their requests, and what they leave behind.

use std::time::{Duration, SystemTime};

use release_links::link::NewLink;
use serde_json::{Value, json};

use testkit::app::TestApp;
use testkit::event::Event;
use testkit::faults::{Fault, Rule};
use testkit::reply::Reply;
use testkit::{seed, usage};

/// How many times a fault occurs.
pub const TIMES: [u32; 3] = [1, 2, u32::MAX];

/// The calls that identify the caller, and that most operations make first in a process with empty
/// caches.
const IDENTIFY: &str = "BatchGetItem";

/// The operations, the calls that each makes in a process with empty caches, and how many of these
/// calls are left out because other operations cover them.
pub const OPERATIONS: [(&str, &[&str], usize); 26] = [
    ("list", &[IDENTIFY, "Query"], 0),
    ("get", &[IDENTIFY, "BatchGetItem"], 0),
    ("create", &[IDENTIFY, "UpdateItem", "TransactWriteItems"], 0),
    (
        "create with key",
        &[IDENTIFY, "UpdateItem", "TransactWriteItems"],
        0,
    ),
    (
        "replayed create",
        &[IDENTIFY, "UpdateItem", "TransactWriteItems", "BatchGetItem"],
        1,
    ),
    (
        "first create",
        &[IDENTIFY, "UpdateItem", "TransactWriteItems"],
        1,
    ),
    (
        "update",
        &[IDENTIFY, "BatchGetItem", "TransactWriteItems"],
        0,
    ),
    (
        "delete",
        &[IDENTIFY, "BatchGetItem", "TransactWriteItems"],
        0,
    ),
    ("download", &[IDENTIFY, "BatchGetItem"], 0),
    ("user", &[IDENTIFY], 0),
    ("job", &[IDENTIFY], 0),
    ("version", &[IDENTIFY], 0),
    ("project", &[IDENTIFY], 0),
    ("member", &[IDENTIFY], 0),
    ("branches", &[IDENTIFY], 0),
    ("get release", &[IDENTIFY, "Query"], 0),
    ("list releases", &[IDENTIFY, "Query", "Query"], 0),
    ("latest", &[IDENTIFY, "Query"], 0),
    ("latest page", &[IDENTIFY, "Query"], 0),
    ("download asset", &[IDENTIFY, "BatchGetItem"], 0),
    (
        "create release",
        &[IDENTIFY, "UpdateItem", "TransactWriteItems"],
        0,
    ),
    (
        "create release with key",
        &[IDENTIFY, "UpdateItem", "TransactWriteItems"],
        1,
    ),
    (
        "replayed create release",
        &[IDENTIFY, "UpdateItem", "BatchGetItem"],
        1,
    ),
    (
        "create large release",
        &[
            IDENTIFY,
            "UpdateItem",
            "TransactWriteItems",
            "TransactWriteItems",
            "TransactWriteItems",
            "TransactWriteItems",
        ],
        2,
    ),
    (
        "update release",
        &[IDENTIFY, "Query", "TransactWriteItems"],
        0,
    ),
    (
        "delete release",
        &[
            IDENTIFY,
            "Query",
            "TransactWriteItems",
            "Query",
            "TransactWriteItems",
            "UpdateItem",
        ],
        2,
    ),
];

/// Number of links of a release that takes several transactions.
const MANY: usize = 33;

/// Some faults in the calls of an operation.
#[derive(Debug, Clone)]
pub struct Case {
    pub id: usize,
    pub operation: &'static str,
    pub rules: Vec<Rule>,
}

/// Each fault in each call of each operation, once, twice or permanently, and each pair of faults
/// in each pair of calls.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |operation, rules| {
        cases.push(Case {
            id: cases.len(),
            operation,
            rules,
        })
    };
    for (operation, calls, left_out) in OPERATIONS {
        for index in left_out..calls.len() {
            for fault in faults(calls[index]) {
                for times in TIMES {
                    add(operation, vec![rule(calls, index, fault, times)]);
                }
                for later in index + 1..calls.len() {
                    for second in faults(calls[later]) {
                        let pair = [(index, fault), (later, second)];
                        let pair = pair.map(|(index, fault)| rule(calls, index, fault, 1));
                        add(operation, pair.to_vec());
                    }
                }
            }
        }
    }
    cases
}

fn faults(call: &str) -> impl Iterator<Item = Fault> {
    Fault::ALL
        .into_iter()
        .filter(move |fault| fault.applies_to(call))
}

/// The rule for this call, which is not the first one of its kind if another precedes it.
fn rule(calls: &[&'static str], index: usize, fault: Fault, times: u32) -> Rule {
    let operation = calls[index];
    let before = calls[..index].iter().filter(|call| **call == operation);
    Rule {
        operation,
        fault,
        skip: u32::try_from(before.count()).unwrap(),
        times,
    }
}

impl Case {
    pub fn tag(&self) -> String {
        format!("v{}", self.id)
    }

    pub fn event(&self) -> Event {
        let release = format!("/api/v4/projects/24/releases/{}", self.tag());
        let links = format!("{release}/assets/links");
        let link = format!("{links}/1");
        let new = json!({"name": "new", "url": "https://e.com/new", "filepath": "/bin/new"});
        let get = |path: &str| Event::new("GET", path);
        match self.operation {
            "list" => get(&links),
            "get" => get(&link),
            "create" | "first create" => Event::new("POST", &links).json(new),
            "create with key" | "replayed create" => Event::new("POST", &links)
                .json(new)
                .header("idempotency-key", "k"),
            "update" => Event::new("PUT", &link).json(new),
            "delete" => Event::new("DELETE", &link),
            "download" => get(&format!(
                "/group/app/-/releases/{}/downloads/bin/old",
                self.tag()
            )),
            "job" => get("/api/v4/job")
                .anonymous()
                .header("job-token", seed::TOKEN),
            "version" => get("/api/v4/version"),
            "project" => get("/api/v4/projects/24"),
            "member" => get("/api/v4/projects/24/members/all/1"),
            "branches" => get("/api/v4/projects/24/repository/branches"),
            "user" => get("/api/v4/user"),
            "list releases" => get("/api/v4/projects/25/releases"),
            "latest" => get("/api/v4/projects/25/releases/permalink/latest"),
            "latest page" => get("/group/latest/-/releases/permalink/latest"),
            "get release" => get(&release),
            "download asset" => get(&format!("{release}/downloads/bin/old")),
            "update release" => Event::new("PUT", &release)
                .json(json!({"name": "new", "released_at": "2030-01-01"})),
            "delete release" => Event::new("DELETE", &release),
            _ => self.creation(),
        }
    }

    /// The request to create a release.
    fn creation(&self) -> Event {
        let names = if self.operation == "create large release" {
            MANY
        } else {
            2
        };
        let link = |n| json!({"name": n, "url": format!("https://e.com/{n}")});
        let links: Vec<Value> = (0..names).map(link).collect();
        let body = json!({"tag_name": self.tag(), "assets": {"links": links}});
        let event = Event::new("POST", "/api/v4/projects/24/releases").json(body);
        if self.operation.contains("key") || self.operation.contains("replayed") {
            event.header("idempotency-key", "k")
        } else {
            event
        }
    }

    /// Whether the operation creates the release.
    fn creates_release(&self) -> bool {
        self.operation == "first create"
            || (self.operation.contains("create") && self.operation.contains("release"))
    }

    /// The status that the operation returns if nothing goes wrong.
    pub fn success_status(&self) -> u64 {
        match self.operation {
            "download" | "download asset" | "latest" | "latest page" => 302,
            operation if operation.contains("create") => 201,
            _ => 200,
        }
    }

    /// Whether a retry may return this: a success, or an error that shows that the first attempt
    /// succeeded.
    pub fn is_valid_on_retry(&self, reply: &Reply) -> bool {
        match self.operation {
            "create" | "first create" if reply.status == 400 => {
                reply.body["message"][0] == "Url has already been taken"
            }
            "create release" | "create large release" => matches!(reply.status, 201 | 409),
            "delete" => matches!(reply.status, 200 | 404),
            "delete release" => matches!(reply.status, 200 | 403),
            _ => reply.status == self.success_status(),
        }
    }

    /// Whether a key makes a retry return the same response.
    pub fn has_key(&self) -> bool {
        self.operation.contains("key") || self.operation.contains("replayed")
    }

    /// The names of the release's links after the retry, newest first.
    pub fn names(&self) -> Vec<String> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self.operation {
            "create" | "create with key" | "replayed create" => names(&["new", "old"]),
            "first create" | "update" => names(&["new"]),
            "delete" | "delete release" => names(&[]),
            "create large release" => (0..MANY).rev().map(|n| n.to_string()).collect(),
            operation if operation.contains("create") => names(&["1", "0"]),
            _ => names(&["old"]),
        }
    }

    /// Creates what the operation needs.
    pub async fn prepare(&self, healthy: &TestApp) {
        if !self.creates_release() {
            let link = NewLink::new("old", "https://e.com/old");
            let link = link
                .and_then(|link| link.with_filepath("/bin/old"))
                .unwrap();
            let session = healthy
                .store
                .session(Duration::from_secs(60), SystemTime::now());
            let release = usage::release(&self.tag());
            session
                .write_as(&usage::writer())
                .create_link(&release.tag, link, None)
                .await
                .unwrap();
        }
        if self.operation.contains("replayed") {
            assert_eq!(healthy.send(self.event()).await.status, 201);
        }
    }
}
