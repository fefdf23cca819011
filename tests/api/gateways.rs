//! The event formats in which gateways send the same request.

use release_links::project::{Role, Visibility};
use serde_json::{Value, json};

use testkit::app::{TestApp, granted, project, seeded_engine};
use testkit::event::Event;

/// An Application Load Balancer event.
pub fn load_balancer(path: &str) -> Value {
    json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/x/1"}},
        "httpMethod": "GET", "path": path, "queryStringParameters": {"per_page": "1", "foo": "a%20b"},
        "headers": {"host": "lb.example.com", "x-forwarded-proto": "https"}, "body": "", "isBase64Encoded": false,
    })
}

/// A REST API event with a stage.
pub fn rest_api(path: &str) -> Value {
    json!({
        "resource": "/{proxy+}", "path": path, "httpMethod": "GET", "headers": {"Host": "x.example.com"},
        "multiValueHeaders": {"Host": ["x.example.com"]}, "queryStringParameters": {"per_page": "1"},
        "multiValueQueryStringParameters": {"per_page": ["1"]}, "pathParameters": {}, "stageVariables": {},
        "requestContext": {
            "accountId": "1", "stage": "prod", "httpMethod": "GET", "requestId": "1", "identity": {},
            "domainName": "x.example.com", "path": format!("/prod{path}"),
        },
        "body": null, "isBase64Encoded": false,
    })
}

#[tokio::test]
async fn encoded_and_decoded_paths_reach_the_same_link_through_every_gateway() {
    let app = TestApp::start().await;
    let encoded = "/api/v4/projects/Group%2Fapp/releases/rel%2F1.0%20%C3%A9/assets/links";
    let decoded = "/api/v4/projects/group/app/releases/rel/1.0 é/assets/links";
    let reply = app
        .post(
            encoded,
            json!({"name": "a", "url": "http://a", "filepath": "/a b/x"}),
        )
        .await;
    assert_eq!(reply.status, 400);
    let reply = app
        .post(
            encoded,
            json!({"name": "a", "url": "http://a", "filepath": "/bin/x"}),
        )
        .await;
    let download = "http://127.0.0.1:9000/group/app/-/releases/rel%2F1.0%20%C3%A9/downloads/bin/x";
    assert_eq!(
        (reply.status, &reply.body["direct_asset_url"]),
        (201, &json!(download))
    );
    let numeric = "/api/v4/projects/24/releases/rel%2F1.0%20%c3%a9/assets/links";
    for event in [
        Event::new("GET", encoded).into(),
        Event::new("GET", decoded).into(),
        Event::new("GET", numeric).into(),
        load_balancer(encoded),
        rest_api(encoded),
        rest_api(decoded),
    ] {
        let event: Value = event;
        let reply = app.send(event.clone()).await;
        assert_eq!((reply.status, reply.ids()), (200, vec![1]), "{event}");
        assert!(
            reply
                .header("link")
                .contains("/releases/rel%2F1.0%20%C3%A9/assets/links?"),
            "{reply:?}"
        );
    }
    let reply = app.send(load_balancer(encoded)).await;
    assert!(reply.header("link").contains("?foo=a%20b&"), "{reply:?}");
    assert_eq!(reply.header("x-per-page"), "1");
}

#[tokio::test]
async fn an_unknown_project_returns_404() {
    let app = TestApp::start().await;
    for project in [
        "group%2Fother",
        "app",
        "0",
        "-24",
        "25",
        "99999999999999999999",
    ] {
        let reply = app
            .get(&format!(
                "/api/v4/projects/{project}/releases/v0.1/assets/links"
            ))
            .await;
        reply.assert(404, json!({"message": "404 Project Not Found"}));
    }
    assert_eq!(
        app.get("/api/v4/projects/0024/releases/v0.1/assets/links")
            .await
            .ids(),
        [2]
    );
}

#[tokio::test]
async fn hosts_and_queries_that_lambda_http_cannot_parse_are_tolerated() {
    let app = TestApp::start().await;
    let list = testkit::app::LINKS;
    for (name, value) in [
        ("host", "not a host"),
        ("host", ""),
        ("host", "a:b:c"),
        ("x-forwarded-proto", "no scheme"),
        ("x-forwarded-proto", ""),
    ] {
        let reply = app.send(Event::new("GET", list).header(name, value)).await;
        assert_eq!(reply.status, 200, "{name}: {value}");
    }
    for query in ["foo=a b", "foo=\"<>", "foo=é", "foo=#", "&&==&"] {
        let reply = app.get(&format!("{list}?{query}")).await;
        assert_eq!((reply.status, reply.ids()), (200, vec![2]), "{query}");
    }
}

