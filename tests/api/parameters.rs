//! Parameter formats, and GitLab's parameter validation (section C).

use serde_json::json;

use testkit::app::{LINKS, TestApp};
use testkit::event::Event;

#[tokio::test]
async fn form_json_multipart_and_query_parameters_are_equivalent() {
    let app = TestApp::start().await;
    let multipart = |n: u8| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na b{n}\r\n--b\r\nContent-Disposition: form-data; name=\"url\"\r\n\r\nhttps://e.com/{n}\r\n--b--\r\n"
        )
    };
    let post = || Event::new("POST", LINKS);
    for (n, event) in [
        (1, post().form("name=a+b1&url=https%3A%2F%2Fe.com%2F1")),
        (
            2,
            post().body(
                "Application/JSON; charset=utf-8",
                r#"{"name":"x","name":"a b2","url":"https://e.com/2"}"#,
            ),
        ),
        (
            3,
            post().body("multipart/form-data; boundary=b", multipart(3)),
        ),
        (
            4,
            Event::new("POST", &format!("{LINKS}?name=a%20b4&url=https://e.com/4")),
        ),
        (
            5,
            Event::new("POST", &format!("{LINKS}?name=lost&url=https://e.com/5")).form("name=a+b5"),
        ),
        (6, post().raw_body("name=a+b6&url=https://e.com/6", false)),
    ] {
        let reply = app.send(event).await;
        assert_eq!(reply.status, 201, "{n}: {reply:?}");
        assert_eq!(reply.body["name"], format!("a b{n}"));
        assert_eq!(reply.body["url"], format!("https://e.com/{n}"));
    }
}

#[tokio::test]
async fn json_numbers_and_booleans_are_read_as_text() {
    let app = TestApp::start().await;
    // The project ID and the tag in the path take precedence over those in the body.
    let body = r#"{"name":99999999999999999999,"url":"http://a","id":5,"tag_name":"other"}"#;
    let reply = app
        .send(Event::new("POST", LINKS).body("application/json", body))
        .await;
    assert_eq!(
        (reply.status, &reply.body["name"]),
        (201, &json!("99999999999999999999"))
    );
    assert_eq!(
        app.post(LINKS, json!({"name": true, "url": "http://b"}))
            .await
            .body["name"],
        "true"
    );
    assert_eq!(
        app.post(LINKS, json!({"name": 2.5, "url": "http://c"}))
            .await
            .body["name"],
        "2.5"
    );
    assert_eq!(app.get(LINKS).await.ids().len(), 4);
}

#[tokio::test]
async fn all_missing_or_invalid_parameters_are_reported() {
    let app = TestApp::start().await;
    let at_least_one = "name, url are missing, at least one parameter must be provided";
    for (body, error) in [
        (json!({}), "name is missing, url is missing".to_owned()),
        (json!([1]), "name is missing, url is missing".to_owned()),
        (json!({"name": "a"}), "url is missing".to_owned()),
        (
            json!({"name": ["a"], "url": {"a": 1}}),
            "name is invalid, url is invalid".to_owned(),
        ),
        (
            json!({"link_type": "zzz"}),
            "name is missing, url is missing, link_type does not have a valid value".to_owned(),
        ),
        (
            json!({"name": "a", "url": "http://a", "link_type": ""}),
            "link_type does not have a valid value".to_owned(),
        ),
        (
            json!({"name": "a", "url": "http://a", "link_type": []}),
            "link_type is invalid".to_owned(),
        ),
        (
            json!({"name": "a", "url": "http://a", "filepath": []}),
            "filepath is invalid".to_owned(),
        ),
    ] {
        app.post(LINKS, body).await.assert_error(400, &error);
    }
    for (path, body, error) in [
        ("2", json!({"filepath": "/abc"}), at_least_one.to_owned()),
        (
            "2",
            json!({"link_type": "zzz"}),
            format!("link_type does not have a valid value, {at_least_one}"),
        ),
        (
            "abc",
            json!({}),
            format!("link_id is invalid, {at_least_one}"),
        ),
    ] {
        app.put(&format!("{LINKS}/{path}"), body)
            .await
            .assert_error(400, &error);
    }
    app.put(&format!("{LINKS}/2"), json!({"name": null}))
        .await
        .assert(400, json!({"message": ["Name can't be blank"]}));
    let array = Event::new("POST", LINKS).form("name%5B%5D=a&url=http://a");
    app.send(array).await.assert_error(400, "name is invalid");
    let file = "--b\r\nContent-Disposition: form-data; name=\"url\"; filename=\"x\"\r\n\r\nhttp://a\r\n--b--\r\n";
    let file = Event::new("POST", &format!("{LINKS}?name=a"))
        .body("multipart/form-data; boundary=b", file);
    app.send(file).await.assert_error(400, "url is invalid");
}

