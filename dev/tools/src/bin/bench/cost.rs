//! Calculates the price of a million requests, and of a month of monitoring, from measured DynamoDB
//! usage, measured log events, the template and list prices.

use std::net::SocketAddr;

use release_links::store::Usage;
use serde_yaml_ng::Value;

use crate::warm::REQUESTS;
use crate::{Table, log, start_engine, store};
use testkit::app::TABLE;
use testkit::usage::{self, cents, dollars};

/// List prices in us-east-1 in November 2026, in dollars.
pub mod price {
    /// A million requests to an HTTP API.
    pub const HTTP_API: f64 = 1.00;
    /// A million invocations of a function.
    pub const LAMBDA_REQUESTS: f64 = 0.20;
    /// A gigabyte-second of a function on `x86_64`.
    pub const X86_64: f64 = 0.000_016_666_7;
    /// A gigabyte-second of a function on arm64.
    pub const ARM64: f64 = 0.000_013_333_4;
    /// A gigabyte of logs: its ingestion, and a year of storage, compressed to 15 %.
    pub const LOGS: f64 = 0.50 + 12.0 * 0.03 * 0.15;
    /// A million requests to CloudFront in North America, beyond the ten million that are free each
    /// month.
    pub const CLOUDFRONT: f64 = 1.00;
    /// The same in Europe.
    pub const CLOUDFRONT_EUROPE: f64 = 1.20;
    /// A gigabyte from a region to the internet, beyond the 100 that are free each month.
    pub const DATA_OUT: f64 = 0.09;
    /// A gigabyte from CloudFront to the internet, beyond the 1,000 that are free each month.
    pub const CLOUDFRONT_DATA_OUT: f64 = 0.085;
    /// An alarm, per month, beyond the ten that are free.
    pub const ALARM: f64 = 0.10;
    /// A dashboard, per month, beyond the three that are free.
    pub const DASHBOARD: f64 = 3.00;
    /// A million traces, beyond the 100,000 per month that are free.
    pub const TRACES: f64 = 5.00;
    /// A gigabyte of the table, per month: storage and backups for point-in-time recovery.
    pub const TABLE: f64 = 0.25 + 0.20;
    /// A customer managed key, per month.
    pub const KMS_KEY: f64 = 1.00;
    /// A month of the smallest public machine: t4g.nano with a public IPv4 address and 8 GB of gp3.
    pub const ALWAYS_ON: f64 = 730.0 * (0.0042 + 0.005) + 8.0 * 0.08;
}

/// The maximum length of a link's URL.
const MAX_URL_CHARACTERS: usize = 4_096;

/// The assumed billed milliseconds per DynamoDB call. The real value can only be measured in AWS.
const MS_PER_CALL: f64 = 10.0;

/// The overhead of an event for which CloudWatch charges, in bytes.
const EVENT_OVERHEAD: f64 = 26.0;

/// A line of the API's access log, with values of typical length.
fn access_log_line(template: &Value) -> String {
    let stage = &template["Resources"]["Stage"]["Properties"];
    let format = stage["AccessLogSettings"]["Format"].as_str().unwrap();
    let line = [
        ("$context.requestId", "JKJaXmPLvHcESHA="),
        (
            "$context.integration.requestId",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        ),
        ("$context.requestTime", "25/Nov/2026:12:00:00 +0000"),
        ("$context.identity.sourceIp", "203.0.113.100"),
        ("$context.httpMethod", "GET"),
        ("$context.status", "200"),
        ("$context.integration.status", "200"),
        ("$context.integrationErrorMessage", "-"),
        ("$context.responseLatency", "12"),
        ("$context.responseLength", "150"),
    ]
    .iter()
    .fold(format.to_owned(), |line, (variable, value)| {
        line.replace(&format!("\"{variable}\""), &format!("\"{value}\""))
    });
    assert!(
        !line.contains("$context"),
        "a variable lacks a value: {line}"
    );
    line
}

/// The price of the logs of a million requests. The template leaves out the lines that Lambda itself
/// writes for a successful invocation.
#[derive(Debug, Clone, Copy)]
pub struct Logs {
    /// Of the function's events.
    pub function: f64,
    /// Of the API's log.
    pub access: f64,
}

/// Measures the price of the logs.
pub async fn logs(engine: SocketAddr) -> Logs {
    let event = log::bytes(REQUESTS[0].event(), engine).await;
    Logs {
        function: log_price(event as f64),
        access: log_price(access_log_line(&template()).len() as f64),
    }
}

/// The price of a million log events of this number of bytes.
pub fn log_price(bytes: f64) -> f64 {
    (bytes + EVENT_OVERHEAD) / 1_000.0 * price::LOGS
}

fn template() -> Value {
    let template = include_str!("../../../../../template.yaml");
    serde_yaml_ng::from_str(template).expect("the template is valid YAML")
}

