//! Authorization (section E, R52, R53): every operation, for every kind of caller and project.

use std::collections::BTreeMap;
use std::io::{Write, stderr};

use release_links::project::Role;
use serde_json::{Value, json};
use strum::VariantArray;

use testkit::app::{LINKS, TestApp, granted};
use testkit::event::Event;
use testkit::persona::Persona::{self, Anonymous, Guest, Junk, Outsider};
use testkit::persona::{MISSING, PRIVATE, PUBLIC};
use testkit::reply::Reply;

use crate::cases::{Case, Given, Subject, case};

/// The access matrix. It says itself how to read it.
const TABLE: &str = include_str!("access.txt");

/// A cell of the table: the expected response to one caller.
struct Cell<'a> {
    project: u64,
    line: &'a str,
    persona: Persona,
    expected: &'a str,
}

/// The bodies of errors, by the abbreviation that stands for them.
fn legend() -> BTreeMap<&'static str, Value> {
    let lines = TABLE.split_once("legend\n").unwrap().1.lines();
    let lines = lines.take_while(|line| !line.is_empty());
    lines
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, body)| (name, serde_json::from_str(body).unwrap()))
        .collect()
}

fn cells() -> Vec<Cell<'static>> {
    let mut cells = Vec::new();
    for block in TABLE.split("\nproject ").skip(1) {
        let mut lines = block.lines();
        let mut header = lines.next().unwrap().split_whitespace();
        let project = match header.next().unwrap() {
            "public" => PUBLIC,
            "private" => PRIVATE,
            _ => MISSING,
        };
        let personas: Vec<Persona> = header.map(|name| name.parse().unwrap()).collect();
        for text in lines.filter(|line| !line.is_empty()) {
            let (line, expected) = text.split_once("  ").unwrap();
            let expected: Vec<&str> = expected.split_whitespace().collect();
            assert_eq!(expected.len(), personas.len(), "{text}");
            cells.extend(
                personas
                    .iter()
                    .zip(expected)
                    .map(|(persona, expected)| Cell {
                        project,
                        line,
                        persona: *persona,
                        expected,
                    }),
            );
        }
    }
    cells
}

impl Cell<'_> {
    /// The case of the line, and what the line says about its release, its link or the caller.
    fn case(&self) -> (&'static Case, &str) {
        let (name, state) = self.line.split_once(", ").unwrap_or((self.line, ""));
        (case(name), state)
    }

    /// Sends the request. `tag` names a release of its own, `member` is the ID of the caller.
    async fn send(&self, app: &TestApp, tag: String, member: u64) -> Reply {
        let (case, state) = self.case();
        let mut subject = Subject::new(self.project, tag);
        subject.member = member.to_string();
        if case.given != Given::NoRelease {
            subject.create_release(app).await;
        }
        match state {
            "" => {}
            "no link" => subject.link = "999999".to_owned(),
            "no release" => subject.tag = format!("none-{}", subject.tag),
            "immutable" => subject.lock_release(app).await,
            "another member" => subject.member = (member + 1).to_string(),
            other => panic!("{other} is no word of the table"),
        }
        let request = (case.request)(&subject);
        app.as_(self.persona).send(request).await
    }
}

/// The name of the case of each cell.
pub fn names_in_matrix() -> impl Iterator<Item = &'static str> {
    cells().into_iter().map(|cell| cell.case().0.name)
}

