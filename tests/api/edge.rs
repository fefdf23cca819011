//! What the edge of `edge.yaml` may keep. It shares an answer between requests that have the same
//! path, query and key headers, and ignores `Vary`. So whenever one of their answers may be kept,
//! all of them must get the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use release_links::operations::OPERATIONS;
use release_links::project::{ProjectId, ProjectPath, ProjectRef, Visibility};
use release_links::store::operator::{ProjectChanges, Takeover};
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use testkit::app::{TestApp, project};
use testkit::event::Event;
use testkit::persona::Persona::{self, Expired, Guest, Junk, Outsider, Revoked};
use testkit::persona::{PRIVATE, PUBLIC};
use testkit::reply::Reply;
use tokio::runtime::Runtime;

use crate::cases::{CASES, OF_EMPTY_FILE, Subject};

/// A project with a former path, and one that is deleted.
const MOVED: u64 = 8;
const HIDDEN: u64 = 9;
/// A tag whose paths in the API match the pattern of permanent URLs.
const TAG: &str = "a/-/releases/b";

/// Headers that are forwarded to the service, but are not in the key.
const OUTSIDE: [(&str, &str); 23] = [
    ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("accept", "application/json"),
    ("accept-encoding", "gzip, br"),
    ("accept-language", "de"),
    ("content-type", "application/json"),
    ("cookie", "_gitlab_session=1; private_token=x"),
    ("host", "evil.example.com"),
    ("idempotency-key", "k"),
    ("if-modified-since", "Wed, 21 Oct 2015 07:28:00 GMT"),
    ("if-none-match", "*"),
    ("range", "bytes=0-0"),
    ("referer", "https://evil.example.com/"),
    ("sec-fetch-mode", "navigate"),
    ("user-agent", "Mozilla/5.0"),
    ("via", "1.1 proxy"),
    ("x-forwarded-for", "203.0.113.1"),
    ("x-forwarded-host", "evil.example.com"),
    ("x-forwarded-port", "8080"),
    ("x-forwarded-prefix", "/evil"),
    ("x-forwarded-proto", "http"),
    ("x-http-method-override", "DELETE"),
    ("x-original-url", "/evil"),
    ("x-request-id", "1"),
];

/// The headers of the key, in lower case, and the path pattern of what the edge keeps.
fn edge() -> (Vec<String>, String) {
    let template: Yaml = serde_yaml_ng::from_str(include_str!("../../edge.yaml")).unwrap();
    let resource = |name: &str| template["Resources"][name]["Properties"].clone();
    let policy = resource("CachePolicy");
    let key = &policy["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"];
    assert_eq!(key["QueryStringsConfig"]["QueryStringBehavior"], "all");
    let headers = key["HeadersConfig"]["Headers"].as_sequence().unwrap();
    let headers = headers.iter().map(|name| name.as_str().unwrap());
    let distribution = resource("Distribution");
    let behavior = &distribution["DistributionConfig"]["CacheBehaviors"][0];
    let pattern = behavior["PathPattern"].as_str().unwrap();
    (
        headers.map(str::to_ascii_lowercase).collect(),
        pattern.to_owned(),
    )
}

/// Whether a path has the form of a pattern of CloudFront, whose `*` stands for any characters.
fn has_form(path: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => path == pattern,
        Some((start, rest)) => path.strip_prefix(start).is_some_and(|path| {
            (0..=path.len()).any(|at| path.is_char_boundary(at) && has_form(&path[at..], rest))
        }),
    }
}

#[test]
fn a_star_of_a_pattern_stands_for_any_characters() {
    let (_, pattern) = edge();
    for path in ["/g/a/-/releases/v1/downloads/a", "/a/-/releases/"] {
        assert!(has_form(path, &pattern), "{path}");
    }
    for path in ["/api/v4/projects/24/releases/v1", "/-/releases/v1", "/"] {
        assert!(!has_form(path, &pattern), "{path}");
    }
}

/// A request, and what the edge could keep of its answer.
struct Sent {
    method: &'static str,
    target: String,
    headers: BTreeMap<String, String>,
    status: u64,
    cache_control: String,
    etag: String,
    /// The location, the body, the media type and the headers for scripts of other origins.
    content: (String, Value, String, BTreeMap<String, String>),
}

