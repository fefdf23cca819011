//! The cases: one or more requests for each operation. The tests that cover every operation send them.

mod pages;
mod table;

pub use table::CASES;

use std::time::{Duration, SystemTime};

use release_links::link::{Digest, NewLink};
use release_links::project::{ProjectId, Role, Visibility};
use release_links::release::{ReleaseChanges, ResponseSize, TagName};
use release_links::writer::Writer;
use serde_json::{Value, json};

use testkit::app::{TestApp, granted, project};
use testkit::event::Event;
use testkit::persona::{PRIVATE, PUBLIC, Persona};

/// The time for what a case needs: the fault matrix keeps the machine busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// The seeded project.
const SEEDED: u64 = 24;
/// A project with one release.
const WITH_ONE_RELEASE: u64 = 25;

/// The project, the release, the link and the member that a request names.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The project in a path of the API: its ID, or another name of it.
    pub project: String,
    /// The project in a path of the web.
    pub path: &'static str,
    /// The tag of the release.
    pub tag: String,
    /// The ID of the link.
    pub link: String,
    /// The ID of the member.
    pub member: String,
}

impl Subject {
    /// The first link of a release of this project. The member is the token of the documentation.
    pub fn new(project: u64, tag: impl Into<String>) -> Self {
        let path = match project {
            SEEDED => "group/app",
            WITH_ONE_RELEASE => "group/latest",
            PUBLIC => "group/public",
            PRIVATE => "group/private",
            _ => "group/missing",
        };
        Self {
            project: project.to_string(),
            path,
            tag: tag.into(),
            link: "1".to_owned(),
            member: "1".to_owned(),
        }
    }

    pub(super) fn api(&self, tail: &str) -> String {
        format!("/api/v4/projects/{}{tail}", self.project)
    }

    pub(super) fn release(&self, tail: &str) -> String {
        self.api(&format!("/releases/{}{tail}", self.tag))
    }

    pub(super) fn links(&self) -> String {
        self.release("/assets/links")
    }

    pub(super) fn one_link(&self) -> String {
        format!("{}/{}", self.links(), self.link)
    }

    pub(super) fn web(&self, tail: &str) -> String {
        format!("/{}/-/releases/{tail}", self.path)
    }

    /// The request to update the release.
    pub(super) fn update(&self, changes: Value) -> Event {
        Event::new("PUT", &self.release("")).json(changes)
    }

    /// The request to create the release with this number of links.
    pub(super) fn creation(&self, links: usize) -> Event {
        self.creation_of(json!({}), links)
    }

    /// The request to create the release with these attributes and this number of links.
    pub(super) fn creation_of(&self, mut attributes: Value, links: usize) -> Event {
        let link = |n| json!({"name": n, "url": format!("https://e.com/{n}")});
        let links: Vec<Value> = (0..links).map(link).collect();
        attributes["tag_name"] = json!(self.tag);
        attributes["assets"] = json!({ "links": links });
        Event::new("POST", &self.api("/releases")).json(attributes)
    }

    /// Creates the release with one link, named `old`, which is the link of the subject.
    pub async fn create_release(&mut self, app: &TestApp) {
        let link = NewLink::new("old", "https://e.com/old");
        let link = link.and_then(|link| link.with_filepath("/bin/old"));
        let link = NewLink {
            digest: Digest::parse(OF_EMPTY_FILE).ok(),
            ..link.unwrap()
        };
        let project = self.project.parse().map(ProjectId::new).unwrap().unwrap();
        let tag: TagName = self.tag.parse().unwrap();
        let session = app.store.session(PATIENCE, SystemTime::now());
        let writer = Writer::for_tests(project);
        let created = session
            .write_as(&writer)
            .create_link(&tag, link, None)
            .await;
        // A repeated call may have taken the first ID.
        self.link = created.unwrap().link.id.to_string();
    }

    /// Locks the release, which is immutable 20 s later.
    pub async fn lock_release(&self, app: &TestApp) {
        let project = self.project.parse().map(ProjectId::new).unwrap().unwrap();
        let session = app.store.session(PATIENCE, SystemTime::now());
        let writer = Writer::for_tests(project);
        let changes = ReleaseChanges {
            immutable: Some(true),
            ..ReleaseChanges::default()
        };
        let size = ResponseSize::new("https://links.example.com/group/app");
        let session = session.write_as(&writer);
        let tag: TagName = self.tag.parse().unwrap();
        session.update_release(&tag, &changes, size).await.unwrap();
    }
}

/// The digest of an empty file.
pub const OF_EMPTY_FILE: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What exists before a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// No release of this tag.
    NoRelease,
    /// The release with one link, named `old`.
    Release,
    /// The same release, locked. If the request is repeated, its first time precedes the lock.
    LockedRelease,
}

