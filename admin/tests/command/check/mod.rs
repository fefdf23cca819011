//! `release-links-admin check`.

mod connections;
mod digests;
mod documents;
mod faults;
mod limits;
mod output;
mod results;
mod server;

use serde_json::{Value, json};

use super::platform::end;
use super::{Ended, command};
use testkit::app::TestApp;

const RELEASES: &str = "/api/v4/projects/24/releases";

/// A service whose only release is `v1`, with these links: name and URL.
async fn with_links<'a>(links: impl IntoIterator<Item = (&'a str, String)>) -> TestApp {
    let app = TestApp::start().await;
    let seeded = format!("{RELEASES}/v0.1");
    assert_eq!(app.delete(&seeded).await.status, 200);
    add_release(&app, "v1", links).await;
    app
}

/// Adds a release with these links.
async fn add_release<'a>(
    app: &TestApp,
    tag: &str,
    links: impl IntoIterator<Item = (&'a str, String)>,
) {
    let link = |(name, url): (&str, String)| json!({"name": name, "url": url});
    let links: Vec<Value> = links.into_iter().map(link).collect();
    let body = json!({"tag_name": tag, "assets": {"links": links}});
    let created = app.post(RELEASES, body).await;
    assert_eq!(created.status, 201, "{created:?}");
}

/// Runs `check` with these arguments.
async fn check(app: &TestApp, arguments: &str) -> Ended {
    end(command(app.address, &format!("check {arguments}"))).await
}

/// The result and the cause of each link in the output of `--json`.
fn results(ended: &Ended) -> Vec<String> {
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let links = report["links"].as_array().unwrap().iter();
    let result = |link: &Value| {
        let mut result = link["result"].as_str().unwrap().to_owned();
        if let Some(cause) = link["cause"].as_str() {
            result.push_str(&format!(": {cause}"));
        }
        if let Some(target) = link["moved_to"].as_str() {
            result.push_str(&format!(" to {target}"));
        }
        result
    };
    links.map(result).collect()
}
