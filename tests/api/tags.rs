//! Tags that may be created, and those that a path cannot name (R88).

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use harness::{Named, NamingRequest, requests};
use release_links::http::paths;
use release_links::project::{Role, Visibility};
use release_links::release::{Details, NewRelease, TagName};
use serde_json::{Value, json};

use testkit::app::{LINKS, TestApp, granted, project};
use testkit::event::Event;
use testkit::invariants::assert_invariants;
use testkit::reply::Reply;
use testkit::usage;

const RELEASES: &str = "/api/v4/projects/24/releases";

/// One tag for each reason to refuse it, as a body has it and as a path has it.
const REFUSED: [(&str, &str); 14] = [
    ("release/", "release%2F"),
    ("/v2", "%2Fv2"),
    ("v//3", "v%2F%2F3"),
    ("..", ".."),
    ("a/./b", "a%2F.%2Fb"),
    ("a?b=c", "a%3Fb%3Dc"),
    ("a\\b", "a%5Cb"),
    ("%41", "%2541"),
    ("a/downloads/b", "a%2Fdownloads%2Fb"),
    ("permalink/latest", "permalink%2Flatest"),
    ("x/assets", "x%2Fassets"),
    ("x/assets/links/1", "x%2Fassets%2Flinks%2F1"),
    ("v4 ", "v4%20"),
    ("\u{a0}v4", "%C2%A0v4"),
];

fn invalid() -> Value {
    json!({"message": "Tag name invalid"})
}

#[tokio::test]
async fn a_tag_that_a_path_cannot_name_is_not_created() {
    let app = TestApp::start().await;
    let before = app.items().await;
    assert_eq!(app.get(LINKS).await.status, 200, "the token is cached now");
    for (tag, encoded) in REFUSED {
        let links = json!([{"name": "", "url": "no url"}]);
        let body = json!({"tag_name": tag, "assets": {"links": links}});
        // The release may exist, and be immutable.
        let refused = app.post(RELEASES, body).await;
        refused.assert(400, invalid());
        refused.assert_calls(400, &["GetItem"]);
        let body = json!({"name": "", "url": "no url"});
        let links = format!("{RELEASES}/{encoded}/assets/links");
        let refused = app.post(&links, body).await;
        refused.assert(400, invalid());
        refused.assert_calls(400, &["GetItem"]);
    }
    for tag in ["v4\r", "a/b\n"] {
        let invalid = "tag_name is invalid";
        let body = json!({"tag_name": tag});
        app.post(RELEASES, body).await.assert_error(400, invalid);
        let encoded = tag.replace('\r', "%0D").replace('\n', "%0A");
        let encoded = encoded.replace('/', "%2F");
        let links = format!("{RELEASES}/{encoded}/assets/links");
        let body = json!({"name": "", "url": "no url"});
        app.post(&links, body).await.assert_error(400, invalid);
    }
    assert_eq!(app.items().await, before);
}

#[tokio::test]
async fn missing_write_access_comes_before_an_invalid_tag() {
    let app = TestApp::start().await;
    app.add(project(7, "group/other", Visibility::Private))
        .await;
    let token = app.issue(granted("reader", 7, Role::Reporter)).await;
    let releases = "/api/v4/projects/7/releases";
    for (path, body) in [
        (releases.to_owned(), json!({"tag_name": "a/"})),
        (
            format!("{releases}/a%2F/assets/links"),
            json!({"name": "a", "url": "http://a"}),
        ),
    ] {
        let reply = app.send(Event::new("POST", &path).token(&token).json(body));
        reply.await.assert(403, json!({"message": "403 Forbidden"}));
    }
}