#[track_caller]
fn assert_response(
    reply: &Reply,
    (expected, tag): (&str, &str),
    legend: &BTreeMap<&str, Value>,
    context: &str,
) {
    let status: u64 = expected[..3].parse().unwrap();
    assert_eq!(reply.status, status, "{context}: {reply:?}");
    // An error ends in `H` if it is a page.
    let (plain, is_page) = match expected.strip_suffix('H') {
        Some(plain) => (plain, true),
        None => (expected, false),
    };
    let error = legend.get(plain).filter(|_| status >= 400);
    assert_eq!(
        error.is_some(),
        status >= 400,
        "{expected} is in the legend"
    );
    if is_page {
        let name = format!("{status}H");
        let sentence = legend[name.as_str()].as_str().unwrap();
        let page = reply.body.as_str().unwrap();
        assert!(page.contains(&format!(">{sentence}<")), "{context}: {page}");
    } else if let Some(body) = error {
        let body = body.to_string().replace("TAG", tag);
        assert_eq!(reply.body.to_string(), body, "{context}");
    }
    let description = error.and_then(|body| body.get("error_description"));
    let challenge = description.filter(|_| status == 401).map(|description| {
        let description = description.as_str().unwrap();
        format!(r#"Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description="{description}""#)
    });
    assert_eq!(
        reply.header("www-authenticate"),
        challenge.unwrap_or_default(),
        "{context}"
    );
}

#[tokio::test]
async fn every_caller_gets_gitlabs_response() {
    let app = TestApp::start_with_personas().await;
    let (legend, cells) = (legend(), cells());
    let mut members = BTreeMap::new();
    for persona in Persona::VARIANTS {
        let user = app.as_(*persona).get("/api/v4/user").await;
        members.insert(persona, user.body["id"].as_u64().unwrap_or(1));
    }
    for (index, cell) in cells.iter().enumerate() {
        let member = members[&cell.persona];
        let tag = format!("v{index}");
        let reply = cell.send(&app, tag.clone(), member).await;
        let context = format!("{}, {}, {}", cell.project, cell.line, cell.persona.name());
        assert_response(&reply, (cell.expected, &tag), &legend, &context);
    }
    // Written directly to stderr because the test harness captures `eprintln!`.
    let _ = writeln!(stderr(), "access matrix: {} cases", cells.len());
}

#[tokio::test]
async fn the_checks_of_a_link_have_gitlabs_order() {
    let app = TestApp::start_with_personas().await;
    let missing = "/api/v4/projects/3/releases/v1/assets/links";
    let event = Event::new("POST", missing).anonymous().form("");
    app.send(event)
        .await
        .assert_error(400, "name is missing, url is missing");
    let event = Event::new("POST", missing).form("name=a&url=http://a");
    app.as_(Junk)
        .send(event)
        .await
        .assert(401, json!({"message": "401 Unauthorized"}));
    let forbidden = json!({"message": "403 Forbidden"});
    let event = Event::new("POST", LINKS)
        .anonymous()
        .form("name=&url=http://a");
    app.send(event).await.assert(403, forbidden.clone());
    let link = format!("{LINKS}/2");
    app.send(Event::new("PUT", &link).anonymous().form("name="))
        .await
        .assert(403, forbidden);
    app.put(&link, json!({"name": ""}))
        .await
        .assert(400, json!({"message": ["Name can't be blank"]}));
}

#[tokio::test]
async fn an_outsider_cannot_distinguish_a_private_project_from_a_missing_one() {
    let app = TestApp::start_with_personas().await;
    let links = |project: &str| format!("/api/v4/projects/{project}/releases/v1/assets/links");
    Subject::new(PRIVATE, "v1").create_release(&app).await;
    let member = app.as_(Guest).get(&links("2")).await;
    assert_eq!(member.status, 200, "the project is cached from here on");
    for persona in [Outsider, Anonymous] {
        for project in ["2", "3", "group%2Fprivate", "group%2Fmissing"] {
            let first = app.as_(persona).get(&links(project)).await;
            first.assert(404, json!({"message": "404 Project Not Found"}));
            // Every request reads the table.
            let reply = app.as_(persona).get(&links(project)).await;
            reply.assert_calls(404, &["BatchGetItem"]);
            let missing = app.as_(persona).get(&links("99")).await;
            assert_eq!(reply.without_runtime(), missing.without_runtime());
        }
    }
}

#[tokio::test]
async fn an_uncached_token_reads_the_same_keys_for_private_and_missing_projects() {
    let app = TestApp::start_with_personas().await;
    let links = |project: &str| format!("/api/v4/projects/{project}/releases/v1/assets/links");
    Subject::new(PRIVATE, "v1").create_release(&app).await;
    for project in ["1", "2", "group%2Fprivate"] {
        assert!(app.as_(Guest).get(&links(project)).await.status < 500);
    }
    for (project, keys) in [
        ("2", 2),
        ("3", 2),
        ("group%2Fprivate", 2),
        ("group%2Fmissing", 2),
        ("1", 1),
    ] {
        let outsider = app
            .issue(granted(&format!("outsider of {project}"), 24, Role::Owner))
            .await;
        for (token, status) in [(outsider, 404), (format!("junk for {project}"), 401)] {
            app.take_operations_and_keys();
            let reply = app
                .send(Event::new("GET", &links(project)).token(&token))
                .await;
            assert_eq!(reply.status, status, "{project}: {reply:?}");
            let batches = app
                .take_operations_and_keys()
                .into_iter()
                .filter(|(operation, _)| operation == "BatchGetItem");
            assert_eq!(
                batches.map(|(_, keys)| keys).collect::<Vec<_>>(),
                [keys],
                "{project}, {token}"
            );
        }
    }
}