/// A client that follows `rel="next"` through an HTTP API, which decodes the path, sees every
/// link once.
#[tokio::test]
async fn a_hash_in_a_tag_does_not_hide_query_parameters() {
    let app = TestApp::start().await;
    for tag in ["a#b", "#", "#page=9&a"] {
        let encoded = tag.replace('#', "%23");
        let list = format!("/api/v4/projects/24/releases/{encoded}/assets/links");
        for n in 0..5 {
            let target = format!("{list}?name={n}&private_token={}", testkit::seed::TOKEN);
            let event = Event::new("POST", &target)
                .anonymous()
                .form(&format!("url=http://{n}"));
            assert_eq!(
                app.send(decoded(event, tag)).await.status,
                201,
                "the query parameters of a POST request are read"
            );
        }
        let (mut seen, mut next) = (Vec::new(), format!("{list}?per_page=2"));
        for _ in 0..3 {
            let reply = app.send(decoded(Event::new("GET", &next), tag)).await;
            assert_eq!(
                (reply.status, reply.header("x-per-page")),
                (200, "2"),
                "{next}"
            );
            seen.extend(reply.ids());
            let link = reply
                .header("link")
                .split(", ")
                .find(|link| link.ends_with("rel=\"next\""))
                .unwrap_or_default();
            let target = link
                .trim_start_matches("<http://127.0.0.1:9000")
                .split('>')
                .next()
                .unwrap_or_default();
            target.clone_into(&mut next);
        }
        assert_eq!((seen, next.as_str()), (vec![5, 4, 3, 2, 1], ""), "{tag}");
    }
}

/// The event as an HTTP API sends it, with the tag decoded.
fn decoded(event: Event, tag: &str) -> Value {
    let mut event: Value = event.into();
    event["rawPath"] = json!(format!("/api/v4/projects/24/releases/{tag}/assets/links"));
    event["requestContext"]["http"]["path"] = event["rawPath"].clone();
    event
}

#[tokio::test]
async fn client_supplied_hosts_and_schemes_do_not_change_query_parameters() {
    let app = TestApp::builder(seeded_engine().await)
        .without_public_url()
        .start();
    let list = format!("{}?per_page=1", testkit::app::LINKS);
    for (name, value) in [
        ("host", "e.com?per_page=7&foo=bar"),
        ("host", "e.com#"),
        ("host", "e.com/?x="),
        ("host", "user@e.com"),
        ("x-forwarded-proto", "https://e.com/?per_page=7&foo=bar&x="),
        ("x-forwarded-proto", "https://e.com/#"),
        ("x-forwarded-proto", "ftp"),
    ] {
        let events = [Event::new("GET", &list).header(name, value).into(), {
            let mut event = load_balancer(testkit::app::LINKS);
            event["headers"][name] = json!(value);
            event
        }];
        for event in events {
            let event: Value = event;
            let reply = app.send(event.clone()).await;
            assert_eq!(
                (reply.status, reply.header("x-per-page")),
                (200, "1"),
                "{name}: {value}"
            );
            let link = reply.header("link");
            assert!(!link.contains("bar") && !link.contains("user@"), "{link}");
            assert!(base_url(link).starts_with("https://"), "{link}");
        }
    }
}

#[tokio::test]
async fn the_prefix_is_stripped_only_from_paths_that_have_it() {
    let engine = seeded_engine().await;
    let plain = TestApp::builder(engine).start();
    let body = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/app"});
    assert_eq!(plain.post(testkit::app::LINKS, body).await.status, 201);
    let list = "/api/v4/projects/24/releases/v0.1/assets/links";
    let download = "/group/app/-/releases/v0.1/downloads/bin/app";
    for prefix in ["/gl", "/api", "/api/v4", "/group", "/GROUP", "/group/app"] {
        let public_url = format!("https://example.com{prefix}");
        let app = TestApp::builder(engine).public_url(&public_url).start();
        for path_prefix in [prefix, ""] {
            for _ in 0..2 {
                let reply = app.get(&format!("{path_prefix}{list}")).await;
                assert_eq!(
                    (reply.status, reply.ids()),
                    (200, vec![2, 1]),
                    "{prefix}, {path_prefix}"
                );
                let start = format!("<https://example.com{prefix}/api/v4/projects/24/");
                assert!(reply.header("link").starts_with(&start), "{reply:?}");
                let reply = app.get(&format!("{path_prefix}{download}")).await;
                assert_eq!(
                    (reply.status, reply.header("location")),
                    (302, "https://e.com/a"),
                    "{prefix}, {path_prefix}"
                );
            }
        }
    }
}

