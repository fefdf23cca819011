//! The program as those that start it use it.

#![expect(
    clippy::unwrap_used,
    reason = "an unexpected None or Err fails the test"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// The name of the table.
const TABLE: &str = "table";

/// Starts the program, and returns it with the address of its control port.
fn start() -> (Child, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_dynamodb-engine"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    let mut output = BufReader::new(process.stdout.as_mut().unwrap());
    output.read_line(&mut address).unwrap();
    (process, address.trim().to_owned())
}

/// A connection to the control port.
struct Control(BufReader<TcpStream>);

impl Control {
    fn connect(address: &str) -> Self {
        Self(BufReader::new(TcpStream::connect(address).unwrap()))
    }

    fn ask(&mut self, line: &Value) -> Value {
        writeln!(self.0.get_mut(), "{line}").unwrap();
        let mut answer = String::new();
        self.0.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    fn create_table(&mut self) {
        let attribute = json!({"AttributeName": "pk", "AttributeType": "S"});
        let table = json!({
            "TableName": TABLE,
            "AttributeDefinitions": [attribute],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        });
        let created = self.ask(&json!({"operation": "CreateTable", "body": table}));
        assert_eq!(created["status"], 200, "{created}");
    }

    fn scan(&mut self) -> Value {
        self.ask(&json!({"operation": "Scan", "body": {"TableName": TABLE}}))
    }
}

/// A file in the folder that cargo provides for tests.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn an_imported_item_is_read_by_a_call() {
    let (_process, address) = start();
    let mut control = Control::connect(&address);
    assert!(control.ask(&json!({"file": null}))["address"].is_string());
    control.create_table();
    let items = json!([{"pk": {"S": "a"}, "n": {"N": "1"}}]);
    let import = json!({"TableName": TABLE, "Items": items});
    let imported = control.ask(&json!({"operation": "Import", "body": import}));
    assert_eq!(imported["status"], 200, "{imported}");
    assert_eq!(control.scan()["body"]["Items"], items);
}

#[test]
fn each_connection_has_a_database_of_its_own() {
    let (_process, address) = start();
    let [mut first, mut second] = [(); 2].map(|()| Control::connect(&address));
    let opened = [&mut first, &mut second].map(|control| control.ask(&json!({"file": null})));
    assert_ne!(opened[0]["address"], opened[1]["address"]);
    first.create_table();
    assert_eq!(first.scan()["status"], 200);
    assert_eq!(second.scan()["status"], 400);
}

#[test]
fn a_file_keeps_the_database_after_the_process() {
    let path = file("kept.sqlite");
    let _ = fs::remove_file(&path);
    for is_new in [true, false] {
        let (mut process, address) = start();
        let mut control = Control::connect(&address);
        assert!(control.ask(&json!({"file": path}))["address"].is_string());
        if is_new {
            control.create_table();
        }
        assert_eq!(control.scan()["status"], 200);
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_with_a_reason() {
    let path = file("no-database.sqlite");
    fs::write(&path, "text ".repeat(1_000)).unwrap();
    let (_process, address) = start();
    let mut control = Control::connect(&address);
    let opened = control.ask(&json!({"file": path}));
    let reason = opened["error"].as_str().unwrap();
    assert!(reason.contains("not a valid SQLite database"), "{reason}");
}

#[test]
fn the_process_ends_with_its_standard_input() {
    let (mut process, address) = start();
    let mut control = Control::connect(&address);
    control.ask(&json!({"file": null}));
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
}
