//! The cost of each operation: requests to DynamoDB, and capacity units as the engine reports them.

use std::collections::BTreeSet;

use release_links::store::Usage;
use serde_json::json;

use testkit::app::{LINKS, TABLE, TestApp, seeded_engine};
use testkit::import;
use testkit::invariants::assert_invariants;
use testkit::usage::{self, Growth};

use crate::cases::{CASES, create_project_with_one_release};

/// A process identifies the caller once.
#[tokio::test]
async fn every_case_makes_the_calls_that_it_names() {
    let app = TestApp::start().await;
    create_project_with_one_release(&app).await;
    for (index, case) in CASES.iter().enumerate() {
        let process = app.another_process();
        let first = case.prepare(&app, format!("v{index}-1")).await;
        let second = case.prepare(&app, format!("v{index}-2")).await;
        let cold = process.send(case.event(&first)).await;
        cold.assert_calls(case.success, case.calls);
        let warm = process.send(case.event(&second)).await;
        let after_identification = case.calls.get(1..).unwrap_or_default();
        warm.assert_calls(case.success, after_identification);
    }
}

/// A link that breaks a rule is refused after the lock of its release, which is read for that.
#[tokio::test]
async fn a_request_with_invalid_parameters_makes_no_calls() {
    let app = TestApp::start().await;
    assert_eq!(app.get(LINKS).await.status, 200, "the caller is known");
    for (body, calls) in [
        (json!({}), [].as_slice()),
        (json!({"name": [], "url": "http://a"}), &[]),
        (json!({"name": "", "url": "x"}), &["GetItem"]),
    ] {
        app.post(LINKS, body).await.assert_calls(400, calls);
    }
    let link = format!("{LINKS}/abc");
    app.get(&link).await.assert_calls(400, &[]);
    app.get("/nowhere").await.assert_calls(404, &[]);
}

#[tokio::test]
async fn without_a_cache_every_request_reads_token_and_project() {
    let uncached = TestApp::builder(seeded_engine().await).setting("IDENTITY_CACHE_SECONDS", "0");
    let app = uncached.start();
    for _ in 0..3 {
        let reply = app.get(LINKS).await;
        reply.assert_calls(200, &["BatchGetItem", "Query"]);
    }
}