/// A restore from a backup may bring back such releases.
#[tokio::test]
async fn a_release_whose_tag_is_no_longer_created_can_be_read_changed_and_deleted() {
    let app = TestApp::start().await;
    for (tag, encoded) in REFUSED {
        let session = app
            .store
            .session(Duration::from_secs(30), SystemTime::now());
        let new = NewRelease {
            details: Details::default(),
            released_at: None,
            links: Vec::new(),
            is_immutable: false,
        };
        let key = usage::release(tag);
        session
            .write_as(&usage::writer())
            .create_release(&key.tag, &new, None)
            .await
            .unwrap();
        let release = format!("{RELEASES}/{encoded}");
        let exists = json!({"message": "Release already exists"});
        app.post(RELEASES, json!({"tag_name": tag}))
            .await
            .assert(409, exists);
        let links = format!("{release}/assets/links");
        app.post(&links, json!({"name": "a", "url": "http://a"}))
            .await
            .assert(400, invalid());
        app.get(&links).await.assert(200, json!([]));
        let shown = app.get(&release).await;
        assert_eq!((shown.status, &shown.body["tag_name"]), (200, &json!(tag)));
        let changed = app.put(&release, json!({"name": "new"})).await;
        assert_eq!(
            (changed.status, &changed.body["name"]),
            (200, &json!("new"))
        );
        assert_eq!(app.delete(&release).await.status, 200, "{tag}");
        assert_eq!(app.get(&release).await.status, 404, "{tag}");
    }
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn a_tag_and_a_filepath_come_out_of_every_path() {
    let app = TestApp::start().await;
    for (tag, filepath) in [
        ("a/b c#d;é+~^%/2", "/#b/assets/links/x1"),
        ("-/releases/x", "/-/releases/y/downloads/x1"),
        ("downloads", "/downloads/downloads/x1"),
        ("assets", "/\\x/assets/links"),
        ("releases/links.json", "/é.b/permalink/latest"),
        ("permalink/x", "/ b/a.c"),
    ] {
        let links = json!([{"name": "a", "url": "https://e.com/a", "filepath": filepath}]);
        let body =
            json!({"tag_name": tag, "released_at": "2999-01-01", "assets": {"links": links}});
        assert_eq!(app.post(RELEASES, body).await.status, 201, "{tag}");
        let is_read = |request: &NamingRequest| request.method == "GET";
        for request in requests(tag, filepath).into_iter().filter(is_read) {
            // The release has one link, whose ID is 1.
            let path = |path: &str| path.replace("/assets/links/7", "/assets/links/1");
            for path in [path(&request.path), path(&request.decoded())] {
                let reply = app.get(&path).await;
                let seen = match request.named.pattern {
                    paths::RELEASE => &reply.body["tag_name"],
                    paths::LINK => &reply.body["name"],
                    paths::LINKS => &reply.body[0]["name"],
                    paths::RELEASE_PAGE => &json!(title(&reply)),
                    _ => &json!(reply.header("location")),
                };
                let expected = match request.named.pattern {
                    paths::RELEASE => json!(tag),
                    paths::RELEASE_PAGE => json!(format!("{tag} · group/app")),
                    paths::LINK | paths::LINKS => json!("a"),
                    paths::LATEST | paths::LATEST_PAGE => json!(latest(&request, tag, filepath)),
                    _ => json!("https://e.com/a"),
                };
                assert_eq!(*seen, expected, "{path}: {reply:?}");
            }
        }
        let decoded = format!("{RELEASES}/{tag}");
        assert_eq!(app.delete(&decoded).await.body["tag_name"], json!(tag));
    }
    assert_invariants(&app.items().await);
}

/// The title of a page.
fn title(reply: &Reply) -> &str {
    let page = reply.body.as_str().unwrap_or_default();
    let (_, rest) = page.split_once("<title>").unwrap_or_default();
    rest.split('<').next().unwrap_or_default()
}

/// The location of a redirect to the latest release: the path of the download of this release.
fn latest(request: &NamingRequest, tag: &str, filepath: &str) -> String {
    let is_api = request.named.pattern == paths::LATEST;
    let download = if is_api {
        paths::DOWNLOAD_ASSET
    } else {
        paths::DOWNLOAD
    };
    let all = requests(tag, filepath).into_iter();
    let downloads = all.filter(|other| other.named.pattern == download);
    // The last one of a project has the slashes of the filepath.
    let mut paths = downloads.map(|download| download.path);
    if is_api {
        paths.nth(1).unwrap()
    } else {
        format!("http://127.0.0.1:9000{}", paths.nth(1).unwrap())
    }
}

/// Every tag of at most `count` of these segments.
fn tags(length: usize) -> Vec<String> {
    let segments = [
        "a",
        "7",
        "",
        ".",
        "..",
        "-",
        "%41",
        "%",
        "b?c",
        "assets",
        "links",
        "links.json",
        "downloads",
        "releases",
        "permalink",
        "latest",
    ];
    let mut tags = segments.map(str::to_owned).to_vec();
    let mut longest = tags.clone();
    for _ in 1..length {
        let longer = |tag: &String| segments.map(|segment| format!("{tag}/{segment}"));
        longest = longest.iter().flat_map(longer).collect();
        tags.extend_from_slice(&longest);
    }
    tags
}

#[test]
fn a_tag_is_refused_only_if_a_path_cannot_name_it() {
    let is_refused = |tag: &String| TagName::parse_new(tag).is_err();
    // Paths could name some of these, too. The rule is simpler without the exceptions.
    let is_exempt =
        |tag: &String| tag.contains("assets/links.json") || tag.starts_with("permalink/latest");
    let refused = tags(3).into_iter().filter(is_refused);
    let mut count = 0;
    for tag in refused.filter(|tag| !is_exempt(tag)) {
        let mut requests = requests(&tag, "/bin/app").into_iter();
        assert!(requests.any(|request| !request.arrives()), "{tag}");
        count += 1;
    }
    assert!(count > 1_000, "{count}");
}

#[test]
fn no_two_tags_and_filepaths_have_the_same_path() {
    let filepaths = [
        "/assets/links",
        "/a/assets/links/7",
        "/downloads/bin/app",
        "/-/releases/a/downloads/bin/app",
        "/releases/permalink/latest",
    ];
    let with_filepaths = tags(2)
        .into_iter()
        .flat_map(|tag| filepaths.map(|filepath| (tag.clone(), filepath)));
    let pairs = tags(3).into_iter().map(|tag| (tag, "/bin/app"));
    let mut routes: HashMap<(String, String), Named> = HashMap::new();
    let mut count = 0;
    for (tag, filepath) in pairs.chain(with_filepaths) {
        if TagName::parse_new(&tag).is_err() {
            continue;
        }
        for request in requests(&tag, filepath) {
            assert!(request.arrives(), "{tag}, {filepath}: {request:?}");
            let key = (request.method.to_string(), request.decoded());
            let route = routes.entry(key).or_insert_with(|| request.named.clone());
            assert_eq!(*route, request.named);
        }
        count += 1;
    }
    assert!(count > 1_000, "{count}");
}
