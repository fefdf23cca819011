//! Limits of what a request may contain and of what an error may say (R82). The test kit checks the
//! size of every error.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use testkit::app::{LINKS, TestApp};
use testkit::event::Event;

use crate::properties::without_files;
use crate::releases::{RELEASES, tags};

const TOO_MANY: &str = "The request contains too many values (maximum is 20000)";
const TOO_DEEP: &str = "The parameters are nested too deeply (maximum is 32 levels)";

fn post(target: &str, content_type: &str, body: &str) -> Event {
    Event::new("POST", target).body(content_type, body)
}

/// JSON with this number of arrays inside its object.
fn nested(arrays: usize) -> String {
    format!(
        "{{\"tag_name\":\"v2\",\"x\":{}1{}}}",
        "[".repeat(arrays),
        "]".repeat(arrays)
    )
}

#[tokio::test]
async fn a_body_may_have_32_levels_and_20000_values() {
    let app = TestApp::start().await;
    let texts = |count: usize| {
        let texts = vec!["\"\""; count].join(",");
        format!("{{\"tag_name\":\"v2\",\"x\":[{texts}]}}")
    };
    let pair = |levels: usize| format!("name=a&x{}=1", "[a]".repeat(levels));
    let pairs = |count: usize| "x&".repeat(count);
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    // A body is a value and a level itself.
    for (target, content_type, body, error) in [
        (RELEASES, json, nested(32), TOO_DEEP),
        (RELEASES, json, nested(32_000), TOO_DEEP),
        (RELEASES, json, texts(19_998), TOO_MANY),
        (LINKS, json, nested(32), TOO_DEEP),
        (LINKS, form, pair(32), TOO_DEEP),
        (LINKS, form, pairs(20_001), TOO_MANY),
        (LINKS, json, nested(31), "name is missing, url is missing"),
        (
            LINKS,
            json,
            texts(19_997),
            "name is missing, url is missing",
        ),
        (LINKS, form, pair(31), "url is missing"),
        (
            LINKS,
            form,
            pairs(20_000),
            "name is missing, url is missing",
        ),
    ] {
        let reply = app.send(post(target, content_type, &body)).await;
        reply.assert_error(400, error);
    }
    let query = format!("{LINKS}?x{}=1", "[a]".repeat(32));
    app.get(&query).await.assert_error(400, TOO_DEEP);
    // The query string and the body count together.
    let query = format!("{LINKS}?{}", pairs(1_000));
    let reply = app.send(post(&query, form, &pairs(19_001))).await;
    reply.assert_error(400, TOO_MANY);
    let created = app.send(post(RELEASES, json, &nested(31))).await;
    assert_eq!(
        (created.status, &created.body["tag_name"]),
        (201, &json!("v2"))
    );
}

/// As for all parameters of a release, access comes first (R53).
#[tokio::test]
async fn the_limits_of_a_body_are_checked_among_the_parameters() {
    let app = TestApp::start().await;
    let unit = format!("{}{{\"\":1}}{}", "[".repeat(119), "]".repeat(119));
    let units = vec!["{\"\":1}"; 8_000].join(",");
    let body = format!("{{\"x\":[{unit},{units}]}}");
    let unknown = "/api/v4/projects/99/releases";
    let event = post(unknown, "application/json", &body).anonymous();
    app.send(event)
        .await
        .assert(404, json!({"message": "404 Project Not Found"}));
    let links = format!("{unknown}/v1/assets/links");
    let event = post(&links, "application/json", &body).anonymous();
    app.send(event).await.assert_error(400, TOO_DEEP);
    let event = post(RELEASES, "application/json", &body).token("unknown");
    app.send(event)
        .await
        .assert(401, json!({"message": "401 Unauthorized"}));
}

#[tokio::test]
async fn an_error_names_the_first_20_problems_and_the_number_of_the_others() {
    let app = TestApp::start().await;
    let release = |links: Vec<Value>| json!({"tag_name": "v2", "assets": {"links": links}});
    let problems = (0..5).flat_map(|index| {
        ["name", "url"].map(|name| {
            let name = format!("assets[links][{index}][{name}]");
            format!("{name} is missing, {name} is invalid")
        })
    });
    let problems: Vec<String> = problems.collect();
    let named = format!("{}, and 3980 more", problems.join(", "));
    app.post(RELEASES, release(vec![json!(1); 1_000]))
        .await
        .assert_error(400, &named);
    app.post(RELEASES, release(vec![json!(1); 5]))
        .await
        .assert_error(400, &problems.join(", "));
    for links in [vec![json!(1); 1_001], vec![Value::Null; 15_000]] {
        app.post(RELEASES, release(links))
            .await
            .assert_error(400, "assets[links] has too many elements (maximum is 1000)");
    }
    let milestones: Vec<String> = (1..=500).map(|number| format!("m{number}")).collect();
    let named = format!("{}, and 480 more", milestones[..20].join(", "));
    app.post(
        RELEASES,
        json!({"tag_name": "v2", "milestones": milestones}),
    )
    .await
    .assert(
        400,
        json!({"message": format!("Milestone(s) not found: {named}")}),
    );
    assert_eq!(tags(&app.get(RELEASES).await), ["v0.1"]);
}

