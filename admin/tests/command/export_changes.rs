//! `release-links-admin export` while others change what it reads.

use std::process::{Child, Command, Stdio};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::export::{lines, set};
use super::{Ended, command};
use testkit::app::{LINKS, TABLE, TestApp};
use testkit::import;
use testkit::proxy::Proxy;

/// An export that waits before it reads an item alone for the second time: the first one is the
/// project, and the second one the first release, after its links.
struct Waiting {
    proxy: Proxy,
    export: Child,
}

impl Waiting {
    async fn start(app: &TestApp) -> Self {
        let proxy = Proxy::holding_after(app.address, "GetItem", 1).await;
        let mut export: Command = command(proxy.address, "export");
        let streams = export.stdout(Stdio::piped()).stderr(Stdio::piped());
        let export = streams.spawn().unwrap();
        proxy.held().await;
        Self { proxy, export }
    }

    /// Lets it go on, and returns the lines of the export.
    fn end(self) -> Vec<Value> {
        self.proxy.release();
        let ended = Ended::of(self.export.wait_with_output().unwrap());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        lines(&ended)
    }
}

/// The IDs and names of the links.
fn links(export: &[Value]) -> Value {
    let links = export.iter().filter(|line| line["type"] == "link");
    links
        .map(|link| json!([link["id"], link["name"]]))
        .collect()
}

/// The table has two links with one name, as a reader may see them that reads them before and after
/// a change.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_read_again_if_two_of_its_links_have_one_name() {
    let app = TestApp::start().await;
    let body = json!({"name": "a", "url": "https://e.com/a"});
    assert_eq!(app.post(LINKS, body).await.status, 201);
    let name = |name: &str| AttributeValue::S(name.to_owned());
    set(&app, "name", name("a")).await;
    let export = Waiting::start(&app).await;
    set(&app, "name", name("b")).await;
    assert_eq!(links(&export.end()), json!([[1, "a"], [2, "b"]]));
}

/// The release moves from the second page of the order to the first one, which was read before.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_moves_in_the_order_is_exported_once() {
    let app = TestApp::start().await;
    import::releases(app.database(), TABLE, 250);
    for (tag, time) in [("r99", "2020-01-01"), ("r100", "2030-01-01")] {
        let export = Waiting::start(&app).await;
        let release = format!("/api/v4/projects/24/releases/{tag}");
        let moved = app.put(&release, json!({"released_at": time})).await;
        assert_eq!(moved.status, 200, "{moved:?}");
        let export = export.end();
        let tags = export.iter().filter(|line| line["type"] == "release");
        let tags: Vec<&str> = tags.map(|line| line["tag"].as_str().unwrap()).collect();
        let count = tags.iter().filter(|other| **other == tag).count();
        assert_eq!((tags.len(), count), (251, 1), "{tag}");
    }
}
