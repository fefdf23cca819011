//! The import from four versions of GitLab, whose JSON differs.

use serde_json::{Value, json};
use testkit::app::TestApp;
use testkit::event::Event;
use testkit::invariants::assert_invariants;

use super::double::{Double, Instance};
use super::{file, get, import, serve, token};

/// The recorded answers, oldest first.
const RECORDED: [(&str, &str); 4] = [
    ("11.7", include_str!("11.7.json")),
    ("12.10", include_str!("12.10.json")),
    ("15.11", include_str!("15.11.json")),
    ("18", include_str!("18.json")),
];

/// The token of the instances.
const TOKEN: &str = "glpat-aBcDeFgHiJkLmNoPqRsT";

const REQUESTS: [&str; 2] = [
    "GET /api/v4/projects/tools%2Fapp glpat-aBcDeFgHiJkLmNoPqRsT",
    "GET /api/v4/projects/1947/releases?order_by=created_at&sort=asc&page=1&per_page=100 \
     glpat-aBcDeFgHiJkLmNoPqRsT",
];

/// An instance of this version, with a token file for it.
async fn instance(version: &str, recorded: &str) -> (Double, String) {
    let instance = Instance {
        token: Some(TOKEN),
        ..Instance::recorded(recorded)
    };
    let path = file(&format!("gitlab-{version}.token"), &format!("{TOKEN}\n"));
    let arguments = format!("--project tools/app --token-file {}", path.display());
    (serve(instance).await, arguments)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_releases_of_every_version_are_imported() {
    for (version, recorded) in RECORDED {
        let app = TestApp::start().await;
        let (double, arguments) = instance(version, recorded).await;
        let imported = import(&app, &double, &arguments);
        assert_eq!(imported.code, Some(0), "{version}: {imported:?}");
        assert_eq!(double.requests(), REQUESTS, "{version}");
        assert_invariants(&app.items().await);
        let recorded = recorded.replace("https://gitlab.example.com", &double.base);
        let recorded: Value = serde_json::from_str(&recorded).unwrap();
        assert_taken_over(&app, &recorded["releases"], version).await;
    }
}

/// Asserts that the service shows the releases with everything that it has in common with GitLab.
async fn assert_taken_over(app: &TestApp, releases: &Value, version: &str) {
    let token = token(app);
    let base = "/api/v4/projects/tools%2Fapp/releases";
    for release in releases.as_array().unwrap() {
        let tag = release["tag_name"].as_str().unwrap();
        let shown = get(app, &token, &format!("{base}/{tag}")).await;
        assert_eq!(common(&shown), common(release), "{version}");
        for link in release["assets"]["links"].as_array().unwrap() {
            let id = &link["id"];
            let shown = get(app, &token, &format!("{base}/{tag}/assets/links/{id}")).await;
            assert_eq!(common_link(&shown), common_link(link), "{version}");
        }
    }
    let latest = get(app, &token, base).await;
    let tags = latest
        .as_array()
        .unwrap()
        .iter()
        .map(|release| &release["tag_name"]);
    assert_eq!(tags.collect::<Vec<_>>(), ["v0.2", "v0.1"], "{version}");
    let latest = Event::new("GET", &format!("{base}/permalink/latest")).token(&token);
    let latest = app.send(latest).await;
    assert_eq!(latest.status, 302);
    assert!(
        latest.header("location").ends_with("/releases/v0.2"),
        "{latest:?}"
    );
    let link = Event::new("POST", &format!("{base}/v0.2/assets/links"));
    let link = app
        .send(link.token(&token).form("name=new&url=http://new.example"))
        .await;
    assert_eq!(
        (link.status, &link.body["id"]),
        (201, &json!(10)),
        "{version}"
    );
}

/// What GitLab and the service show of a release in the same way.
fn common(release: &Value) -> Value {
    let or = |value: &Value, default: &Value| match value {
        Value::Null => default.clone(),
        value => value.clone(),
    };
    let links = release["assets"]["links"].as_array().unwrap();
    json!({
        "tag_name": release["tag_name"],
        "name": or(&release["name"], &release["tag_name"]),
        "description": release["description"],
        "created_at": release["created_at"],
        "released_at": or(&release["released_at"], &release["created_at"]),
        "commit": release["commit"]["id"],
        "links": links.iter().map(common_link).collect::<Vec<_>>(),
    })
}

/// What GitLab and the service show of a link in the same way. The addresses of the two differ.
fn common_link(link: &Value) -> Value {
    let filepath = link["direct_asset_url"].as_str();
    let filepath = filepath.and_then(|url| url.split_once("/downloads/"));
    json!({
        "id": link["id"], "name": link["name"], "url": link["url"],
        "filepath": filepath.map(|(_, filepath)| filepath),
        "link_type": link["link_type"].as_str().unwrap_or("other"),
    })
}

/// What an import of 12.10 does not take over, and which links will be dead.
const LOST: &str = "\
dropped: evidences (2), milestones (1), relative links in descriptions (1), source archives (8)
project tools/app is internal there and becomes private here
links to files on the old host, which stop working with it: job artifacts (1), uploads (1)
KIND           PROJECT    TAG   LINK
job artifacts  tools/app  v0.1  3 job
uploads        tools/app  v0.2  9 app.zip
";

#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_what_it_does_and_what_is_lost() {
    let app = TestApp::start().await;
    let (double, arguments) = instance("12.10", RECORDED[1].1).await;
    import(&app, &double, &format!("{arguments} --dry-run")).assert(
        0,
        &format!("would create 1 project, 2 releases and 3 links\n{LOST}"),
        "comparing project 1947 (tools/app, private)\n",
    );
    let importing = "importing project 1947 (tools/app, private)\n";
    let created = format!("created 1 project, 2 releases and 3 links\n{LOST}");
    import(&app, &double, &arguments).assert(0, &created, importing);
    let again = "created nothing\nalready existed: 1 project, 2 releases and 3 links\n";
    import(&app, &double, &arguments).assert(0, &format!("{again}{LOST}"), importing);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_available_as_json() {
    let app = TestApp::start().await;
    let (double, arguments) = instance("18", RECORDED[3].1).await;
    let ended = import(&app, &double, &format!("{arguments} --json"));
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), "importing project 1947 (tools/app, public)\n")
    );
    let created = |count: u8| json!({"created": count, "existing": 0, "left_out": 0});
    let on_old_host = |tag: &str, id: u8, name: &str| json!([{"project": "tools/app", "tag": tag, "link_id": id, "link_name": name}]);
    assert_eq!(
        serde_json::from_str::<Value>(&ended.stdout).unwrap(),
        json!({
            "dry_run": false,
            "projects": created(1),
            "releases": created(2),
            "links": created(3),
            "former_paths_left_out": 0,
            "dropped": {
                "evidences": 1, "milestones": 1, "relative links in descriptions": 1,
                "source archives": 8,
            },
            "on_old_host": {
                "job artifacts": on_old_host("v0.1", 3, "job"),
                "packages": on_old_host("v0.2", 9, "app.zip"),
            },
            "notes": [],
            "left_out": [],
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_visibility_overrides_gitlabs() {
    let app = TestApp::start().await;
    let (double, arguments) = instance("18", RECORDED[3].1).await;
    let private = format!("{arguments} --visibility private");
    let ended = import(&app, &double, &private);
    assert_eq!(
        ended.stderr,
        "importing project 1947 (tools/app, private)\n"
    );
    // A project that exists keeps its visibility.
    let public = format!("{arguments} --visibility public");
    let ended = import(&app, &double, &public);
    assert_eq!(
        ended.stderr,
        "importing project 1947 (tools/app, private)\n"
    );
}
