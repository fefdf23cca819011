//! Imports that are killed or interrupted, and imports beside others.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::import::{RELEASES, export, get, link, project, release};
use super::undo::{end, spawn};
use super::{admin, command, file};
use testkit::app::TestApp;
use testkit::event::Event;
use testkit::invariants::{Item, assert_invariants, leftovers};
use testkit::proxy::Proxy;

/// The number of small releases of the example, which also has a large one.
const SMALL: u32 = 20;
/// The tag of the large release is `v21`.
const LARGE: u32 = SMALL + 1;

/// A project with twenty releases of one link, and one of sixty links.
fn example() -> String {
    let mut lines = vec![project(31, "new/app")];
    for number in 1..=SMALL {
        lines.extend([release(number), link(number, 1)]);
    }
    lines.push(release(LARGE));
    lines.extend((1..=60).map(|id| link(LARGE, id)));
    export(&lines)
}

/// What anybody sees of the project: all releases, and the IDs of the links of the large one.
async fn seen(app: &TestApp) -> (Value, Vec<u64>) {
    let fresh = app.another_process();
    let releases = get(&fresh, &format!("{RELEASES}?per_page=100")).await;
    let links = get(
        &fresh,
        &format!("{RELEASES}/v{LARGE}/assets/links?per_page=100"),
    )
    .await;
    (releases.body, links.ids())
}

