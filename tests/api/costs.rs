//! What requests cost: calls over the wire, and capacity units as the engine reports them.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use release_links::app::App;
use release_links::config::Config;
use release_links::link::{LinkChanges, LinkId, LinkInput, NewLink};
use release_links::page::Page;
use release_links::params::Field;
use release_links::project::{ProjectId, ProjectRef};
use release_links::store::Usage;
use release_links::token::PlainToken;
use serde_json::json;

use crate::support::{LINKS, TABLE, TestApp};

#[tokio::test]
async fn requests_make_as_many_calls_as_promised() {
    let app = TestApp::start().await;
    app.calls();
    assert_eq!((app.get(LINKS).await.status, app.calls()), (200, 2), "token and project are looked up once, together");
    assert_eq!((app.get(LINKS).await.status, app.calls()), (200, 1), "list");
    assert_eq!((app.get(&format!("{LINKS}/2")).await.status, app.calls()), (200, 1), "get");
    let body = json!({"name": "a", "url": "http://a", "filepath": "/abc"});
    assert_eq!((app.post(LINKS, body).await.status, app.calls()), (201, 2), "create");
    let body = json!({"name": "b", "url": "http://b", "filepath": "/bcd"});
    assert_eq!((app.put(&format!("{LINKS}/1"), body).await.status, app.calls()), (200, 2), "update");
    assert_eq!((app.delete(&format!("{LINKS}/1")).await.status, app.calls()), (200, 2), "delete");
    for body in [json!({}), json!({"name": "", "url": "x"}), json!({"name": [], "url": "http://a"})] {
        assert_eq!((app.post(LINKS, body).await.status, app.calls()), (400, 0), "refused");
    }
    assert_eq!((app.get(&format!("{LINKS}/abc")).await.status, app.calls()), (400, 0), "refused");
    assert_eq!((app.get("/nowhere").await.status, app.calls()), (404, 0), "unknown route");
}

#[tokio::test]
async fn a_process_that_may_remember_nothing_looks_token_and_project_up_each_time() {
    let mut app = TestApp::start().await;
    let settings = |name: &str| match name {
        "TABLE_NAME" => Some(TABLE.to_owned()),
        "IDENTITY_CACHE_SECONDS" => Some("0".to_owned()),
        _ => None,
    };
    app.app = App::new(app.store.clone(), Config::read(settings).unwrap(), SystemTime::now);
    app.calls();
    for _ in 0..3 {
        assert_eq!((app.get(LINKS).await.status, app.calls()), (200, 2));
    }
}

