//! Files that `import` cannot read, or can read only in part.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use super::export_streams::peak_memory;
use super::import::{HEADER, RELEASES, export, get, import, link, project, release, with};
use super::terminal::at_terminal;
use super::{Ended, admin, command, file, run};
use testkit::app::TestApp;
use testkit::invariants::assert_invariants;

const PROJECT: &str = "importing project 31 (new/app, public)\n";

/// Texts whose first line is wrong, and the sentences.
fn wrong_headers() -> Vec<(String, &'static str)> {
    let body = format!("{}\n{}\n", project(31, "new/app"), release(1));
    let format = |text: &str| format!("{text}\n{body}");
    vec![
        (
            String::new(),
            "the file of --file is empty: export it again",
        ),
        (
            body.clone(),
            "line 1 names no format: the first line of an export is \
             {\"format\":\"release-links\",\"version\":1}",
        ),
        (
            "\n".to_owned(),
            "line 1 names no format: the first line of an export is \
             {\"format\":\"release-links\",\"version\":1}",
        ),
        (
            format("{\"format\":\"release\\u001b[2K\",\"version\":1}"),
            "line 1 names the format \"release\\u001b[2K\" instead of release-links",
        ),
        (
            format("{\"format\":\"release-links\",\"version\":2}"),
            "line 1 names version 2 of the format, but this command reads only version 1: install \
             a later one",
        ),
        (
            format("{\"format\":\"release-links\",\"version\":0}"),
            "line 1 names version 0 of the format, which does not exist",
        ),
    ]
}

/// Texts with a link whose ID is not a whole number.
fn wrong_ids() -> Vec<(String, &'static str)> {
    vec![
        (
            format!("{HEADER}\n{}\n", with(link(1, 1), json!({"id": 1.5}))),
            "line 2 is invalid: 1.5 is no whole number with at most 19 digits",
        ),
        (
            format!("{HEADER}\n{}\n", with(link(1, 1), json!({"id": "1"}))),
            "line 2 is invalid: invalid type: string \"1\", expected a JSON number",
        ),
    ]
}