/// With the prefix `/group`, a download path can refer to two projects. The unmodified path takes
/// precedence, and one batch reads both candidates.
#[tokio::test]
async fn the_unmodified_path_takes_precedence_over_the_stripped_path() {
    let engine = seeded_engine().await;
    let plain = TestApp::builder(engine).start();
    for (id, path) in [(7, "group/sub/app"), (8, "sub/app")] {
        plain.add(project(id, path, Visibility::Public)).await;
        let token = plain.issue(granted(path, id, Role::Owner)).await;
        let links = format!("/api/v4/projects/{id}/releases/v1/assets/links");
        let body =
            json!({"name": "a", "url": format!("https://e.com/{id}"), "filepath": "/bin/app"});
        assert_eq!(
            plain
                .send(Event::new("POST", &links).token(&token).json(body))
                .await
                .status,
            201
        );
    }
    let app = TestApp::builder(engine)
        .public_url("https://example.com/group")
        .start();
    let download = "/group/sub/app/-/releases/v1/downloads/bin/app";
    for operations in [vec!["BatchGetItem"; 2], vec!["BatchGetItem"]] {
        let reply = app.send(Event::new("GET", download).anonymous()).await;
        assert_eq!(reply.header("location"), "https://e.com/7");
        reply.assert_calls(302, &operations);
    }
    let prefixed = "/group/group/sub/app/-/releases/v1/downloads/bin/app";
    assert_eq!(
        app.get(prefixed).await.header("location"),
        "https://e.com/7"
    );
    assert_eq!(
        app.get("/sub/app/-/releases/v1/downloads/bin/app")
            .await
            .header("location"),
        "https://e.com/8"
    );
}

/// A REST API strips its stage from the path, so a leading segment that equals the stage belongs to
/// the path.
#[tokio::test]
async fn a_path_segment_that_equals_the_rest_stage_is_not_stripped() {
    let app = TestApp::builder(seeded_engine().await)
        .without_public_url()
        .start();
    let body = json!({"name": "a", "url": "https://e.com/a", "filepath": "/bin/app"});
    assert_eq!(app.post(testkit::app::LINKS, body).await.status, 201);
    for stage in ["group", "api", "prod"] {
        for (path, status) in [
            (testkit::app::LINKS, 200),
            ("/group/app/-/releases/v0.1/downloads/bin/app", 302),
        ] {
            let mut event = rest_api(path);
            event["requestContext"]["stage"] = json!(stage);
            event["requestContext"]["path"] = json!(format!("/{stage}{path}"));
            let reply = app.send(event).await;
            assert_eq!(reply.status, status, "{stage}: {reply:?}");
            if status == 200 {
                assert_eq!(
                    base_url(reply.header("link")),
                    format!("https://x.example.com/{stage}")
                );
            }
        }
    }
}

/// The base URL of the first link in the `Link` header.
fn base_url(link: &str) -> &str {
    link.strip_prefix('<')
        .unwrap()
        .split("/api/v4")
        .next()
        .unwrap()
}

#[tokio::test]
async fn without_a_public_url_links_use_the_address_of_the_request() {
    let app = TestApp::builder(seeded_engine().await)
        .without_public_url()
        .start();
    let list = testkit::app::LINKS;
    let mut staged: Value = Event::new("GET", &format!("/beta{list}")).into();
    staged["requestContext"]["stage"] = json!("beta");
    let mut plain_http = load_balancer(list);
    plain_http["headers"]["x-forwarded-proto"] = json!("http");
    for (event, expected) in [
        (Event::new("GET", list).into(), "https://links.example.com"),
        (
            Event::new("GET", list)
                .header("host", "evil.example.com")
                .into(),
            "https://links.example.com",
        ),
        (staged, "https://links.example.com/beta"),
        (rest_api(list), "https://x.example.com/prod"),
        (load_balancer(list), "https://lb.example.com"),
        (plain_http, "http://lb.example.com"),
    ] {
        let event: Value = event;
        let reply = app.send(event.clone()).await;
        assert_eq!(
            (reply.status, base_url(reply.header("link"))),
            (200, expected),
            "{event}"
        );
    }
}