#[test]
fn the_template_protects_the_table_against_data_loss() {
    let template: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(include_str!("../../template.yaml")).unwrap();
    let table = &template["Resources"]["Table"];
    assert_eq!(table["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(table["UpdateReplacePolicy"], "Retain");
    let properties = &table["Properties"];
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(
        properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
        true
    );
    assert_eq!(
        properties["TimeToLiveSpecification"]["AttributeName"],
        "expires_at"
    );
}

#[tokio::test]
async fn operations_consume_the_documented_capacity_units() {
    let app = TestApp::start().await;
    let links = usage::measure_operations(&app.store).await;
    let releases = usage::measure_releases(&app.store, app.database(), TABLE).await;
    let locks = usage::measure_locks(&app.store).await;
    let rows = links.into_iter().chain(releases).chain(locks);
    let rows: Vec<String> = rows.map(|(name, usage)| row(name, usage)).collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    | create | 2 | 0 | 9 | $5.63 |
    | create with an `Idempotency-Key` | 2 | 0 | 11 | $6.88 |
    | create the first link of a release | 2 | 0 | 17 | $10.63 |
    | get | 1 | 2 | 0 | $0.25 |
    | list | 1 | 1 | 0 | $0.13 |
    | download | 1 | 2 | 0 | $0.25 |
    | download a checksum file | 1 | 3 | 0 | $0.38 |
    | download `SHA256SUMS` | 2 | 3 | 0 | $0.38 |
    | update | 2 | 2 | 14 | $9.00 |
    | delete | 2 | 2 | 8 | $5.25 |
    | token and project, when not cached | 1 | 2 | 0 | $0.25 |
    | create a release | 2 | 0 | 169 | $105.63 |
    | get a release | 1 | 1 | 0 | $0.13 |
    | get a release with 100 links | 3 | 6 | 0 | $0.75 |
    | list 20 releases | 21 | 21 | 0 | $2.63 |
    | list 20 releases by `created_at` | 21 | 22 | 0 | $2.75 |
    | find the latest release | 1 | 1 | 0 | $0.13 |
    | show the page of a release | 1 | 1 | 0 | $0.13 |
    | show the list of releases | 21 | 21 | 0 | $2.63 |
    | show the feed | 21 | 21 | 0 | $2.63 |
    | update a release | 2 | 1 | 8 | $5.13 |
    | delete a release | 5 | 3 | 171 | $107.25 |
    | create a release with a description of 300 KiB | 2 | 0 | 609 | $380.63 |
    | update such a release | 2 | 76 | 606 | $388.25 |
    | get such a release | 1 | 76 | 0 | $9.50 |
    | create an immutable release | 2 | 0 | 169 | $105.63 |
    | make a release immutable | 2 | 1 | 6 | $3.88 |
    ");
    for row in rows {
        assert!(
            include_str!("../../docs/operations.md").contains(&row),
            "the cost table of docs/operations.md lacks: {row}"
        );
    }
}

/// One request reads the page. If the page does not reach the end of the list, separate requests
/// count the links, up to 10,001 of them.
#[tokio::test]
async fn only_the_cost_of_counting_links_grows_with_the_release() {
    let app = TestApp::start().await;
    let mut rows = Vec::new();
    for links in [10, 20, 21, 100, 1_000, 10_000] {
        let tag = format!("with-{links}");
        import::release(app.database(), TABLE, &tag, links);
        let growth = Growth::measure(&app.store, &tag).await;
        assert_eq!(growth.counted, u64::from(links).min(10_001));
        let format_usage = |usage: Usage| {
            format!(
                "{} calls {} RCU {} WCU",
                usage.calls, usage.read_units, usage.write_units
            )
        };
        let [list, get, create, download] =
            [growth.list, growth.get, growth.create, growth.download].map(format_usage);
        rows.push(format!(
            "{links}: list {list}, get {get}, create {create}, download {download}"
        ));
    }
    insta::assert_snapshot!(rows.join("\n"), @r"
    10: list 1 calls 1 RCU 0 WCU, get 1 calls 2 RCU 0 WCU, create 2 calls 0 RCU 9 WCU, download 1 calls 2 RCU 0 WCU
    20: list 1 calls 1 RCU 0 WCU, get 1 calls 2 RCU 0 WCU, create 2 calls 0 RCU 9 WCU, download 1 calls 2 RCU 0 WCU
    21: list 3 calls 3 RCU 0 WCU, get 1 calls 2 RCU 0 WCU, create 2 calls 0 RCU 9 WCU, download 1 calls 2 RCU 0 WCU
    100: list 3 calls 5 RCU 0 WCU, get 1 calls 2 RCU 0 WCU, create 2 calls 0 RCU 9 WCU, download 1 calls 2 RCU 0 WCU
    1000: list 3 calls 24 RCU 0 WCU, get 1 calls 2 RCU 0 WCU, create 2 calls 0 RCU 9 WCU, download 1 calls 2 RCU 0 WCU
    10000: list 3 calls 217 RCU 0 WCU, get 1 calls 2 RCU 0 WCU, create 2 calls 0 RCU 9 WCU, download 1 calls 2 RCU 0 WCU
    ");
}

/// The links between a page and the nearer end of the list are counted, which costs as much as
/// reading them. Past the end there are none.
#[tokio::test]
async fn the_cost_of_a_page_grows_with_its_distance_from_the_nearer_end() {
    let app = TestApp::start().await;
    let mut rows = Vec::new();
    for (links, padding) in [(1_000, 0), (1_000, 2_000), (10_000, 0), (20_000, 0)] {
        let tag = format!("{links}-{padding}");
        import::long_release(app.database(), TABLE, &tag, links, padding);
        let pages = u64::from(links) / usage::FIRST_PAGE.per_page;
        let mut costs = Vec::new();
        for (position, page) in [
            ("first", 1),
            ("second", 2),
            ("middle", pages / 2),
            ("last", pages),
            ("behind", pages + 1),
            ("far behind", 999_999_999),
        ] {
            let Usage {
                calls, read_units, ..
            } = usage::measure_page(&app.store, &tag, page).await;
            costs.push(format!("{position} {calls} calls {read_units} RCU"));
        }
        rows.push(format!(
            "{links} links of {} characters: {}",
            padding + 20,
            costs.join(", ")
        ));
    }
    insta::assert_snapshot!(rows.join("\n"), @r"
    1000 links of 20 characters: first 3 calls 23 RCU, second 3 calls 24 RCU, middle 5 calls 41 RCU, last 4 calls 24 RCU, behind 3 calls 23 RCU, far behind 3 calls 23 RCU
    1000 links of 2020 characters: first 3 calls 35 RCU, second 3 calls 45 RCU, middle 5 calls 287 RCU, last 4 calls 35 RCU, behind 3 calls 24 RCU, far behind 3 calls 24 RCU
    10000 links of 20 characters: first 3 calls 210 RCU, second 3 calls 211 RCU, middle 5 calls 393 RCU, last 4 calls 211 RCU, behind 3 calls 210 RCU, far behind 3 calls 210 RCU
    20000 links of 20 characters: first 3 calls 211 RCU, second 3 calls 212 RCU, middle 6 calls 585 RCU, last 6 calls 739 RCU, behind 3 calls 211 RCU, far behind 3 calls 211 RCU
    ");
}

#[tokio::test]
async fn creating_a_link_with_a_url_of_4096_characters_costs_25_write_units() {
    let app = TestApp::start().await;
    let Usage {
        calls, write_units, ..
    } = usage::measure_create(&app.store, 4_096).await;
    assert_eq!(
        (calls, write_units),
        (2, 25.0),
        "a short URL costs 9 write units; docs/operations.md documents both"
    );
}

#[tokio::test]
async fn costs_do_not_grow_with_the_number_of_releases() {
    let app = TestApp::start().await;
    let mut costs = Vec::new();
    for releases in [1, 100, 10_000] {
        import::releases(app.database(), TABLE, releases);
        let Growth {
            list,
            get,
            create,
            download,
            counted,
        } = Growth::measure(&app.store, "r0").await;
        assert_eq!(counted, 1);
        costs.push([list, get, create, download]);
    }
    assert_eq!((costs[0], costs[0]), (costs[1], costs[2]));
}

/// The order of 10,000 releases fits into one query. The seeded release is one of them.
#[tokio::test]
async fn the_calls_for_releases_do_not_grow_with_the_number_of_releases() {
    let mut calls = Vec::new();
    for releases in [100, 9_999] {
        let app = TestApp::start().await;
        import::releases(app.database(), TABLE, releases);
        let rows = usage::measure_releases(&app.store, app.database(), TABLE).await;
        calls.push(
            rows.into_iter()
                .map(|(name, usage)| (name, usage.calls))
                .collect::<Vec<_>>(),
        );
        let list = app
            .get("/api/v4/projects/24/releases?page=2&per_page=1")
            .await;
        assert_eq!(list.header("x-total"), (releases + 1).to_string());
    }
    assert_eq!(calls[0], calls[1]);
}

/// The measurements import large releases, so an imported release must look like a created one.
#[tokio::test]
async fn an_imported_release_has_the_same_items_as_a_created_one() {
    let app = TestApp::start().await;
    import::release(app.database(), TABLE, "like", 1);
    assert_invariants(&app.items().await);
    usage::measure_operations(&app.store).await;
    let body = json!({"name": "n1", "url": "https://e.com/n1", "filepath": "/bin/n1"});
    assert_eq!(
        app.post("/api/v4/projects/24/releases/made/assets/links", body)
            .await
            .status,
        201
    );
    let items = app.items().await;
    let shape = |tag: &str| -> BTreeSet<(String, BTreeSet<String>)> {
        let of_tag = items
            .iter()
            .filter(|item| item["pk"].as_s().unwrap() == &format!("24#{tag}"));
        of_tag
            .map(|item| {
                (
                    item["sk"].as_s().unwrap().clone(),
                    item.keys().cloned().collect(),
                )
            })
            .collect()
    };
    assert_eq!(shape("like"), shape("made"));
}

/// A row of the cost table in docs/operations.md, with the price of a million requests.
fn row(name: &str, usage: Usage) -> String {
    let Usage {
        calls,
        read_units,
        write_units,
    } = usage;
    format!(
        "| {name} | {calls} | {read_units} | {write_units} | {} |",
        usage::cents(usage::dollars(usage))
    )
}
