//! The requests of `statuses.txt`: one for each status of each operation.

use std::time::{Duration, SystemTime};

use release_links::authorization::Access;
use release_links::operations::{Facts, Format, FormerPaths, Query};
use release_links::project::{ProjectPath, ProjectRef};
use release_links::store::Store;
use release_links::store::operator::{ProjectChanges, Takeover};
use serde_json::Value;

use testkit::app::{TABLE, TestApp};
use testkit::description::Seen;
use testkit::event::Event;
use testkit::faults::{Fault, Faulty, Rule};
use testkit::persona::{MISSING, PUBLIC, Persona};
use testkit::reply::Reply;

use crate::cases::{Case, Given, Subject, case};

/// The table.
pub const TABLE_OF_STATUSES: &str = include_str!("statuses.txt");

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The status.
    pub status: u64,
    /// What makes the service return it.
    pub words: &'a str,
    /// Whether the status is one of the operation's own.
    pub is_own: bool,
}

/// The lines below this heading.
fn lines(heading: &str) -> Vec<Line<'static>> {
    let blocks = TABLE_OF_STATUSES.split("\n\n");
    let block = blocks.filter_map(|block| block.split_once('\n'));
    let mut block = block.filter(|(first, _)| *first == heading);
    let lines = block.next().map_or("", |(_, lines)| lines).lines();
    lines
        .map(|line| Line {
            status: line[..3].parse().unwrap(),
            words: line[3..].trim(),
            is_own: !heading.starts_with("every"),
        })
        .collect()
}

/// The headings that apply to an operation, its own first.
pub fn headings(facts: &Facts) -> Vec<&'static str> {
    let mut headings = vec![facts.name];
    if facts.query == Query::Strict {
        headings.push("every operation that reads its query strictly");
    }
    headings.push("every operation");
    if facts.access != Access::Public {
        headings.push("every operation that calls DynamoDB");
    }
    if facts.format != Format::Ignored {
        headings.push("every operation that serves JSON");
    }
    if facts.method.as_str() != "GET" {
        headings.push("every operation that writes");
    }
    if facts.path.to_string() == "/{id}" {
        headings.push("every operation that nearly any path names");
    }
    match facts.former_paths {
        Some(FormerPaths::Redirect) => headings.push("every operation that redirects former paths"),
        Some(FormerPaths::Reject) => headings.push("every operation that rejects former paths"),
        Some(FormerPaths::Serve) | None => {}
    }
    headings
}

/// The lines for an operation. Its own request for a status takes precedence.
pub fn lines_of(facts: &Facts) -> Vec<Line<'static>> {
    let mut found: Vec<Line<'static>> = Vec::new();
    for line in headings(facts).into_iter().flat_map(lines) {
        if line.is_own || found.iter().all(|other| other.status != line.status) {
            found.push(line);
        }
    }
    found
}

/// The service in three states: as usual, with a DynamoDB that finds each call invalid, and without
/// DynamoDB. The developer's project has a former path.
pub struct Apps {
    usual: TestApp,
    invalid: TestApp,
    unreachable: TestApp,
    developer: String,
}

const FORMER_PATH: &str = "group%2Fformer";

impl Apps {
    /// Starts the service in the three states.
    pub async fn start() -> Self {
        let usual = TestApp::start_with_personas().await;
        for path in ["group/former", "group/public"] {
            rename(&usual, path).await;
        }
        let rules = [
            "BatchGetItem",
            "GetItem",
            "Query",
            "TransactWriteItems",
            "UpdateItem",
        ];
        let rules = rules.map(|operation| Rule {
            operation,
            fault: Fault::ServiceError(400, "ValidationException"),
            skip: 0,
            times: u32::MAX,
        });
        let http = aws_smithy_http_client::Builder::new().build_http();
        let invalid = Faulty::new(http, &rules).config(usual.address);
        let invalid = Store::new(invalid, TABLE.to_owned());
        let user = usual.as_(Persona::Developer).get("/api/v4/user").await;
        Self {
            invalid: TestApp::builder(usual.address).store(invalid).start(),
            unreachable: TestApp::builder(([127, 0, 0, 1], 1).into()).start(),
            developer: user.body["id"].to_string(),
            usual,
        }
    }
}

impl Apps {
    /// Collects here what the responses show of the description of the API.
    pub fn collecting(self, seen: &Seen) -> Self {
        Self {
            usual: self.usual.collecting(seen),
            invalid: self.invalid.collecting(seen),
            unreachable: self.unreachable.collecting(seen),
            developer: self.developer,
        }
    }
}

async fn rename(app: &TestApp, path: &str) {
    let changes = ProjectChanges {
        path: Some(ProjectPath::parse(path).unwrap()),
        visibility: None,
    };
    let project = ProjectRef::parse(&PUBLIC.to_string()).unwrap();
    let session = app.operator.session(Duration::from_secs(5));
    let projects = session.projects();
    let update = projects.update(&project, changes, Takeover::Allow, SystemTime::now());
    update.await.unwrap();
}

