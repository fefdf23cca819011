//! Releases and links that an import leaves out, with the reasons that it lists.

use serde_json::{Value, json};

use super::file;
use super::import::{RELEASES, export, get, import, link, project, release, with};
use super::terminal::at_terminal;
use testkit::app::TestApp;
use testkit::invariants::assert_invariants;

const PROJECT: &str = "importing project 31 (new/app, public)\n";

/// Members of a link, and the reason for which it is left out.
fn bad_links() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"id": 0}),
            "ID 0 is not between 1 and 9007199254740992",
        ),
        (
            json!({"id": -1}),
            "ID -1 is not between 1 and 9007199254740992",
        ),
        (
            json!({"id": 9_007_199_254_740_993_u64}),
            "ID 9007199254740993 is not between 1 and 9007199254740992",
        ),
        (
            json!({"id": 9_223_372_036_854_775_808_u64}),
            "ID 9223372036854775808 is not between 1 and 9007199254740992",
        ),
        (json!({"id": 1}), "another link of the release has its ID"),
        (
            json!({"url": format!("https://e.com/{}", "x".repeat(4_083))}),
            "Url is too long (maximum is 4096 characters)",
        ),
        (
            json!({"url": "javascript:alert(1)"}),
            "Url is blocked: Only allowed schemes are http, https, ftp",
        ),
        (
            json!({"url": "", "name": " "}),
            "Url can't be blank, Url must be a valid URL, Name can't be blank",
        ),
        (
            json!({"name": "é".repeat(256)}),
            "Name is too long (maximum is 255 characters)",
        ),
        (
            json!({"filepath": "bin"}),
            "Filepath is in an invalid format",
        ),
        (
            json!({"link_type": "Image"}),
            "'Image' is not a valid link_type",
        ),
        (
            json!({"digest": "sha256:abc"}),
            "Digest is invalid: write sha256: and 64 hexadecimal digits",
        ),
        (
            json!({"created_at": "10000-01-01T00:00:00Z"}),
            "created_at is invalid: it is not a date between the years 0000 and 9999, such as \
             2019-03-15T08:00:00Z",
        ),
        (json!({"name": "n1"}), "Name has already been taken"),
        (
            json!({"url": " https://e.com/1/1 ", "filepath": "/bin/n1"}),
            "Url has already been taken, Filepath has already been taken",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_breaks_a_rule_is_left_out_and_the_release_is_not() {
    for (number, (members, reason)) in bad_links().into_iter().enumerate() {
        let app = TestApp::start().await;
        let bad = with(link(1, 2), members);
        let lines = [
            project(31, "new/app"),
            release(1),
            link(1, 1),
            bad.clone(),
            link(1, 3),
        ];
        let ended = import(
            &app,
            &format!("bad-link-{number}"),
            &export(&lines),
            " --json",
        );
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let sentence = "release-links-admin: left out 1 link: the list says why\n";
        assert_eq!(ended.stderr, format!("{PROJECT}{sentence}"));
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let expected = json!([{"project": "new/app", "tag": "v1", "link_id": bad["id"],
                               "link_name": bad["name"], "reason": reason}]);
        assert_eq!(report["left_out"], expected);
        assert_eq!(report["releases"]["created"], 1);
        let links = get(&app, &format!("{RELEASES}/v1/assets/links")).await;
        assert_eq!(links.ids(), [3, 1], "{reason}");
        assert_invariants(&app.items().await);
        let again = import(
            &app,
            &format!("bad-link-{number}"),
            &export(&lines),
            " --json",
        );
        let again: Value = serde_json::from_str(&again.stdout).unwrap();
        assert_eq!(again["left_out"], expected, "the reason is the same");
    }
}

/// Members of a release, and the reason for which it is left out.
fn bad_releases() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"tag": "v1\r"}),
            "Tag name invalid: the tag has a control character",
        ),
        (
            json!({"tag": "v".repeat(1_025)}),
            "Tag name invalid: the tag is too long (maximum is 1024 bytes)",
        ),
        (json!({"tag": ""}), "Tag name invalid: the tag is blank"),
        (
            json!({"name": "n".repeat(256)}),
            "Name is too long (maximum is 255 characters)",
        ),
        (
            json!({"description": "d".repeat(307_201)}),
            "Description is too long (maximum is 307200 bytes)",
        ),
        (
            json!({"author": {"id": 1, "label": "l".repeat(256)}}),
            "Author's label is too long (maximum is 255 characters)",
        ),
        (
            json!({"created_at": "yesterday"}),
            "created_at is invalid: it is not a date between the years 0000 and 9999, such as \
             2019-03-15T08:00:00Z",
        ),
        (
            json!({"released_at": "0000-01-01T00:00:00+01:00"}),
            "released_at is invalid: it is not a date between the years 0000 and 9999, such as \
             2019-03-15T08:00:00Z",
        ),
        (
            json!({"immutable_at": ""}),
            "immutable_at is invalid: it is not a date between the years 0000 and 9999, such as \
             2019-03-15T08:00:00Z",
        ),
        (
            json!({"last_link_id": 9_007_199_254_740_993_u64}),
            "last_link_id 9007199254740993 is not between 0 and 9007199254740992",
        ),
        (
            json!({"last_link_id": -1}),
            "last_link_id -1 is not between 0 and 9007199254740992",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_breaks_a_rule_is_left_out_with_its_links() {
    for (number, (members, reason)) in bad_releases().into_iter().enumerate() {
        let app = TestApp::start().await;
        let bad = with(release(1), members);
        let first = with(link(1, 1), json!({"tag": bad["tag"]}));
        let lines = [
            project(31, "new/app"),
            bad.clone(),
            first,
            release(2),
            link(2, 1),
        ];
        let ended = import(
            &app,
            &format!("bad-release-{number}"),
            &export(&lines),
            " --json",
        );
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let sentence = "release-links-admin: left out 1 release and 1 link: the list says why\n";
        assert_eq!(ended.stderr, format!("{PROJECT}{sentence}"));
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let expected = json!([{"project": "new/app", "tag": bad["tag"], "link_id": null,
                               "link_name": null, "reason": reason}]);
        assert_eq!(report["left_out"], expected);
        let listed = get(&app, RELEASES).await.body;
        assert_eq!(listed.as_array().unwrap().len(), 1, "{reason}");
        assert_invariants(&app.items().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_an_import_are_printed_without_characters_that_a_terminal_obeys() {
    let app = TestApp::start().await;
    let evil = "\u{1b}[2K\u{202e}\u{2028}\r\n9";
    let shown = "\\u001b[2K\\u202e\\u2028\\u000d\\u000a9";
    let lines = [
        project(31, "new/app"),
        release(1),
        with(link(1, 1), json!({"name": evil, "url": "x"})),
        with(release(2), json!({"tag": evil})),
        project(32, evil),
    ];
    let ended = import(&app, "evil", &export(&lines), "");
    let table = format!(
        "created 1 project and 1 release\n\
         {:34}  {:34}  {:36}  LEFT OUT BECAUSE\n\
         {:34}  {:34}  {:36}  Url is blocked: Only allowed schemes are http, https, ftp\n\
         {:34}  {shown:34}  {:36}  Tag name invalid: the tag has a control character\n\
         {shown:34}  {:34}  {:36}  a path needs a group and a name, such as group/app\n",
        "PROJECT",
        "TAG",
        "LINK",
        "new/app",
        "v1",
        format!("1 {shown}"),
        "new/app",
        "-",
        "-",
        "-"
    );
    let sentence =
        "release-links-admin: left out 1 project, 1 release and 1 link: the list says why\n";
    ended.assert(1, &table, &format!("{PROJECT}{sentence}"));
    let json = import(&app, "evil", &export(&lines), " --json");
    let printed: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(printed["left_out"][0]["link_name"], evil);
    assert!(
        json.stdout
            .lines()
            .all(|line| !line.contains(char::is_control))
    );
}

/// Commits of other kinds, as GitHub's branches are, are dropped.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_attributes_are_counted() {
    let app = TestApp::start().await;
    let lines = [
        project(31, "new/app"),
        with(
            release(1),
            json!({"commit": "main", "unknown": {"member": [1]}}),
        ),
        with(release(2), json!({"commit": "a".repeat(64)})),
    ];
    let ended = import(&app, "dropped", &export(&lines), "");
    let output = "created 1 project and 2 releases\ndropped: commits that are not full IDs (1)\n";
    ended.assert(0, output, PROJECT);
}

/// The API refuses to create such a release, but links that were created one by one can become as
/// many, and an export brings them back.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_no_response_can_hold_is_imported_with_a_note() {
    let app = TestApp::start().await;
    let long = |id: u64| {
        let url = format!("https://e.com/{id}/{}", "x".repeat(4_000));
        with(link(1, id), json!({"url": url}))
    };
    let lines = [project(31, "new/app"), release(1)].into_iter();
    let lines: Vec<Value> = lines.chain((1..=1_600).map(long)).collect();
    let ended = import(&app, "huge", &export(&lines), " --write-units 50000");
    let output = "created 1 project, 1 release and 1600 links\n\
                  release v1 of new/app is larger than a response may be: the API lists its \
                  links, but cannot return the release\n";
    ended.assert(0, output, PROJECT);
    assert_eq!(get(&app, &format!("{RELEASES}/v1")).await.status, 400);
    let links = get(&app, &format!("{RELEASES}/v1/assets/links?per_page=100")).await;
    assert_eq!((links.status, links.header("x-total")), (200, "1600"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_fits_the_terminal() {
    let app = TestApp::start().await;
    let path = file(
        "wide",
        &export(&[project(24, "other/app"), project(31, "new/app")]),
    );
    let shown = at_terminal(&app, &format!("import --file {}", path.display()), "");
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert!(
        !shown.stdout.contains("importing"),
        "a bar shows it: {shown:?}"
    );
    let lines = shown
        .stdout
        .lines()
        .skip_while(|line| !line.contains("created 1 project"));
    let widths: Vec<usize> = lines.map(|line| line.trim_end().chars().count()).collect();
    assert!(
        widths.len() > 3 && widths[1..].iter().all(|width| *width <= 80),
        "{shown:?}"
    );
}
