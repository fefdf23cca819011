//! Parameters of releases, and the rules that GitLab applies to them (R35 to R50).

use serde_json::{Value, json};

use testkit::app::TestApp;
use testkit::event::Event;
use testkit::invariants::assert_invariants;

use crate::releases::{RELEASES, names, tags};

/// A body whose links are these.
fn links(links: Value) -> Value {
    json!({"tag_name": "v2", "assets": {"links": links}})
}

/// Bodies, each with the error about their parameters. `links` stands for a release with these
/// links.
const INVALID: &str = r#"
    {} => tag_name is missing
    [] => tag_name is missing
    {"tag_name": ["v"]} => tag_name is invalid
    {"tag_name": "v\r"} => tag_name is invalid
    {"tag_name": "v2", "name": {"a": 1}} => name is invalid
    {"name": [], "description": {}, "ref": [], "tag_message": []} => tag_name is missing, tag_message is invalid, name is invalid, description is invalid, ref is invalid
    {"tag_name": "v2", "assets": "a"} => assets is invalid
    {"tag_name": "v2", "assets": ""} => assets is invalid
    {"tag_name": "v2", "assets": []} => assets is invalid
    links "a" => assets[links] is invalid
    links {"a": 1} => assets[links] is invalid
    links [{"name": "a"}] => assets[links][0][url] is missing
    links [{"name": "a", "url": "http://a"}, {"url": "http://b"}] => assets[links][1][name] is missing
    links ["a"] => assets[links][0][name] is missing, assets[links][0][name] is invalid, assets[links][0][url] is missing, assets[links][0][url] is invalid
    links [1] => assets[links][0][name] is missing, assets[links][0][name] is invalid, assets[links][0][url] is missing, assets[links][0][url] is invalid
    links [{"name": "a", "url": [], "link_type": [], "filepath": {}}] => assets[links][0][url] is invalid, assets[links][0][filepath] is invalid, assets[links][0][link_type] is invalid
    links [{"name": "a", "url": "http://a", "link_type": [], "digest": []}, {"name": "b", "url": "http://b", "digest": {"a": 1}}] => assets[links][0][link_type] is invalid, assets[links][0][digest] is invalid, assets[links][1][digest] is invalid
    {"tag_name": "v2", "milestones": [], "milestone_ids": []} => milestones, milestone_ids Cannot specify milestones and milestone_ids at the same time
    {"tag_name": "v2", "milestones": {"a": 1}} => milestones is invalid
    {"tag_name": "v2", "milestone_ids": "a"} => milestone_ids is invalid
    {"tag_name": "v2", "released_at": 1552636800} => released_at is invalid
    {"tag_name": "v2", "released_at": "2019-02-30"} => released_at is invalid
    {"tag_name": "v2", "released_at": true} => released_at is invalid
    {"tag_name": "v2", "legacy_catalog_publish": "maybe"} => legacy_catalog_publish is invalid
"#;

