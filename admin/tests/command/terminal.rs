//! What the command prints at a terminal, and how it treats characters that a terminal obeys.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use release_links::project::{Role, Visibility};
use release_links::token::{PlainToken, TokenId};
use serde_json::json;

use super::{Ended, admin, command, ended};
use testkit::app::{LINKS, TestApp, granted, project};
use testkit::engine;

/// Runs the command at a terminal of 80 columns. Its output and errors are in `stdout`.
pub fn at_terminal(app: &TestApp, arguments: &str, answers: &str) -> Ended {
    at_terminal_of(app.address, arguments, answers)
}

/// The same with the engine at this address.
pub fn at_terminal_of(engine: SocketAddr, arguments: &str, answers: &str) -> Ended {
    let mut script = Command::new("script");
    let program = env!("CARGO_BIN_EXE_release-links-admin");
    script
        .args(["--quiet", "--return", "--command"])
        .arg(format!("stty rows 24 cols 80 -echo; {program} {arguments}"))
        .arg("/dev/null")
        .env("PATH", std::env::var("PATH").unwrap())
        .env("TERM", "xterm");
    for (name, value) in command(engine, "").get_envs() {
        script.env(name, value.unwrap());
    }
    let streams = script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut terminal = streams.stderr(Stdio::piped()).spawn().unwrap();
    let mut input = terminal.stdin.take().unwrap();
    input.write_all(answers.as_bytes()).unwrap();
    let output = terminal.wait_with_output().unwrap();
    drop(input);
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Characters that move a terminal's cursor, hide text, change its direction or end a line.
const UNSAFE: &str = "\u{1b}[2K\u{7}\u{9b}\u{202e}\u{2066}\u{2028}\r\n9  forged";
/// The same as the command shows them.
const ESCAPED: &str = "\\u001b[2K\\u0007\\u009b\\u202e\\u2066\\u2028\\u000d\\u000a9  forged";

/// Asserts that nothing but the ends of lines would move a terminal's cursor.
#[track_caller]
fn assert_harmless(ended: &Ended) {
    for text in [&ended.stdout, &ended.stderr] {
        let is_harmless = |c: char| {
            let is_directional = matches!(u32::from(c), 0x61c | 0x200e..=0x200f | 0x2028..=0x202e);
            !(c.is_control() || is_directional || matches!(u32::from(c), 0x2066..=0x2069))
        };
        assert!(
            text.lines().all(|line| line.chars().all(is_harmless)),
            "{ended:?}"
        );
    }
}

/// Stores a token whose label no version of the command accepts.
async fn issue(app: &TestApp, id: u64) {
    let hash = PlainToken::from(format!("token-{id}-of-somebody")).hash();
    let session = app.operator.session(Duration::from_secs(5));
    let token = session
        .tokens()
        .create(hash, granted(UNSAFE, 24, Role::Guest));
    assert_eq!(token.await.unwrap().id, TokenId(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_labels_are_printed_without_characters_that_a_terminal_obeys() {
    let app = TestApp::start().await;
    issue(&app, 2).await;
    let listed = admin(&app, "token list --json");
    assert_harmless(&listed);
    let label = &listed.json()[1]["label"];
    assert_eq!(label, UNSAFE, "JSON contains the label itself");
    for arguments in ["token list", "token show 2", "token revoke 2"] {
        let ended = admin(&app, arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_harmless(&ended);
        assert!(ended.stdout.contains(ESCAPED), "{arguments}: {ended:?}");
    }
    issue(&app, 3).await;
    issue(&app, 4).await;
    let several = ended(command(app.address, "token revoke").arg(UNSAFE));
    several.assert_fails(&format!(
        "several tokens have the label \"{ESCAPED}\": choose one by its ID (3, 4)"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_names_and_tags_are_printed_without_characters_that_a_terminal_obeys() {
    let app = TestApp::start().await;
    let body = json!({"name": UNSAFE, "url": "http://a"});
    assert_eq!(app.post(LINKS, body).await.status, 201);
    engine::create_table(&app.client, "links-restored")
        .await
        .unwrap();
    for item in app.items().await {
        let request = app.client.put_item().table_name("links-restored");
        request.set_item(Some(item)).send().await.unwrap();
    }
    let restored = admin(
        &app,
        "release restore v0.1 --project 24 --from links-restored",
    );
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert_harmless(&restored);
    assert!(restored.stdout.contains(ESCAPED), "{restored:?}");
    assert_eq!(restored.stdout.lines().count(), 3, "{restored:?}");
    let missing = ended(command(app.address, "release delete --yes --project 24").arg(UNSAFE));
    missing.assert_fails(&format!(
        "there is no release {ESCAPED} in project 24: `release list --project 24` shows all \
         releases"
    ));
    let wrong = ended(command(app.address, "project show").arg(UNSAFE));
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert_harmless(&wrong);
}

/// The widths of columns would otherwise depend on the longest cell of all rows.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_fits_the_terminal() {
    let app = TestApp::start().await;
    for id in 101..=131 {
        let path = format!("group/app{id}");
        app.add(project(id, &path, Visibility::Private)).await;
    }
    let grants: Vec<String> = (101..=131)
        .map(|id| format!("--grant {id}=guest"))
        .collect();
    let label = "a label of more than forty characters, which is long";
    let mut create = command(app.address, &format!("token create {}", grants.join(" ")));
    assert_eq!(ended(create.args(["--label", label])).code, Some(0));
    let wide = admin(&app, "token list").stdout;
    assert!(
        wide.contains(&format!("{label}  active  api    31 projects  ")),
        "{wide}"
    );
    let listed = at_terminal(&app, "token list", "");
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert!(listed.stdout.contains("31 projects"), "{listed:?}");
    let widest = listed
        .stdout
        .lines()
        .map(|line| line.trim_end().chars().count())
        .max();
    assert!(
        widest.is_some_and(|width| (60..=80).contains(&width)),
        "{listed:?}"
    );
    let shown = admin(&app, "token show 2").stdout;
    assert_eq!(shown.matches("=guest\n").count(), 31, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_countdown_of_a_deletion_shows_the_time_that_is_left() {
    let app = TestApp::start().await;
    let deleted = at_terminal(&app, "project delete 24 --yes --purge --wait 4s", "");
    assert_eq!(deleted.code, Some(0), "{deleted:?}");
    let shown = deleted.stdout.split("waiting ").skip(1);
    let mut shown: Vec<u64> = shown
        .map(|text| text.split_once(" s until no running function").unwrap().0)
        .map(|seconds| seconds.parse().unwrap())
        .collect();
    shown.dedup();
    // A busy machine may skip a second.
    assert!(
        shown.len() > 1 && shown.is_sorted_by(|a, b| a > b),
        "{shown:?}"
    );
    assert_eq!((shown[0], shown.contains(&0)), (4, false));
}

/// Runs the command, and interrupts it as soon as it has shown a line.
pub fn interrupted(app: &TestApp, arguments: &str) -> Ended {
    let mut command = command(app.address, arguments);
    let streams = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = streams.spawn().unwrap();
    let mut errors = BufReader::new(running.stderr.take().unwrap());
    let mut stderr = String::new();
    errors.read_line(&mut stderr).unwrap();
    let interrupt = Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    errors.read_to_string(&mut stderr).unwrap();
    let ended = Ended::of(running.wait_with_output().unwrap());
    Ended { stderr, ..ended }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_command_says_what_is_left_to_do() {
    let app = TestApp::start().await;
    interrupted(&app, "project delete 24 --yes --purge --wait 60s").assert(
        1,
        "",
        "waiting 60 s until no running function can write to the project\n\
         release-links-admin: interrupted: project 24 is hidden, and this run has deleted none \
         of its releases; run `project purge 24` to finish the deletion, or `project \
         restore 24` to undo it\n",
    );
    admin(&app, "project show 24").assert_fails(
        "project 24 is hidden: `project restore 24` brings it back, and `project purge 24` deletes it \
         for good",
    );
    let finished = admin(&app, "project purge 24 --yes --wait 0s");
    let sentence = "deleted project 24 (group/app, public) and 7 items of its releases\n";
    finished.assert(0, sentence, "");
}

/// Whatever prints elsewhere could forget to escape.
#[test]
fn only_the_output_module_writes_to_the_terminal() {
    let mut paths = vec![PathBuf::from("src")];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            let files = std::fs::read_dir(path).unwrap();
            paths.extend(files.map(|file| file.unwrap().path()));
            continue;
        }
        let code = std::fs::read_to_string(&path).unwrap();
        let is_output = path.file_name().unwrap() == "output.rs";
        for way in [
            "stdout()",
            "stderr()",
            "print!(",
            "println!(",
            "indicatif",
            "comfy_table",
        ] {
            assert!(
                is_output || !code.contains(way),
                "{} names {way}",
                path.display()
            );
        }
    }
}