/// The end of an import of which nothing disturbed.
async fn undisturbed(arguments: &str) -> (Value, Vec<u64>) {
    let app = TestApp::start().await;
    let ended = admin(&app, arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (releases, links) = seen(&app).await;
    assert_eq!(releases.as_array().unwrap().len(), LARGE as usize);
    (releases, links)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_at_any_write_is_finished_by_the_same_command() {
    let path = file("killed", &example());
    let arguments = format!("import --file {} --write-units 50000", path.display());
    let expected = undisturbed(&arguments).await;
    // Each small release takes two writes, and the large one six.
    for passed in (0..).step_by(3) {
        let app = TestApp::start().await;
        let wire = Proxy::holding_writes_after(app.address, passed).await;
        let mut killed = spawn(&mut command(wire.address, &arguments));
        while !wire.has_held() && killed.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if !wire.has_held() {
            assert_eq!(killed.wait().unwrap().code(), Some(0));
            assert!(passed > 45, "{passed} writes");
            break;
        }
        killed.kill().unwrap();
        killed.wait().unwrap();
        wire.dropped().await;
        assert_invariants(&app.items().await);
        let ended = admin(&app, &arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(seen(&app).await, expected, "killed after {passed} writes");
        assert_invariants(&app.items().await);
    }
}

/// Sends Ctrl-C.
fn interrupt(import: &Child) {
    let interrupt = Command::new("kill")
        .args(["-INT", &import.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
}

/// Reads the notes of a command up to this one.
fn read_notes(import: &mut Child, last: &str) -> (BufReader<ChildStderr>, String) {
    let mut notes = BufReader::new(import.stderr.take().unwrap());
    let mut text = String::new();
    while !text.ends_with(last) {
        let read = tokio::task::block_in_place(|| notes.read_line(&mut text));
        assert!(read.unwrap() > 0, "{text}");
    }
    (notes, text)
}

const FINISHING: &str = "finishing the running write; press Ctrl-C again to end at once\n";
const INTERRUPTED: &str = "release-links-admin: interrupted; run the command again to go on\n";

/// The first Ctrl-C ends the command after the running write, and the second one at once.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_import_says_what_was_done_and_how_to_continue() {
    let path = file("interrupted", &example());
    let arguments = format!("import --file {} --write-units 50000", path.display());
    for (passed, again, output) in INTERRUPTIONS {
        let app = TestApp::start().await;
        let wire = Proxy::holding_writes_after(app.address, passed).await;
        let mut import = spawn(&mut command(wire.address, &arguments));
        wire.held().await;
        interrupt(&import);
        let (mut notes, mut text) = read_notes(&mut import, FINISHING);
        if again {
            interrupt(&import);
        } else {
            wire.release();
        }
        tokio::task::block_in_place(|| notes.read_to_string(&mut text)).unwrap();
        let project = "importing project 31 (new/app, public)\n";
        let [before, after] = match (passed, again) {
            (0, true) => ["", ""],
            (0, false) => ["", project],
            _ => [project, ""],
        };
        assert_eq!(text, format!("{before}{FINISHING}{after}{INTERRUPTED}"));
        end(import).await.assert(1, output, "");
        let ended = admin(&app, &arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_invariants(&app.items().await);
    }
}

/// The number of writes before the one that is held, whether Ctrl-C is pressed twice, and the output.
const INTERRUPTIONS: [(usize, bool, &str); 4] = [
    (0, true, ""),
    (0, false, "created 1 project\n"),
    (5, true, "created 1 project, 2 releases and 2 links\n"),
    (5, false, "created 1 project, 3 releases and 3 links\n"),
];

/// The command waits for standard input, which nobody closes.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_standard_input_is_interrupted_at_once() {
    let app = TestApp::start().await;
    let mut import = command(app.address, "import --file -");
    let mut import = spawn(import.stdin(Stdio::piped()));
    let mut input = import.stdin.take().unwrap();
    let lines = [
        project(31, "new/app"),
        release(1),
        link(1, 1),
        project(32, "new/other"),
    ];
    input.write_all(export(&lines).as_bytes()).unwrap();
    // The command names a project after it has counted it and the releases before.
    let mut notes = BufReader::new(import.stderr.take().unwrap());
    let mut named = String::new();
    for _ in 0..2 {
        tokio::task::block_in_place(|| notes.read_line(&mut named)).unwrap();
    }
    assert_eq!(
        named,
        "importing project 31 (new/app, public)\nimporting project 32 (new/other, public)\n"
    );
    let interrupt = Command::new("kill")
        .args(["-INT", &import.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    end(import)
        .await
        .assert(1, "created 2 projects, 1 release and 1 link\n", "");
    let mut rest = String::new();
    notes.read_to_string(&mut rest).unwrap();
    let sentence = "release-links-admin: interrupted; run the command again to go on\n";
    assert_eq!(rest, sentence);
    drop(input);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_at_once_end_as_one() {
    let path = file("two", &example());
    let arguments = format!(
        "import --file {} --write-units 50000 --json",
        path.display()
    );
    let expected = undisturbed(&arguments).await;
    let app = TestApp::start().await;
    let running = [(); 3].map(|()| spawn(&mut command(app.address, &arguments)));
    let mut created = [0; 3];
    for import in running {
        let report = end(import).await;
        assert_eq!(report.code, Some(0), "{report:?}");
        let report: Value = serde_json::from_str(&report.stdout).unwrap();
        for (sum, kind) in created.iter_mut().zip(["projects", "releases", "links"]) {
            *sum += report[kind]["created"].as_u64().unwrap();
        }
    }
    assert_eq!(created, [1, 21, 80], "each was created by one of them");
    assert_eq!(seen(&app).await, expected);
    assert_invariants(&app.items().await);
    let items = app.items().await;
    let is_work = |item: &&Item| item["sk"].as_s().unwrap().starts_with("work#");
    assert!(
        leftovers(&items).iter().all(is_work),
        "the others cleaned up"
    );
}

/// The clients take the tags of the import, and others.
#[tokio::test(flavor = "multi_thread")]
async fn clients_write_and_delete_during_an_import() {
    let path = file("clients", &example());
    let arguments = format!(
        "import --file {} --write-units 50000 --json",
        path.display()
    );
    let app = TestApp::start().await;
    super::run(
        &app,
        "project create --id 31 --path new/app --visibility public",
    );
    let token = admin(&app, "token create --label ci --grant 31=maintainer").stdout;
    let import = spawn(&mut command(app.address, &arguments));
    let clients = (0..3).map(|client| {
        let (app, token) = (app.clone(), token.trim().to_owned());
        tokio::spawn(async move {
            for number in (1..=LARGE).rev() {
                let body =
                    json!({"name": format!("c{client}"), "url": format!("https://c{client}.com")});
                let links = format!("{RELEASES}/v{number}/assets/links");
                let event = Event::new("POST", &links).token(&token).json(body);
                let reply = app.send(event).await;
                assert_eq!(reply.status, 201, "{reply:?}");
                if (number + client) % 7 == 0 {
                    let target = format!("{RELEASES}/v{number}");
                    let reply = app.send(Event::new("DELETE", &target).token(&token)).await;
                    assert!([200, 404].contains(&reply.status), "{reply:?}");
                }
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let report = end(import).await;
    assert!([Some(0), Some(1)].contains(&report.code), "{report:?}");
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let sum = |kind: &str| -> u64 {
        let counts = report[kind].as_object().unwrap().values();
        counts.map(|count| count.as_u64().unwrap()).sum()
    };
    assert_eq!(
        [sum("releases"), sum("links")],
        [21, 80],
        "each has one outcome: {report}"
    );
    assert_invariants(&app.items().await);
    let again = admin(&app, &arguments);
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(again["releases"]["created"], 0, "{again}");
    assert_eq!(again["links"]["created"], 0, "{again}");
}

/// A release whose tag was deleted is not brought back.
#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_hidden_during_an_import_gets_nothing_more() {
    let path = file("hidden", &example());
    let arguments = format!("import --file {} --write-units 50000", path.display());
    let app = TestApp::start().await;
    let wire = Proxy::holding_writes_after(app.address, 5).await;
    let import = spawn(&mut command(wire.address, &arguments));
    wire.held().await;
    super::run(&app, "project delete 31 --yes");
    wire.release();
    let reason = "the project was hidden or deleted during the import";
    let row = |number: u32| format!("new/app  {:3}  -     {reason}\n", format!("v{number}"));
    let rows: String = (3..=LARGE).map(row).collect();
    end(import).await.assert(
        1,
        &format!(
            "created 1 project, 2 releases and 2 links\nPROJECT  TAG  LINK  LEFT OUT BECAUSE\n{rows}"
        ),
        "importing project 31 (new/app, public)\n\
         release-links-admin: left out 19 releases and 78 links: the list says why\n",
    );
    assert_invariants(&app.items().await);
}