/// Measures the price of a million requests of each operation.
pub async fn measure() -> Table {
    let (engine, database) = start_engine().await;
    let logs = logs(engine).await;
    let logs = logs.function + logs.access;
    let operations = usage::measure_operations(&store(engine)).await;
    let identity = operations.last().expect("there are operations").1;
    let links = &operations[..operations.len() - 1];
    let releases = usage::measure_releases(&store(engine), &database, TABLE).await;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (name, warm) in links.iter().chain(&releases) {
        let cold = Usage {
            calls: warm.calls + identity.calls,
            read_units: warm.read_units + identity.read_units,
            write_units: warm.write_units,
        };
        rows.push(row(&format!("{name}, cached"), *warm, logs));
        rows.push(row(&format!("{name}, uncached"), cold, logs));
    }
    let long = usage::measure_create(&store(engine), MAX_URL_CHARACTERS).await;
    rows.push(row(
        &format!("create with a URL of {MAX_URL_CHARACTERS} characters, cached"),
        long,
        logs,
    ));
    let is_download = |(name, _): &&(&str, Usage)| *name == "download";
    let (_, download) = links
        .iter()
        .find(is_download)
        .expect("downloads are measured");
    let free = "downloads a month for the $ of the smallest machine";
    rows.push(break_even(free, *download, logs, 0.0));
    let charged = "the same, if the alarms and the dashboard exceed the free tier";
    rows.push(break_even(charged, *download, logs, monitoring()));
    Table {
        name: "dollars for a million requests",
        columns: COLUMNS.to_vec(),
        rows,
        bounds: Vec::new(),
    }
}

const COLUMNS: [&str; 10] = [
    "operation",
    "calls",
    "RCU",
    "WCU",
    "DynamoDB",
    "logs",
    "128 MB x86_64",
    "128 MB arm64",
    "256 MB x86_64",
    "256 MB arm64",
];

/// The function settings that the table compares: memory in GB and price per gigabyte-second.
const FUNCTIONS: [(f64, f64); 4] = [
    (0.125, price::X86_64),
    (0.125, price::ARM64),
    (0.25, price::X86_64),
    (0.25, price::ARM64),
];

/// The settings of the function that the template has by default.
pub fn default_function() -> (f64, f64) {
    let parameters = &template()["Parameters"];
    let megabytes = parameters["MemorySize"]["Default"].as_f64().unwrap();
    let price = match parameters["Architecture"]["Default"].as_str().unwrap() {
        "arm64" => price::ARM64,
        _ => price::X86_64,
    };
    (megabytes / 1_024.0, price)
}

/// The price of the API, the function and the logs for a million requests.
pub fn serverless(usage: Usage, logs: f64, (gigabytes, price): (f64, f64)) -> f64 {
    let milliseconds = f64::from(usage.calls) * MS_PER_CALL;
    let function = milliseconds * 1_000.0 * gigabytes * price;
    price::HTTP_API + price::LAMBDA_REQUESTS + function + logs
}

fn row(name: &str, usage: Usage, logs: f64) -> Vec<String> {
    let total = |function| cents(serverless(usage, logs, function) + dollars(usage));
    let counts = [
        usage.calls.to_string(),
        usage.read_units.to_string(),
        usage.write_units.to_string(),
    ];
    let start = std::iter::once(name.to_owned())
        .chain(counts)
        .chain([cents(dollars(usage)), cents(logs)]);
    start.chain(FUNCTIONS.map(total)).collect()
}

/// The number of requests per month above which the smallest always-on machine would be cheaper
/// than the service with this monthly price of monitoring. DynamoDB costs the same either way.
fn break_even(name: &str, usage: Usage, logs: f64, monitoring: f64) -> Vec<String> {
    let millions = |function| {
        let left = price::ALWAYS_ON - monitoring;
        format!("{:.1} million", left / serverless(usage, logs, function))
    };
    let name = name.replace('$', &cents(price::ALWAYS_ON));
    let start = std::iter::once(name).chain(std::iter::repeat_n(String::new(), 5));
    start.chain(FUNCTIONS.map(millions)).collect()
}

/// The number of the template's resources of this type that every stack has.
fn count(kind: &str) -> usize {
    let template = template();
    let resources = template["Resources"].as_mapping().unwrap().values();
    resources
        .filter(|resource| resource["Type"] == kind && resource.get("Condition").is_none())
        .count()
}

/// The price of a month of the template's alarms and dashboard without the free tier.
fn monitoring() -> f64 {
    let alarms = count("AWS::CloudWatch::Alarm") as f64 * price::ALARM;
    alarms + count("AWS::CloudWatch::Dashboard") as f64 * price::DASHBOARD
}

/// Lists what the service costs per month, apart from requests.
pub fn monthly() -> Table {
    let alarms = count("AWS::CloudWatch::Alarm");
    let row =
        |what: &str, price: f64, note: &str| vec![what.to_owned(), cents(price), note.to_owned()];
    Table {
        name: "dollars a month",
        columns: vec!["what", "price", "note"],
        rows: vec![
            row(
                &format!("{alarms} alarms"),
                alarms as f64 * price::ALARM,
                "ten alarms of an account are free",
            ),
            row(
                "the dashboard",
                price::DASHBOARD,
                "three dashboards of an account are free",
            ),
            row("custom metrics", 0.0, "there are none"),
            row(
                "a gigabyte of the table, with its backups",
                price::TABLE,
                "25 GB of storage, without backups, are free",
            ),
            row(
                "a million traces, if `Tracing` is `Active`",
                price::TRACES,
                "X-Ray traces one request a second and 5 % of the others; 100,000 traces are free",
            ),
            row(
                "a KMS key, if `KmsKeyArn` is set",
                price::KMS_KEY,
                "and $0.03 for 10,000 requests to it",
            ),
        ],
        bounds: Vec::new(),
    }
}
