//! A table after random requests and commands: releases and links of several projects, created,
//! changed and deleted, with unusual texts and times.

use std::time::{Duration, SystemTime};

use fastrand::Rng;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use release_links::project::{ProjectId, ProjectPath, ProjectRef, Role, Visibility};
use release_links::store::operator::{ProjectChanges, Takeover};
use release_links::token::{Grants, NewToken, PlainToken, Scope};
use serde_json::{Map, Value, json};

use testkit::app::{TestApp, project};
use testkit::event::Event;
use testkit::reply::Reply;

const TOKEN: &str = "a-token-with-a-role-in-all-projects";
const PROJECTS: [u64; 4] = [7, 24, 25, 9_007_199_254_740_993];
const PATHS: [&str; 6] = [
    "group/app",
    "Group/App",
    "group/sub/x-y_z.1",
    "other/App",
    "a/b",
    "group/app2",
];
const TAGS: [&str; 10] = [
    "v1",
    "release/1.0",
    "größe/日本-🦀",
    "v\u{202e}6",
    "a b",
    "v#1",
    "-v7",
    "100%",
    "e\u{301}",
    "[x]&y=z",
];
const TEXTS: [&str; 12] = [
    "",
    " ",
    "plain",
    "größer 🦀",
    "tab\tand\nline\r\n",
    "\u{1b}[2K\u{7}\u{9b}",
    "\u{202e}gpj.exe\u{2066}",
    "\u{2028}\u{2029}\u{85}",
    "\"quoted\" \\ \\u0041",
    "\u{1}\u{7f}\u{feff}",
    "</script><!--",
    "e\u{301}\u{fffd}",
];
const URLS: [&str; 7] = [
    "https://e.com/",
    "ftp://e.com/",
    "http://[::1]:8080/",
    "https://bücher.example/ü?q=1&r=%2F#",
    "https://user@e.com/",
    "http://0x7f.1/",
    "https://e.com/a b/",
];
const FILEPATHS: [&str; 6] = [
    "/bin/x",
    "/üx/y",
    "/a/b.tar.gz/z",
    "/ x/-",
    "/\u{202e}_b-c",
    "/🦀x.",
];
const TIMES: [&str; 7] = [
    "2020-01-02T03:04:05.678901Z",
    "2020-01-02T03:04:05.6789019Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "2030-06-01",
    "1969-12-31T23:59:59.5+14:00",
    "2026-11-24T00:00:00Z",
];
const TYPES: [&str; 4] = ["other", "runbook", "image", "package"];

/// A table that is being filled.
pub struct RandomTable {
    pub app: TestApp,
    random: Rng,
    /// The tags of this table. With few of them, releases have several links.
    tags: Vec<&'static str>,
    /// The paths of links that were created.
    links: Vec<String>,
    /// The number of requests and commands that changed something.
    pub changes: usize,
}

impl RandomTable {
    /// The table after this number of random steps.
    pub async fn after(steps: usize, seed: u64) -> Self {
        let app = TestApp::start().await;
        for (id, path) in [
            (7, "group/seven"),
            (25, "group/25"),
            (PROJECTS[3], "large/id"),
        ] {
            app.add(project(id, path, Visibility::Private)).await;
        }
        let grants = Grants {
            every: Some(Role::Owner),
            projects: [].into(),
        };
        let settings = NewToken {
            label: format!("ci {}", TEXTS[5]),
            grants,
            scope: Scope::Api,
            created_at: SystemTime::now(),
            expires_at: None,
        };
        let session = app.operator.session(Duration::from_secs(5));
        let hash = PlainToken::from(TOKEN.to_owned()).hash();
        session.tokens().create(hash, settings).await.unwrap();
        let mut random = Rng::with_seed(seed);
        let tags = random.choose_multiple(TAGS, 4);
        let mut table = Self {
            app,
            random,
            tags,
            links: Vec::new(),
            changes: 0,
        };
        for _ in 0..steps {
            table.step().await;
        }
        table
    }

    async fn step(&mut self) {
        let status = match self.random.u32(..100) {
            0..20 => self.create_release().await,
            20..28 => self.update_release().await,
            28..32 => {
                let release = self.release_path();
                self.send("DELETE", &release, Value::Null).await.status
            }
            32..64 => self.create_link().await,
            64..79 => {
                let (link, changes) = (self.link_path(), self.some_of_link());
                self.send("PUT", &link, changes).await.status
            }
            79..88 => {
                let link = self.link_path();
                self.send("DELETE", &link, Value::Null).await.status
            }
            88..98 => self.change_project().await,
            _ => return self.hide_project().await,
        };
        self.changes += usize::from((200..300).contains(&status));
    }

    async fn send(&self, method: &str, target: &str, body: Value) -> Reply {
        let event = Event::new(method, target).token(TOKEN).json(body);
        let reply = self.app.send(event).await;
        assert!(reply.status < 500, "{method} {target}: {reply:?}");
        reply
    }

