//! `release-links-admin export`: what it writes.

use std::sync::LazyLock;

use aws_sdk_dynamodb::types::AttributeValue;
use jsonschema::Validator;
use release_links::project::Visibility;
use serde_json::{Value, json};

use super::{Ended, NO_PROJECT, admin, run};
use testkit::app::{LINKS, TABLE, TestApp, project};

const RELEASES: &str = "/api/v4/projects/24/releases";
const SCHEMA: &str = include_str!("../../../docs/export.schema.json");

/// The schema of the documents, without the freedom of a later version to add members.
static CLOSED_SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for line in ["header", "project", "release", "link"] {
        schema["$defs"][line]["additionalProperties"] = json!(false);
    }
    schema["$defs"]["release"]["properties"]["author"]["additionalProperties"] = json!(false);
    jsonschema::validator_for(&schema).unwrap()
});

/// The lines of an export. Each of them is as the schema says.
#[track_caller]
pub fn lines(ended: &Ended) -> Vec<Value> {
    let lines = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    for line in &lines {
        if let Err(error) = CLOSED_SCHEMA.validate(line) {
            panic!("{error}: {line}");
        }
    }
    lines
}

/// The lines of a successful export after the first one, which has this form.
#[track_caller]
fn records(ended: &Ended, summary: &str) -> Vec<Value> {
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), format!("exported {summary}\n").as_str())
    );
    let mut lines = lines(ended);
    let exported_at = lines[0]["exported_at"].clone();
    let header = json!({"format": "release-links", "version": 1, "exported_at": exported_at});
    assert_eq!(lines.remove(0), header);
    lines
}

