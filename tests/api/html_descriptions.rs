//! Descriptions as HTML (R10, R24).

use serde_json::{Value, json};

use testkit::app::TestApp;

use crate::releases::{RELEASES, tags};

const ASKED: &str = "include_html_description=true";
const DESCRIPTION: &str = "# Changes\n\n- *faster* <b>\n- [notes](https://host.example/)";
const HTML: &str = "<h3>Changes</h3>\n<ul>\n<li><em>faster</em> &lt;b&gt;</li>\n\
                    <li><a href=\"https://host.example/\" rel=\"nofollow noopener\">notes</a></li>\n\
                    </ul>";

fn release(tag: &str, description: &Value) -> Value {
    json!({ "tag_name": tag, "description": description })
}

#[tokio::test]
async fn a_description_is_shown_as_html_only_where_a_get_asks_for_it() {
    let app = TestApp::start().await;
    let new = release("v2", &json!(DESCRIPTION));
    let created = app.post(&format!("{RELEASES}?{ASKED}"), new).await;
    let v2 = format!("{RELEASES}/v2");
    let plain = app.get(&v2).await;
    plain.assert(200, created.body.clone());
    assert_eq!(plain.body.get("description_html"), None);
    let mut expected = plain.body.clone();
    expected["description_html"] = json!(HTML);
    for word in ["true", "1", "Yes"] {
        let query = format!("?include_html_description={word}");
        app.get(&format!("{v2}{query}"))
            .await
            .assert(200, expected.clone());
        let list = app.get(&format!("{RELEASES}{query}&per_page=1")).await;
        list.assert(200, json!([expected.clone()]));
    }
    for query in [
        "?include_html_description=false",
        "?include_html_description",
        "",
    ] {
        app.get(&format!("{v2}{query}"))
            .await
            .assert(200, plain.body.clone());
        let list = app.get(&format!("{RELEASES}{query}")).await;
        assert_eq!(list.body[0], plain.body, "{query}");
    }
    let target = format!("{v2}?{ASKED}");
    app.put(&target, json!({ "name": "a" })).await.assert(200, {
        let mut named = plain.body.clone();
        named["name"] = json!("a");
        named
    });
    let deleted = app.delete(&target).await;
    assert_eq!(
        (deleted.status, deleted.body.get("description_html")),
        (200, None)
    );
}

#[tokio::test]
async fn a_missing_or_empty_description_is_empty_html() {
    let app = TestApp::start().await;
    for description in [Value::Null, json!(""), json!(" \n")] {
        let created = app.post(RELEASES, release("v2", &description)).await;
        assert_eq!(created.status, 201, "{:?}", created.body);
        let target = format!("{RELEASES}/v2?{ASKED}");
        let found = app.get(&target).await;
        assert_eq!(found.body["description_html"], "", "{description}");
        assert_eq!(app.delete(&target).await.status, 200);
    }
}

#[tokio::test]
async fn html_costs_no_call_and_has_an_entity_tag_of_its_own() {
    let app = TestApp::start().await;
    for target in [RELEASES.to_owned(), format!("{RELEASES}/v0.1")] {
        // The first request reads token and project, too.
        assert_eq!(app.get(&target).await.status, 200);
        let plain = app.get(&target).await;
        let html = app.get(&format!("{target}?{ASKED}")).await;
        assert_eq!(
            (plain.status, plain.calls()),
            (200, html.calls()),
            "{target}"
        );
        assert_ne!(plain.header("etag"), html.header("etag"), "{target}");
        let event = testkit::event::Event::new("GET", &format!("{target}?{ASKED}"));
        let event = event.header("If-None-Match", html.header("etag"));
        assert_eq!(app.send(event).await.status, 304, "{target}");
    }
}

/// Twenty of the largest descriptions leave little of Lambda's 6 MB to their HTML.
#[tokio::test]
async fn a_list_that_is_full_is_shown_with_its_html_cut() {
    let app = TestApp::start().await;
    let description = "*faster* and better ".repeat(307_200 / 20);
    for number in 0..20 {
        let tag = format!("v2.{number}");
        let created = app.post(RELEASES, release(&tag, &json!(description))).await;
        assert_eq!(created.status, 201);
    }
    let plain = app.get(RELEASES).await;
    let html = app.get(&format!("{RELEASES}?{ASKED}")).await;
    assert_eq!((html.status, tags(&html)), (200, tags(&plain)));
    let bytes = serde_json::to_string(&html.body.to_string()).unwrap().len();
    assert!((6_150_000..6_250_000).contains(&bytes), "{bytes} bytes");
    let cut = "<p>The text is too long to be shown in full.</p>";
    let shown = html.body.as_array().unwrap().iter();
    let shown: Vec<_> = shown
        .map(|release| release["description_html"].as_str().unwrap())
        .collect();
    assert!(shown[0].starts_with("<pre>*faster* and better ") && shown[0].ends_with(cut));
    assert!(shown[1..].iter().all(|html| *html == cut), "{shown:?}");
    let single = app.get(&format!("{RELEASES}/v2.0?{ASKED}")).await;
    let single = single.body["description_html"].as_str().unwrap();
    assert!(single.starts_with("<p><em>faster</em> and better ") && !single.contains(cut));
}