    async fn create_release(&mut self) -> u64 {
        let count = self.random.choice([0, 0, 1, 2, 3, 5, 30]).unwrap();
        let links: Vec<Value> = (0..count).map(|_| self.link()).collect();
        let mut body = self.some_of_release();
        body["tag_name"] = json!(self.tag());
        body["assets"] = json!({ "links": links });
        if self.random.bool() {
            body["ref"] = json!(if self.random.bool() {
                "main".to_owned()
            } else {
                "0d".repeat(20)
            });
        }
        let target = format!("/api/v4/projects/{}/releases", self.project());
        self.send("POST", &target, body).await.status
    }

    async fn update_release(&mut self) -> u64 {
        let (release, changes) = (self.release_path(), self.some_of_release());
        self.send("PUT", &release, changes).await.status
    }

    async fn create_link(&mut self) -> u64 {
        let (links, link) = (format!("{}/assets/links", self.release_path()), self.link());
        let created = self.send("POST", &links, link).await;
        if created.status == 201 {
            self.links.push(format!("{links}/{}", created.body["id"]));
        }
        created.status
    }

    /// The path of a release that may exist.
    fn release_path(&mut self) -> String {
        let (project, tag) = (self.project(), self.tag());
        let tag = utf8_percent_encode(tag, NON_ALPHANUMERIC);
        format!("/api/v4/projects/{project}/releases/{tag}")
    }

    /// Some attributes of a release.
    fn some_of_release(&mut self) -> Value {
        let mut attributes = Map::new();
        for name in ["name", "description"] {
            if self.random.bool() {
                let text = match self.random.u8(..8) {
                    0 => Value::Null,
                    1 => json!("x".repeat(255)),
                    _ => json!(self.one(&TEXTS)),
                };
                attributes.insert(name.to_owned(), text);
            }
        }
        if self.random.bool() {
            attributes.insert("released_at".to_owned(), json!(self.one(&TIMES)));
        }
        if self.random.u8(..12) == 0 {
            attributes.insert("immutable".to_owned(), json!(true));
        }
        attributes.into()
    }

    /// A new link, whose values other links seldom have.
    fn link(&mut self) -> Value {
        let mut link = self.some_of_link();
        for (name, texts) in [("name", TEXTS.as_slice()), ("url", &URLS)] {
            if link.get(name).is_none() {
                link[name] = json!(self.unique(texts));
            }
        }
        link
    }

    /// Some attributes of a link.
    fn some_of_link(&mut self) -> Value {
        let mut attributes = Map::new();
        for (name, texts) in [
            ("name", TEXTS.as_slice()),
            ("url", &URLS),
            ("direct_asset_path", &FILEPATHS),
        ] {
            if self.random.bool() {
                attributes.insert(name.to_owned(), json!(self.unique(texts)));
            }
        }
        if self.random.bool() {
            attributes.insert("link_type".to_owned(), json!(self.one(&TYPES)));
        }
        if self.random.u8(..3) == 0 {
            let digest = format!("sha256:{:064x}", self.random.u128(..));
            attributes.insert("digest".to_owned(), json!(digest));
        }
        attributes.into()
    }

    /// One of the texts, mostly with a number that no other text has.
    fn unique(&mut self, texts: &[&'static str]) -> String {
        let text = self.one(texts);
        match self.random.u8(..8) {
            0 => text.to_owned(),
            1 => format!("{text}{}", "x".repeat(self.random.usize(..240))),
            _ => format!("{text}{}", self.random.u32(..)),
        }
    }

    /// The path of a link that may exist.
    fn link_path(&mut self) -> String {
        match self.random.choice(&self.links) {
            Some(link) => link.clone(),
            None => format!("{}/assets/links/1", self.release_path()),
        }
    }

    async fn change_project(&mut self) -> u64 {
        let path = ProjectPath::parse_new(self.one(&PATHS)).unwrap();
        let visibility = if self.random.bool() {
            Visibility::Private
        } else {
            Visibility::Public
        };
        let changes = ProjectChanges {
            path: self.random.bool().then_some(path),
            visibility: Some(visibility),
        };
        let name = ProjectRef::Id(ProjectId::new(self.project()).unwrap());
        let session = self.app.operator.session(Duration::from_secs(5));
        let changed = session
            .projects()
            .update(&name, changes, Takeover::Allow, SystemTime::now());
        if changed.await.is_ok() { 200 } else { 400 }
    }

    /// Hides a project, seldom.
    async fn hide_project(&mut self) {
        let id = ProjectId::new(self.project()).unwrap();
        let session = self.app.operator.session(Duration::from_secs(5));
        if self.random.u8(..4) == 0 {
            drop(session.projects().hide(id, SystemTime::now()).await);
        }
    }

    fn project(&mut self) -> u64 {
        *self.random.choice(PROJECTS.iter()).unwrap()
    }

    fn tag(&mut self) -> &'static str {
        self.random.choice(&self.tags).unwrap()
    }

    fn one(&mut self, texts: &[&'static str]) -> &'static str {
        self.random.choice(texts).unwrap()
    }
}
