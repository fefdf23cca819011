//! `release-links-admin import --file`: what is imported, and what clients find afterwards.

use serde_json::{Value, json};

use super::{Ended, admin, command, ended, file};
use testkit::app::TestApp;
use testkit::event::Event;
use testkit::invariants::{Item, assert_invariants, leftovers};

/// The first line of an export.
pub const HEADER: &str =
    r#"{"format":"release-links","version":1,"exported_at":"2026-11-25T00:00:00.000000Z"}"#;
/// The releases of the project that most tests import.
pub const RELEASES: &str = "/api/v4/projects/31/releases";

/// The line of a public project.
pub fn project(id: u64, path: &str) -> Value {
    json!({"type": "project", "id": id, "path": path, "visibility": "public"})
}

/// The line of a release of project 31. The minute of its time is the number of the release.
pub fn release(number: u32) -> Value {
    let time = format!("2020-01-02T03:{number:02}:05.678901Z");
    json!({"type": "release", "project": 31, "tag": format!("v{number}"), "created_at": time,
           "released_at": time})
}

/// The line of a link of the release with this number.
pub fn link(number: u32, id: u64) -> Value {
    json!({"type": "link", "project": 31, "tag": format!("v{number}"), "id": id,
           "name": format!("n{id}"), "url": format!("https://e.com/{number}/{id}"),
           "filepath": format!("/bin/n{id}"), "link_type": "package",
           "created_at": "2020-02-03T04:05:06.789012Z"})
}

/// The value with these members, too.
pub fn with(mut value: Value, members: Value) -> Value {
    let members = members.as_object().unwrap().clone();
    value.as_object_mut().unwrap().extend(members);
    value
}

/// An export with these lines after the first one.
pub fn export(lines: &[Value]) -> String {
    let mut text = format!("{HEADER}\n");
    for line in lines {
        text += &format!("{line}\n");
    }
    text
}

/// Imports a text, which is in the file with this name.
pub fn import(app: &TestApp, name: &str, text: &str, more: &str) -> Ended {
    let path = file(name, text);
    admin(app, &format!("import --file {}{more}", path.display()))
}

/// All items but those of tokens, in the order of their keys.
pub async fn items(app: &TestApp) -> Vec<Item> {
    let mut items = app.items().await;
    items.sort_by_key(|item| format!("{:?}", (&item["pk"], &item["sk"])));
    items
}

/// A GET request without a token.
pub async fn get(app: &TestApp, target: &str) -> testkit::reply::Reply {
    app.send(Event::new("GET", target).anonymous()).await
}

