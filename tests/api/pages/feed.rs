//! The feed.

use std::time::{Duration, SystemTime};

use release_links::project::{ProjectPath, ProjectRef};
use release_links::store::operator::{ProjectChanges, Takeover};
use roxmltree::Document;
use serde_json::json;

use testkit::app::{TABLE, TestApp};
use testkit::import;
use testkit::reply::Reply;

use super::{FEED, create, delete_seeded};

fn text(reply: &Reply) -> &str {
    assert_eq!(
        reply.header("content-type"),
        "application/atom+xml; charset=utf-8"
    );
    reply.body.as_str().unwrap()
}

/// The texts of the elements with this name.
fn texts(reply: &Reply, name: &str) -> Vec<String> {
    let document = Document::parse(text(reply)).unwrap();
    let elements = document.descendants();
    let elements = elements.filter(|element| element.tag_name().name() == name);
    elements
        .map(|element| element.text().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn the_feed_has_the_20_latest_releases_that_are_not_upcoming() {
    let app = TestApp::start().await;
    delete_seeded(&app).await;
    for n in 0..25 {
        let body = json!({"tag_name": format!("soon{n}"), "released_at": "2999-01-01"});
        create(&app, body).await;
    }
    let feed = app.get(FEED).await;
    assert_eq!(texts(&feed, "title"), ["Releases of group/app"]);
    assert_eq!(texts(&feed, "updated"), ["1970-01-01T00:00:00Z"]);
    import::releases(app.database(), TABLE, 30);
    let body =
        json!({"tag_name": "now", "name": "<Now> & \u{1} then", "description": "a *b* & c\u{2}"});
    create(&app, body).await;
    let feed = app.get(FEED).await;
    let titles = texts(&feed, "title");
    assert_eq!(titles.len(), 21);
    assert_eq!(titles[1], "<Now> & \u{fffd} then");
    assert_eq!(
        texts(&feed, "content"),
        ["<p>a <em>b</em> &amp; c\u{fffd}</p>"]
    );
    let updated = texts(&feed, "updated");
    assert_eq!(
        updated[0], updated[1],
        "the feed is as old as its latest entry"
    );
    assert!(text(&feed).contains("rel=\"self\"") && text(&feed).contains("<author>"));
}

#[tokio::test]
async fn an_entry_keeps_its_id_until_the_release_is_made_anew() {
    let app = TestApp::start().await;
    delete_seeded(&app).await;
    create(&app, json!({"tag_name": "v1", "description": "a"})).await;
    let ids = texts(&app.get(FEED).await, "id");
    assert!(ids.iter().all(|id| id.starts_with("urn:uuid:")), "{ids:?}");
    let elsewhere = TestApp::builder(app.address).public_url("https://other.example.com/gl");
    assert_eq!(texts(&elsewhere.start().get(FEED).await, "id"), ids);
    let changes = ProjectChanges {
        path: Some(ProjectPath::parse("group/renamed").unwrap()),
        visibility: None,
    };
    let session = app.operator.session(Duration::from_secs(5));
    let project = ProjectRef::parse("24").unwrap();
    let projects = session.projects();
    let renamed = projects.update(&project, changes, Takeover::Refuse, SystemTime::now());
    renamed.await.unwrap();
    let app = app.another_process();
    for path in [FEED, "/group/renamed/-/releases.atom"] {
        assert_eq!(texts(&app.get(path).await, "id"), ids, "{path}");
    }
    assert_eq!(
        app.delete("/api/v4/projects/24/releases/v1").await.status,
        200
    );
    create(&app, json!({"tag_name": "v1", "description": "a"})).await;
    let anew = texts(&app.get(FEED).await, "id");
    assert_eq!(anew[0], ids[0]);
    assert_ne!(anew[1], ids[1]);
}