impl Sent {
    fn new(method: &'static str, target: &str, headers: &[(&str, &str)], reply: &Reply) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let text = |name: &str| match reply.has_header(name) {
            true => reply.header(name).to_owned(),
            false => String::new(),
        };
        Self {
            method,
            target: target.to_owned(),
            headers: headers.iter().map(owned).collect(),
            status: reply.status,
            cache_control: text("cache-control"),
            etag: text("etag"),
            content: (
                text("location"),
                reply.body.clone(),
                text("content-type"),
                reply.headers_with_prefix("access-control-"),
            ),
        }
    }

    /// Whether CloudFront keeps the answer: with a minimum and a default of 0 s, only if it says so.
    fn is_kept(&self) -> bool {
        let directives: Vec<&str> = self.cache_control.split(", ").collect();
        let has = |name: &str| directives.iter().any(|one| one.starts_with(name));
        (has("max-age") || has("s-maxage"))
            && !["private", "no-store", "no-cache"].iter().any(|no| has(no))
    }

    /// Whether this answer serves for the other one. A 304 is the 200 with its entity tag, and HEAD
    /// has no body.
    fn is_like(&self, other: &Self) -> bool {
        let is_one_304 = [self.status, other.status].contains(&304);
        if is_one_304 {
            let both = [self.status, other.status]
                .iter()
                .all(|one| matches!(one, 200 | 304));
            return both
                && (&self.etag, &self.cache_control) == (&other.etag, &other.cache_control);
        }
        if self.method != other.method {
            return (self.status, &self.cache_control) == (other.status, &other.cache_control);
        }
        (self.status, &self.content) == (other.status, &other.content)
    }
}

/// The requests that would share an entry although their answers differ, if the key had these
/// headers.
fn crossings(sent: &[Sent], key: &[String]) -> BTreeSet<String> {
    let mut entries: BTreeMap<_, Vec<&Sent>> = BTreeMap::new();
    for one in sent {
        let headers: Vec<_> = key.iter().map(|name| one.headers.get(name)).collect();
        entries.entry((&one.target, headers)).or_default().push(one);
    }
    let mut found = BTreeSet::new();
    for sharing in entries.values() {
        for kept in sharing.iter().filter(|one| one.is_kept()) {
            let others = sharing.iter().filter(|other| !kept.is_like(other));
            found.extend(others.map(|other| {
                let (target, one, another) = (&kept.target, &kept.headers, &other.headers);
                format!("{target} with {one:?} and with {another:?}")
            }));
        }
    }
    found
}

/// The ways to send a token: headers, or a parameter.
fn callers() -> Vec<(Vec<(&'static str, String)>, String)> {
    let header = |name, token: String| (vec![(name, token)], String::new());
    let mut callers = vec![(Vec::new(), String::new())];
    for persona in [Guest, Outsider, Expired, Junk, Revoked] {
        callers.push(header("private-token", persona.token()));
    }
    for token in [Guest, Junk].map(Persona::token) {
        callers.push(header("job-token", token.clone()));
        callers.push(header("authorization", format!("Bearer {token}")));
        for name in "private_token access_token bearer_token job_token token".split(' ') {
            callers.push((Vec::new(), format!("{name}={token}")));
        }
    }
    callers
}

async fn change(app: &TestApp, id: u64, path: &str) {
    let session = app.operator.session(Duration::from_secs(5));
    let changes = ProjectChanges {
        path: Some(ProjectPath::parse(path).unwrap()),
        visibility: None,
    };
    let which = ProjectRef::parse(&id.to_string()).unwrap();
    let (projects, now) = (session.projects(), SystemTime::now());
    let updated = projects.update(&which, changes, Takeover::Refuse, now);
    updated.await.unwrap();
}

/// Creates the release v0 of a project, which is immutable and has a checksum file. It is older than
/// the others, so that it is never the latest one.
async fn create_immutable_release(app: &TestApp, id: u64) {
    let link = json!({
        "name": "old", "url": "https://e.com/old", "filepath": "/bin/old", "digest": OF_EMPTY_FILE
    });
    let release = json!({
        "tag_name": "v0", "released_at": "2001-01-01T00:00:00Z", "immutable": true,
        "assets": {"links": [link]}
    });
    let path = format!("/api/v4/projects/{id}/releases");
    let event = Event::new("POST", &path).token(&Persona::EveryProject.token());
    let created = app.send(event.json(release)).await;
    assert_eq!(created.status, 201, "{:?}", created.body);
}

/// A service behind the edge, with a release in a public, a private, a moved and a deleted project.
async fn start() -> TestApp {
    let app = TestApp::start_with_personas().await;
    for (id, path) in [(MOVED, "group/former"), (HIDDEN, "group/hidden")] {
        app.add(project(id, path, Visibility::Public)).await;
    }
    for id in [PUBLIC, PRIVATE, MOVED, HIDDEN] {
        for tag in ["v1", TAG] {
            Subject::new(id, tag).create_release(&app).await;
        }
        create_immutable_release(&app, id).await;
    }
    change(&app, MOVED, "group/moved").await;
    let session = app.operator.session(Duration::from_secs(5));
    let id = ProjectId::new(HIDDEN).unwrap();
    let hidden = session.projects().hide(id, SystemTime::now());
    hidden.await.unwrap();
    TestApp::builder(app.address)
        .public_url("https://links.example.com")
        .setting("SHARED_CACHE_SECONDS", "600")
        .start()
}

/// Every GET whose path the edge looks up: permanent URLs, and each operation of the API that names
/// a release.
fn targets(pattern: &str) -> BTreeSet<String> {
    let mut targets = BTreeSet::new();
    for path in "public private moved former hidden missing".split(' ') {
        for tail in [
            "v1",
            "v1/downloads/bin/old",
            "v1/downloads/bin/missing",
            "v2/downloads/bin/old",
            "v0/downloads/bin/old.sha256",
            "v0/downloads/SHA256SUMS",
            "v1/downloads/bin/old.sha256",
            "permalink/latest",
            "permalink/latest/downloads/bin/old",
            "permalink/latest?noCache=1",
            "a%2F-%2Freleases%2Fb/downloads/bin/old",
            "a/-/releases/b/downloads/bin//old",
        ] {
            if !matches!(path, "hidden" | "missing") || tail == "v1/downloads/bin/old" {
                targets.insert(format!("/group/{path}/-/releases/{tail}"));
            }
        }
    }
    for id in [PUBLIC, PRIVATE] {
        let subject = Subject::new(id, TAG);
        let events = CASES.iter().filter(|case| {
            let mut rows = OPERATIONS.iter().map(|row| row.facts);
            rows.any(|facts| facts.name == case.row() && facts.method == "GET")
        });
        targets.extend(events.map(|case| (case.request)(&subject).target().to_owned()));
    }
    targets.retain(|target| has_form(path_of(target), pattern));
    let of_api = targets.iter().filter(|target| target.starts_with("/api/"));
    assert!(of_api.count() > 5, "{targets:?}");
    targets
}

/// The target without its query.
fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap()
}