/// The links that the release has after a request.
#[derive(Debug, Clone, Copy)]
pub enum Links {
    /// Links with these names, the newest first.
    Named(&'static [&'static str]),
    /// This number of links, whose names are numbers from 0 on.
    Numbered(usize),
}

/// A request of an operation.
#[derive(Debug, Clone)]
pub struct Case {
    /// The name of the operation, followed by what distinguishes the case from its other cases.
    pub name: &'static str,
    /// What exists before.
    pub given: Given,
    /// The request, which the documentation's token may send.
    pub request: fn(&Subject) -> Event,
    /// Whether a job sends the request, with its token.
    pub is_from_job: bool,
    /// Whether the request has an idempotency key, so that a retry gets the same response.
    pub has_key: bool,
    /// Whether the same request was sent before.
    pub is_repeated: bool,
    /// The status of a success.
    pub success: u64,
    /// The status and the message that show a retry that the first attempt succeeded, if a retry does
    /// not return the success itself.
    pub done: Option<(u64, &'static str)>,
    /// The calls to DynamoDB of a process with empty caches.
    pub calls: &'static [&'static str],
    /// How many of these calls, from the first on, the fault matrix leaves out, because another case
    /// of the row covers them.
    pub covered_calls: usize,
    /// The links of the release afterwards.
    pub leaves: Links,
    /// Whether the release is locked afterwards.
    pub locks: bool,
    /// Whether it reads all releases of the project, so that tests give it a project with one.
    pub reads_every_release: bool,
    /// The row of the cost table in `docs/operations.md` that has its cost. The cost of identifying
    /// the caller has a row of its own.
    pub cost: &'static str,
}

impl Case {
    /// The name of its row.
    pub fn row(&self) -> &'static str {
        self.name.split(' ').next().unwrap()
    }

    /// The request about this subject, with the documentation's token. If the case reads every
    /// release of a project, the request is about that of [`create_project_with_one_release`].
    pub fn event(&self, subject: &Subject) -> Event {
        let event = if self.reads_every_release {
            (self.request)(&Subject::new(WITH_ONE_RELEASE, "v1"))
        } else {
            (self.request)(subject)
        };
        let event = self.sign(event, Persona::Documentation);
        if self.has_key {
            event.header("idempotency-key", "k")
        } else {
            event
        }
    }

    /// Signs the request of the case as this persona.
    pub fn sign(&self, event: Event, persona: Persona) -> Event {
        if self.is_from_job {
            event.anonymous().header("job-token", &persona.token())
        } else {
            persona.sign(event)
        }
    }

    /// Creates the release of this tag in the seeded project, if the case needs it, and returns it as
    /// the subject.
    pub async fn prepare(&self, app: &TestApp, tag: impl Into<String>) -> Subject {
        let mut subject = Subject::new(SEEDED, tag);
        if self.given != Given::NoRelease {
            subject.create_release(app).await;
        }
        if self.is_repeated {
            let first = app.send_within(self.event(&subject), PATIENCE).await;
            assert_eq!(first.status, self.success, "{first:?}");
        }
        if self.given == Given::LockedRelease {
            subject.lock_release(app).await;
        }
        subject
    }

    /// The body of the only success that a change of a locked release has: its refusal.
    pub fn refusal(&self, tag: &str) -> Option<Value> {
        let message = format!("403 Forbidden - release {tag} is immutable");
        (self.success == 403).then(|| json!({ "message": message }))
    }

    /// The names of the links of the release after the request, the newest first.
    pub fn names(&self) -> Vec<String> {
        match self.leaves {
            Links::Named(names) => names.iter().map(|name| (*name).to_owned()).collect(),
            Links::Numbered(count) => (0..count).rev().map(|n| n.to_string()).collect(),
        }
    }
}

/// Creates the project for cases that read every release. The documentation's token has no role in
/// it, but may read it.
pub async fn create_project_with_one_release(app: &TestApp) {
    let project = project(WITH_ONE_RELEASE, "group/latest", Visibility::Public);
    app.add(project).await;
    let token = granted("latest", WITH_ONE_RELEASE, Role::Developer);
    let token = app.issue(token).await;
    let event = Event::new(
        "POST",
        &format!("/api/v4/projects/{WITH_ONE_RELEASE}/releases"),
    )
    .token(&token);
    let reply = app.send(event.json(json!({"tag_name": "v1"}))).await;
    assert_eq!(reply.status, 201);
}

/// The case with this name.
pub fn case(name: &str) -> &'static Case {
    let found = CASES.iter().find(|case| case.name == name);
    found.unwrap_or_else(|| panic!("there is no case {name}"))
}
