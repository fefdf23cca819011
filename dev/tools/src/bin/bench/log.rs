//! Measures how many bytes each request writes to the log.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::process::Stdio;

use serde_json::Value;

use crate::process::SERVICE;
use crate::warm::REQUESTS;
use crate::{TABLE, Table};
use testkit::runtime_api::RuntimeApi;

/// Uses the release that [`crate::warm::fill`] fills, with metrics enabled as in the template.
pub async fn measure(engine: SocketAddr) -> Table {
    let mut rows = Vec::new();
    for request in REQUESTS {
        rows.push(row(
            request.name,
            logged_lines(request.event(), engine).await,
        ));
    }
    let mut long = REQUESTS[0].event();
    long["rawPath"] = format!(
        "/api/v4/projects/24/releases/{}/assets/links",
        "x".repeat(9_000)
    )
    .into();
    rows.push(row(
        "a path of 9,000 characters, rejected",
        logged_lines(long, engine).await,
    ));
    Table {
        name: "log",
        columns: vec!["request", "log event", "metrics"],
        rows,
        bounds: Vec::new(),
    }
}

fn row(name: &str, lines: Vec<String>) -> Vec<String> {
    let bytes = |is_metrics: bool| {
        let lines = lines
            .iter()
            .filter(|line| line.contains("\"_aws\"") == is_metrics);
        lines.map(|line| line.len() + 1).sum::<usize>().to_string()
    };
    vec![name.to_owned(), bytes(false), bytes(true)]
}

/// Returns the lines that a process logs for one request.
async fn logged_lines(event: Value, engine: SocketAddr) -> Vec<String> {
    let endpoint = format!("http://{engine}");
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
        ("METRICS_NAMESPACE", "release-links"),
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
    text.lines().map(str::to_owned).collect()
}