#[tokio::test]
async fn a_value_of_the_client_is_cut_at_256_characters() {
    let app = TestApp::start().await;
    let (long, cut) = ("é".repeat(9_000), format!("{}…", "é".repeat(256)));
    let link = |name: &str| json!({"name": name, "url": "http://a", "link_type": long});
    let body = json!({"tag_name": "v2", "assets": {"links": [link("a")]}});
    let message = format!("'{cut}' is not a valid link_type");
    app.post(RELEASES, body)
        .await
        .assert(400, json!({ "message": message }));
    let name = format!("{}b", "a".repeat(255));
    let form = format!("tag_name=v2&{name}[x]=1&{name}[]=1");
    app.send(Event::new("POST", RELEASES).form(&form))
        .await
        .assert_error(
            400,
            &format!("Bad Request: the parameter '{name}…' is given both as text and as an array or object"),
        );
    let multipart = "multipart/form-data; boundary=b";
    let part = "--b\r\nContent-Disposition: form-data; name=";
    for (body, cause) in [
        // A part without an end, and the name of a header that is too long.
        (
            format!("{part}\"{}\"\r\n\r\nv", "x".repeat(60_000)),
            "field \"",
        ),
        (
            format!("{part}a\r\n{}: b\r\n\r\nv", "x".repeat(70_000)),
            "failed to decode field's raw header name: \"",
        ),
    ] {
        let shown = "x".repeat(256 - cause.len());
        let invalid = "the body is not valid multipart/form-data";
        app.send(Event::new("POST", RELEASES).body(multipart, body))
            .await
            .assert_error(400, &format!("Bad Request: {invalid}: {cause}{shown}…"));
    }
    let media_type = "x".repeat(9_000);
    let event = Event::new("POST", RELEASES).body(&media_type, "x");
    let shown = format!("{}…", "x".repeat(256));
    app.send(event).await.assert_error(
        415,
        &format!("The provided content-type '{shown}' is not supported."),
    );
    let format = format!("{RELEASES}?format={media_type}");
    app.get(&format).await.assert_error(
        406,
        &format!("The requested format '{shown}' is not supported."),
    );
}

static APP: LazyLock<(Runtime, TestApp)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::start());
    (runtime, app)
});

/// A long text of characters that take much space in JSON.
fn long() -> impl Strategy<Value = String> {
    let unit = prop::sample::select(vec!["a", "\u{1}", "\"", "🙂", ",", "a,", "\u{202e}"]);
    (unit, 1_usize..3_000).prop_map(|(unit, length)| unit.repeat(length))
}

/// A parameter with an unsuitable value.
fn parameter() -> impl Strategy<Value = (String, Value)> {
    let name = prop::sample::select(vec![
        "tag_name",
        "name",
        "url",
        "filepath",
        "link_type",
        "milestones",
        "milestone_ids",
        "released_at",
        "ref",
        "assets",
        "description",
        "format",
        "page",
        "private_token",
        "order_by",
    ]);
    let text = long().prop_map(Value::String);
    let link = (long(), long()).prop_map(|(name, filepath)| {
        let link =
            json!({"name": name, "url": "http://a", "filepath": filepath, "link_type": "other"});
        json!({"links": [link, link, name, filepath]})
    });
    let list = (long(), 1_usize..200).prop_map(|(text, count)| {
        let text: String = text.chars().take(300).collect();
        let texts = (0..count / 2).map(|number| format!("{number}{text}"));
        json!(texts.clone().chain(texts).collect::<Vec<_>>())
    });
    let links =
        (0_usize..2_000).prop_map(|count| json!({"links": vec![json!({"name": []}); count]}));
    (
        name.prop_map(str::to_owned),
        prop_oneof![text, link, list, links],
    )
}

/// Each operation by its method and path, and an unknown route.
fn operation() -> impl Strategy<Value = (&'static str, String)> {
    let release = format!("{RELEASES}/v0.1");
    let link = format!("{LINKS}/2");
    let operations = [
        ("GET", RELEASES),
        ("POST", RELEASES),
        ("GET", &release),
        ("PUT", &release),
        ("DELETE", "/api/v4/projects/24/releases/v9"),
        ("GET", LINKS),
        ("POST", LINKS),
        ("GET", &link),
        ("PUT", &link),
        ("DELETE", &format!("{LINKS}/9")),
        ("GET", "/api/v4/projects/24/releases/permalink/latest"),
        ("GET", "/group/app/-/releases/permalink/latest"),
        ("GET", "/group/app/-/releases/v0.1/downloads/x"),
        ("GET", &format!("{release}/downloads/x")),
        ("GET", "/api/v4/projects/24"),
        ("GET", "/api/v4/projects/24/repository/branches"),
        ("GET", "/api/v4/projects/24/members/all/1"),
        ("GET", "/api/v4/user"),
        ("GET", "/api/v4/job"),
        ("GET", "/api/v4/version"),
        ("POST", "/nowhere"),
    ];
    let operations = operations.map(|(method, path)| (method, path.to_owned()));
    prop::sample::select(operations.to_vec())
}

proptest! {
    #![proptest_config(without_files())]

    #[test]
    fn no_error_exceeds_8_kilobytes(
        (method, path) in operation(),
        parameters in prop::collection::vec(parameter(), 0..4),
        header in "[ -~]{0,4000}",
        is_anonymous in any::<bool>(),
    ) {
        let body: serde_json::Map<String, Value> = parameters.into_iter().collect();
        let name = body.keys().next().cloned().unwrap_or_default();
        let query: String = header.chars().filter(char::is_ascii_alphanumeric).collect();
        let event = Event::new(method, &format!("{path}?{name}={query}")).json(json!(body));
        let event = event.header("idempotency-key", &header).header("if-none-match", &header);
        let event = if is_anonymous { event.anonymous() } else { event };
        let (runtime, app) = &*APP;
        // The test kit asserts the size.
        let reply = runtime.block_on(app.send(event));
        prop_assert!((200..500).contains(&reply.status), "{:?}", reply);
    }
}
