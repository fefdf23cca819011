//! Releases: create, get, list, update and delete (section R).

use serde_json::{Value, json};

use testkit::app::{TestApp, granted, project};
use testkit::event::Event;
use testkit::invariants::assert_invariants;
use testkit::reply::Reply;

use release_links::project::{Role, Visibility};

pub(super) const RELEASES: &str = "/api/v4/projects/24/releases";
const SHA: &str = "6104942438c14ec7bd21c6cd5bd995272b3faff6";

/// The release of statement R34.
fn documented() -> Value {
    json!({
        "tag_name": "v0.2", "name": "App 0.2", "description": "## Changes\n\n- faster", "ref": SHA,
        "assets": {"links": [{
            "name": "app-linux-amd64", "url": "https://files.example.com/app",
            "direct_asset_path": "/bin/app", "link_type": "package",
        }]},
    })
}

/// The answer of statement R34, with the times of the response.
fn documented_answer(reply: &Reply) -> Value {
    let time = &reply.body["created_at"];
    let base = "http://127.0.0.1:9000";
    json!({
        "name": "App 0.2", "tag_name": "v0.2", "description": "## Changes\n\n- faster",
        "created_at": time, "released_at": time, "upcoming_release": false,
        "author": {
            "id": 1, "username": "token_1", "name": "documentation", "state": "active",
            "avatar_url": null, "web_url": format!("{base}/token_1"),
        },
        "commit": {
            "id": SHA, "short_id": "61049424", "created_at": time, "parent_ids": [], "title": "",
            "message": "", "author_name": "", "author_email": "", "authored_date": time,
            "committer_name": "", "committer_email": "", "committed_date": time,
        },
        "assets": {"count": 1, "sources": [], "links": [{
            "id": 1, "name": "app-linux-amd64", "url": "https://files.example.com/app",
            "external": true,
            "direct_asset_url": format!("{base}/group/app/-/releases/v0.2/downloads/bin/app"),
            "link_type": "package",
        }]},
        "evidences": [],
        "_links": {"self": format!("{base}/group/app/-/releases/v0.2")},
    })
}

pub(super) fn tags(reply: &Reply) -> Vec<&str> {
    let releases = reply.body.as_array().unwrap().iter();
    releases
        .map(|release| release["tag_name"].as_str().unwrap())
        .collect()
}

