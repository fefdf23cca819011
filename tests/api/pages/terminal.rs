//! The commands of a page, in a shell.

use std::fs;
use std::process::Command;

use release_links::project::{Role, Visibility};
use serde_json::json;

use testkit::app::{TestApp, granted, project};
use testkit::event::Event;

use super::document::Page;
use super::{DIGEST, create};

/// The names of files that a filepath may have, with what a shell would read into them.
const NAMES: [&str; 8] = [
    "app.tar.gz",
    "'pp",
    "$HOME1",
    " space",
    "\"quote",
    "-option",
    "`id1",
    "~root",
];

/// Runs a command with programs in its path that print their arguments, and make the file.
fn run(command: &str, folder: &std::path::Path) -> String {
    let curl = folder.join("curl");
    fs::write(
        &curl,
        "#!/bin/sh\nfor a; do printf '[%s]' \"$a\"; last2=$last1; last1=$a; done\n: > \"$last2\"\n",
    )
    .unwrap();
    let status = Command::new("chmod").arg("+x").arg(&curl).status().unwrap();
    assert!(status.success());
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let output = Command::new("sh")
        .args(["-ec", command])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("TOKEN", "secret")
        .env("HOME", "/nowhere")
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

async fn command(app: &TestApp, path: &str, token: Option<&str>) -> String {
    let event = Event::new("GET", path);
    let event = match token {
        Some(token) => event.token(token),
        None => event,
    };
    let page = Page::of(&app.send(event).await);
    let commands = page.values("button", "data-copy");
    commands
        .into_iter()
        .find(|text| text.starts_with("curl "))
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn the_copied_command_downloads_and_checks_a_file_of_any_name() {
    let app = TestApp::start().await;
    for (n, name) in NAMES.into_iter().enumerate() {
        let tag = format!("v{n}");
        let link = json!({"name": "x", "url": "https://e.com/x", "digest": DIGEST,
            "direct_asset_path": format!("/{name}")});
        create(&app, json!({"tag_name": tag, "assets": {"links": [link]}})).await;
        let command = command(&app, &format!("/group/app/-/releases/{tag}"), None).await;
        let folder = std::env::temp_dir().join(format!("commands-{}-{n}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let output = run(&command, &folder);
        let name = if name.starts_with('-') {
            format!("./{name}")
        } else {
            name.to_owned()
        };
        let (arguments, checked) = output.split_once("[http").unwrap();
        assert_eq!(arguments, format!("[-fL][-o][{name}]"), "{command}");
        assert!(checked.trim_end().ends_with(": OK"), "{output}");
        fs::remove_dir_all(&folder).unwrap();
    }
}

/// A filepath may have such a character at its beginning.
#[tokio::test]
async fn a_file_whose_name_has_a_character_that_nobody_sees_has_no_command() {
    let app = TestApp::start().await;
    for (n, character) in [
        '\n', '\u{7f}', '\u{200b}', '\u{2028}', '\u{202e}', '\u{feff}',
    ]
    .into_iter()
    .enumerate()
    {
        let tag = format!("v{n}");
        let link = json!({"name": "x", "url": "https://e.com/x",
            "direct_asset_path": format!("/{character}gpj.exe")});
        create(&app, json!({"tag_name": tag, "assets": {"links": [link]}})).await;
        let page = app.get(&format!("/group/app/-/releases/{tag}")).await;
        let copied = Page::of(&page).values("button", "data-copy").len();
        assert_eq!(copied, 1, "{}: the URL alone", character.escape_unicode());
    }
}

/// The header `PRIVATE-TOKEN` would go to the host of the file, too.
#[tokio::test]
async fn the_command_of_a_private_project_takes_the_token_from_the_environment() {
    let app = TestApp::start().await;
    app.add(project(7, "group/private", Visibility::Private))
        .await;
    let token = app.issue(granted("owner", 7, Role::Owner)).await;
    let link = json!({"name": "x", "url": "https://e.com/x", "direct_asset_path": "/bin/app"});
    let body = json!({"tag_name": "v1", "assets": {"links": [link]}});
    let event = Event::new("POST", "/api/v4/projects/7/releases").token(&token);
    assert_eq!(app.send(event.json(body)).await.status, 201);
    let command = command(&app, "/group/private/-/releases/v1", Some(&token)).await;
    let url = "http://127.0.0.1:9000/group/private/-/releases/v1/downloads/bin/app";
    let expected = format!("curl -fL --oauth2-bearer \"$TOKEN\" -o app {url}");
    assert_eq!(command, expected);
    let event = Event::new("GET", "/group/private/-/releases/v1").token(&token);
    let page = Page::of(&app.send(event).await);
    let sentence = "The copied commands read your access token from the shell variable TOKEN.";
    assert!(page.texts("p").contains(&sentence.to_owned()));
}
