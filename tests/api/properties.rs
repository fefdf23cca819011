//! Property tests: no request returns a 5xx, and every error body is one of the two envelopes
//! (checked for every reply).

use std::sync::LazyLock;

use proptest::prelude::*;
use release_links::http::public_url::PublicUrl;
use tokio::runtime::Runtime;

use testkit::app::{LINKS, TestApp};
use testkit::event::Event;

use crate::cases::{CASES, Subject};

static APP: LazyLock<(Runtime, TestApp)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::start());
    (runtime, app)
});

fn send(event: Event) -> u64 {
    let (runtime, app) = &*APP;
    runtime.block_on(app.send(event)).status
}

/// As many random inputs as `PROPTEST_CASES` says, or 256. A failure prints its input, and leaves no
/// file.
pub(super) fn without_files() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
            .prop_map(str::to_owned),
        "[A-Z]{1,8}"
    ]
}

/// An arbitrary or a nearly valid request target.
fn target() -> impl Strategy<Value = String> {
    let piece = prop_oneof!["[^?]{0,12}", "(%[0-9a-f]{2}|[a-z./]){0,8}", "[0-9]{1,40}"];
    let links = (
        piece.clone(),
        piece.clone(),
        prop::option::of(piece),
        "\\PC{0,20}",
    )
        .prop_map(|(project, tag, link, query)| {
            let link = link.map(|link| format!("/{link}")).unwrap_or_default();
            format!("/api/v4/projects/{project}/releases/{tag}/assets/links{link}?{query}")
        });
    let documented = ("[0-9]{0,2}", "[a-z_=&%\\[\\]0-9+ ]{0,30}")
        .prop_map(|(link, query)| format!("{LINKS}/{link}?{query}"));
    let download =
        ".{0,20}".prop_map(|path| format!("/group/app/-/releases/v0.1/downloads/{path}"));
    let releases = "(|/|/v0.1|/v9|/[^?]{0,12}|/permalink/latest|/.{0,6}/downloads/.{0,9})"
        .prop_map(|path| format!("/api/v4/projects/24/releases{path}"));
    let cases = prop::sample::select(CASES).prop_map(|case| {
        let subject = Subject::new(24, "v0.1");
        case.event(&subject).target().to_owned()
    });
    prop_oneof![".{0,60}", links, documented, download, releases, cases]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let form = "(name|url|filepath|link_type|a\\[b\\])=[^&]{0,20}(&(name|url)=(https?|ftp)://[^&]{0,20}){0,2}";
    let json =
        "\\{\"name\":(\"[^\"\\\\]{0,10}\"|[0-9]{1,30}|null),\"url\":\"(http|x)://[^\"]{0,20}\"\\}";
    let release = "\\{\"tag_name\":\"[a-z]{0,2}\",\"(name|released_at|milestones|ref)\":(\"[^\"\\\\]{0,9}\"|null|\\[\\]),\"assets\":\\{\"links\":\\[(|null|7|\\{\\}|\\{\"name\":\"[a-z]\",\"url\":\"(http|x)://[a-z]\"\\})\\]\\}\\}";
    prop_oneof![
        release.prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..200),
        form.prop_map(String::into_bytes),
        json.prop_map(String::into_bytes)
    ]
}

fn content_type() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=b",
            "multipart/form-data",
            "text/plain",
            "",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,20}",
    ]
}

proptest! {
    #![proptest_config(without_files())]

    #[test]
    fn no_request_returns_a_5xx(
        method in method(), target in target(), content_type in content_type(), body in body(), header in "[ -~é]{0,30}",
    ) {
        let event = Event::new(&method, &target)
            .header("host", &header)
            .header("if-none-match", &header)
            .header("job-token", &header)
            .body(&content_type, body);
        let status = send(event);
        prop_assert!((200..500).contains(&status), "{}", status);
    }

    #[test]
    fn no_credential_returns_a_5xx(
        location in prop::sample::select(vec!["private-token", "authorization", "job-token"]),
        scheme in prop::sample::select(vec!["", "Bearer ", "bearer  ", "Basic "]),
        token in "[ -~é]{0,40}",
        query in "(private_token|access_token|token)(\\[\\])?=[a-z%0-9]{0,6}",
    ) {
        let event = Event::new("GET", &format!("{LINKS}?{query}")).anonymous();
        let status = send(event.header(location, &format!("{scheme}{token}")));
        prop_assert!(matches!(status, 200 | 400 | 401), "{}", status);
    }

    #[test]
    fn no_raw_body_returns_a_5xx(
        body in ".{0,100}", is_base64 in any::<bool>(), content_type in content_type(),
    ) {
        let event = Event::new("POST", LINKS).header("content-type", &content_type).raw_body(&body, is_base64);
        let status = send(event);
        prop_assert!((200..500).contains(&status), "{}", status);
    }
}

