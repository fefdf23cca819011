//! Checksum files, in the API and on the web (G10).

use std::time::{Duration, SystemTime};

use release_links::project::{ProjectPath, ProjectRef, Role, Visibility};
use release_links::release::DRAIN;
use release_links::store::operator::{ProjectChanges, Takeover};
use serde_json::{Value, json};

use testkit::app::{TestApp, granted, project};
use testkit::event::Event;
use testkit::reply::Reply;

use crate::releases::RELEASES;

/// The downloads of the release of the tests, in the API and on the web.
const API: &str = "/api/v4/projects/24/releases/v1/downloads";
const WEB: &str = "/group/app/-/releases/v1/downloads";
const HOST: &str = "http://127.0.0.1:9000";

/// 64 times the same digit.
fn digits(digit: &str) -> String {
    digit.repeat(64)
}

/// A link whose file has the digest of 64 times the digit, if there is one.
fn link(name: &str, filepath: &str, digit: &str) -> Value {
    let url = format!("https://e.com/{name}");
    let digest = (!digit.is_empty()).then(|| digits(digit));
    let filepath = (!filepath.is_empty()).then_some(filepath);
    json!({"name": name, "url": url, "filepath": filepath, "digest": digest})
}

/// Creates the release with these links.
async fn create(app: &TestApp, links: Value) {
    let body = json!({"tag_name": "v1", "assets": {"links": links}});
    let created = app.post(RELEASES, body).await;
    assert_eq!(created.status, 201, "{created:?}");
}

/// A process with these links, which knows the caller and the names of the project.
async fn with_links(links: Value) -> TestApp {
    let app = TestApp::start().await;
    create(&app, links).await;
    for downloads in [API, WEB] {
        let missing = format!("{downloads}/missing");
        assert_eq!(app.get(&missing).await.status, 404);
    }
    app
}

/// Asserts that this is a checksum file with this text, and that every cache has to ask for it again.
#[track_caller]
fn assert_file(reply: &Reply, text: &str) {
    reply.assert(200, json!(text));
    let headers = ["content-type", "cache-control"].map(|name| reply.header(name));
    let expected = [
        "text/plain; charset=utf-8",
        "public, max-age=0, must-revalidate, stale-if-error=0",
    ];
    assert_eq!(headers, expected);
    assert!(reply.header("etag").starts_with("W/\""));
}

#[tokio::test]
async fn the_checksum_file_of_a_file_has_its_digest_and_the_end_of_its_filepath() {
    let app = with_links(json!([link("app", "/bin/app.tgz", "a")])).await;
    app.get(API).await.assert_error(404, "404 Not Found");
    for downloads in [API, WEB] {
        let path = format!("{downloads}/bin/app.tgz.sha256");
        let reply = app.get(&path).await;
        assert_file(&reply, &format!("{}  app.tgz\n", digits("a")));
        reply.assert_calls(200, &["BatchGetItem"]);
        let head = app.send(Event::new("HEAD", &path)).await;
        head.assert(200, Value::Null);
        for name in ["content-type", "cache-control", "etag"] {
            assert_eq!(head.header(name), reply.header(name), "{name}");
        }
        for method in ["GET", "HEAD"] {
            let event = Event::new(method, &path);
            let event = event.header("if-none-match", reply.header("etag"));
            let reply = app.send(event).await;
            reply.assert(304, Value::Null);
            let caching = reply.header("cache-control");
            assert_eq!(
                caching,
                "public, max-age=0, must-revalidate, stale-if-error=0"
            );
        }
    }
}

