//! `release-links-admin` as a process, against the DynamoDB engine.

#![expect(
    clippy::unwrap_used,
    reason = "a None or an Err fails the test at once"
)]

mod check;
mod credentials;
mod deletion;
mod export;
mod export_changes;
mod export_documents;
mod export_streams;
mod failures;
mod gitlab;
mod import;
mod import_again;
mod import_ends;
mod import_files;
mod import_projects;
mod import_rules;
mod locks;
mod platform;
mod policy;
mod project_restore;
mod projects;
mod random_table;
mod release_list;
mod releases;
mod roots;
mod round_trip;
mod silence;
mod takeover;
mod terminal;
mod tls;
mod tokens;
mod undo;
mod version;

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use testkit::app::{LINKS, TABLE, TestApp};
use testkit::event::Event;

/// What follows a change after which a cache may have redirects that are no longer right.
const KEPT: &str = "a CDN in front of the service may keep redirects of the project's downloads for \
                    SharedCacheSeconds: `aws cloudfront create-invalidation --distribution-id ID \
                    --paths '/*'` removes them\n";

/// What a command says about a project that does not exist.
const NO_PROJECT: &str = "there is no project 25: `project list` shows the visible projects, and \
                          `project list --hidden` the hidden ones";

/// The result of a run of the command.
#[derive(Debug)]
#[must_use]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        Self {
            code: output.status.code(),
            stdout,
            stderr,
        }
    }

    #[track_caller]
    fn assert(&self, code: i32, stdout: &str, stderr: &str) {
        assert_eq!(
            (self.code, self.stdout.as_str(), self.stderr.as_str()),
            (Some(code), stdout, stderr),
            "{self:?}"
        );
    }

    /// Asserts a failure with one sentence on standard error and no other output.
    #[track_caller]
    fn assert_fails(&self, sentence: &str) {
        self.assert(1, "", &format!("release-links-admin: {sentence}\n"));
    }

    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// The command with an operator's environment, isolated from the machine's AWS configuration.
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
    Ended::of(command.output().unwrap())
}

/// Runs the command, which must succeed.
#[track_caller]
fn run(app: &TestApp, arguments: &str) {
    let ended = admin(app, arguments);
    assert_eq!(ended.code, Some(0), "{arguments}: {ended:?}");
}

fn admin(app: &TestApp, arguments: &str) -> Ended {
    ended(&mut command(app.address, arguments))
}

/// Writes a file for one test and returns its path.
fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_and_token_can_create_the_first_link() {
    let app = TestApp::start().await;
    let path = "Group/Sub/App.x";
    admin(
        &app,
        &format!("project create --id 7 --path {path} --visibility private"),
    )
    .assert(0, "created project 7 (Group/Sub/App.x, private)\n", "");
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
        "created token 2 (ci); it is shown only once\n",
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

/// Arguments, and a part of the message that explains what is wrong with them.
const USAGE_ERRORS: [(&str, &str); 39] = [
    ("", "Usage: release-links-admin [OPTIONS] <COMMAND>"),
    (
        "project",
        "Usage: release-links-admin project [OPTIONS] <COMMAND>",
    ),
    ("project create --id 24", "--path <GROUP/NAME>"),
    ("import", "--file <FILE>"),
    (
        "import --file a --write-units 49",
        "invalid value '49' for '--write-units <UNITS>'",
    ),
    (
        "project purge 24 --write-units 0",
        "invalid value '0' for '--write-units <UNITS>'",
    ),
    (
        "project create --id 0 --path a/b",
        "a project's ID is a whole number from 1 to 9223372036854775807",
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
        "the first part of a path must not be api, which is reserved for the API",
    ),
    (
        "project update 24 --path api/app",
        "the first part of a path must not be api, which is reserved for the API",
    ),
    (
        "project delete 24 --wait soon",
        "write a duration such as 45s or 1m30s",
    ),
    (
        "project delete 24 --wait 25h",
        "the command waits for at most 24h",
    ),
    ("project delete 24 --wait 5s", "--purge"),
    ("project restore 24 --with-grants", "--from <TABLE>"),
    ("release restore --project 24 --from other", "<TAG>"),
    (
        "release restore v1 --all --project 24 --from other",
        "cannot be used with",
    ),
    ("project update 24", "--visibility <VISIBILITY>"),
    ("project show", "<PROJECT|--id <ID>>"),
    ("project show 24 --id 24", "cannot be used with"),
    (
        "project show app",
        "specify a project by its ID, such as 24, or by its path, such as group/app",
    ),
    ("token create --label ci", "--grant <PROJECT=ROLE>"),
    (
        "token create --label ci --grant 24",
        "a grant consists of a project and a role, such as 24=developer",
    ),
    (
        "token create --label ci --grant 24=root",
        "unknown role \"root\": choose one of guest, reporter, developer, maintainer, owner",
    ),
    (
        "token create --label ci --grant 24=guest --scope sudo",
        "[possible values: api, read_api]",
    ),
    (
        "token create --label 1 --grant 24=guest",
        "a label must not be a number",
    ),
    (
        "token create --label +1 --grant 24=guest",
        "a label must not be a number",
    ),
    (
        "token create --label \u{202e}ic --grant 24=guest",
        "a label must not contain characters that change the direction of text",
    ),
    (
        "token create --label ci --grant 24=guest --expires-in 0s",
        "a token's lifetime must be longer than zero",
    ),
    (
        "token create --label ci --grant 24=guest --expires-in soon",
        "write a duration such as 90d, 12h or 1h30m",
    ),
    (
        "token create --label ci --grant 24=guest --expires-in 101y",
        "a token's lifetime is at most 100 years",
    ),
    (
        "token create --label ci --grant 24=guest --expires-in 2027-01-31",
        "this is a date: pass it with --expires-at",
    ),
    (
        "token create --label ci --grant 24=guest --expires-at 90d",
        "write a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00Z",
    ),
    (
        "token create --label ci --grant 24=guest --expires-at 2019-01-31",
        "this time has passed: choose one in the future",
    ),
    (
        "token create --label ci --grant 24=guest --expires-at 2199-01-31",
        "a token's lifetime is at most 100 years",
    ),
    (
        "token create --label ci --grant 24=guest --expires-at 2099-01-31 --expires-in 90d",
        "cannot be used with",
    ),
    (
        "token create --label glpat-aBcDeFgHiJkLmNoPqRsT --grant 24=guest",
        "a label must not look like a token",
    ),
    ("token revoke", "<TOKEN|--id <ID>|--token-file <FILE>>"),
    (
        "completions tcl",
        "[possible values: bash, elvish, fish, powershell, zsh]",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_usage_error_is_explained_and_exits_with_2() {
    let app = TestApp::start().await;
    for (arguments, part) in USAGE_ERRORS {
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
                .contains("a label is one line of 1 to 255 characters"),
        "{blank:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn help_and_completions_need_no_deployment() {
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
        "Exit status: 0 success, 1 failure",
    ] {
        assert!(help.stdout.contains(part), "{help:?}");
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let completions = run(&format!("completions {shell}"));
        assert!(
            completions.code == Some(0) && completions.stdout.contains("expires-in"),
            "{completions:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_is_an_error_only_if_it_loses_a_token() {
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
    let sentence = "release-links-admin: created token 2 (ci) but could not show it (Broken pipe \
                    (os error 32)): run `token revoke 2`, and create another one\n";
    assert_eq!(
        run("token create --label ci --grant 24=guest"),
        (Some(1), sentence.to_owned())
    );
}
