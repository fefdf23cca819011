//! `release-links-admin token …`.

use release_links::project::Visibility;
use serde_json::{Value, json};

use super::{admin, command, ended, file};
use crate::support::{Event, TestApp, project};

const SECRETS: [&str; 2] = ["gDybLx3yrUK_HLp3qPjS", "known-to-somebody-already"];

/// An app with the documentation's token, one that somebody had already, one that is revoked and one that has ended.
async fn with_tokens(name: &str) -> TestApp {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    let known = file("migrated", "  known-to-somebody-already\n");
    let create = format!(
        "token create --label migrated --grant secret/app=owner --grant 24=guest --scope read_api --token-file {}",
        known.display()
    );
    admin(&app, &create).assert(0, "", "token 2 (migrated) is stored\n");
    let short = ended(
        command(app.address, "token create --label short --grant *=reporter --token-file")
            .arg(file(&format!("short-{name}"), "abc")),
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
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_listed_for_programs_without_the_tokens() {
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
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_listed_for_people_without_the_tokens() {
    let app = with_tokens("table").await;
    let table = admin(&app, "token list").stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 5, "{table}");
    assert!(lines[0].starts_with("ID  LABEL          STATE    SCOPE     GRANTS"), "{table}");
    assert!(lines[2].starts_with("2   migrated       active   read_api  24=guest 7=owner"), "{table}");
    for secret in SECRETS {
        assert!(!table.contains(secret));
    }
}
