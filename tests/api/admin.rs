//! `release-links-admin` as a process, against a real engine.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use release_links::project::Visibility;
use serde_json::{Value, json};

use crate::support::{Event, LINKS, TABLE, TestApp, project};

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
        assert_eq!((self.code, self.stdout.as_str(), self.stderr.as_str()), (Some(code), stdout, stderr), "{self:?}");
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
    command.args(arguments.split_whitespace()).env_clear().stdin(Stdio::null()).envs([
        ("TABLE_NAME", TABLE),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{engine}").as_str()),
    ]);
    command
}

fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    Ended { code: output.status.code(), stdout, stderr }
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
    admin(&app, &format!("project create --id 7 --path {path} --visibility private")).assert(
        0,
        "project 7 (Group/Sub/App.x, private) is created\n",
        "",
    );
    let created = admin(&app, "token create --label ci --grant 7=developer --expires-in 90d");
    let token = created.stdout.strip_suffix('\n').unwrap();
    assert!(token.starts_with("rlat-") && token.len() == 48, "{created:?}");
    created.assert(0, &format!("{token}\n"), "token 2 (ci) is made, and shown only this once\n");
    let links = "/api/v4/projects/group%2Fsub%2Fapp.x/releases/v1/assets/links";
    let event = Event::new("POST", links).token(token).form("name=a&url=http://a");
    assert_eq!(app.send(event).await.status, 201);
    assert_eq!(app.send(Event::new("GET", links).anonymous()).await.status, 404);
    assert_eq!(app.send(Event::new("GET", LINKS).token(token)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_are_listed_shown_and_changed() {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    insta::assert_snapshot!(admin(&app, "project list").stdout, @r"
    ID  PATH        VISIBILITY
    7   secret/app  private
    24  group/app   public
    ");
    let seven = json!({"id": 7, "path": "secret/app", "visibility": "private"});
    let documented = json!({"id": 24, "path": "group/app", "visibility": "public"});
    assert_eq!(admin(&app, "project list --json").json(), json!([seven, documented]));
    for which in ["7", "--id 7", "secret/app", "SECRET/App"] {
        assert_eq!(admin(&app, &format!("project show {which} --json")).json(), seven, "{which}");
    }
    insta::assert_snapshot!(admin(&app, "project show 7").stdout, @r"
    ID  PATH        VISIBILITY
    7   secret/app  private
    ");
    let delay = "(running functions may take 30 s to notice)";
    let changed = admin(&app, "project update 7 --visibility public --path open/app");
    changed.assert(0, &format!("project 7 (open/app, public) is changed {delay}\n"), "");
    let event =
        |path: &str| Event::new("GET", &format!("/api/v4/projects/{path}/releases/v1/assets/links")).anonymous();
    let project_not_found = json!({"message": "404 Project Not Found"});
    app.send(event("open%2Fapp")).await.assert(404, json!({"message": "404 Not found"}));
    app.send(event("secret%2Fapp")).await.assert(404, project_not_found);
    let respelt = admin(&app, "project update open/app --path Open/App");
    respelt.assert(0, &format!("project 7 (Open/App, public) is changed {delay}\n"), "");
    let unremembered = ended(command(app.address, "project update 7 --path a/b").env("IDENTITY_CACHE_SECONDS", "0"));
    unremembered.assert(0, "project 7 (a/b, public) is changed\n", "");
    assert_eq!(admin(&app, "project list --json").json()[0]["path"], "a/b");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_does_not_fit_what_is_there_is_refused_with_one_sentence() {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    assert_eq!(admin(&app, "token create --label ci --grant 24=guest").code, Some(0));
    assert_eq!(admin(&app, "token create --label ci --grant 24=guest").code, Some(0));
    assert_eq!(admin(&app, "token create --label old --grant 24=guest").code, Some(0));
    let known = file("known", "gDybLx3yrUK_HLp3qPjS\n");
    let before = app.items().await;
    for (arguments, sentence) in [
        ("project create --id 24 --path a/b", "there is a project 24 already: `project show 24` shows it"),
        (
            "project create --id 25 --path Group/App",
            "there is a project Group/App already: `project show Group/App` shows it",
        ),
        ("project show 25", "there is no project 25: `project list` shows all there are"),
        ("project update --id 25 --path a/b", "there is no project 25: `project list` shows all there are"),
        (
            "project update 7 --path group/app",
            "there is a project group/app already: `project show group/app` shows it",
        ),
        ("project delete 25", "there is no project 25: `project list` shows all there are"),
        ("token create --label x --grant 25=guest", "there is no project 25: `project list` shows all there are"),
        ("token create --label x --grant a/b=guest", "there is no project a/b: `project list` shows all there are"),
        (
            "token create --label x --grant 24=guest --grant group/app=owner",
            "there are two grants for group/app: leave one of them out",
        ),
        ("token revoke 99", "there is no token 99: `token list` shows all there are"),
        ("token revoke nobody", "there is no token nobody: `token list` shows all there are"),
        ("token revoke ci", "several tokens are called \"ci\": name one by its number, which are 2, 3"),
        (
            "token revoke --token-file /dev/null",
            "/dev/null holds no token: one is a line of ASCII characters without spaces",
        ),
        (
            "token create --label x --grant 24=guest --token-file /nonexistent",
            "the token cannot be read from /nonexistent: No such file or directory (os error 2)",
        ),
    ] {
        admin(&app, arguments).assert_refused(sentence);
    }
    let again = format!("token create --label x --grant 24=guest --token-file {}", known.display());
    admin(&app, &again).assert_refused("this token is stored already: nothing can be stored twice");
    let counter = |items: Vec<_>| {
        items.into_iter().filter(|item: &crate::support::Item| !item.contains_key("last_token_id")).count()
    };
    assert_eq!(counter(before), counter(app.items().await), "a refused change changes nothing");

    let delay = "(running functions may take 30 s to notice)";
    admin(&app, "token revoke old").assert(0, &format!("token 4 (old) is revoked {delay}\n"), "");
    let again = admin(&app, "token revoke old");
    assert!(again.stderr.starts_with("release-links-admin: token 4 was revoked already, at 20"), "{again:?}");
    assert_eq!((again.code, again.stdout.as_str()), (Some(1), ""));
    let by_token = admin(&app, &format!("token revoke --token-file {}", known.display()));
    by_token.assert(0, &format!("token 1 (documentation) is revoked {delay}\n"), "");
    assert_eq!(app.get(LINKS).await.body["error"], "invalid_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_listed_without_the_tokens() {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    let known = file("migrated", "  known-to-somebody-already\n");
    let create = format!(
        "token create --label migrated --grant secret/app=owner --grant 24=guest --scope read_api --token-file {}",
        known.display()
    );
    admin(&app, &create).assert(0, "", "token 2 (migrated) is stored\n");
    let short = ended(
        command(app.address, "token create --label short --grant *=reporter --token-file").arg(file("short", "abc")),
    );
    short.assert(
        0,
        "",
        "token 3 (short) has fewer than 20 characters: use it for demonstrations only\ntoken 3 (short) is stored\n",
    );
    assert_eq!(admin(&app, "token create --label brief --grant all=guest --expires-in 0s").code, Some(0));
    assert_eq!(admin(&app, "token revoke --id 3").code, Some(0));
    let event = Event::new("GET", "/api/v4/projects/7/releases/v1/assets/links").token("known-to-somebody-already");
    app.send(event).await.assert(404, json!({"message": "404 Not found"}));

    let mut tokens = admin(&app, "token list --json").json();
    for token in tokens.as_array_mut().unwrap() {
        for time in ["created_at", "expires_at", "revoked_at"] {
            if let Some(text) = token[time].as_str() {
                assert!(humantime::parse_rfc3339(text).is_ok(), "{text}");
                token[time] = json!("<time>");
            }
        }
    }
    let token = |id: u64, label: &str, state: &str, scope: &str, grants: Value, expires: Value, revoked: Value| {
        json!({
            "id": id, "label": label, "scope": scope, "grants": grants, "state": state, "created_at": "<time>",
            "expires_at": expires, "revoked_at": revoked,
        })
    };
    let none = Value::Null;
    assert_eq!(
        tokens,
        json!([
            token(1, "documentation", "active", "api", json!({"24": "developer"}), none.clone(), none.clone()),
            token(
                2,
                "migrated",
                "active",
                "read_api",
                json!({"24": "guest", "7": "owner"}),
                none.clone(),
                none.clone()
            ),
            token(3, "short", "revoked", "api", json!({"all": "reporter"}), none.clone(), json!("<time>")),
            token(4, "brief", "expired", "api", json!({"all": "guest"}), json!("<time>"), none),
        ])
    );
    let table = admin(&app, "token list").stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 5, "{table}");
    assert!(lines[0].starts_with("ID  LABEL          STATE    SCOPE     GRANTS"), "{table}");
    assert!(lines[2].starts_with("2   migrated       active   read_api  24=guest 7=owner"), "{table}");
    for secret in ["gDybLx3yrUK_HLp3qPjS", "known-to-somebody-already"] {
        assert!(!table.contains(secret) && !tokens.to_string().contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_project_takes_all_that_is_its_own_with_it() {
    let app = TestApp::start().await;
    app.add(project(2, "group/app2", Visibility::Private)).await;
    assert_eq!(admin(&app, "token create --label both --grant 2=owner --grant 24=owner").code, Some(0));
    assert_eq!(admin(&app, "token create --label every --grant all=owner --token-file /dev/stdin").code, Some(1));
    for n in 0..30 {
        assert_eq!(app.post(LINKS, json!({"name": n, "url": format!("http://{n}")})).await.status, 201);
    }
    let mut every = command(app.address, "token create --label every --grant all=owner --token-file -");
    let mut every = every.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    every.stdin.take().unwrap().write_all(b"token-for-every-project").unwrap();
    assert!(every.wait().unwrap().success());
    let kept = Event::new("POST", "/api/v4/projects/2/releases/v0.1/assets/links").token("token-for-every-project");
    assert_eq!(app.send(kept.form("name=kept&url=http://kept")).await.status, 201);

    let delay = "(running functions may take 30 s to notice)";
    let deleted = admin(&app, "project delete --id 24");
    deleted.assert(
        0,
        &format!("project 24 (group/app, public) is deleted, and 94 items of its releases {delay}\n"),
        "",
    );
    let fresh = TestApp::at(app.address);
    fresh.get(LINKS).await.assert(404, json!({"message": "404 Project Not Found"}));
    assert_eq!(admin(&app, "token list --json").json()[1]["grants"], json!({"2": "owner"}));
    assert_eq!(admin(&app, "project create --id 24 --path group/app --visibility public").code, Some(0));
    let fresh = TestApp::at(app.address);
    fresh.get(LINKS).await.assert(404, json!({"message": "404 Not found"}));
    fresh.post(LINKS, json!({"name": "a", "url": "http://a"})).await.assert(403, json!({"message": "403 Forbidden"}));
    let kept = Event::new("GET", "/api/v4/projects/2/releases/v0.1/assets/links").token("token-for-every-project");
    assert_eq!(app.send(kept).await.ids(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_was_interrupted_hides_the_project_and_can_be_finished() {
    let app = TestApp::start().await;
    let session = app.store.session(std::time::Duration::from_secs(5));
    let which = release_links::project::ProjectRef::parse("24").unwrap();
    session.hide_project(&which, std::time::SystemTime::now()).await.unwrap();
    let fresh = TestApp::at(app.address);
    for project in ["24", "group%2Fapp"] {
        let links = format!("/api/v4/projects/{project}/releases/v0.1/assets/links");
        fresh.get(&links).await.assert(404, json!({"message": "404 Project Not Found"}));
    }
    let pending = "project 24 is being deleted: `project delete 24` again finishes that";
    admin(&app, "project show 24").assert_refused(pending);
    admin(&app, "project update 24 --visibility private").assert_refused(pending);
    admin(&app, "project create --id 24 --path a/b")
        .assert_refused("there is a project 24 already: `project show 24` shows it");
    admin(&app, "token create --label x --grant 24=guest").assert_refused(pending);
    assert_eq!(admin(&app, "project list --json").json(), json!([]));
    assert_eq!(admin(&app, "project create --id 8 --path group/app").code, Some(0), "its path is free");
    assert_eq!(admin(&app, "project delete 24").code, Some(0));
    admin(&app, "project show 24").assert_refused("there is no project 24: `project list` shows all there are");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_explained_and_exits_2() {
    let app = TestApp::start().await;
    for (arguments, part) in [
        ("", "Usage: release-links-admin <COMMAND>"),
        ("project", "Usage: release-links-admin project <COMMAND>"),
        ("project create --id 24", "--path <GROUP/NAME>"),
        ("project create --id 0 --path a/b", "a project's number is a whole number from 1 to 9223372036854775807"),
        ("project create --id 1 --path app", "a path needs a group and a name, such as group/app"),
        ("project create --id 1 --path a/b --visibility internal", "[possible values: private, public]"),
        ("project update 24", "--visibility <VISIBILITY>"),
        ("project show", "<PROJECT|--id <NUMBER>>"),
        ("project show 24 --id 24", "cannot be used with"),
        ("project show app", "a project is named by its number, or by its path such as group/app"),
        ("token create --label ci", "--grant <PROJECT=ROLE>"),
        ("token create --label ci --grant 24", "a grant is a project and a role, such as 24=developer"),
        (
            "token create --label ci --grant 24=root",
            "the role \"root\" is none of guest, reporter, developer, maintainer, owner",
        ),
        ("token create --label ci --grant 24=guest --scope sudo", "[possible values: api, read_api]"),
        ("token create --label ci --grant 24=guest --expires-in soon", "write it such as 90d, 12h or 1h30m"),
        ("token create --label ci --grant 24=guest --expires-in 101y", "a token lives for 100 years at the most"),
        ("token revoke", "<TOKEN|--id <NUMBER>|--token-file <FILE>>"),
        ("completions tcl", "[possible values: bash, elvish, fish, powershell, zsh]"),
    ] {
        let ended = admin(&app, arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments}: {ended:?}");
        assert!(ended.stderr.contains(part), "{arguments}: {ended:?}");
    }
    let blank = ended(command(app.address, "token create --grant 24=guest --label").arg(" "));
    assert!(blank.code == Some(2) && blank.stderr.contains("a label is a line of 1 to 255 characters"), "{blank:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn help_version_and_completions_need_no_deployment() {
    let run = |arguments: &str| {
        ended(Command::new(env!("CARGO_BIN_EXE_release-links-admin")).args(arguments.split_whitespace()).env_clear())
    };
    let help = run("--help");
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for part in ["token create --label ci --grant 24=developer", "TABLE_NAME", "Exit status: 0 done, 1 refused"] {
        assert!(help.stdout.contains(part), "{help:?}");
    }
    let version = run("--version");
    version.assert(0, &format!("release-links-admin {}\n", env!("CARGO_PKG_VERSION")), "");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let completions = run(&format!("completions {shell}"));
        assert!(completions.code == Some(0) && completions.stdout.contains("expires-in"), "{completions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_closes_the_pipe_is_content_but_a_lost_token_is_reported() {
    let app = TestApp::start().await;
    let run = |arguments: &str| {
        let mut child = command(app.address, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (child.wait().unwrap().code(), stderr)
    };
    assert_eq!(run("project list"), (Some(0), String::new()));
    assert_eq!(run("token list --json"), (Some(0), String::new()));
    let sentence = "release-links-admin: token 2 (ci) was made but could not be shown: revoke it and make another \
                    (Broken pipe (os error 32))\n";
    assert_eq!(run("token create --label ci --grant 24=guest"), (Some(1), sentence.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_around_the_command_is_said_in_one_sentence() {
    let app = TestApp::start().await;
    let list = || command(app.address, "project list");
    for (name, sentence) in [
        ("TABLE_NAME", "TABLE_NAME is not set: set it to the name of the DynamoDB table"),
        ("AWS_REGION", "AWS_REGION is not set: set it, or AWS_PROFILE, to where the table is"),
    ] {
        ended(list().env_remove(name)).assert_refused(sentence);
    }
    let malformed = "IDENTITY_CACHE_SECONDS is \"soon\": set it to a whole number of seconds, such as 30";
    ended(list().env("IDENTITY_CACHE_SECONDS", "soon")).assert_refused(malformed);
    for (ended, part) in [
        (ended(list().env_remove("AWS_ACCESS_KEY_ID")), "there are no AWS credentials: set AWS_PROFILE"),
        (ended(list().env("TABLE_NAME", "none")), "ResourceNotFoundException"),
        (ended(list().env("TABLE_NAME", "none")), "(TABLE_NAME is none in eu-central-1)"),
        (ended(list().env("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")), "the table could not be used"),
    ] {
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.contains(part) && ended.stderr.matches('\n').count() == 1, "{ended:?}");
    }
}
