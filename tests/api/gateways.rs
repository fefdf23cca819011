//! The shapes in which gateways send one and the same request.

use serde_json::{Value, json};

use crate::support::{Event, TestApp, seeded_engine};

/// A load balancer's event.
fn load_balancer(path: &str) -> Value {
    json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/x/1"}},
        "httpMethod": "GET", "path": path, "queryStringParameters": {"per_page": "1", "foo": "a%20b"},
        "headers": {"host": "lb.example.com", "x-forwarded-proto": "https"}, "body": "", "isBase64Encoded": false,
    })
}

/// A REST API's event, behind a stage.
fn rest_api(path: &str) -> Value {
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
async fn both_spellings_reach_the_same_link_through_every_gateway() {
    let app = TestApp::start().await;
    let encoded = "/api/v4/projects/Group%2Fapp/releases/rel%2F1.0%20%C3%A9/assets/links";
    let decoded = "/api/v4/projects/group/app/releases/rel/1.0 é/assets/links";
    let reply = app.post(encoded, json!({"name": "a", "url": "http://a", "filepath": "/a b/x"})).await;
    assert_eq!(reply.status, 400);
    let reply = app.post(encoded, json!({"name": "a", "url": "http://a", "filepath": "/bin/x"})).await;
    let download = "http://127.0.0.1:9000/group/app/-/releases/rel%2F1.0%20%C3%A9/downloads/bin/x";
    assert_eq!((reply.status, &reply.body["direct_asset_url"]), (201, &json!(download)));
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
        assert!(reply.header("link").contains("/releases/rel%2F1.0%20%C3%A9/assets/links?"), "{reply:?}");
    }
    let reply = app.send(load_balancer(encoded)).await;
    assert!(reply.header("link").contains("?foo=a%20b&"), "{reply:?}");
    assert_eq!(reply.header("x-per-page"), "1");
}

#[tokio::test]
async fn an_unknown_project_is_404_whatever_it_is_called() {
    let app = TestApp::start().await;
    for project in ["group%2Fother", "app", "0", "-24", "25", "99999999999999999999"] {
        let reply = app.get(&format!("/api/v4/projects/{project}/releases/v0.1/assets/links")).await;
        reply.assert(404, json!({"message": "404 Project Not Found"}));
    }
    assert_eq!(app.get("/api/v4/projects/0024/releases/v0.1/assets/links").await.ids(), [2]);
}

#[tokio::test]
async fn hosts_and_queries_that_lambda_http_cannot_read_do_no_harm() {
    let app = TestApp::start().await;
    let list = crate::support::LINKS;
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

/// The URL of the `Link` header up to the path.
fn address(link: &str) -> &str {
    link.strip_prefix('<').unwrap().split("/api/v4").next().unwrap()
}

#[tokio::test]
async fn without_a_public_url_links_lead_to_where_the_client_came_from() {
    let app = TestApp::with_public_url(seeded_engine().await, None);
    let list = crate::support::LINKS;
    let mut staged: Value = Event::new("GET", &format!("/beta{list}")).into();
    staged["requestContext"]["stage"] = json!("beta");
    let mut plain_http = load_balancer(list);
    plain_http["headers"]["x-forwarded-proto"] = json!("http");
    for (event, expected) in [
        (Event::new("GET", list).into(), "https://links.example.com"),
        (Event::new("GET", list).header("host", "evil.example.com").into(), "https://links.example.com"),
        (staged, "https://links.example.com/beta"),
        (rest_api(list), "https://x.example.com/prod"),
        (load_balancer(list), "https://lb.example.com"),
        (plain_http, "http://lb.example.com"),
    ] {
        let event: Value = event;
        let reply = app.send(event.clone()).await;
        assert_eq!((reply.status, address(reply.header("link"))), (200, expected), "{event}");
    }
}