#[tokio::test]
async fn the_checksum_file_of_a_release_has_a_line_for_each_name_of_a_file() {
    let app = with_links(json!([
        link("macOS", "/bin/app-macos", "b"),
        link("app-linux", "/bin/app-linux", "a"),
        link("no filepath", "", "c"),
        link("no digest", "/none", ""),
        link("a/b", "", "d"),
    ]))
    .await;
    let lines = [("a", "app-linux"), ("b", "app-macos"), ("b", "macOS")];
    let lines = lines.into_iter().chain([("c", "no filepath")]);
    let text: String = lines
        .map(|(digit, name)| format!("{}  {name}\n", digits(digit)))
        .collect();
    for downloads in [API, WEB] {
        let reply = app.get(&format!("{downloads}/SHA256SUMS")).await;
        assert_file(&reply, &text);
        reply.assert_calls(200, &["BatchGetItem", "Query"]);
    }
    let latest = app.get("/group/app/-/releases/permalink/latest/downloads/SHA256SUMS");
    let location = format!("{HOST}{WEB}/SHA256SUMS");
    assert_eq!(latest.await.header("location"), location);
}

#[tokio::test]
async fn without_a_digest_there_is_no_checksum_file() {
    let app = with_links(json!([link("app", "/app", ""), link("-", "", "a")])).await;
    let message = |text| json!({ "message": text });
    for file in [
        "app.sha256",
        "SHA256SUMS",
        "none.sha256",
        ".sha256",
        "bin/SHA256SUMS",
    ] {
        for downloads in [API, WEB] {
            let reply = app.get(&format!("{downloads}/{file}")).await;
            reply.assert(404, message("404 Not found"));
            assert_eq!(reply.header("cache-control"), "no-cache", "{file}");
        }
        let of_no_release = API.replace("v1", "v2");
        let reply = app.get(&format!("{of_no_release}/{file}")).await;
        reply.assert(404, message("404 Not Found"));
        let of_no_release = WEB.replace("v1", "v2");
        let reply = app.get(&format!("{of_no_release}/{file}")).await;
        reply.assert(404, message("404 Not found"));
    }
}

#[tokio::test]
async fn a_link_with_the_filepath_of_a_checksum_file_takes_precedence() {
    let app = with_links(json!([
        link("app", "/app", "a"),
        link("signed", "/app.sha256", "b"),
        link("sums", "/SHA256SUMS", "c"),
    ]))
    .await;
    for (file, name) in [("app.sha256", "signed"), ("SHA256SUMS", "sums")] {
        for downloads in [API, WEB] {
            let reply = app.get(&format!("{downloads}/{file}")).await;
            let url = format!("https://e.com/{name}");
            assert_eq!((reply.status, reply.header("location")), (302, &*url));
            assert_eq!(
                reply.header("cache-control"),
                "public, max-age=60, stale-if-error=0"
            );
            reply.assert_calls(302, &["BatchGetItem"]);
        }
    }
    for (file, digit) in [("app.sha256", "b"), ("SHA256SUMS", "c")] {
        let reply = app.get(&format!("{WEB}/{file}.sha256")).await;
        assert_file(&reply, &format!("{}  {file}\n", digits(digit)));
    }
}

#[tokio::test]
async fn the_longest_filepath_has_a_checksum_file() {
    let longest = "a".repeat(127);
    let app = with_links(json!([link("app", &format!("/{longest}"), "a")])).await;
    for downloads in [API, WEB] {
        let reply = app.get(&format!("{downloads}/{longest}.sha256")).await;
        assert_file(&reply, &format!("{}  {longest}\n", digits("a")));
        for file in [format!("{longest}a.sha256"), format!("{longest}.sha25")] {
            let reply = app.get(&format!("{downloads}/{file}")).await;
            reply.assert(404, json!({"message": "404 Not found"}));
        }
    }
}

#[tokio::test]
async fn the_checksum_file_of_an_immutable_release_is_cached_like_the_redirect() {
    let app = with_links(json!([link("app", "/app", "a")])).await;
    let release = format!("{RELEASES}/v1");
    let locked = app.put(&release, json!({"immutable": true})).await;
    assert_eq!(locked.body["immutable"], false);
    let caching = async || {
        let [of_file, of_release] = ["app.sha256", "SHA256SUMS"];
        let of_file = app.get(&format!("{WEB}/{of_file}")).await;
        let of_release = app.get(&format!("{API}/{of_release}")).await;
        [of_file, of_release].map(|reply| reply.header("cache-control").to_owned())
    };
    assert_eq!(
        caching().await,
        ["public, max-age=0, must-revalidate, stale-if-error=0"; 2]
    );
    app.clock.advance(DRAIN);
    assert_eq!(caching().await, ["public, max-age=60, stale-if-error=0"; 2]);
}

