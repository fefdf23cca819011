//! The import from a second instance of this service.

use serde_json::{Value, json};
use testkit::app::{TestApp, seeded_engine};
use testkit::gateway::{Gateway, Kind};
use testkit::invariants::assert_invariants;
use testkit::seed::TOKEN;

use super::{file, get, import_from, run, token};

/// The list of the releases of the seeded project.
const RELEASES: &str = "/api/v4/projects/24/releases";

/// An instance with releases of every kind, and the gateway in front of it.
async fn other(kind: Kind) -> (TestApp, Gateway) {
    let engine = seeded_engine().await;
    let gateway = Gateway::start(kind, engine).await;
    let app = TestApp::builder(engine).public_url(&format!("http://{}", gateway.address));
    let app = app.start();
    let digest = format!("sha256:{}", "a".repeat(64));
    for release in [
        json!({
            "tag_name": "release/1.0", "name": "One", "description": "# One\n\n<b>bold</b>",
            "released_at": "2019-01-03T01:56:19.539Z",
            "ref": "6104942438c14ec7bd21c6cd5bd995272b3faff6",
            "assets": {"links": [
                {"name": "app", "url": "https://e.com/app?a=1&b=2", "direct_asset_path": "/bin/app",
                 "link_type": "package", "digest": digest},
                {"name": "größe", "url": "https://bücher.example/ü", "link_type": "runbook"},
            ]},
        }),
        json!({"tag_name": "v2", "immutable": true, "assets": {"links": [
            {"name": "b", "url": "ftp://e.com/b", "filepath": "/b-1"},
        ]}}),
        json!({"tag_name": "empty", "name": ""}),
    ] {
        let created = app.post(RELEASES, release).await;
        assert_eq!(created.status, 201, "{created:?}");
    }
    for n in 0..25 {
        // A page of all of them would be larger than a response may be.
        let release =
            json!({"tag_name": format!("long-{n}"), "description": "\u{1}".repeat(50_000)});
        assert_eq!(app.post(RELEASES, release).await.status, 201);
    }
    (app, gateway)
}

/// Everything that the API shows of the releases but the author, and what depends on the address of
/// the service.
async fn shown(app: &TestApp, token: &str, path: &str) -> Value {
    let base = app.get("/api/v4/projects/24").await.body["web_url"]
        .as_str()
        .map(str::to_owned);
    let base = base.unwrap().trim_end_matches("/group/app").to_owned();
    let mut all = Vec::new();
    for page in 1..=6 {
        let list = get(app, token, &format!("{path}?per_page=5&page={page}")).await;
        all.extend(list.as_array().unwrap().clone());
    }
    for release in &mut all {
        release.as_object_mut().unwrap().remove("author");
    }
    serde_json::from_str(&json!(all).to_string().replace(&base, "BASE")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_but_the_author_is_imported() {
    let (other, gateway) = other(Kind::HttpApi).await;
    let here = TestApp::start().await;
    // The release of the seeded project must not be in the way of the one that is imported.
    run(&here, "release delete v0.1 --project 24 --yes");
    let path = file("other-instance.token", TOKEN);
    let base = format!("http://{}", gateway.address);
    let arguments = format!(
        "--project group/app --recreate --token-file {}",
        path.display()
    );
    let imported = import_from(&here, &base, &arguments);
    imported.assert(
        0,
        "created 29 releases and 4 links\nalready existed: 1 project\n",
        "importing project 24 (group/app, public)\n",
    );
    // The project, pages of 100, 50 and 25 releases, which are too large, and three of 12.
    assert_eq!(gateway.requests().await, 7);
    assert_invariants(&here.items().await);
    let there = shown(&other, TOKEN, RELEASES).await;
    assert_eq!(there.as_array().unwrap().len(), 29);
    assert_eq!(there, shown(&here, &token(&here), RELEASES).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_has_no_groups() {
    let gateway = Gateway::start(Kind::FunctionUrl, seeded_engine().await).await;
    let here = TestApp::start().await;
    let base = format!("http://{}", gateway.address);
    import_from(&here, &base, "--group group").assert(
        1,
        "created nothing\n\
         PROJECT  TAG  LINK  LEFT OUT BECAUSE\n\
         group    -    -     BASE does not show group group: check the name; without --token-file, \
         only public projects are read\n",
        "release-links-admin: left out 1 project: the list says why\n",
    );
    let imported = import_from(&here, &base, "--project group/app");
    let exists = "created nothing\nalready existed: 1 project, 1 release and 1 link\n";
    imported.assert(0, exists, "importing project 24 (group/app, public)\n");
}