#[tokio::test]
async fn unusual_link_ids_are_parsed_as_in_gitlab() {
    let app = TestApp::start().await;
    for id in ["2", "002", "%202", "0_2", "2.json", "2.5", "2/"] {
        let reply = app.get(&format!("{LINKS}/{id}")).await;
        assert_eq!((reply.status, &reply.body["id"]), (200, &json!(2)), "{id}");
    }
    for id in ["-1", "0", "99", "99999999999999999999"] {
        app.get(&format!("{LINKS}/{id}"))
            .await
            .assert(404, json!({"message": "404 Not found"}));
        app.put(&format!("{LINKS}/{id}"), json!({"name": "a"}))
            .await
            .assert(404, json!({"message": "404 Not found"}));
        app.delete(&format!("{LINKS}/{id}"))
            .await
            .assert(404, json!({"message": "404 Not found"}));
    }
    for id in ["abc", "0x1f", "1__0"] {
        app.get(&format!("{LINKS}/{id}"))
            .await
            .assert_error(400, "link_id is invalid");
    }
}

#[tokio::test]
async fn direct_asset_path_is_an_alias_of_filepath() {
    let app = TestApp::start().await;
    let download =
        |path: &str| format!("http://127.0.0.1:9000/group/app/-/releases/v0.1/downloads{path}");
    let body =
        json!({"name": "a", "url": "http://a", "direct_asset_path": "/new", "filepath": "/old"});
    assert_eq!(
        app.post(LINKS, body).await.body["direct_asset_url"],
        download("/new")
    );
    let body =
        json!({"name": "b", "url": "http://b", "direct_asset_path": null, "filepath": "/abc"});
    assert_eq!(
        app.post(LINKS, body).await.body["direct_asset_url"],
        download("/abc")
    );
    let body = json!({"name": "c", "url": "http://c", "direct_asset_path": "", "filepath": "/def"});
    app.post(LINKS, body).await.assert(
        400,
        json!({"message": ["Filepath is in an invalid format"]}),
    );
}

#[tokio::test]
async fn unsupported_formats_are_rejected() {
    let app = TestApp::start().await;
    let text = Event::new("POST", LINKS).body("text/plain", "name=a");
    app.send(text).await.assert_error(
        415,
        "The provided content-type 'text/plain' is not supported.",
    );
    let empty = Event::new("POST", &format!("{LINKS}?name=a&url=http://a")).body("text/plain", "");
    assert_eq!(app.send(empty).await.status, 201);
    app.get(&format!("{LINKS}?format=xml"))
        .await
        .assert_error(406, "The requested format 'xml' is not supported.");
    for target in [
        format!("{LINKS}?format=json"),
        format!("{LINKS}.json"),
        format!("{LINKS}.xml"),
        format!("{LINKS}?"),
    ] {
        assert_eq!(app.get(&target).await.status, 200, "{target}");
    }
    let accept = Event::new("GET", LINKS)
        .header("accept", "text/html")
        .body("text/plain", "not read");
    assert_eq!(app.send(accept).await.status, 200);
    assert_eq!(
        app.send(Event::new("DELETE", &format!("{LINKS}/2")).json(json!({})))
            .await
            .status,
        200
    );
}