/// The project `new/app`, which was `old/app`, with the releases v1, of which everything is known,
/// and v2, which is immutable.
pub fn example() -> Vec<Value> {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let v1 = json!({"name": "One", "description": "The first one.", "commit": "c".repeat(40),
                    "author": {"id": 7, "label": "ci"}, "last_link_id": 9,
                    "released_at": "2030-01-01T00:00:00.000000Z"});
    vec![
        with(project(31, "new/app"), json!({"former_paths": ["Old/app"]})),
        with(release(1), v1),
        link(1, 3),
        with(
            link(1, 7),
            json!({"filepath": null, "link_type": "image", "digest": digest}),
        ),
        with(
            release(2),
            json!({"immutable_at": "2020-01-02T03:02:05.678901Z"}),
        ),
        link(2, 4),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_release_is_shown_as_it_was() {
    let app = TestApp::start().await;
    import(&app, "example", &export(&example()), "").assert(
        0,
        "created 1 project, 2 releases and 3 links\n",
        "importing project 31 (new/app, public)\n",
    );
    assert_invariants(&app.items().await);
    let shown = get(&app, &format!("{RELEASES}/v1")).await;
    assert_eq!(shown.status, 200);
    let (body, digest) = (&shown.body, "0123456789abcdef".repeat(4));
    for (name, value) in [
        ("name", json!("One")),
        ("description", json!("The first one.")),
        ("created_at", json!("2020-01-02T03:01:05.678Z")),
        ("released_at", json!("2030-01-01T00:00:00.000Z")),
        ("upcoming_release", json!(true)),
    ] {
        assert_eq!(body[name], value, "{name} of {body}");
    }
    assert_eq!(body["commit"]["id"], "c".repeat(40));
    let link = get(&app, &format!("{RELEASES}/v1/assets/links/7")).await;
    let url = "https://e.com/1/7";
    link.assert(
        200,
        json!({"id": 7, "name": "n7", "url": url, "direct_asset_url": url, "link_type": "image", "external": true,
               "digest": format!("sha256:{digest}")}),
    );
    let links = get(&app, &format!("{RELEASES}/v1/assets/links")).await;
    assert_eq!(links.ids(), [7, 3]);
    let items = app.items().await;
    let author = items.iter().find_map(|item| item.get("author"));
    assert_eq!(
        author.unwrap().as_m().unwrap()["label"].as_s().unwrap(),
        "ci"
    );
    let times = items.iter().filter(|item| item.contains_key("link_type"));
    let times: Vec<&Item> = times
        .filter(|item| item["pk"].as_s().unwrap() == "31#v1")
        .collect();
    assert_eq!(times.len(), 2);
    for item in times {
        assert_eq!(
            item["created_at"].as_s().unwrap(),
            "2020-02-03T04:05:06.789012Z"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_imported_releases_lead_where_they_led() {
    let app = TestApp::start().await;
    assert_eq!(
        import(&app, "addresses", &export(&example()), "").code,
        Some(0)
    );
    let listed = get(&app, RELEASES).await.body;
    let tags: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["tag_name"])
        .collect();
    assert_eq!(tags, ["v1", "v2"], "v1 was released last");
    let latest = get(&app, &format!("{RELEASES}/permalink/latest")).await;
    assert_eq!(latest.status, 302);
    assert!(latest.header("location").ends_with("/releases/v1"));
    for path in ["new/app", "old/app"] {
        let target = format!("/{path}/-/releases/v1/downloads/bin/n3");
        let download = get(&app, &target).await;
        assert_eq!(
            (download.status, download.header("location")),
            (302, "https://e.com/1/3")
        );
    }
    let moved = get(&app, "/api/v4/projects/old%2Fapp/releases/v1").await;
    assert_eq!(moved.status, 301, "the API redirects from a former path");
    assert_eq!(
        get(&app, &format!("{RELEASES}/v2")).await.body["immutable"],
        true
    );
}

/// An ID that another system gave may be in somebody's configuration.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_link_of_an_imported_release_gets_a_higher_id() {
    let app = TestApp::start().await;
    assert_eq!(
        import(&app, "higher", &export(&example()), "").code,
        Some(0)
    );
    let created = admin(&app, "token create --label ci --grant 31=maintainer");
    let token = created.stdout.trim();
    let links = format!("{RELEASES}/v1/assets/links");
    let post = async |name: &str| {
        let event = Event::new("POST", &links).token(token);
        app.send(event.form(&format!("name={name}&url=https://e.com/{name}")))
            .await
    };
    assert_eq!(post("a").await.body["id"], 10, "9 was the last one");
    let delete = Event::new("DELETE", &format!("{RELEASES}/v1")).token(token);
    assert_eq!(app.send(delete).await.status, 200);
    assert_eq!(post("b").await.body["id"], 11, "also after a deletion");
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_import_changes_nothing() {
    let app = TestApp::start().await;
    let text = export(&example());
    import(&app, "repeated", &text, " --dry-run").assert(
        0,
        "would create 1 project, 2 releases and 3 links\n",
        "comparing project 31 (new/app, public)\n",
    );
    assert!(
        app.items()
            .await
            .iter()
            .all(|item| !item["pk"].as_s().unwrap().starts_with("31#"))
    );
    assert_eq!(import(&app, "repeated", &text, "").code, Some(0));
    let before = items(&app).await;
    for more in ["", " --dry-run", " --recreate"] {
        let ended = import(&app, "repeated", &text, more);
        let output = match more {
            " --dry-run" => "would create nothing\n",
            _ => "created nothing\n",
        };
        let output = format!("{output}already existed: 1 project, 2 releases and 3 links\n");
        assert_eq!((ended.code, ended.stdout), (Some(0), output), "{more}");
        assert_eq!(items(&app).await, before, "{more}");
    }
}

/// One more than a transaction holds, and as many as take a hundred transactions.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_release_is_imported_as_a_whole() {
    for count in [25, 2_000] {
        let app = TestApp::start().await;
        let lines = [project(31, "new/app"), release(1)].into_iter();
        let lines: Vec<Value> = lines.chain((1..=count).map(|id| link(1, id))).collect();
        let ended = import(
            &app,
            &format!("large-{count}"),
            &export(&lines),
            " --write-units 50000",
        );
        let output = format!("created 1 project, 1 release and {count} links\n");
        ended.assert(0, &output, "importing project 31 (new/app, public)\n");
        let links = get(&app, &format!("{RELEASES}/v1/assets/links?per_page=1")).await;
        assert_eq!(
            (links.ids(), links.header("x-total")),
            (vec![count], count.to_string().as_str())
        );
        assert_invariants(&app.items().await);
        assert_eq!(leftovers(&app.items().await), Vec::<&Item>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_is_printed_as_json() {
    let app = TestApp::start().await;
    let bad = with(link(1, 4), json!({"url": "x"}));
    let text = export(&[project(31, "new/app"), release(1), link(1, 3), bad]);
    let ended = import(&app, "json", &text, " --json");
    assert_eq!(ended.code, Some(1));
    let printed: Value = serde_json::from_str(&ended.stdout).unwrap();
    let counts = |created, existing, left_out| json!({"created": created, "existing": existing, "left_out": left_out});
    let reason = "Url is blocked: Only allowed schemes are http, https, ftp";
    assert_eq!(
        printed,
        json!({
            "dry_run": false, "projects": counts(1, 0, 0), "releases": counts(1, 0, 0),
            "links": counts(1, 0, 1), "former_paths_left_out": 0, "dropped": {}, "on_old_host": {},
            "notes": [],
            "left_out": [{"project": "new/app", "tag": "v1", "link_id": 4, "link_name": "n4",
                          "reason": reason}],
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_of_an_import_is_80_columns_wide() {
    let app = TestApp::start().await;
    for arguments in ["import --help", "import -h", "--help"] {
        let help = ended(&mut command(app.address, arguments));
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
        let widest = help.stdout.lines().map(|line| line.chars().count()).max();
        assert!(
            widest.is_some_and(|width| (60..=80).contains(&width)),
            "{help:?}"
        );
    }
}

/// IDs of up to 53 bits, which have more digits than those that this service gives.
#[tokio::test(flavor = "multi_thread")]
async fn links_with_very_high_ids_are_in_the_order_of_their_ids() {
    let app = TestApp::start().await;
    let highest = 1_u64 << 53;
    let ids = [highest, 1_000_000_000_000, 999_999_999_999, 5];
    let lines = [project(31, "new/app"), release(1)].into_iter();
    let lines: Vec<Value> = lines.chain(ids.map(|id| link(1, id))).collect();
    let ended = import(&app, "high", &export(&lines), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let links = format!("{RELEASES}/v1/assets/links");
    assert_eq!(get(&app, &links).await.ids(), ids);
    for (page, id) in (1..).zip(ids) {
        let listed = get(&app, &format!("{links}?per_page=1&page={page}")).await;
        assert_eq!(listed.ids(), [id]);
        assert_eq!(
            get(&app, &format!("{links}/{id}")).await.body["name"],
            format!("n{id}")
        );
    }
    let created = admin(&app, "token create --label ci --grant 31=maintainer");
    let event = Event::new("POST", &links).token(created.stdout.trim());
    let new = app.send(event.form("name=new&url=https://e.com/new")).await;
    assert_eq!(new.body["id"], highest + 1);
    assert_eq!(get(&app, &links).await.ids()[..2], [highest + 1, highest]);
    assert_invariants(&app.items().await);
}
