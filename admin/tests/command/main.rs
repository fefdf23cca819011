//! `release-links-admin` as a process, against a real engine.

#![expect(
    clippy::unwrap_used,
    reason = "a None or an Err ends the test, where it is seen"
)]

mod projects;
mod refusals;
mod tokens;

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use testkit::app::{LINKS, TABLE, TestApp};
use testkit::event::Event;

/// How a run of the command ended.
#[derive(Debug)]
#[must_use]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    #[track_caller]
    fn assert(&self, code: i32, stdout: &str, stderr: &str) {
        assert_eq!(
            (self.code, self.stdout.as_str(), self.stderr.as_str()),
            (Some(code), stdout, stderr),
            "{self:?}"
        );
    }

    /// One sentence on standard error, and nothing else.
    #[track_caller]
    fn assert_refused(&self, sentence: &str) {
        self.assert(1, "", &format!("release-links-admin: {sentence}\n"));
    }

    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// The command with an operator's environment; nobody's own configuration takes part.
fn command(engine: SocketAddr, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_release-links-admin"));
    command
        .args(arguments.split_whitespace())
        .env_clear()
        .stdin(Stdio::null())
        .envs([
            ("TABLE_NAME", TABLE),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/nonexistent"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
            (
                "AWS_ENDPOINT_URL_DYNAMODB",
                format!("http://{engine}").as_str(),
            ),
        ]);
    command
}

fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    Ended {
        code: output.status.code(),
        stdout,
        stderr,
    }
}

fn admin(app: &TestApp, arguments: &str) -> Ended {
    ended(&mut command(app.address, arguments))
}