/// The lines of the seeded project.
fn seeded() -> [Value; 3] {
    let time = "2026-11-24T00:00:00.000000Z";
    [
        json!({"type": "project", "id": 24, "path": "group/app", "visibility": "public"}),
        json!({
            "type": "release", "project": 24, "tag": "v0.1", "created_at": time,
            "released_at": time, "last_link_id": 2, "links": 1,
        }),
        json!({
            "type": "link", "project": 24, "tag": "v0.1", "id": 2, "name": "awesome-v0.2.msi",
            "url": "http://192.168.10.15:3000/msi", "link_type": "other", "created_at": time,
        }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_are_compact_json_in_the_documented_order() {
    let app = TestApp::start().await;
    let exported = admin(&app, "export");
    let header = exported.stdout.lines().next().unwrap();
    let time = header.split('"').nth(9).unwrap();
    exported.assert(
        0,
        &format!(
            "{{\"format\":\"release-links\",\"version\":1,\"exported_at\":\"{time}\"}}\n\
             {{\"type\":\"project\",\"id\":24,\"path\":\"group/app\",\"visibility\":\"public\"}}\n\
             {{\"type\":\"release\",\"project\":24,\"tag\":\"v0.1\",\
             \"created_at\":\"2026-11-24T00:00:00.000000Z\",\
             \"released_at\":\"2026-11-24T00:00:00.000000Z\",\"last_link_id\":2,\"links\":1}}\n\
             {{\"type\":\"link\",\"project\":24,\"tag\":\"v0.1\",\"id\":2,\
             \"name\":\"awesome-v0.2.msi\",\"url\":\"http://192.168.10.15:3000/msi\",\
             \"link_type\":\"other\",\"created_at\":\"2026-11-24T00:00:00.000000Z\"}}\n"
        ),
        "exported 1 project, 1 release and 1 link\n",
    );
    assert_eq!(lines(&exported)[1..], seeded());
}

/// A release with every attribute, its tag and its links with characters that a terminal obeys.
async fn add_full_release(app: &TestApp) -> Value {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let first = json!({
        "name": "first", "url": "https://e.com/1", "direct_asset_path": "/bin/1",
        "link_type": "package", "digest": digest,
    });
    let links = [first, json!({"name": "second", "url": "https://e.com/2"})];
    let body = json!({
        "tag_name": "release/ü\u{202e}", "name": "", "description": "line\n\u{1b}[2K\u{2028}",
        "ref": "c".repeat(40), "released_at": "2020-01-02T03:04:05.6Z", "immutable": true,
        "assets": {"links": links},
    });
    let created = app.post(RELEASES, body).await;
    assert_eq!(created.status, 201, "{created:?}");
    created.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_exported_with_all_its_attributes() {
    let app = TestApp::start().await;
    let created = add_full_release(&app).await;
    let exported = admin(&app, "export --project group/app");
    let is_safe = |c: char| c == '\n' || !c.is_control() && !matches!(c, '\u{2028}' | '\u{202e}');
    assert!(exported.stdout.chars().all(is_safe), "{exported:?}");
    let records = records(&exported, "1 project, 2 releases and 3 links");
    let time = records[1]["created_at"].as_str().unwrap();
    let milliseconds = created["created_at"]
        .as_str()
        .unwrap()
        .trim_end_matches('Z');
    assert!(time.starts_with(milliseconds), "{time}");
    let tag = "release/ü\u{202e}";
    let release = json!({
        "type": "release", "project": 24, "tag": tag, "name": "",
        "description": "line\n\u{1b}[2K\u{2028}", "commit": "c".repeat(40),
        "author": {"id": 1, "label": "documentation"}, "created_at": time,
        "released_at": "2020-01-02T03:04:05.600000Z", "immutable_at": time, "last_link_id": 2,
        "links": 2,
    });
    let first = json!({
        "type": "link", "project": 24, "tag": tag, "id": 1, "name": "first",
        "url": "https://e.com/1", "filepath": "/bin/1", "link_type": "package",
        "created_at": time, "digest": format!("sha256:{}", "0a".repeat(32)),
    });
    let second = json!({
        "type": "link", "project": 24, "tag": tag, "id": 2, "name": "second",
        "url": "https://e.com/2", "link_type": "other", "created_at": time,
    });
    let [project, v01, link] = seeded();
    assert_eq!(records, [project, release, first, second, v01, link]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_highest_link_id_is_that_of_a_deleted_link() {
    let app = TestApp::start().await;
    for name in ["a", "b", "c"] {
        let body = json!({"name": name, "url": format!("https://e.com/{name}")});
        assert_eq!(app.post(LINKS, body).await.status, 201);
    }
    // The documented link has the ID 2, so this is what is left of the three others.
    for id in [1, 4] {
        assert_eq!(app.delete(&format!("{LINKS}/{id}")).await.status, 200);
    }
    let records = records(&admin(&app, "export"), "1 project, 1 release and 2 links");
    let ids: Vec<_> = records[2..].iter().map(|link| &link["id"]).collect();
    assert_eq!(
        (&records[1]["last_link_id"], ids),
        (&json!(4), vec![&json!(2), &json!(3)])
    );
}

/// The IDs and paths of the projects in an export.
fn projects(records: &[Value]) -> Vec<Value> {
    let projects = records.iter().filter(|record| record["type"] == "project");
    let described = |record: &Value| json!([record["id"], record["path"], record["former_paths"]]);
    projects.map(described).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn visible_projects_are_exported_by_id_with_the_former_paths_that_are_theirs() {
    let app = TestApp::start().await;
    for (id, path) in [
        (100, "Group/B"),
        (7, "group/a"),
        (8, "group/hidden"),
        (9, "group/gone"),
    ] {
        app.add(project(id, path, Visibility::Private)).await;
    }
    run(&app, "project update 100 --path group/b2");
    run(&app, "project update 100 --path group/b3");
    run(&app, "project update 100 --path group/b4");
    run(&app, "project update 7 --path group/b2 --take-former-path");
    run(&app, "project delete 8 --yes");
    run(&app, "project delete 9 --yes --purge --wait 0s");
    let all = records(&admin(&app, "export"), "3 projects, 1 release and 1 link");
    let b = json!([100, "group/b4", ["group/b", "group/b3"]]);
    let a = json!([7, "group/b2", ["group/a"]]);
    let app_project = json!([24, "group/app", null]);
    assert_eq!(projects(&all), [a.clone(), app_project, b.clone()]);
    assert_eq!(all[0]["visibility"], "private");
    let some = "export --project group/b4 --project 7 --project 100 --project GROUP/B4";
    let some = records(&admin(&app, some), "2 projects, 0 releases and 0 links");
    assert_eq!(projects(&some), [a, b]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_table_gives_the_first_line() {
    let app = TestApp::start().await;
    run(&app, "project delete 24 --yes");
    let none: [Value; 0] = [];
    assert_eq!(
        records(&admin(&app, "export"), "0 projects, 0 releases and 0 links"),
        none
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_cannot_be_exported_ends_the_command_before_the_first_line() {
    let app = TestApp::start().await;
    admin(&app, "export --project 24 --project 25").assert_fails(NO_PROJECT);
    run(&app, "project update 24 --path group/new");
    admin(&app, "export --project group/app").assert_fails(
        "group/app is a former path of project 24, which is now group/new: use its ID or its \
         current path",
    );
    run(&app, "project delete 24 --yes");
    admin(&app, "export --project 24").assert_fails(
        "project 24 is hidden: `project restore 24` brings it back, and `project purge 24` \
         deletes it for good",
    );
}

/// Sets an attribute of the seeded link.
pub async fn set(app: &TestApp, name: &str, value: AttributeValue) {
    let key = [("pk", "24#v0.1"), ("sk", "g000000000001#l#000000000002")];
    let [pk, sk] = key.map(|(name, text)| (name, AttributeValue::S(text.to_owned())));
    let update = app.client.update_item().table_name(TABLE);
    let update = update.key(pk.0, pk.1).key(sk.0, sk.1);
    let update = update.update_expression("SET #name = :value");
    let update = update.expression_attribute_names("#name", name);
    update
        .expression_attribute_values(":value", value)
        .send()
        .await
        .unwrap();
}

/// A release of which an item is corrupt is not in the export, and those before it are whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_item_ends_the_export_with_a_sentence() {
    let app = TestApp::start().await;
    add_full_release(&app).await;
    set(
        &app,
        "created_at",
        AttributeValue::S("yesterday".to_owned()),
    )
    .await;
    let exported = admin(&app, "export");
    let sentence = "release-links-admin: the table release-links has an item that cannot be read: \
                    attribute created_at of item 24#v0.1/g000000000001#l#000000000002 is missing \
                    or mistyped: it is not a date be…; the export is incomplete\n";
    assert_eq!(
        (exported.code, exported.stderr.as_str()),
        (Some(1), sentence)
    );
    let types: Vec<Value> = lines(&exported)
        .into_iter()
        .map(|mut line| line["type"].take())
        .collect();
    assert_eq!(
        json!(types),
        json!([null, "project", "release", "link", "link"])
    );
}

/// No request makes such a table. It stands for a link that took the name of another one while the
/// links were read.
#[tokio::test(flavor = "multi_thread")]
async fn the_link_with_the_higher_id_is_exported_if_two_have_one_name() {
    let app = TestApp::start().await;
    for name in ["a", "b", "c"] {
        let body = json!({"name": name, "url": format!("https://e.com/{name}")});
        assert_eq!(app.post(LINKS, body).await.status, 201);
    }
    set(&app, "name", AttributeValue::S("c".to_owned())).await;
    let records = records(&admin(&app, "export"), "1 project, 1 release and 3 links");
    let links: Vec<Value> = records[2..]
        .iter()
        .map(|link| json!([link["id"], link["name"]]))
        .collect();
    assert_eq!(json!(links), json!([[1, "a"], [3, "b"], [4, "c"]]));
}

const HELP: &str = "\
Export projects with their releases and links as JSON Lines, which `import`
reads

The export contains the visible projects with their releases and links, but
neither tokens nor roles. Each release is consistent, but the command reads the
releases one after the other while clients may write. Unless it exits with 0,
the export is incomplete.

Usage: release-links-admin export [OPTIONS]

Options:
      --project <PROJECT>
          The ID or path of a project; repeat the flag for several. By default,
          all visible projects

      --verbose
          If the command fails, also print the AWS SDK's error details

  -h, --help
          Print help (see a summary with '-h')

Examples:
  release-links-admin export > releases.jsonl
  release-links-admin export --project group/app | gzip > app.jsonl.gz
";

#[tokio::test(flavor = "multi_thread")]
async fn the_help_is_at_most_80_columns_wide() {
    let app = TestApp::start().await;
    admin(&app, "export --help").assert(0, HELP, "");
    let short = admin(&app, "export -h");
    for line in HELP.lines().chain(short.stdout.lines()) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_exits_with_2() {
    let app = TestApp::start().await;
    let usage =
        "Usage: release-links-admin export [OPTIONS]\n\nFor more information, try '--help'.\n";
    for (arguments, sentence) in [
        ("export app", "unexpected argument 'app' found"),
        ("export --json", "unexpected argument '--json' found"),
    ] {
        admin(&app, arguments).assert(2, "", &format!("error: {sentence}\n\n{usage}"));
    }
    for (arguments, sentence) in [
        (
            "export --project app",
            "invalid value 'app' for '--project <PROJECT>': specify a project by its ID, such as \
             24, or by its path, such as group/app",
        ),
        (
            "export --project",
            "a value is required for '--project <PROJECT>' but none was supplied",
        ),
    ] {
        let more = "For more information, try '--help'.";
        admin(&app, arguments).assert(2, "", &format!("error: {sentence}\n\n{more}\n"));
    }
}
