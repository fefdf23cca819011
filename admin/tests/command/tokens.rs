//! `release-links-admin token …`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use release_links::project::{Role, Visibility};
use release_links::token::PlainToken;
use serde_json::{Value, json};

use super::{admin, command, ended, file};
use testkit::app::{LINKS, TestApp, granted, project};
use testkit::event::Event;

const SECRETS: [&str; 3] = [
    "gDybLx3yrUK_HLp3qPjS",
    "known-to-somebody-already",
    "a-token-of-somebody-else",
];

fn set_mode(file: &Path, mode: u32) {
    std::fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

/// An app with the documentation's token, an imported token, a revoked token and an expired token.
async fn with_tokens(name: &str) -> TestApp {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    let known = file(&format!("migrated-{name}"), "  known-to-somebody-already\n");
    set_mode(&known, 0o600);
    let create = format!(
        "token create --label migrated --grant secret/app=owner --grant 24=guest --scope read_api \
         --token-file {}",
        known.display()
    );
    admin(&app, &create).assert(0, "", "stored token 2 (migrated)\n");
    let other = file(&format!("other-{name}"), "a-token-of-somebody-else");
    set_mode(&other, 0o644);
    let readable = ended(
        command(
            app.address,
            "token create --label other --grant *=reporter --token-file",
        )
        .arg(&other),
    );
    let warning =
        "warning: every user of this machine can read the token file: run `chmod 600` on it\n";
    readable.assert(0, "", &format!("stored token 3 (other)\n{warning}"));
    assert_eq!(
        admin(
            &app,
            "token create --label brief --grant all=guest --expires-in 1ms"
        )
        .code,
        Some(0)
    );
    assert_eq!(admin(&app, "token revoke --id 3").code, Some(0));
    let event = Event::new("GET", "/api/v4/projects/7/releases/v1/assets/links")
        .token("known-to-somebody-already");
    app.send(event)
        .await
        .assert(404, json!({"message": "404 Not found"}));
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_list_contains_no_secrets() {
    let app = with_tokens("json").await;
    let mut tokens = admin(&app, "token list --json").json();
    for secret in SECRETS {
        assert!(!tokens.to_string().contains(secret));
    }
    for token in tokens.as_array_mut().unwrap() {
        for time in ["created_at", "expires_at", "revoked_at"] {
            if let Some(text) = token[time].as_str() {
                assert!(humantime::parse_rfc3339(text).is_ok(), "{text}");
                token[time] = json!("<time>");
            }
        }
    }
    let expected = json!([
        {
            "id": 1, "label": "documentation", "state": "active", "scope": "api",
            "grants": {"24": "developer"},
            "created_at": "<time>", "expires_at": null, "revoked_at": null,
        },
        {
            "id": 2, "label": "migrated", "state": "active", "scope": "read_api",
            "grants": {"24": "guest", "7": "owner"},
            "created_at": "<time>", "expires_at": null, "revoked_at": null,
        },
        {
            "id": 3, "label": "other", "state": "revoked", "scope": "api",
            "grants": {"all": "reporter"},
            "created_at": "<time>", "expires_at": null, "revoked_at": "<time>",
        },
        {
            "id": 4, "label": "brief", "state": "expired", "scope": "api",
            "grants": {"all": "guest"},
            "created_at": "<time>", "expires_at": "<time>", "revoked_at": null,
        },
    ]);
    assert_eq!(tokens, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_tokens_contains_no_secrets() {
    let app = with_tokens("table").await;
    let table = admin(&app, "token list").stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 5, "{table}");
    assert!(
        lines[0].starts_with("ID  LABEL          STATE    SCOPE     GRANTS"),
        "{table}"
    );
    assert!(
        lines[2].starts_with("2   migrated       active   read_api  24=guest 7=owner"),
        "{table}"
    );
    for secret in SECRETS {
        assert!(!table.contains(secret));
    }
}

/// `token create` rejects numeric labels, but the table may contain some from other sources.
#[tokio::test(flavor = "multi_thread")]
async fn an_argument_that_matches_an_id_and_a_label_revokes_nothing() {
    let app = TestApp::start().await;
    app.issue(granted("1", 24, Role::Guest)).await;
    app.issue(granted("7", 24, Role::Guest)).await;
    let sentence = "1 is the ID of token 1 and the label of token 2: choose one with --id";
    admin(&app, "token revoke 1").assert_fails(sentence);
    let states = |tokens: Value| -> Vec<Value> {
        tokens
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["state"].clone())
            .collect()
    };
    assert_eq!(
        states(admin(&app, "token list --json").json()),
        ["active"; 3]
    );
    let delay = "running functions may take up to 30 s to notice, if the stack's \
                 IdentityCacheSeconds is 30";
    admin(&app, "token revoke 7").assert(0, &format!("revoked token 3 (7); {delay}\n"), "");
    admin(&app, "token revoke --id 1").assert(
        0,
        &format!("revoked token 1 (documentation); {delay}\n"),
        "",
    );
    assert_eq!(
        states(admin(&app, "token list --json").json()),
        ["revoked", "active", "revoked"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_on_the_command_line_is_never_echoed() {
    let app = TestApp::start().await;
    for token in [
        "gDybLx3yrUK_HLp3qPjS",
        "rlat-C7dqUZmJ0b3wVd7JwT4bXb1o3yq3mJw8dQ9b1xTz0aE",
        "glpat-aBcDeFgHiJkLmNoPqRsT",
    ] {
        for arguments in [
            "token create --label ci --grant 24=guest --token-file TOKEN",
            "token create --label ci --grant 24=guest --token-file=TOKEN",
            "token create --label ci --grant 24=guest TOKEN",
            "token create --label ci --grant 24=guest --token TOKEN",
            "token create --label ci --grant 24=guest --token=TOKEN",
            "token create --label ci --grant TOKEN",
            "token revoke TOKEN",
            "token revoke --id TOKEN",
            "token revoke --token-file TOKEN",
            "token revoke ci TOKEN",
            "TOKEN",
        ] {
            let error = admin(&app, &arguments.replace("TOKEN", token));
            assert!(
                matches!(error.code, Some(1 | 2)) && error.stdout.is_empty(),
                "{error:?}"
            );
            assert!(
                !error.stderr.contains(token) && !error.stderr.is_empty(),
                "{arguments}: {error:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_token_that_is_too_short_is_rejected() {
    let app = TestApp::start().await;
    let nineteen = file("nineteen", "0123456789abcdefghi");
    let create = format!(
        "token create --label short --grant 24=guest --token-file {}",
        nineteen.display()
    );
    let error = admin(&app, &create);
    let sentence = "release-links-admin: a token with fewer than 20 characters could be guessed: \
                    choose a longer one\n";
    assert!(
        error.code == Some(1) && error.stderr.ends_with(sentence),
        "{error:?}"
    );
    assert_eq!(
        admin(&app, "token list --json")
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_can_have_at_most_97_grants() {
    let app = TestApp::start().await;
    for id in 101..=198 {
        app.add(project(id, &format!("group/app{id}"), Visibility::Private))
            .await;
    }
    let create = |count: u64| {
        let grants: Vec<String> = (101..101 + count)
            .map(|id| format!("--grant {id}=guest"))
            .collect();
        admin(
            &app,
            &format!("token create --label many {}", grants.join(" ")),
        )
    };
    create(98).assert_fails(
        "a token can have roles in at most 97 projects: use several tokens or grant `all`",
    );
    assert_eq!(create(97).code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_lost_one_item_in_a_restore_can_be_revoked() {
    let app = TestApp::start().await;
    let token = app.issue(granted("half", 24, Role::Owner)).await;
    let hash = PlainToken::from(token.clone()).hash().hex();
    app.remove(&format!("token#{hash}"), "token").await;
    assert_eq!(admin(&app, "token revoke half").code, Some(0));
    let reply = app.send(Event::new("GET", LINKS).token(&token)).await;
    assert_eq!(
        (reply.status, &reply.body["error"]),
        (401, &json!("invalid_token"))
    );
}

/// The runtime opens `/dev/null` in place of a closed standard output.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_nobody_would_see_is_not_created() {
    let app = TestApp::start().await;
    for output in [">&-", ">/dev/null"] {
        let program = env!("CARGO_BIN_EXE_release-links-admin");
        let mut shell = std::process::Command::new("sh");
        let create = format!("{program} token create --label ci --grant 24=guest {output}");
        shell.args(["-c", &create]).env_clear();
        for (name, value) in command(app.address, "").get_envs() {
            shell.env(name, value.unwrap());
        }
        ended(&mut shell).assert_fails(
            "nothing was created, because standard output is closed or /dev/null: run the command \
             where you can read the token",
        );
    }
    let tokens = admin(&app, "token list --json").json();
    assert_eq!(tokens.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_is_a_token_is_rejected() {
    let app = TestApp::start().await;
    let own = file("its-own-label", "words-that-are-a-token");
    let sentence = "the label is a token, but labels are not secret: choose a name such as ci";
    for label in ["words-that-are-a-token", "my-words-that-are-a-token"] {
        let own = own.display();
        let import = format!("token create --grant 24=guest --label {label} --token-file {own}");
        admin(&app, &import).assert_fails(sentence);
    }
    let known = app.issue(granted("known", 24, Role::Guest)).await;
    let create = format!("token create --grant 24=guest --label {known}");
    admin(&app, &create).assert_fails(sentence);
    assert!(!admin(&app, "token list").stdout.contains(&known));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_expires_at_the_beginning_of_a_date_or_at_a_time() {
    let app = TestApp::start().await;
    for (id, text, time) in [
        (2, "2099-01-31", "2099-01-31T00:00:00Z"),
        (3, "2099-01-31T18:30:00Z", "2099-01-31T18:30:00Z"),
    ] {
        let create = format!("token create --label ci{id} --grant 24=guest --expires-at {text}");
        assert_eq!(admin(&app, &create).code, Some(0));
        let shown = admin(&app, &format!("token show {id} --json")).json();
        assert_eq!(shown["expires_at"], time);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_with_all_its_roles() {
    let app = with_tokens("show").await;
    let found = file("shown", "known-to-somebody-already");
    let by_token = format!("token show --token-file {}", found.display());
    let created = admin(&app, "token show 2 --json").json()["created_at"].clone();
    for arguments in [
        "token show 2",
        "token show --id 2",
        "token show migrated",
        &by_token,
    ] {
        let table = format!(
            "ATTRIBUTE  VALUE\nid         2\nlabel      migrated\nstate      active\n\
             scope      read_api\ncreated    {}\nexpires    -\nrevoked    -\n\
             grant      24=guest\ngrant      7=owner\n",
            created.as_str().unwrap()
        );
        admin(&app, arguments).assert(0, &table, "");
    }
    let listed = admin(&app, "token list --json").json();
    for (index, id) in [(0, 1), (2, 3), (3, 4)] {
        let shown = admin(&app, &format!("token show {id} --json")).json();
        assert_eq!(shown, listed[index]);
    }
    admin(&app, "token show 9").assert_fails("there is no token 9: `token list` shows all tokens");
    admin(&app, "token show nobody").assert_fails(
        "there is no token with this label: `token list` shows all tokens, and `--token-file FILE` \
         accepts the token itself",
    );
}
