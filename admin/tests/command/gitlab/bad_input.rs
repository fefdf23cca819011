//! Releases and links that cannot be taken over, or that no GitLab should show.

use serde_json::{Value, json};
use testkit::app::TestApp;
use testkit::invariants::assert_invariants;

use super::double::{Double, Instance, json_text, link, project, release};
use super::{get, import, serve, token};

/// A release like this, with other values.
fn with(mut release: Value, changes: &[(&str, Value)]) -> Value {
    for (name, value) in changes {
        release[*name] = value.clone();
    }
    release
}

fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}

/// A link with another URL or filepath.
fn link_to(id: i64, name: &str, url: &str, permanent: &str) -> Value {
    json!({"id": id, "name": name, "url": url, "direct_asset_url": permanent, "link_type": "other"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_breaks_a_rule_is_left_out_with_its_links() {
    let app = TestApp::start().await;
    let created = |tag: &str, time: Value| with(release(tag, Vec::new()), &[("created_at", time)]);
    let double = serve(Instance::of(vec![
        release("good", vec![link(1, "a")]),
        release(&"t".repeat(1_025), vec![link(2, "a")]),
        release("v1\r\n", Vec::new()),
        with(
            release("long", Vec::new()),
            &[("name", json!("n".repeat(256)))],
        ),
        with(
            release("described", Vec::new()),
            &[("description", json!("d".repeat(307_201)))],
        ),
        created("year-10000", json!("10000-01-01T00:00:00Z")),
        created("month-13", json!("2019-13-01T00:00:00Z")),
        with(
            created("no-time", Value::Null),
            &[("released_at", Value::Null)],
        ),
        created("number", json!(1_552_636_800)),
        without(release("anonymous", vec![link(3, "a")]), "tag_name"),
        with(
            release("named-by-number", Vec::new()),
            &[("name", json!(7))],
        ),
        json!("a text"),
        json!(null),
    ]))
    .await;
    let ended = import(&app, &double, "--project group/app");
    ended.assert(
        1,
        RELEASES,
        "\
importing project 24 (group/app, public)
release-links-admin: left out 12 releases and 2 links: the list says why
",
    );
}

const RELEASES: &str = include_str!("left_out_releases.txt");

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_breaks_a_rule_is_left_out_alone() {
    let app = TestApp::start().await;
    let url = "https://files.example.com/x";
    let other = |id: i64, name: &str, url: &str| link_to(id, name, url, url);
    let links = vec![
        link(1, "good"),
        link(0, "zero"),
        link(-1, "negative"),
        with(link(0, "2^63"), &[("id", json!(1_u64 << 63))]),
        with(link(0, "2^53+1"), &[("id", json!((1_u64 << 53) + 1))]),
        with(link(0, "fraction"), &[("id", json!(1.5))]),
        without(link(0, "without an ID"), "id"),
        with(link(4, "unknown type"), &[("link_type", json!("video"))]),
        other(5, "long", &format!("https://e.com/{}", "x".repeat(4_083))),
        other(6, &"n".repeat(256), url),
        other(7, "scheme", "javascript:alert(1)"),
        other(8, "host", "http://a b/x"),
        other(9, "good", "https://files.example.com/9"),
        other(10, "same url", "https://files.example.com/good"),
        link_to(
            11,
            "filepath",
            "https://e.com/11",
            "https://g/-/releases/v1/downloads/bin%252Fa",
        ),
        link_to(
            12,
            "\u{1b}[2J\u{202e}\u{2028}",
            "https://e.com/12",
            "https://g/-/releases/v1/downloads/a b",
        ),
        without(link(13, "no url"), "url"),
        json!("a text"),
    ];
    let double = serve(Instance::of(vec![release("v1", links)])).await;
    let ended = import(&app, &double, "--project group/app");
    ended.assert(
        1,
        LINKS,
        "\
importing project 24 (group/app, public)
release-links-admin: left out 17 links: the list says why
",
    );
    assert_invariants(&app.items().await);
}

const LINKS: &str = include_str!("left_out_links.txt");

/// Links with unusual values, and the URL at which GitLab serves each.
fn unusual_links() -> Vec<Value> {
    let start = "https://old.example.org/prefix/x/y/-/releases";
    let [escaped, foreign] =
        ["v1/downloads/bin%2Fapp-1", "v2/downloads/app-2"].map(|end| format!("{start}/{end}"));
    let mut links = vec![
        link_to(1, "escaped", "https://e.com/1", &escaped),
        link_to(2, "another tag", "https://e.com/2", &foreign),
    ];
    let direct = [
        ("IPv6", "http://[2001:db8::1]:8080/x"),
        ("IDN", "https://bücher.example/ü"),
        ("local", "http://localhost./x"),
        ("hexadecimal", "http://0xa.1/x"),
    ];
    links.extend(
        (3..)
            .zip(direct)
            .map(|(id, (name, url))| link_to(id, name, url, url)),
    );
    let null = ["link_type", "direct_asset_url"].map(|name| (name, Value::Null));
    links.extend([
        without(without(link(7, "of 11.7"), "direct_asset_url"), "link_type"),
        with(link(8, "null"), &null),
        link(1 << 53, "the last ID"),
    ]);
    links
}

#[tokio::test(flavor = "multi_thread")]
async fn unusual_values_are_imported_unchanged() {
    let app = TestApp::start().await;
    let times = [
        ("created_at", json!("0000-01-01T00:00:00.1234567Z")),
        ("released_at", json!("2019-03-15 08:00:00")),
        ("name", Value::Null),
        ("commit", json!({"id": "not-a-commit"})),
        ("unknown", deep(100)),
    ];
    let plain = with(release("plain", Vec::new()), &[("assets", Value::Null)]);
    let guest = with(
        plain.clone(),
        &[
            ("tag_name", json!("guest")),
            ("assets", json!({"count": 0})),
        ],
    );
    let double = serve(Instance::of(vec![
        with(release("v1", unusual_links()), &times),
        plain,
        guest,
    ]))
    .await;
    import(&app, &double, "--project group/app").assert(
        0,
        "created 3 releases and 9 links\n\
         already existed: 1 project\n\
         dropped: commits that are not full IDs (1)\n",
        "importing project 24 (group/app, public)\n",
    );
    let shown = get(&app, &token(&app), "/api/v4/projects/24/releases/v1").await;
    assert_eq!(shown["created_at"], "0000-01-01T00:00:00.123Z");
    assert_eq!(shown["released_at"], "2019-03-15T08:00:00.000Z");
    let links = shown["assets"]["links"].as_array().unwrap();
    let shown: Vec<String> = links.iter().map(shown_link).collect();
    assert_eq!(shown, SHOWN);
}

/// Arrays in arrays.
fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |value, _| json!([value]))
}

fn shown_link(link: &Value) -> String {
    let [id, name, url] = [&link["id"], &link["name"], &link["url"]];
    let (permanent, kind) = (&link["direct_asset_url"], &link["link_type"]);
    let permanent = if permanent == url {
        &Value::Null
    } else {
        permanent
    };
    format!("{id} {name} {url} {permanent} {kind}")
}

const SHOWN: [&str; 9] = [
    r#"9007199254740992 "the last ID" "https://files.example.com/the last ID" null "other""#,
    r#"8 "null" "https://files.example.com/null" null "other""#,
    r#"7 "of 11.7" "https://files.example.com/of 11.7" null "other""#,
    r#"6 "hexadecimal" "http://0xa.1/x" null "other""#,
    r#"5 "local" "http://localhost./x" null "other""#,
    r#"4 "IDN" "https://bücher.example/ü" null "other""#,
    r#"3 "IPv6" "http://[2001:db8::1]:8080/x" null "other""#,
    r#"2 "another tag" "https://e.com/2" null "other""#,
    r#"1 "escaped" "https://e.com/1" "http://127.0.0.1:9000/group/app/-/releases/v1/downloads/bin/app-1" "other""#,
];

/// JSON that is too deep for a reader that recurses.
#[tokio::test(flavor = "multi_thread")]
async fn deeply_nested_json_is_not_a_release() {
    let app = TestApp::start().await;
    let double = Double::start(|asked| match asked.number {
        1 => json_text(project(24, "group/app").to_string()),
        _ => {
            let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
            json_text(format!(
                r#"[{{"tag_name":"v1","created_at":{deep}}}, {deep}]"#
            ))
        }
    })
    .await;
    import(&app, &double, "--project group/app").assert(
        1,
        "created nothing\n\
         already existed: 1 project\n\
         PROJECT    TAG  LINK  LEFT OUT BECAUSE\n\
         group/app  v1   -     it has an unexpected form: invalid type: \
         sequence, expected a string\n\
         group/app  -    -     it has an unexpected form: invalid type: \
         sequence, expected a string\n",
        "importing project 24 (group/app, public)\n\
         release-links-admin: left out 2 releases: the list says why\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_from_outside_cannot_forge_the_output() {
    let app = TestApp::start().await;
    let mut evil = project(5, "a/b\u{1b}[2J\u{202e}\nc");
    evil["visibility"] = json!("\u{1b}[2J");
    let double = Double::start(move |asked| match asked.path.as_str() {
        "/api/v4/projects/5" => json_text(evil.to_string()),
        "/api/v4/projects/7" => json_text(project(7, "a/b").to_string()),
        "/api/v4/projects/6" => super::double::error(403, "\u{1b}[2J\r\nforged\u{2028}"),
        _ => super::double::page(
            asked,
            &[release("v1\u{1b}\u{2029}", vec![link(0, "\u{9b}")])],
        ),
    })
    .await;
    import(&app, &double, "--project 5 --project 6 --project 7").assert(
        1,
        "created 1 project\n\
         PROJECT                    TAG             LINK  LEFT OUT BECAUSE\n\
         a/b\\u001b[2J\\u202e\\u000ac  -               -     a part of a path has letters, digits, \
         '_', '-' and '.', and starts with none of the last two\n\
         6                          -               -     BASE does not show project 6 \
         (\\u001b[2J forged): the token needs the scope read_api and the Reporter role\n\
         a/b                        v1\\u001b\\u2029  -     Tag name invalid: the tag has a control \
         character\n",
        "importing project 7 (a/b, public)\n\
         release-links-admin: left out 2 projects, 1 release and 1 link: the list says why\n",
    );
}
