//! The pages for people, the feed, and the address of a project.

mod attacks;
mod document;
mod feed;
mod headers;
mod hidden;
mod large;
mod list;
mod paths;
mod release;
mod terminal;

use serde_json::{Value, json};

use testkit::app::TestApp;

const RELEASES: &str = "/api/v4/projects/24/releases";
const LIST: &str = "/group/app/-/releases";
const FEED: &str = "/group/app/-/releases.atom";
const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Creates a release of the documentation's project.
async fn create(app: &TestApp, body: Value) {
    let reply = app.post(RELEASES, body).await;
    assert_eq!(reply.status, 201, "{reply:?}");
}

/// Deletes the release that the documentation's project has.
async fn delete_seeded(app: &TestApp) {
    let reply = app.delete(&format!("{RELEASES}/v0.1")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// A release with one link of each type.
fn with_all_types() -> Value {
    let link = |name: &str, link_type: &str| json!({"name": name, "url": format!("https://{name}.example.com/f"), "link_type": link_type});
    let mut package = link("pkg", "package");
    package["direct_asset_path"] = "/bin/pkg.tar.gz".into();
    package["digest"] = DIGEST.into();
    json!({
        "tag_name": "v1", "name": "One", "description": "# Notes\n\n*important*",
        "released_at": "2026-11-26T15:43:42Z", "ref": "0123456789abcdef0123456789abcdef01234567",
        "assets": {"links": [link("misc", "other"), link("run", "runbook"), link("img", "image"), package]},
    })
}