/// Texts whose first line is right, but not all others.
fn wrong_lines() -> Vec<(String, &'static str)> {
    vec![
        (
            format!("{HEADER}\n{}\n", release(1)),
            "line 2 is a release that does not follow its project",
        ),
        (
            format!("{HEADER}\n{}\n", link(1, 1)),
            "line 2 is a link that does not follow its release",
        ),
        (
            format!("{HEADER}\n\n{{\"type\":\"snap\\u202eshot\"}}\n"),
            "line 3 has the type \"snap\\u202eshot\", which this command does not know: install a \
             later one",
        ),
        (
            format!("{HEADER}\n{{}}\n"),
            "line 2 is invalid: missing field `type`",
        ),
        (
            format!("{HEADER}\nproject\n"),
            "line 2 is not JSON: expected value at column 1",
        ),
        (
            format!("{HEADER}\n{{\"type\":\"project\",\"id\":1,\"id\":2}}\n"),
            "line 2 is invalid: duplicate field `id`",
        ),
        (
            format!(
                "{HEADER}\n{{\"type\":\"link\",\"x\":{}\n",
                "[".repeat(1_000_000)
            ),
            "line 2 is cut off: export the file again",
        ),
        (
            format!("{HEADER}\n[]\n"),
            "line 2 is invalid: invalid length 0, expected struct Type with 1 element",
        ),
        (
            format!(
                "{HEADER}\n{}\n",
                with(project(31, "a/b"), json!({"id": "31"}))
            ),
            "line 2 is invalid: invalid type: string \"31\", expected u64",
        ),
        (
            format!("{HEADER}\n{}", &project(31, "a/b").to_string()[..20]),
            "line 2 is cut off: export the file again",
        ),
        (
            format!("{HEADER}\n{}\n", "x".repeat(16 * 1_024 * 1_024)),
            "line 2 is longer than 16777216 bytes",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_export_is_explained_by_the_number_of_the_line() {
    let app = TestApp::start().await;
    let before = app.items().await.len();
    let texts = [wrong_headers(), wrong_lines(), wrong_ids()].concat();
    for (number, (text, sentence)) in texts.into_iter().enumerate() {
        import(&app, &format!("unreadable-{number}"), &text, "").assert_fails(sentence);
    }
    let path = file("utf-16", "");
    let text: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(&path, [b"\xff\xfe".as_slice(), &text].concat()).unwrap();
    let arguments = format!("import --file {}", path.display());
    admin(&app, &arguments).assert_fails("line 1 is not UTF-8: write the file as UTF-8");
    admin(&app, "import --file /nonexistent")
        .assert_fails("cannot read the file of --file: No such file or directory (os error 2)");
    admin(&app, "import --file /tmp").assert_fails("the file of --file is a directory");
    assert_eq!(app.items().await.len(), before);
}

/// What is left of an import whose lines end in the middle of the third release.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_releases_before_an_invalid_line_are_imported() {
    let whole = [
        project(31, "new/app"),
        release(1),
        link(1, 1),
        with(release(2), json!({"links": 2})),
        link(2, 1),
        link(2, 2),
    ];
    let without_the_last_line = export(&whole[..5]);
    let whole = export(&whole);
    let cut = |end: usize| whole[..whole.len() - end].to_owned();
    let other_release = with(link(2, 3), json!({"tag": "v1"}));
    let other_project = with(link(2, 3), json!({"project": 32}));
    for (number, (text, sentence)) in [
        (cut(10), "line 7 is cut off: export the file again"),
        (cut(3), "line 7 is cut off: export the file again"),
        (
            without_the_last_line,
            "line 5 is a release with 2 links, but the file has 1 of them: export the file again",
        ),
        (
            format!("{whole}{other_release}\n"),
            "line 8 is a link that does not follow its release",
        ),
        (
            format!("{whole}{other_project}\n"),
            "line 8 is a link that does not follow its release",
        ),
        (
            format!("{whole}{whole}"),
            "line 8 begins another export: import one file after the other",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let app = TestApp::start().await;
        let name = format!("cut-{number}");
        import(&app, &name, &text, "").assert(
            1,
            "created 1 project, 1 release and 1 link\n",
            &format!(
                "{PROJECT}release-links-admin: {sentence}; then run the command again to go on\n"
            ),
        );
        assert_eq!(get(&app, &format!("{RELEASES}/v2")).await.status, 404);
        import(&app, &name, &whole, "").assert(
            0,
            "created 1 release and 2 links\nalready existed: 1 project, 1 release and 1 link\n",
            PROJECT,
        );
        assert_invariants(&app.items().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark_and_windows_line_endings_are_ignored() {
    let app = TestApp::start().await;
    let text = export(&[project(31, "new/app"), release(1), link(1, 1)]);
    let text = format!("\u{feff}{}\r\n", text.trim_end().replace('\n', "\r\n\r\n"));
    let output = "created 1 project, 1 release and 1 link\n";
    import(&app, "windows", &text, "").assert(0, output, PROJECT);
    import(&app, "only-header", &format!("{HEADER}\n"), "").assert(0, "created nothing\n", "");
}

/// A second line of a release counts as an import into the first one.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_in_a_file_twice_is_imported_once() {
    let app = TestApp::start().await;
    let lines = [
        project(31, "new/app"),
        release(1),
        link(1, 1),
        with(release(1), json!({"name": "Again"})),
        link(1, 1),
        link(1, 2),
        project(31, "new/app"),
        release(1),
    ];
    let ended = import(&app, "twice", &export(&lines), "");
    let output = "created 1 project, 1 release and 2 links\n\
                  already existed: 1 project, 2 releases and 1 link\n";
    ended.assert(0, output, &PROJECT.repeat(2));
    assert_eq!(
        get(&app, &format!("{RELEASES}/v1")).await.body["name"],
        "v1"
    );
    assert_invariants(&app.items().await);
}

/// Runs an import of standard input.
fn piped(app: &TestApp, text: &str) -> Ended {
    let mut import = command(app.address, "import --file -");
    let streams = import.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = streams.stderr(Stdio::piped()).spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    // The command may end before it has read everything.
    let _ = input.write_all(text.as_bytes());
    drop(input);
    Ended::of(running.wait_with_output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_read_unless_it_is_a_terminal() {
    let app = TestApp::start().await;
    let text = export(&[project(31, "new/app"), release(1), link(1, 1)]);
    let output = "created 1 project, 1 release and 1 link\n";
    piped(&app, &text).assert(0, output, PROJECT);
    piped(&app, "").assert_fails("the file of --file is empty: export it again");
    let shown = at_terminal(&app, "import --file -", "");
    let sentence = "release-links-admin: standard input is a terminal: pipe an export into the \
                    command\r\n";
    assert_eq!(shown.code, Some(1));
    assert!(shown.stdout.ends_with(sentence), "{shown:?}");
}

/// The bar at a terminal.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_releases_links_and_the_time_that_is_left() {
    let app = TestApp::start().await;
    let mut lines = vec![project(31, "new/app")];
    for number in 1..=40 {
        lines.push(release(number));
        lines.extend((1..=10).map(|id| link(number, id)));
    }
    let path = file("bar", &export(&lines));
    // A release takes about 90 units, so the command waits for several seconds.
    let arguments = format!("import --file {} --write-units 1000", path.display());
    let shown = at_terminal(&app, &arguments, "");
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let has_bar = shown.stdout.contains("░ ") || shown.stdout.contains("█");
    assert!(has_bar && shown.stdout.contains("s left"), "{shown:?}");
    let steps = |text: &str| shown.stdout.matches(text).count();
    assert!(
        steps(" releases, ") > 3 && steps(" links, ") > 3,
        "{shown:?}"
    );
    assert!(
        shown
            .stdout
            .ends_with("created 1 project, 40 releases and 400 links\r\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_missing_is_named_before_anything_is_read() {
    let app = TestApp::start().await;
    let path = file("no-table", &export(&[project(31, "new/app")]));
    let mut import = command(app.address, &format!("import --file {}", path.display()));
    let ended = super::ended(import.env("TABLE_NAME", "other"));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(
        ended.stderr.starts_with("release-links-admin: "),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("other"), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1);
    let full = Stdio::from(
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap(),
    );
    let mut import = command(app.address, &format!("import --file {}", path.display()));
    let output = import.stdout(full).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let sentence = "release-links-admin: cannot write to standard output: No space left on device \
                    (os error 28)\n";
    assert_eq!(
        (output.status.code(), stderr),
        (Some(1), format!("{PROJECT}{sentence}"))
    );
    run(&app, "project show 31");
}

/// A value that is null stands for one that is absent.
#[tokio::test(flavor = "multi_thread")]
async fn members_that_are_null_or_unknown_are_ignored() {
    let app = TestApp::start().await;
    let lines = [
        with(project(31, "new/app"), json!({"stars": 5})),
        with(
            release(1),
            json!({"name": null, "description": null, "author": null, "commit": null,
                                "immutable_at": null, "prerelease": true}),
        ),
        with(
            link(1, 1),
            json!({"filepath": null, "digest": null, "size": 5}),
        ),
    ];
    let output = "created 1 project, 1 release and 1 link\n";
    import(&app, "null", &export(&lines), "").assert(0, output, PROJECT);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_of_an_import_does_not_grow_with_the_file() {
    let app = TestApp::start().await;
    let description = "d".repeat(30_000);
    let mut peaks = Vec::new();
    for count in [1_000, 3_000] {
        let line = |number| {
            let members = json!({"tag": format!("m{number}"), "description": description});
            with(release(1), members)
        };
        let mut lines = vec![project(31, "new/app")];
        lines.extend((1..=count).map(line));
        let text = export(&lines);
        let path = file(&format!("memory-{count}"), &text);
        let mut import = command(
            app.address,
            &format!("import --dry-run --file {}", path.display()),
        );
        let streams = import.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = streams.spawn().unwrap();
        let mut peak = 0;
        while running.try_wait().unwrap().is_none() {
            peak = peak_memory(running.id()).unwrap_or(0).max(peak);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let output = format!("would create 1 project and {count} releases\n");
        let project = PROJECT.replace("importing", "comparing");
        Ended::of(running.wait_with_output().unwrap()).assert(0, &output, &project);
        peaks.push(peak);
    }
    assert!(
        peaks[0] > 0 && peaks[1] < peaks[0] + 15_000,
        "{peaks:?} KB of 30,000 and of 90,000 in the file"
    );
}
