//! Measures how many bytes each request writes to the log.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::process::Stdio;

use serde_json::Value;

use crate::process::SERVICE;
use crate::warm::REQUESTS;
use crate::{TABLE, Table};
use testkit::runtime_api::RuntimeApi;

/// Uses the release that [`crate::warm::fill`] fills, and the log level of the template.
pub async fn measure(engine: SocketAddr) -> Table {
    let mut rows = Vec::new();
    for request in REQUESTS {
        let bytes = bytes(request.event(), engine).await;
        rows.push(vec![request.name.to_owned(), bytes.to_string()]);
    }
    let mut long = REQUESTS[0].event();
    long["rawPath"] = format!(
        "/api/v4/projects/24/releases/{}/assets/links",
        "x".repeat(9_000)
    )
    .into();
    rows.push(vec![
        "a path of 9,000 characters, rejected".to_owned(),
        bytes(long, engine).await.to_string(),
    ]);
    Table {
        name: "log",
        columns: vec!["request", "bytes"],
        rows,
        bounds: Vec::new(),
    }
}

/// Returns the number of bytes that a process logs for one request.
pub async fn bytes(event: Value, engine: SocketAddr) -> usize {
    let endpoint = format!("http://{engine}");
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
    ];
    let file = std::env::temp_dir().join(format!("bench-log-{}", std::process::id()));
    let api = RuntimeApi::start().await;
    let output = Stdio::from(File::create(&file).unwrap());
    let mut process = api
        .function(SERVICE, &settings)
        .stdout(output)
        .spawn()
        .unwrap();
    api.invoke(event).await;
    process.kill().await.unwrap();
    let text = fs::read_to_string(&file).unwrap();
    fs::remove_file(file).unwrap();
    let (_start, request) = text.split_once('\n').expect("the start is logged first");
    request.len()
}
