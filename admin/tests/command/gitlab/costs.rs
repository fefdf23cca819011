//! What an import costs: requests to GitLab, and what DynamoDB charges.

use release_links::store::Usage;
use serde_json::{Value, json};
use testkit::app::TestApp;
use testkit::proxy::Proxy;
use testkit::usage::{cents, dollars};

use super::double::{Instance, project, release};
use super::{command, ended, serve};

/// The document with the costs.
const DOCUMENT: &str = include_str!("../../../../docs/moving-in.md");
/// Releases in the table of the document.
const RELEASES: u32 = 1_000;

/// A release with ten links with filepaths.
fn large(n: u32) -> Value {
    let tag = format!("v1.{n}.0");
    let link = |id: u32| {
        let name = format!("app-linux-{id}.tar.gz");
        json!({
            "id": n * 10 + id, "name": name, "link_type": "package",
            "url": format!("https://files.example.com/app/{tag}/{name}"),
            "direct_asset_url": format!("https://g/a/b/-/releases/{tag}/downloads/bin/{name}"),
        })
    };
    release(&tag, (1..=10).map(link).collect())
}

/// The requests and the usage of an import of a new project with this many releases.
async fn import(releases: u32) -> (usize, Usage) {
    let app = TestApp::start().await;
    let proxy = Proxy::start(app.address).await;
    let double = serve(Instance::with(
        project(1, "a/b"),
        (0..releases).map(large).collect(),
    ))
    .await;
    let base = &double.base;
    let arguments = format!("import --from {base} --project a/b --write-units 100000");
    let imported = ended(&mut command(proxy.address, &arguments));
    assert_eq!(imported.code, Some(0), "{imported:?}");
    (double.requests().len(), proxy.usage())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_costs_what_the_document_says() {
    let (none, many) = (import(0).await, import(100).await);
    // Every release costs the same, and every hundred of them take one request.
    let scaled = |fixed: f64, hundred: f64| fixed + (hundred - fixed) * f64::from(RELEASES) / 100.0;
    let usage = Usage {
        calls: none.1.calls + (many.1.calls - none.1.calls) * RELEASES / 100,
        read_units: scaled(none.1.read_units, many.1.read_units),
        write_units: scaled(none.1.write_units, many.1.write_units),
    };
    assert_eq!((none.0, many.0), (2, 2));
    let requests = 1 + RELEASES / 100;
    let Usage {
        calls,
        read_units,
        write_units,
    } = usage;
    let price = cents(dollars(usage) / 1_000_000.0);
    let row = format!("| {requests} | {calls} | {read_units} | {write_units} | {price} |");
    assert!(DOCUMENT.contains(&row), "{row}");
}