#[test]
fn the_table_outlives_its_stack_and_can_be_restored() {
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(include_str!("../../template.yaml")).unwrap();
    let table = &template["Resources"]["Table"];
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        assert_eq!(table[policy], "Retain");
    }
    let properties = &table["Properties"];
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(properties["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(properties["TimeToLiveSpecification"]["AttributeName"], "expires_at");
}

/// The rights of a transaction are those of its steps.
#[tokio::test]
async fn the_policy_allows_what_the_function_calls_and_nothing_else() {
    let app = TestApp::start().await;
    let link = format!("{LINKS}/1");
    app.calls();
    app.store.warm_up().await;
    assert_eq!(app.post(LINKS, json!({"name": "a", "url": "http://a"})).await.status, 201);
    assert_eq!(app.get(LINKS).await.status, 200);
    assert_eq!(app.put(&link, json!({"name": "b"})).await.status, 200);
    assert_eq!(app.delete(&link).await.status, 200);
    let called: BTreeSet<String> = app
        .operations()
        .iter()
        .flat_map(|operation| match operation.as_str() {
            "TransactWriteItems" => vec!["PutItem", "DeleteItem"],
            operation => vec![operation],
        })
        .map(|operation| format!("dynamodb:{operation}"))
        .collect();

    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(include_str!("../../template.yaml")).unwrap();
    let policies = &template["Resources"]["Function"]["Properties"]["Policies"];
    let statements = policies[0]["Statement"].as_sequence().unwrap();
    let actions = statements[0]["Action"].as_sequence().unwrap();
    let allowed: BTreeSet<String> = actions.iter().map(|action| action.as_str().unwrap().to_owned()).collect();
    assert_eq!((statements.len(), allowed), (2, called));
    let with_a_key = serde_yaml_ng::to_string(&statements[1]).unwrap();
    assert!(with_a_key.starts_with("!If\n- HasKmsKey\n") && !with_a_key.contains('*'), "{with_a_key}");
}

#[tokio::test]
async fn operations_consume_as_many_capacity_units_as_shown() {
    let app = TestApp::start().await;
    let rows: Vec<String> = costs(&app).await.into_iter().map(|(name, usage)| row(name, usage)).collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    | create | 2 | 0 | 9 | $5.63 |
    | get | 1 | 1 | 0 | $0.13 |
    | list | 1 | 1 | 0 | $0.13 |
    | download | 1 | 1 | 0 | $0.13 |
    | update | 2 | 1 | 14 | $8.88 |
    | delete | 2 | 1 | 8 | $5.13 |
    | token and project, when not remembered | 1 | 2 | 0 | $0.25 |
    ");
    for row in rows {
        assert!(include_str!("../../README.md").contains(&row), "README's cost table lacks: {row}");
    }
}

/// What each operation costs on a link that has everything.
async fn costs(app: &TestApp) -> [(&'static str, Usage); 7] {
    let (project, id) = (ProjectId::new(24).unwrap(), LinkId::new(1).unwrap());
    let input = |name: &str| LinkInput {
        name: Field::Value(name.to_owned()),
        url: Field::Value(format!("https://e.com/{name}")),
        filepath: Field::Value(format!("/bin/{name}")),
        link_type: Field::Absent,
    };
    let session = || app.store.session(Duration::from_secs(5));
    let [create, get, list, download, update, delete, identity] = [(); 7].map(|()| session());
    let new = NewLink::parse(input("a")).unwrap();
    create.create_link(project, "v9", new, None, SystemTime::now()).await.unwrap();
    get.get_link(project, "v9", id).await.unwrap();
    list.list_links(project, "v9", Page { number: 1, per_page: 20 }).await.unwrap();
    download.url_of_filepath(project, "v9", "/bin/a").await.unwrap();
    update.update_link(project, "v9", id, &LinkChanges::parse(input("b")).unwrap()).await.unwrap();
    delete.delete_link(project, "v9", id).await.unwrap();
    let token = PlainToken::from(crate::seed::TOKEN.to_owned()).hash();
    identity.identify(Some(&token), ProjectRef::parse("24").as_ref()).await.unwrap();
    [
        ("create", create.usage()),
        ("get", get.usage()),
        ("list", list.usage()),
        ("download", download.usage()),
        ("update", update.usage()),
        ("delete", delete.usage()),
        ("token and project, when not remembered", identity.usage()),
    ]
}

/// A page is read alone; what does not stand on it is counted, in another call and for capacity units of its own.
#[tokio::test]
async fn a_single_link_costs_the_same_in_any_release_and_a_list_counts_what_it_does_not_show() {
    let app = TestApp::start().await;
    let project = ProjectId::new(24).unwrap();
    let link = "/api/v4/projects/24/releases/grown/assets/links";
    let mut grown = 0;
    let mut rows = Vec::new();
    for size in [10, 20, 21, 100, 1_000] {
        while grown < size {
            grown += 1;
            let name = format!("n{grown}");
            let body =
                json!({"name": name, "url": format!("https://e.com/{name}"), "filepath": format!("/bin/{name}")});
            assert_eq!(app.post(link, body).await.status, 201);
        }
        let session = || app.store.session(Duration::from_secs(5));
        let [list, get, download] = [session(), session(), session()];
        let first = Page { number: 1, per_page: 20 };
        let paged = list.list_links(project, "grown", first).await.unwrap();
        assert_eq!((paged.counted, paged.items.len()), (size, 20.min(usize::try_from(size).unwrap())));
        get.get_link(project, "grown", LinkId::new(1).unwrap()).await.unwrap();
        download.url_of_filepath(project, "grown", "/bin/n1").await.unwrap();
        let of = |usage: Usage| format!("{} calls {} RCU", usage.calls, usage.read_units);
        rows.push(format!(
            "{size}: list {}, get {}, download {}",
            of(list.usage()),
            of(get.usage()),
            of(download.usage())
        ));
    }
    insta::assert_snapshot!(rows.join("\n"), @r"
    10: list 1 calls 1 RCU, get 1 calls 1 RCU, download 1 calls 1 RCU
    20: list 1 calls 1 RCU, get 1 calls 1 RCU, download 1 calls 1 RCU
    21: list 2 calls 2 RCU, get 1 calls 1 RCU, download 1 calls 1 RCU
    100: list 2 calls 4 RCU, get 1 calls 1 RCU, download 1 calls 1 RCU
    1000: list 2 calls 37 RCU, get 1 calls 1 RCU, download 1 calls 1 RCU
    ");
}

/// A row of README's table, with what DynamoDB asks for a million requests on demand in us-east-1: $0.125 for a million
/// read units, $0.625 for a million write units.
fn row(name: &str, usage: Usage) -> String {
    let Usage { calls, read_units, write_units } = usage;
    let dollars = read_units * 0.125 + write_units * 0.625;
    format!("| {name} | {calls} | {read_units} | {write_units} | ${:.2} |", (dollars * 100.0).round() / 100.0)
}