/// Nearly valid input for a fuzz harness, so that random bytes get past the first check.
pub(super) fn nearly_valid(samples: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(samples).prop_map(|text| text.as_bytes().to_vec()),
        2 => "[ -~é\\n]{0,6}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

const PATHS: &[&str] = &[
    "/api/v4/projects/",
    "24",
    "group%2Fapp",
    "group/app",
    "/releases/",
    "v0.1",
    "rel%2F1",
    "/assets/links",
    "/1",
    ".json",
    "/-/releases/",
    "/downloads/",
    "permalink",
    "/latest",
    "bin/app",
    "%2e%2e",
    "..",
    "%00",
    "%3F",
    "?",
    "//",
    "%",
    "#",
    "\\",
];
const TAGS: &[&str] = &[
    "/",
    "a",
    "assets",
    "links",
    ".json",
    "downloads",
    "-/releases",
    "permalink",
    "latest",
    ".",
    "%",
    "41",
    "?",
    "#",
    "+",
    "\\",
    "é",
    " ",
    "\u{3000}",
    "\n",
    "\n/",
];
const BODIES: &[&str] = &[
    "\u{0}",
    "\u{1}",
    "\u{2}",
    "name",
    "url",
    "=",
    "&",
    "[a]",
    "%",
    "%00",
    "%ff",
    "+",
    "{\"name\":",
    "{\"tag_name\":\"v\",\"assets\":{\"links\":[",
    "assets[links][][name]",
    "\"released_at\":\"2019-03-15T08:00",
    "tag_name",
    "\"url\"",
    ":",
    ",",
    "null",
    "}",
    "[",
    "]",
    "\\u0000",
    "\\ud800",
    "1e999",
    "https://e.com",
    "--b\r\n",
    "--b--",
    "\r\n\r\n",
    "--aaaa\r\n",
    "--aaaa--",
    "Content-Disposition: form-data; name=\"",
    "\"; filename=\"",
    "Content-Type: text/plain; charset=utf-16",
];
const QUERIES: &[&str] = &[
    "abc",
    "page",
    "per_page",
    "=",
    "&",
    "1",
    "0",
    "-1",
    "9223372036854775807",
    "%20",
    "_",
    "+",
    "[]",
];
const URLS: &[&str] = &[
    "https://",
    "http://",
    "ftp://",
    "e.com",
    "münchen.example",
    "[::1]",
    "user:p@ss@",
    ":8080",
    "/",
    "?",
    "#",
    "a b",
    "%41",
    "%",
    "[",
    "]",
    "\\",
    "^",
    "`",
    "{",
    "|",
    "}",
    "<",
    ">",
    "\"",
    "ü",
    "xn--",
    "..",
    "@",
    ":",
];
const ARGUMENTS: &[&str] = &[
    "token",
    "project",
    "create",
    "list",
    "revoke",
    "delete",
    "--label",
    "ci",
    "--grant",
    "24=developer",
    "all=owner",
    "=",
    "--expires-in",
    "90d",
    "99999999999999999y",
    "--id",
    "24",
    "0",
    "--path",
    "group/app",
    "--visibility",
    "public",
    "\n",
];

proptest! {
    #![proptest_config(without_files())]

    #[test]
    fn every_path_is_rejected_or_identifies_one_release(data in nearly_valid(PATHS)) {
        harness::path(&data);
    }

    #[test]
    fn every_tag_and_filepath_is_refused_or_comes_out_of_every_path(data in nearly_valid(TAGS)) {
        harness::tag(&data);
    }

    #[test]
    fn every_body_is_rejected_or_parsed_without_nul_bytes(data in nearly_valid(BODIES)) {
        harness::parameters(&data);
        harness::json(&data);
        harness::multipart(&data);
    }

    #[test]
    fn every_query_is_rejected_or_selects_a_page(data in nearly_valid(QUERIES)) {
        harness::page(&data);
    }

    #[test]
    fn every_valid_link_url_becomes_a_valid_uri(data in nearly_valid(URLS)) {
        harness::location(&data);
    }

    #[test]
    fn path_and_host_do_not_change_the_query(
        data in nearly_valid(PATHS), host in "[ -~]{0,12}", query in "\\PC{0,20}",
    ) {
        let path = String::from_utf8_lossy(&data).replace('\n', "");
        harness::event(format!("{path}\n{query}\n{host}\nhttps").as_bytes());
    }

    #[test]
    fn every_command_line_is_rejected_or_parsed(
        data in prop::collection::vec(nearly_valid(ARGUMENTS), 0..12),
    ) {
        harness::command_line(&data.join(&b'\n'));
    }
}

/// A value that matches the template's pattern of the parameter `PublicUrl`.
fn public_url() -> impl Strategy<Value = String> {
    let template: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(include_str!("../../template.yaml")).unwrap();
    let pattern = &template["Parameters"]["PublicUrl"]["AllowedPattern"];
    let pattern = pattern.as_str().unwrap().strip_prefix("^$|^").unwrap();
    prop::string::string_regex(pattern.strip_suffix('$').unwrap()).unwrap()
}

proptest! {
    #![proptest_config(without_files())]

    /// The function does not start with a malformed `PUBLIC_URL`, so the deployment must refuse it.
    #[test]
    fn the_template_accepts_no_public_url_that_the_function_rejects(url in public_url()) {
        // A regular expression cannot check Punycode.
        prop_assume!(!url.to_lowercase().contains("xn--"));
        let parsed = PublicUrl::parse(&url);
        prop_assert!(parsed.is_ok(), "{}: {:?}", url, parsed);
    }
}