/// The request of a line of `statuses.txt`, built word by word.
pub struct Request<'a> {
    case: &'static Case,
    subject: Subject,
    persona: Persona,
    app: &'a TestApp,
    is_from_job: bool,
    has_key: bool,
    was_sent: bool,
    is_locked: bool,
    changes: Vec<Box<dyn Fn(Event) -> Event>>,
}

impl<'a> Request<'a> {
    /// The request of a line about the release of this tag.
    pub async fn new(apps: &'a Apps, facts: &Facts, tag: String, line: Line<'a>) -> Self {
        let case = case(facts.name);
        let mut request = Self {
            case,
            subject: Subject::new(PUBLIC, tag),
            persona: Persona::Developer,
            app: &apps.usual,
            is_from_job: case.is_from_job,
            has_key: false,
            was_sent: false,
            is_locked: false,
            changes: Vec::new(),
        };
        request.subject.member.clone_from(&apps.developer);
        if case.given != Given::NoRelease {
            request.subject.create_release(&apps.usual).await;
        }
        let (words, body) = line.words.split_once("body {").unwrap_or((line.words, ""));
        for word in words.split(", ").filter(|word| !word.is_empty()) {
            request.change(word, apps);
        }
        if !body.is_empty() {
            let body = format!("{{{body}").replace("TAG", &request.subject.tag);
            let body: Value = serde_json::from_str(&body).unwrap();
            request.with(move |event| event.json(body.clone()));
        }
        request
    }

    /// Names something below the path of the case.
    pub fn below(&mut self, suffix: &'static str) {
        self.changes
            .insert(0, Box::new(move |event| event.suffix(suffix)));
    }

    /// Changes the request further.
    pub fn with(&mut self, change: impl Fn(Event) -> Event + 'static) {
        self.changes.push(Box::new(change));
    }

    fn change(&mut self, words: &str, apps: &'a Apps) {
        let (word, rest) = words.split_once(' ').unwrap_or((words, ""));
        let rest = rest.to_owned();
        match (word, rest.as_str()) {
            ("as", name) => self.persona = name.parse().unwrap(),
            ("with", "a private token") => self.is_from_job = false,
            ("missing", "project") => self.subject = Subject::new(MISSING, &self.subject.tag),
            ("former", "path") => self.subject.project = FORMER_PATH.to_owned(),
            ("no", "release") => self.subject.tag += "-missing",
            ("no", "route") => self.subject.path = "group",
            ("no", "link") => self.subject.link = "999999".to_owned(),
            ("link", _) => self.subject.link = rest,
            ("member", _) => self.subject.member = rest,
            ("long", "tag") => self.subject.tag = "t".repeat(1_025),
            ("immutable", "release") => self.is_locked = true,
            ("twice", "") => self.was_sent = true,
            ("used", "key") => (self.has_key, self.was_sent) = (true, true),
            ("invalid", "calls") => self.app = &apps.invalid,
            ("no", "DynamoDB") => self.app = &apps.unreachable,
            _ => self.change_event(word, rest),
        }
    }

    fn change_event(&mut self, word: &str, rest: String) {
        match (word, rest.as_str()) {
            ("suffix", _) => self.with(move |event| event.suffix(&rest)),
            ("query", _) => self.with(move |event| event.query(&rest)),
            ("header", _) => self.with(move |event| {
                let (name, value) = rest.split_once(' ').unwrap();
                event.header(name, value)
            }),
            ("large", "body") => self.with(|event| event.body("text/plain", "x".repeat(600_000))),
            ("long", "query") => self.with(|event| event.query(&"a=b&".repeat(5_000))),
            ("long", "redirect") => self.with(|event| event.query(&"a=b&".repeat(2_500))),
            ("broken", "body") => self.with(|event| event.raw_body("!", true)),
            ("text", "body") => self.with(|event| event.body("text/plain", "x")),
            _ => panic!("{word} {rest} are no words of the table"),
        }
    }

    fn event(&self) -> Event {
        let event = (self.case.request)(&self.subject);
        let event = if self.is_from_job {
            self.case.sign(event, self.persona)
        } else {
            self.persona.sign(event)
        };
        if self.has_key {
            event.header("idempotency-key", "key")
        } else {
            event
        }
    }

    /// Sends the request.
    pub async fn send(&self) -> Reply {
        if self.is_locked {
            self.subject.lock_release(self.app).await;
        }
        if self.was_sent {
            let first = self.app.send(self.event()).await;
            assert_eq!(first.status, self.case.success);
        }
        let event = self
            .changes
            .iter()
            .fold(self.event(), |event, change| change(event));
        self.app.send(event).await
    }
}