async fn send(app: &TestApp, method: &'static str, target: &str, headers: &[(&str, &str)]) -> Sent {
    let event = Event::new(method, target).anonymous();
    let event = headers
        .iter()
        .fold(event, |event, (name, value)| event.header(name, value));
    Sent::new(method, target, headers, &app.send(event).await)
}

async fn send_all() -> Vec<Sent> {
    let (app, (_, pattern)) = (start().await, edge());
    let mut sent = Vec::new();
    for target in targets(&pattern) {
        for (n, (credential, parameter)) in callers().into_iter().enumerate() {
            let joint = if target.contains('?') { '&' } else { '?' };
            let target = match parameter.as_str() {
                "" => target.clone(),
                parameter => format!("{target}{joint}{parameter}"),
            };
            for origin in [None, Some(("origin", "https://app.example.com"))] {
                let credential = credential.iter();
                let credential = credential.map(|(name, token)| (*name, token.as_str()));
                let key: Vec<_> = credential.chain(origin).collect();
                sent.push(send(&app, "GET", &target, &key).await);
                sent.push(send(&app, "HEAD", &target, &key).await);
                sent.push(send(&app, "GET", &target, &[&key[..], &OUTSIDE].concat()).await);
                // One by one only for nobody and a guest, so that the test stays fast.
                let is_kept = sent.iter().rev().take(3).any(Sent::is_kept);
                for outside in OUTSIDE.iter().filter(|_| is_kept && n < 2) {
                    sent.push(send(&app, "GET", &target, &[&key[..], &[*outside]].concat()).await);
                }
            }
        }
    }
    sent
}

static SENT: LazyLock<Vec<Sent>> = LazyLock::new(|| Runtime::new().unwrap().block_on(send_all()));

#[test]
fn no_answer_that_the_edge_keeps_depends_on_anything_outside_its_key() {
    let (key, _) = edge();
    assert_eq!(crossings(&SENT, &key), BTreeSet::new());
    let kept = SENT.iter().filter(|one| one.is_kept()).count();
    assert!(kept > 500, "only {kept} answers may be kept");
}

/// Only the checksum files of an immutable release, because others may change with it.
#[test]
fn the_edge_keeps_the_checksum_files_of_an_immutable_release() {
    let shared = SENT
        .iter()
        .filter(|one| one.cache_control.contains("s-maxage=600"));
    let checksums = shared.filter(|one| one.status == 200);
    let paths: BTreeSet<&str> = checksums.map(|one| path_of(&one.target)).collect();
    let expected = ["former", "moved", "public"].iter().flat_map(|project| {
        ["SHA256SUMS", "bin/old.sha256"]
            .map(|name| format!("/group/{project}/-/releases/v0/downloads/{name}"))
    });
    let expected: BTreeSet<String> = expected.collect();
    assert_eq!(paths, expected.iter().map(String::as_str).collect());
}

#[test]
fn without_any_header_of_the_key_answers_would_cross() {
    let (key, _) = edge();
    assert_eq!(key.len(), 4, "{key:?}");
    for missing in &key {
        let others: Vec<String> = key.iter().filter(|one| *one != missing).cloned().collect();
        assert!(!crossings(&SENT, &others).is_empty(), "{missing}");
    }
}

#[test]
fn the_edge_keeps_no_error_and_nothing_of_a_private_or_deleted_project() {
    for one in SENT.iter().filter(|one| one.is_kept()) {
        let is_public = ["/group/private/", "/group/hidden/", "/group/missing/"];
        let is_public = !is_public.iter().any(|path| one.target.starts_with(path));
        let is_success = matches!(one.status, 200 | 302 | 304);
        assert!(is_public && is_success, "{} {}", one.status, one.target);
    }
}