#[tokio::test]
async fn the_checksum_files_of_a_private_project_are_for_its_members_alone() {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    let token = app.issue(granted("secret", 7, Role::Developer)).await;
    let links = json!([link("app", "/app", "a")]);
    let body = json!({"tag_name": "v1", "immutable": true, "assets": {"links": links}});
    let created = Event::new("POST", "/api/v4/projects/7/releases").token(&token);
    assert_eq!(app.send(created.json(body)).await.status, 201);
    for downloads in [
        "/secret/app/-/releases/v1/downloads",
        "/api/v4/projects/secret%2Fapp/releases/v1/downloads",
    ] {
        for file in ["app.sha256", "SHA256SUMS"] {
            let path = format!("{downloads}/{file}");
            let reply = app.send(Event::new("GET", &path).token(&token)).await;
            reply.assert(200, json!(format!("{}  app\n", digits("a"))));
            assert_eq!(reply.header("cache-control"), "private, no-store");
            for event in [
                Event::new("GET", &path).anonymous(),
                Event::new("GET", &path),
            ] {
                let reply = app.send(event).await;
                reply.assert(404, json!({"message": "404 Project Not Found"}));
            }
        }
    }
}

/// Renames the project of the tests.
async fn rename(app: &TestApp, path: &str) {
    let session = app.operator.session(Duration::from_secs(5));
    let changes = ProjectChanges {
        path: Some(ProjectPath::parse(path).unwrap()),
        visibility: None,
    };
    let (project, now) = (ProjectRef::parse("24").unwrap(), SystemTime::now());
    let projects = session.projects();
    let update = projects.update(&project, changes, Takeover::Allow, now);
    update.await.unwrap();
}

/// The URL of a link whose filepath is that of a checksum file, and the outcome of a download.
async fn assert_outcome(app: &TestApp, url: &str, file: &str, expected: (u64, &str)) {
    let links = format!("{RELEASES}/v1/assets/links");
    let filepath = format!("/{file}");
    let body = json!({"name": "checksums", "url": url, "filepath": filepath});
    let created = app.post(&links, body).await;
    assert_eq!(created.status, 201, "{created:?}");
    for path in [format!("{WEB}/{file}"), format!("{API}/{file}")] {
        let reply = app.get(&path).await;
        let found = match reply.status {
            302 => reply.header("location").to_owned(),
            _ => reply.body.as_str().unwrap_or_default().to_owned(),
        };
        assert_eq!((reply.status, &*found), expected, "{url}");
    }
    let id = &created.body["id"];
    assert_eq!(app.delete(&format!("{links}/{id}")).await.status, 200);
}

#[tokio::test]
async fn a_link_to_its_own_address_leads_to_the_checksum_file() {
    let app = with_links(json!([link("app", "/app", "a"), link("none", "/none", "")])).await;
    for path in ["old/app", "group/app"] {
        rename(&app, path).await;
    }
    let text = format!("{}  app\n", digits("a"));
    for file in ["SHA256SUMS", "app.sha256"] {
        for url in [
            format!("{HOST}{WEB}/{file}"),
            format!("https://127.0.0.1:9000{WEB}/{file}?x=y#z"),
            format!("{HOST}{API}/{file}"),
            format!("{HOST}/Group/APP/-/releases/%76%31/downloads/{file}"),
            format!("{HOST}/24/-/releases/v1/downloads/{file}"),
            format!("{HOST}/old/app/-/releases/v1/downloads/{file}"),
            format!("{HOST}/api/v4/projects/group%2Fapp/releases/v1/downloads/{file}"),
            format!("{HOST}/api/v4/projects/old%2Fapp/releases/v1/downloads/{file}"),
            format!("{HOST}/group/app/-/releases/permalink/latest/downloads/{file}"),
            format!("{HOST}/api/v4/projects/24/releases/permalink/latest/downloads/{file}"),
            // The address at which the events arrive.
            format!("https://links.example.com{WEB}/{file}"),
            format!("https://user@LINKS.example.com.:443{WEB}/{file}"),
        ] {
            assert_outcome(&app, &url, file, (200, &text)).await;
        }
    }
    let own = format!("{HOST}{WEB}/none.sha256");
    let none = (404, "");
    assert_outcome(&app, &own, "none.sha256", none).await;
}