/// A file of this test's own.
fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_goes_from_an_empty_table_to_its_first_link() {
    let app = TestApp::start().await;
    let path = "Group/Sub/App.x";
    admin(
        &app,
        &format!("project create --id 7 --path {path} --visibility private"),
    )
    .assert(0, "project 7 (Group/Sub/App.x, private) is created\n", "");
    let created = admin(
        &app,
        "token create --label ci --grant 7=developer --expires-in 90d",
    );
    let token = created.stdout.strip_suffix('\n').unwrap();
    assert!(
        token.starts_with("rlat-") && token.len() == 48,
        "{created:?}"
    );
    created.assert(
        0,
        &format!("{token}\n"),
        "token 2 (ci) is made, and shown only this once\n",
    );
    let links = "/api/v4/projects/group%2Fsub%2Fapp.x/releases/v1/assets/links";
    let event = Event::new("POST", links)
        .token(token)
        .form("name=a&url=http://a");
    assert_eq!(app.send(event).await.status, 201);
    assert_eq!(
        app.send(Event::new("GET", links).anonymous()).await.status,
        404
    );
    assert_eq!(
        app.send(Event::new("GET", LINKS).token(token)).await.status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_explained_and_exits_2() {
    let app = TestApp::start().await;
    for (arguments, part) in [
        ("", "Usage: release-links-admin <COMMAND>"),
        ("project", "Usage: release-links-admin project <COMMAND>"),
        ("project create --id 24", "--path <GROUP/NAME>"),
        (
            "project create --id 0 --path a/b",
            "a project's number is a whole number from 1 to 9223372036854775807",
        ),
        (
            "project create --id 1 --path app",
            "a path needs a group and a name, such as group/app",
        ),
        (
            "project create --id 1 --path a/b --visibility internal",
            "[possible values: private, public]",
        ),
        (
            "project create --id 1 --path Api/app",
            "the first part of a path may not be called api, where the API is",
        ),
        (
            "project update 24 --path api/app",
            "the first part of a path may not be called api, where the API is",
        ),
        ("project delete 24 --wait soon", "expected number at 0"),
        ("project update 24", "--visibility <VISIBILITY>"),
        ("project show", "<PROJECT|--id <NUMBER>>"),
        ("project show 24 --id 24", "cannot be used with"),
        (
            "project show app",
            "a project is named by its number, or by its path such as group/app",
        ),
        ("token create --label ci", "--grant <PROJECT=ROLE>"),
        (
            "token create --label ci --grant 24",
            "a grant is a project and a role, such as 24=developer",
        ),
        (
            "token create --label ci --grant 24=root",
            "the role \"root\" is none of guest, reporter, developer, maintainer, owner",
        ),
        (
            "token create --label ci --grant 24=guest --scope sudo",
            "[possible values: api, read_api]",
        ),
        (
            "token create --label 1 --grant 24=guest",
            "a label is not a number",
        ),
        (
            "token create --label +1 --grant 24=guest",
            "a label is not a number",
        ),
        (
            "token create --label \u{202e}ic --grant 24=guest",
            "no characters that change the direction of the text",
        ),
        (
            "token create --label ci --grant 24=guest --expires-in 0s",
            "a token that ends at once is of no use",
        ),
        (
            "token create --label ci --grant 24=guest --expires-in soon",
            "write it such as 90d, 12h or 1h30m",
        ),
        (
            "token create --label ci --grant 24=guest --expires-in 101y",
            "a token lives for 100 years at the most",
        ),
        ("token revoke", "<TOKEN|--id <NUMBER>|--token-file <FILE>>"),
        (
            "completions tcl",
            "[possible values: bash, elvish, fish, powershell, zsh]",
        ),
    ] {
        let ended = admin(&app, arguments);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{arguments}: {ended:?}"
        );
        assert!(ended.stderr.contains(part), "{arguments}: {ended:?}");
    }
    let blank = ended(command(app.address, "token create --grant 24=guest --label").arg(" "));
    assert!(
        blank.code == Some(2)
            && blank
                .stderr
                .contains("a label is a line of 1 to 255 characters"),
        "{blank:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn help_version_and_completions_need_no_deployment() {
    let run = |arguments: &str| {
        ended(
            Command::new(env!("CARGO_BIN_EXE_release-links-admin"))
                .args(arguments.split_whitespace())
                .env_clear(),
        )
    };
    let help = run("--help");
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for part in [
        "token create --label ci --grant 24=developer",
        "TABLE_NAME",
        "Exit status: 0 done, 1 refused",
    ] {
        assert!(help.stdout.contains(part), "{help:?}");
    }
    let version = run("--version");
    version.assert(
        0,
        &format!("release-links-admin {}\n", env!("CARGO_PKG_VERSION")),
        "",
    );
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let completions = run(&format!("completions {shell}"));
        assert!(
            completions.code == Some(0) && completions.stdout.contains("expires-in"),
            "{completions:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_closes_the_pipe_is_content_but_a_lost_token_is_reported() {
    let app = TestApp::start().await;
    let run = |arguments: &str| {
        let mut child = command(app.address, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        (child.wait().unwrap().code(), stderr)
    };
    assert_eq!(run("project list"), (Some(0), String::new()));
    assert_eq!(run("token list --json"), (Some(0), String::new()));
    let sentence = "release-links-admin: token 2 (ci) was made but could not be shown: revoke it and make another \
                    (Broken pipe (os error 32))\n";
    assert_eq!(
        run("token create --label ci --grant 24=guest"),
        (Some(1), sentence.to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_around_the_command_is_said_in_one_sentence() {
    let app = TestApp::start().await;
    let list = || command(app.address, "project list");
    for (name, sentence) in [
        (
            "TABLE_NAME",
            "TABLE_NAME is not set: set it to the name of the DynamoDB table",
        ),
        (
            "AWS_REGION",
            "AWS_REGION is not set: set it, or AWS_PROFILE, to where the table is",
        ),
    ] {
        ended(list().env_remove(name)).assert_refused(sentence);
    }
    let unused = [
        ("PUBLIC_URL", "links"),
        ("DOWNLOAD_CACHE_SECONDS", "soon"),
        ("WARM_UP_SECONDS", "-1"),
    ];
    let listed = ended(list().envs(unused));
    assert_eq!(
        (listed.code, listed.stderr.as_str()),
        (Some(0), ""),
        "settings of the function alone are not read"
    );
    let malformed =
        "IDENTITY_CACHE_SECONDS is \"soon\": set it to a whole number of seconds, such as 30";
    ended(list().env("IDENTITY_CACHE_SECONDS", "soon")).assert_refused(malformed);
    for (ended, part) in [
        (
            ended(list().env_remove("AWS_ACCESS_KEY_ID")),
            "there are no AWS credentials: set AWS_PROFILE",
        ),
        (
            ended(list().env("TABLE_NAME", "none")),
            "ResourceNotFoundException",
        ),
        (
            ended(list().env("TABLE_NAME", "none")),
            "(TABLE_NAME is none in eu-central-1)",
        ),
        (
            ended(list().env("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")),
            "the table could not be used",
        ),
    ] {
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(1), ""),
            "{ended:?}"
        );
        assert!(
            ended.stderr.contains(part) && ended.stderr.matches('\n').count() == 1,
            "{ended:?}"
        );
    }
}
