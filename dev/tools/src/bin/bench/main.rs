//! `make bench`: measures the service's processor time, memory, instructions, DynamoDB calls and
//! price, as ratios to baselines that are measured in the same run. It writes the tables into
//! `BENCHMARKS.md`, and fails if a ratio exceeds its bound.
//!
//! `make bench-variants` compares the release build with other builds of the same program, and
//! `make startup-order` writes the order of the program's functions. With the argument `costs`, this
//! program calculates the prices alone.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program prints to a terminal"
)]
#![expect(
    clippy::unwrap_used,
    reason = "an unexpected result ends the measurement at the line that found it"
)]

mod cold;
mod cost;
mod edge_cost;
mod growth;
mod in_process;
mod log;
mod order;
mod process;
mod report;
mod size;
mod variants;
mod warm;

use std::net::SocketAddr;
use std::process::ExitCode;
use testkit::database::Database;
use testkit::{engine, seed};

use release_links::store::Store;
use release_links::store::operator::Operator;
use report::Report;

const TABLE: &str = "release-links";

/// A table of the report, and the bounds that its measurements must meet.
pub struct Table {
    name: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    bounds: Vec<Bound>,
}

/// A measured ratio to a baseline, and the maximum that it may reach.
pub struct Bound {
    metric: String,
    baseline: &'static str,
    ratio: f64,
    /// The first and third quartile, if there were several measurements.
    interquartile_range: Option<(f64, f64)>,
    max: f64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let task = std::env::args().nth(1);
    if task.as_deref() == Some("order") {
        order::write().await;
        return ExitCode::SUCCESS;
    }
    let variants_only = task.as_deref() == Some("variants");
    let mut report = Report::read(if variants_only {
        "make bench-variants"
    } else {
        "make bench"
    });
    if variants_only {
        report.put(&variants::measure().await);
    } else if task.as_deref() == Some("costs") {
        report.put(&cost::measure().await);
        report.put(&edge_cost::measure().await);
        report.put(&cost::monthly());
    } else {
        measure_all(&mut report).await;
    }
    let exceeded = report.write();
    for bound in &exceeded {
        eprintln!("make bench: bound exceeded: {bound}");
    }
    if exceeded.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn measure_all(report: &mut Report) {
    let (engine, _) = start_engine().await;
    report.put(&cold::measure(engine).await);
    report.put(&size::measure());
    report.put(&warm::measure(engine).await);
    report.put(&in_process::measure());
    report.put(&cost::measure().await);
    report.put(&edge_cost::measure().await);
    report.put(&cost::monthly());
    report.put(&growth::measure_releases().await);
    report.put(&growth::measure_table().await);
    report.put(&growth::measure_pages().await);
    report.put(&growth::measure_release_pages().await);
    report.put(&log::measure(engine).await);
    report.put_bounds();
}

/// Creates a database with the seeded project.
async fn start_engine() -> (SocketAddr, Database) {
    let database = Database::memory();
    let engine = database.clone().serve();
    engine::create_table(&engine::client(engine), TABLE)
        .await
        .unwrap();
    let operator = Operator::new(engine::client_config(engine), TABLE.to_owned());
    seed::seed(&operator, &engine::client(engine), TABLE)
        .await
        .unwrap();
    (engine, database)
}

fn store(engine: SocketAddr) -> Store {
    Store::new(engine::client_config(engine), TABLE.to_owned())
}