#[tokio::test]
async fn a_link_to_another_address_of_the_service_is_a_redirect() {
    let app = with_links(json!([link("app", "/app", "a")])).await;
    app.add(project(7, "other/app", Visibility::Public)).await;
    for path in [
        format!("{WEB}/app.sha256"),
        WEB.replace("v1", "v2") + "/SHA256SUMS",
        "/other/app/-/releases/v1/downloads/SHA256SUMS".to_owned(),
        "/none/app/-/releases/v1/downloads/SHA256SUMS".to_owned(),
        // Names that no project can have.
        "/api/v4/projects/group%252Fapp/releases/v1/downloads/SHA256SUMS".to_owned(),
        "/%20/app/-/releases/v1/downloads/SHA256SUMS".to_owned(),
        "/group/app/-/releases/v1/SHA256SUMS".to_owned(),
        "/api/v4/projects/24/releases/v1".to_owned(),
        "/group/app/-/releases/permalink/latest/SHA256SUMS".to_owned(),
    ] {
        let url = format!("{HOST}{path}");
        assert_outcome(&app, &url, "SHA256SUMS", (302, &url)).await;
    }
    for host in [
        "http://127.0.0.1:9001",
        "http://127.0.0.1",
        "http://e.com",
        "ftp://127.0.0.1:9000",
    ] {
        let url = format!("{host}{WEB}/SHA256SUMS");
        assert_outcome(&app, &url, "SHA256SUMS", (302, &url)).await;
    }
}

#[tokio::test]
async fn a_link_to_its_own_address_below_a_prefix_leads_to_the_checksum_file() {
    let app = with_links(json!([link("app", "/app", "a")])).await;
    let prefixed = TestApp::builder(app.address).public_url("https://e.com/links");
    let prefixed = prefixed.start();
    let url = format!("https://e.com/links{WEB}/SHA256SUMS");
    let body = json!({"name": "SHA256SUMS", "url": url, "filepath": "/SHA256SUMS"});
    let links = format!("{RELEASES}/v1/assets/links");
    assert_eq!(prefixed.post(&links, body).await.status, 201);
    let text = json!(format!("{}  app\n", digits("a")));
    for path in [
        format!("/links{WEB}/SHA256SUMS"),
        format!("{WEB}/SHA256SUMS"),
    ] {
        prefixed.get(&path).await.assert(200, text.clone());
    }
    let reply = app.get(&format!("{WEB}/SHA256SUMS")).await;
    assert_eq!((reply.status, reply.header("location")), (302, &*url));
}

/// The path of a tag whose name could be taken for a download.
#[tokio::test]
async fn a_tag_with_slashes_has_checksum_files() {
    let app = TestApp::start().await;
    let links = json!([link("app", "/bin/app", "a")]);
    let body = json!({"tag_name": "release/-/v1", "assets": {"links": links}});
    assert_eq!(app.post(RELEASES, body).await.status, 201);
    for tag in ["release/-/v1", "release%2F-%2Fv1"] {
        let path = format!("/group/app/-/releases/{tag}/downloads/bin/app.sha256");
        let text = format!("{}  app\n", digits("a"));
        app.get(&path).await.assert(200, json!(text));
    }
}