pub(super) fn names(release: &Value) -> Vec<&str> {
    let links = release["assets"]["links"].as_array().unwrap().iter();
    links.map(|link| link["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_created_release_is_shown_as_documented() {
    let app = TestApp::start().await;
    let created = app.post(RELEASES, documented()).await;
    created.assert(201, documented_answer(&created));
    assert!(!created.has_header("location"));
    let time = created.body["created_at"].as_str().unwrap();
    assert!(
        time.len() == 24 && time.ends_with('Z'),
        "three decimals: {time}"
    );
    let release = format!("{RELEASES}/v0.2");
    for path in [&release, "/api/v4/projects/group%2Fapp/releases/v0.2"] {
        let read = app.get(path).await;
        read.assert(200, created.body.clone());
        let fresh = Event::new("GET", path).header("if-none-match", read.header("etag"));
        assert_eq!(app.send(fresh).await.status, 304);
    }
    let anonymous = app.send(Event::new("GET", &release).anonymous()).await;
    let mut without_author = created.body.clone();
    without_author.as_object_mut().unwrap().remove("author");
    anonymous.assert(200, without_author.clone());
    let list = app.get(RELEASES).await;
    assert_eq!(list.body[0], created.body);
    assert_eq!(tags(&list), ["v0.2", "v0.1"]);
    let list = app.send(Event::new("GET", RELEASES).anonymous()).await;
    assert_eq!(list.body[0], without_author);
    let head = app.send(Event::new("HEAD", &release)).await;
    assert_eq!((head.status, head.body.is_null()), (200, true));
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn a_release_with_a_tag_alone_has_gitlabs_defaults() {
    let app = TestApp::start().await;
    let created = app.post(RELEASES, json!({"tag_name": "v2"})).await;
    assert_eq!(created.status, 201);
    assert_eq!(
        (&created.body["name"], &created.body["description"]),
        (&json!("v2"), &Value::Null)
    );
    assert_eq!(created.body["released_at"], created.body["created_at"]);
    assert_eq!(
        created.body["assets"],
        json!({"count": 0, "sources": [], "links": []})
    );
    assert_eq!(created.body["commit"]["id"], "");
    let created = app
        .post(
            RELEASES,
            json!({"tag_name": "v3", "name": "", "ref": "main"}),
        )
        .await;
    assert_eq!((created.status, &created.body["name"]), (201, &json!("")));
    assert_eq!(created.body["commit"]["short_id"], "");
}

#[tokio::test]
async fn the_links_of_a_release_are_shown_newest_first() {
    let app = TestApp::start().await;
    let links = json!([{"name": "a", "url": "http://a"}, {"name": "b", "url": "http://b"}]);
    let body = json!({"tag_name": "v2", "assets": {"links": links}});
    let created = app.post(RELEASES, body).await;
    assert_eq!(names(&created.body), ["b", "a"]);
    let body = json!({"name": "c", "url": "http://c"});
    assert_eq!(
        app.post(&format!("{RELEASES}/v2/assets/links"), body)
            .await
            .status,
        201
    );
    let read = app.get(&format!("{RELEASES}/v2")).await;
    assert_eq!(names(&read.body), ["c", "b", "a"]);
    assert_eq!(read.body["assets"]["count"], 3);
}

#[tokio::test]
async fn a_tag_can_have_one_release() {
    let app = TestApp::start().await;
    assert_eq!(app.post(RELEASES, documented()).await.status, 201);
    let exists = json!({"message": "Release already exists"});
    app.post(RELEASES, documented())
        .await
        .assert(409, exists.clone());
    let mut invalid = documented();
    invalid["assets"]["links"][0]["url"] = json!("no url");
    app.post(RELEASES, invalid)
        .await
        .assert(409, exists.clone());
    let link = json!({"name": "a", "url": "http://a"});
    let links = format!("{RELEASES}/by-link/assets/links");
    assert_eq!(app.post(&links, link).await.status, 201);
    app.post(RELEASES, json!({"tag_name": "by-link"}))
        .await
        .assert(409, exists);
    let read = app.get(&format!("{RELEASES}/by-link")).await;
    assert_eq!((read.status, &read.body["name"]), (200, &json!("by-link")));
    assert_eq!(read.body["author"]["name"], "documentation");
    assert_eq!(
        app.post(RELEASES, json!({"tag_name": "V0.2"})).await.status,
        201
    );
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn an_update_changes_only_what_is_sent() {
    let app = TestApp::start().await;
    let created = app.post(RELEASES, documented()).await;
    let release = format!("{RELEASES}/v0.2");
    let mut expected = created.body.clone();
    for (change, name, value) in [
        (json!({"name": "New"}), "name", json!("New")),
        (json!({"name": null}), "name", json!("v0.2")),
        (json!({"description": null}), "description", Value::Null),
        (json!({"description": "text"}), "description", json!("text")),
        (
            json!({"released_at": "2019-03-15T08:00:00+01:00"}),
            "released_at",
            json!("2019-03-15T07:00:00.000Z"),
        ),
    ] {
        expected[name] = value;
        app.put(&release, change.clone())
            .await
            .assert(200, expected.clone());
        app.get(&release).await.assert(200, expected.clone());
        assert_invariants(&app.items().await);
    }
    let ignored = json!({"name": "N", "tag_name": "v9", "ref": "x", "assets": {"links": [{}]}});
    expected["name"] = json!("N");
    app.put(&release, ignored)
        .await
        .assert(200, expected.clone());
    app.put(&release, json!({"milestones": []}))
        .await
        .assert(200, expected);
    assert_eq!(
        tags(&app.get(RELEASES).await),
        ["v0.1", "v0.2"],
        "the oldest comes last"
    );
}

#[tokio::test]
async fn a_deleted_release_is_gone_with_its_links() {
    let app = TestApp::start().await;
    let created = app.post(RELEASES, documented()).await;
    let release = format!("{RELEASES}/v0.2");
    let mut expected = created.body.clone();
    expected["assets"] = json!({"count": 0, "sources": [], "links": []});
    app.delete(&release).await.assert(200, expected);
    app.get(&release)
        .await
        .assert(404, json!({"message": "404 Not Found"}));
    let link_not_found = json!({"message": "404 Not found"});
    for path in ["assets/links", "assets/links/1"] {
        app.get(&format!("{release}/{path}"))
            .await
            .assert(404, link_not_found.clone());
    }
    app.get("/group/app/-/releases/v0.2/downloads/bin/app")
        .await
        .assert(404, link_not_found);
    let forbidden = json!({"message": "403 Forbidden"});
    app.delete(&release).await.assert(403, forbidden.clone());
    app.put(&release, json!({"name": "a"}))
        .await
        .assert(403, forbidden.clone());
    app.put(&release, json!({})).await.assert(403, forbidden);
    assert_eq!(tags(&app.get(RELEASES).await), ["v0.1"]);
    assert_invariants(&app.items().await);
    let again = app.post(RELEASES, documented()).await;
    assert_eq!(again.status, 201, "{again:?}");
    let id = again.body["assets"]["links"][0]["id"].as_u64().unwrap();
    assert!(id > 1, "no link ID is used twice: {id}");
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn a_repeated_creation_with_a_key_gets_the_same_response() {
    let app = TestApp::start().await;
    let create = |body: Value| {
        Event::new("POST", RELEASES)
            .json(body)
            .header("idempotency-key", "k")
    };
    let mut body = documented();
    body["released_at"] = json!("1969-01-01");
    let created = app.send(create(body.clone())).await;
    assert_eq!(
        (created.status, created.has_header("idempotent-replayed")),
        (201, false)
    );
    let release = format!("{RELEASES}/v0.2");
    assert_eq!(
        app.put(&release, json!({"name": "changed"})).await.status,
        200
    );
    let again = app.send(create(body.clone())).await;
    again.assert(201, created.body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = app.send(create(json!({"tag_name": "v0.2"}))).await;
    let reused = "422 Unprocessable Entity: this Idempotency-Key was used for another request, \
                  choose a new one";
    other.assert(422, json!({ "message": reused }));
    let link = Event::new("POST", &format!("{release}/assets/links"));
    let link = link
        .form("name=a&url=http://a")
        .header("idempotency-key", "k");
    app.send(link)
        .await
        .assert(422, json!({ "message": reused }));
    assert_eq!(app.delete(&release).await.status, 200);
    let anew = app.send(create(body)).await;
    assert_eq!(
        (anew.status, anew.has_header("idempotent-replayed")),
        (201, false)
    );
}

#[tokio::test]
async fn a_list_has_pages_orders_and_headers() {
    let app = TestApp::start().await;
    app.add(project(7, "group/list", Visibility::Private)).await;
    let token = app.issue(granted("list", 7, Role::Developer)).await;
    let releases = "/api/v4/projects/7/releases";
    let list = |query: &str| Event::new("GET", &format!("{releases}{query}")).token(&token);
    let empty = app.send(list("")).await;
    empty.assert(200, json!([]));
    assert_eq!(
        (empty.header("x-total"), empty.header("x-total-pages")),
        ("0", "1")
    );
    for (tag, released_at) in [
        ("a", "2026-01-03"),
        ("b", "2026-01-01"),
        ("c", "2999-01-01"),
        ("d", "2026-01-03"),
    ] {
        let body = json!({"tag_name": tag, "released_at": released_at});
        let created = app
            .send(Event::new("POST", releases).token(&token).json(body))
            .await;
        assert_eq!(
            (created.status, &created.body["upcoming_release"]),
            (201, &json!(tag == "c"))
        );
    }
    for (query, expected) in [
        ("", ["c", "d", "a", "b"].as_slice()),
        ("?sort=asc", &["b", "a", "d", "c"]),
        ("?order_by=created_at", &["d", "c", "b", "a"]),
        ("?order_by=created_at&sort=asc", &["a", "b", "c", "d"]),
        ("?order_by&sort", &["c", "d", "a", "b"]),
        ("?per_page=3&page=2", &["b"]),
        ("?per_page=3&page=3", &[]),
        (
            "?updated_after=nonsense&pagination=keyset",
            &["c", "d", "a", "b"],
        ),
    ] {
        assert_eq!(tags(&app.send(list(query)).await), expected, "{query}");
    }
    let page = app
        .send(list("?per_page=3&include_html_description=1"))
        .await;
    assert_eq!(
        (page.header("x-total"), page.header("x-next-page")),
        ("4", "2")
    );
    let next = "<http://127.0.0.1:9000/api/v4/projects/7/releases?id=7&\
                include_html_description=true&order_by=released_at&page=2&per_page=3&sort=desc>; \
                rel=\"next\"";
    assert!(
        page.header("link").starts_with(next),
        "{}",
        page.header("link")
    );
    assert_eq!(page.body[0]["description_html"], "");
}

/// A release that becomes due says so without a write.
#[tokio::test]
async fn a_release_is_upcoming_until_its_time_comes() {
    let app = TestApp::start().await;
    let body = json!({"tag_name": "v2", "released_at": "2030-01-01T00:00:00.900Z"});
    assert_eq!(
        app.post(RELEASES, body).await.body["upcoming_release"],
        true
    );
    let due = TestApp::builder(app.address)
        .clock(|| std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_893_456_000))
        .start();
    assert_eq!(
        due.get(&format!("{RELEASES}/v2")).await.body["upcoming_release"],
        false
    );
}
