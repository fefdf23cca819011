//! The examples of `docs/api.md`, as its readers run them.

use std::collections::BTreeSet;
use std::process::Command;

use release_links::operations::{self, Found, OPERATIONS};
use serde_json::Value;

use testkit::app::TestApp;
use testkit::event::Event;
use testkit::seed;

const REFERENCE: &str = include_str!("../../docs/api.md");

/// A command of curl, and the status that the page promises.
struct Example {
    command: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    status: u64,
}

/// The arguments of a command of curl, as a shell passes them.
fn arguments(command: &str) -> Vec<String> {
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{command}");
    let output = Command::new("sh").args(["-euc", &script]).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

impl Example {
    /// Reads the text after "Example request:".
    fn read(text: &str) -> Self {
        let (command, rest) = text.split_once("\n```\n").unwrap();
        let arguments = arguments(command);
        // All options have one argument.
        let values = |name: &str| {
            let pairs = arguments.chunks(2).filter(|pair| pair[0] == name);
            pairs.map(|pair| pair[1].clone()).collect::<Vec<_>>()
        };
        let url = values("--url").concat();
        let headers = values("--header").into_iter().map(|header| {
            let (name, value) = header.split_once(": ").unwrap();
            (name.to_lowercase(), value.to_owned())
        });
        // Pages and the description of the API have no example of their responses.
        let starts = [
            "\nExample response with status ",
            "\n| Status | Description |\n| --- | --- |\n| `",
        ];
        let mut found = starts.iter().filter_map(|start| rest.split(start).nth(1));
        let status = found.next().unwrap()[..3].parse().unwrap();
        let path = url.strip_prefix("https://links.example.com").unwrap();
        Self {
            command: command.to_owned(),
            method: values("--request").pop().unwrap_or("GET".to_owned()),
            path: path.to_owned(),
            headers: headers.collect(),
            body: values("--data").pop(),
            status,
        }
    }

    /// The event, with the documentation's token for the placeholder of one.
    fn event(&self) -> Event {
        let mut event = Event::new(&self.method, &self.path).anonymous();
        for (name, value) in &self.headers {
            event = event.header(name, &value.replace("<your_access_token>", seed::TOKEN));
        }
        match &self.body {
            Some(body) => event.json(serde_json::from_str::<Value>(body).unwrap()),
            None => event,
        }
    }

    /// The name of its operation.
    fn operation(&self) -> &'static str {
        let found = operations::parse_path(&self.method.parse().unwrap(), &self.path);
        let Ok(Found::Endpoint(endpoint)) = found else {
            panic!("no operation: {}", self.command);
        };
        endpoint.row.facts.name
    }
}

fn examples() -> Vec<Example> {
    let texts = REFERENCE.split("Example request:\n\n```shell\n").skip(1);
    let mut examples: Vec<_> = texts.map(Example::read).collect();
    // Other examples read what these delete.
    examples.sort_by_key(|example| example.method == "DELETE");
    examples
}

#[test]
fn each_operation_has_an_example_in_the_reference() {
    let examples: BTreeSet<_> = examples().iter().map(Example::operation).collect();
    let rows = OPERATIONS.iter().map(|row| row.facts.name);
    assert_eq!(examples, rows.collect());
}

#[tokio::test]
async fn each_example_of_the_reference_has_the_status_that_the_page_promises() {
    let app = TestApp::start().await;
    for example in examples() {
        let reply = app.send(example.event()).await;
        let command = &example.command;
        assert_eq!(reply.status, example.status, "{command}\n{reply:?}");
    }
}