/// One request for each operation of the API, in an order in which all of them succeed.
fn operations() -> Vec<(&'static str, String)> {
    let releases = "/api/v4/projects/24/releases";
    vec![
        ("GET", LINKS.to_owned()),
        ("POST", format!("{LINKS}?name=a&url=http://a")),
        ("GET", format!("{LINKS}/2")),
        ("PUT", format!("{LINKS}/2?name=c")),
        ("GET", "/api/v4/user".to_owned()),
        ("GET", "/api/v4/job".to_owned()),
        ("GET", "/api/v4/version".to_owned()),
        ("GET", "/api/v4/projects/24".to_owned()),
        ("GET", "/api/v4/projects/24/members/all/1".to_owned()),
        ("GET", "/api/v4/projects/24/repository/branches".to_owned()),
        ("GET", releases.to_owned()),
        ("POST", format!("{releases}?tag_name=new")),
        ("GET", format!("{releases}/v0.1")),
        ("PUT", format!("{releases}/v0.1?name=c")),
        ("GET", format!("{releases}/permalink/latest")),
        ("GET", format!("{releases}/v0.1/downloads/bin/a")),
        ("DELETE", format!("{LINKS}/2")),
        ("DELETE", format!("{releases}/v0.1")),
    ]
}

/// The request, as a job token's owner may send it, with this query besides its own.
fn with_query(method: &str, path: &str, query: &str) -> Event {
    let separator = if path.contains('?') { '&' } else { '?' };
    let target = format!("{path}{separator}{query}");
    Event::new(method, &target)
        .anonymous()
        .header("job-token", testkit::seed::TOKEN)
}

#[tokio::test]
async fn every_operation_of_the_api_rejects_an_unsupported_format() {
    let app = TestApp::start().await;
    for (method, path) in operations() {
        let event = with_query(method, &path, "format=xml");
        app.send(event)
            .await
            .assert_error(406, "The requested format 'xml' is not supported.");
    }
    assert_eq!(app.get(&format!("{LINKS}/2")).await.status, 200);
}

#[tokio::test]
async fn an_empty_format_counts_as_none_for_every_operation_of_the_api() {
    for format in ["format=", "format"] {
        let app = TestApp::start().await;
        let link = json!({"name": "b", "url": "http://b", "filepath": "/bin/a"});
        assert_eq!(app.post(LINKS, link).await.status, 201);
        for (method, path) in operations() {
            let reply = app.send(with_query(method, &path, format)).await;
            assert!(matches!(reply.status, 200 | 201 | 302), "{path}: {reply:?}");
        }
    }
}

/// The suffix takes precedence over the parameter, and all formats are JSON (C2, F6).
#[tokio::test]
async fn the_link_header_echoes_the_format_suffix_of_every_list() {
    let app = TestApp::start().await;
    let project = "/api/v4/projects/24";
    let decoded = "/api/v4/projects/group/app";
    for (list, query) in [
        (
            format!("{project}/releases"),
            "&id=24&order_by=released_at&page=1&per_page=20&sort=desc",
        ),
        (
            format!("{decoded}/releases"),
            "&id=group%2Fapp&order_by=released_at&page=1&per_page=20&sort=desc",
        ),
        (
            format!("{project}/repository/branches"),
            "&id=24&page=1&per_page=20",
        ),
        (LINKS.to_owned(), "&id=24&page=1&per_page=20&tag_name=v0.1"),
    ] {
        let url = format!(
            "http://127.0.0.1:9000{}",
            list.replace("group/app", "group%2Fapp")
        );
        for (suffix, format) in [
            (".json", "format=json"),
            (".json?format=xml", "format=json"),
            (".xml", "format=xml"),
            ("?format=json", "format=json"),
            ("?format=", "format="),
        ] {
            let reply = app.get(&format!("{list}{suffix}")).await;
            let url = format!("{url}?{format}{query}");
            let link = format!("<{url}>; rel=\"first\", <{url}>; rel=\"last\"");
            assert_eq!(
                (reply.status, reply.header("link")),
                (200, link.as_str()),
                "{list}{suffix}"
            );
        }
        assert!(
            !app.get(&list).await.header("link").contains("format"),
            "{list}"
        );
    }
}