/// Bodies whose parameters are valid, each with the message about the rule that it breaks.
const BROKEN_RULES: &str = r#"
    {"tag_name": null} => Tag name invalid
    {"tag_name": " \t"} => Tag name invalid
    {"tag_name": "", "milestones": "a, b"} => Milestone(s) not found: a, b
    {"tag_name": "v2", "milestone_ids": ["1", "2"]} => Milestone id(s) not found: 1, 2
    links [{"name": null, "url": ""}, {}] => Validation failed: Links url can't be blank, Links url must be a valid URL, Links name can't be blank
    links [{"name": "a", "url": "data:x"}, {"name": "", "url": "http://b"}] => Validation failed: Links url is blocked: Only allowed schemes are http, https, ftp, Links name can't be blank
    links [{"name": "a", "url": "http://a", "filepath": "a"}] => Validation failed: Links filepath is in an invalid format
    links [{"name": "a", "url": "http://a", "digest": ""}, {"name": "b", "url": "http://b", "digest": "x"}] => Validation failed: Links digest is invalid: write sha256: and 64 hexadecimal digits
    links [{"name": "a", "url": "http://a", "filepath": "a", "digest": "sha256:"}] => Validation failed: Links filepath is in an invalid format, Links digest is invalid: write sha256: and 64 hexadecimal digits
    links [{"name": "", "url": "http://a", "link_type": "zzz", "digest": "x"}] => 'zzz' is not a valid link_type
    links [{"name": "alpha", "url": "http://a"}, {"name": "alpha", "url": "http://b"}, {"name": "c", "url": "http://b"}] => Validation failed: Links have duplicate values (alpha), Links have duplicate values (http://b)
    links [{"name": "a", "url": "http://a", "filepath": "/bin/a"}, {"name": "b", "url": "http://b", "direct_asset_path": "/bin/a"}] => Validation failed: Links have duplicate values (/bin/a)
"#;

/// The bodies of a table, each with its text.
fn bodies(table: &'static str) -> impl Iterator<Item = (Value, &'static str)> {
    let lines = table.lines().filter(|line| !line.is_empty());
    lines.map(|line| {
        let (body, text) = line.trim().split_once(" => ").unwrap();
        let body = match body.strip_prefix("links ") {
            Some(value) => links(serde_json::from_str(value).unwrap()),
            None => serde_json::from_str(body).unwrap(),
        };
        (body, text)
    })
}

async fn assert_nothing_was_created(app: &TestApp) {
    assert_eq!(tags(&app.get(RELEASES).await), ["v0.1"]);
}

#[tokio::test]
async fn every_invalid_parameter_of_a_new_release_is_named() {
    let app = TestApp::start().await;
    for (body, error) in bodies(INVALID) {
        app.post(RELEASES, body).await.assert_error(400, error);
    }
    let numbered = "tag_name=v2&assets[links][0][name]=a";
    let event = Event::new("POST", RELEASES).form(numbered);
    app.send(event)
        .await
        .assert_error(400, "assets[links] is invalid");
    assert_nothing_was_created(&app).await;
}

#[tokio::test]
async fn a_tag_that_is_too_long_is_an_invalid_parameter() {
    let app = TestApp::start().await;
    let long = json!({"tag_name": "t".repeat(1_025)});
    let too_long = "tag_name is too long (maximum is 1024 bytes)";
    app.post(RELEASES, long).await.assert_error(400, too_long);
    let release = format!("{RELEASES}/{}", "t".repeat(1_025));
    for event in [
        Event::new("GET", &release),
        Event::new("PUT", &release).form("name=a"),
        Event::new("DELETE", &release),
    ] {
        app.send(event).await.assert_error(400, too_long);
    }
    assert_nothing_was_created(&app).await;
}

#[tokio::test]
async fn every_broken_rule_of_a_new_release_is_reported() {
    let app = TestApp::start().await;
    let long = json!({"tag_name": "v2", "name": "n".repeat(256)});
    let too_long = "Validation failed: Name is too long (maximum is 255 characters)";
    for (body, message) in bodies(BROKEN_RULES).chain([(long, too_long)]) {
        let reply = app.post(RELEASES, body).await;
        reply.assert(400, json!({ "message": message }));
    }
    assert_nothing_was_created(&app).await;
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn unusual_but_valid_attributes_are_accepted() {
    let app = TestApp::start().await;
    let long = "t".repeat(1_024);
    let almost = format!("{}é", "t".repeat(799));
    for (body, expected) in [
        (json!({"tag_name": 1.5}), vec![]),
        (
            json!({"tag_name": "HEAD", "ref": "", "tag_message": "m", "assets": null}),
            vec![],
        ),
        (
            json!({"tag_name": "empty", "assets": {}, "milestones": ""}),
            vec![],
        ),
        (
            json!({"tag_name": "none", "assets": {"links": ""}, "released_at": ""}),
            vec![],
        ),
        (
            json!({"tag_name": "null", "assets": {"links": [null]}, "released_at": null}),
            vec![],
        ),
        (
            json!({"tag_name": "more", "assets": {"links": [
                {"name": "a", "url": " http://a ", "id": 9, "link_type": ""},
                {"name": "b", "url": "http://b", "link_type": null},
            ]}}),
            vec!["b", "a"],
        ),
        (json!({"tag_name": long}), vec![]),
        (json!({"tag_name": almost}), vec![]),
        (json!({"tag_name": "a/b c#d+é%"}), vec![]),
        (json!({"tag_name": "permalink/x"}), vec![]),
    ] {
        let created = app.post(RELEASES, body.clone()).await;
        assert_eq!(created.status, 201, "{body}: {created:?}");
        assert_eq!(names(&created.body), expected, "{body}");
    }
    let form = "tag_name=form&assets[links][][name]=a&assets[links][][url]=http://a\
                &assets[links][][name]=b&assets[links][][url]=http://b";
    let created = app.send(Event::new("POST", RELEASES).form(form)).await;
    assert_eq!(names(&created.body), ["b", "a"]);
    let listed = app
        .get(&format!(
            "{RELEASES}?per_page=100&order_by=created_at&sort=asc"
        ))
        .await;
    let listed = tags(&listed);
    assert_eq!(listed.len(), 12);
    for tag in [long.as_str(), &almost, "a/b c#d+é%", "1.5", "HEAD"] {
        assert!(listed.contains(&tag), "{tag}");
    }
    assert_eq!(
        app.get(&format!("{RELEASES}/a%2Fb%20c%23d%2B%C3%A9%25"))
            .await
            .status,
        200
    );
    assert_invariants(&app.items().await);
}

#[tokio::test]
async fn invalid_parameters_of_a_list_are_named_in_gitlabs_order() {
    let app = TestApp::start().await;
    for (query, error) in [
        ("order_by=name", "order_by does not have a valid value"),
        ("order_by=", "order_by does not have a valid value"),
        ("order_by[]=a", "order_by is invalid"),
        ("sort=DESC", "sort does not have a valid value"),
        (
            "include_html_description=tRue",
            "include_html_description is invalid",
        ),
        (
            "include_html_description=2&sort=a&order_by=b&per_page=0&page=x",
            "page is invalid, per_page has a value not allowed, \
             order_by does not have a valid value, sort does not have a valid value, \
             include_html_description is invalid",
        ),
    ] {
        app.get(&format!("{RELEASES}?{query}"))
            .await
            .assert_error(400, error);
    }
    app.get(&format!("{RELEASES}/v0.1?include_html_description=2"))
        .await
        .assert_error(400, "include_html_description is invalid");
    for format in ["?format=xml", "/v0.1?format=xml"] {
        let reply = app.get(&format!("{RELEASES}{format}")).await;
        reply.assert_error(406, "The requested format 'xml' is not supported.");
    }
}

#[tokio::test]
async fn an_update_reports_gitlabs_errors() {
    let app = TestApp::start().await;
    let release = format!("{RELEASES}/v0.1");
    for body in [
        json!({}),
        json!({"assets": {"links": []}}),
        json!({"sha": "a", "x": 1}),
    ] {
        app.put(&release, body)
            .await
            .assert(400, json!({"message": "params is empty"}));
    }
    for (body, message) in [
        (
            json!({"released_at": null}),
            json!({"released_at": ["can't be blank"]}),
        ),
        (
            json!({"released_at": ""}),
            json!({"released_at": ["can't be blank"]}),
        ),
        (
            json!({"name": "n".repeat(256)}),
            json!({"name": ["is too long (maximum is 255 characters)"]}),
        ),
        (
            json!({"milestones": ["a"]}),
            json!("Milestone(s) not found: a"),
        ),
    ] {
        app.put(&release, body)
            .await
            .assert(400, json!({ "message": message }));
    }
    let body = json!({"name": [], "released_at": "soon", "milestones": [], "milestone_ids": []});
    let error = "name is invalid, released_at is invalid, milestones, milestone_ids Cannot \
                 specify milestones and milestone_ids at the same time";
    app.put(&release, body).await.assert_error(400, error);
}
