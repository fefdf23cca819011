//! Calculates the price of a million requests from measured DynamoDB usage and list prices.

use release_links::store::Usage;

use crate::{Table, start_engine, store};
use testkit::usage::{self, cents, dollars};

/// List prices in us-east-1 in November 2026, in dollars.
mod price {
    /// A million requests to an HTTP API.
    pub const HTTP_API: f64 = 1.00;
    /// A million invocations of a function.
    pub const LAMBDA_REQUESTS: f64 = 0.20;
    /// A gigabyte-second of a function on `x86_64`.
    pub const X86_64: f64 = 0.000_016_666_7;
    /// A gigabyte-second of a function on arm64.
    pub const ARM64: f64 = 0.000_013_333_4;
    /// A month of the smallest public machine: t4g.nano with a public IPv4 address and 8 GB of gp3.
    pub const ALWAYS_ON: f64 = 730.0 * (0.0042 + 0.005) + 8.0 * 0.08;
}

/// The maximum length of a link's URL.
const MAX_URL_CHARACTERS: usize = 4_096;

/// The assumed billed milliseconds per DynamoDB call. The real value can only be measured in AWS.
const MS_PER_CALL: f64 = 10.0;

pub async fn measure() -> Table {
    let (engine, _) = start_engine().await;
    let operations = usage::measure_operations(&store(engine)).await;
    let [.., (_, identity)] = operations;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (name, warm) in &operations[..operations.len() - 1] {
        let cold = Usage {
            calls: warm.calls + identity.calls,
            read_units: warm.read_units + identity.read_units,
            write_units: warm.write_units,
        };
        rows.push(row(&format!("{name}, cached"), *warm));
        rows.push(row(&format!("{name}, uncached"), cold));
    }
    let long = usage::measure_create(&store(engine), MAX_URL_CHARACTERS).await;
    rows.push(row(
        &format!("create with a URL of {MAX_URL_CHARACTERS} characters, cached"),
        long,
    ));
    rows.push(break_even(operations[3].1));
    let columns = vec![
        "operation",
        "calls",
        "RCU",
        "WCU",
        "DynamoDB",
        "128 MB x86_64",
        "128 MB arm64",
        "256 MB x86_64",
        "256 MB arm64",
    ];
    Table {
        name: "dollars for a million requests",
        columns,
        rows,
        bounds: Vec::new(),
    }
}

/// The function settings that the table compares: memory in GB and price per gigabyte-second.
const FUNCTIONS: [(f64, f64); 4] = [
    (0.125, price::X86_64),
    (0.125, price::ARM64),
    (0.25, price::X86_64),
    (0.25, price::ARM64),
];

/// The price of the API and the function for a million requests.
fn serverless(usage: Usage, (gigabytes, price): (f64, f64)) -> f64 {
    let milliseconds = f64::from(usage.calls) * MS_PER_CALL;
    price::HTTP_API + price::LAMBDA_REQUESTS + milliseconds * 1_000.0 * gigabytes * price
}

fn row(name: &str, usage: Usage) -> Vec<String> {
    let total = |function| cents(serverless(usage, function) + dollars(usage));
    let counts = [
        usage.calls.to_string(),
        usage.read_units.to_string(),
        usage.write_units.to_string(),
    ];
    let start = std::iter::once(name.to_owned())
        .chain(counts)
        .chain([cents(dollars(usage))]);
    start.chain(FUNCTIONS.map(total)).collect()
}

/// The number of requests per month above which the smallest always-on machine would be cheaper.
/// DynamoDB costs the same either way.
fn break_even(usage: Usage) -> Vec<String> {
    let millions = |function| {
        format!(
            "{:.1} million",
            price::ALWAYS_ON / serverless(usage, function)
        )
    };
    let name = format!(
        "downloads a month for the {} of the smallest machine",
        cents(price::ALWAYS_ON)
    );
    let start = std::iter::once(name).chain(std::iter::repeat_n(String::new(), 4));
    start.chain(FUNCTIONS.map(millions)).collect()
}
