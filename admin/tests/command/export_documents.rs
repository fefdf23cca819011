//! What the documents say of an export.

use serde_json::{Value, json};

use super::{command, ended};
use testkit::app::{TABLE, TestApp};
use testkit::import;
use testkit::proxy::Proxy;

const SCHEMA: &str = include_str!("../../../docs/export.schema.json");
const OPERATIONS: &str = include_str!("../../../docs/operations.md");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

#[test]
fn the_documents_list_the_members_of_the_schema() {
    let schema = schema();
    let mut table = String::from("| `type` | Member | Content |\n| --- | --- | --- |\n");
    for kind in ["project", "release", "link"] {
        let members = schema["$defs"][kind]["properties"].as_object().unwrap();
        for (name, member) in members.iter().filter(|(name, _)| *name != "type") {
            let description = member["description"].as_str().unwrap();
            table += &format!("| {kind} | `{name}` | {description} |\n");
        }
    }
    let rows = |text: &str| {
        let rows = text.lines().filter(|line| line.starts_with('|'));
        let mut rows: Vec<String> = rows.map(str::to_owned).collect();
        rows.sort();
        rows
    };
    let section = OPERATIONS.split("\n### The format\n").nth(1).unwrap();
    let section = section.split("\n### ").next().unwrap();
    assert_eq!(rows(section), rows(&table));
}

#[test]
fn the_schema_refuses_what_no_export_contains() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let link = json!({
        "type": "link", "project": 24, "tag": "v1", "id": 1, "name": "a", "url": "https://e.com/a",
        "link_type": "other", "created_at": "2026-11-24T09:00:00.000000Z",
    });
    assert!(validator.is_valid(&link));
    for (name, value) in [
        ("type", json!("group")),
        ("id", json!(0)),
        ("id", json!("1")),
        ("name", json!(null)),
        ("filepath", json!("bin/a")),
        ("digest", json!("sha256:00")),
        ("link_type", json!("")),
        ("created_at", json!("2026-11-24T09:00:00Z")),
    ] {
        let mut changed = link.clone();
        changed[name] = value;
        assert!(!validator.is_valid(&changed), "{changed}");
    }
    let time = &link["created_at"];
    let header =
        |version| json!({"format": "release-links", "version": version, "exported_at": time});
    assert!(validator.is_valid(&header(1)) && !validator.is_valid(&header(2)));
}

/// The number of requests of an export.
async fn requests(app: &TestApp) -> usize {
    let proxy = Proxy::start(app.address).await;
    let exported = ended(&mut command(proxy.address, "export"));
    assert_eq!(exported.code, Some(0), "{exported:?}");
    proxy.accesses().len()
}

/// `docs/operations.md` says three for each release, and one more for each megabyte of links.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_takes_three_requests_for_each_release() {
    let app = TestApp::start().await;
    let one = requests(&app).await;
    import::releases(app.database(), TABLE, 10);
    assert_eq!(requests(&app).await, one + 30);
    import::long_release(app.database(), TABLE, "large", 1_000, 2_000);
    let megabytes = 2;
    assert_eq!(requests(&app).await, one + 30 + 3 + megabytes);
}
