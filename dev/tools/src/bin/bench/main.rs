//! `make bench`: what the service costs in processor time, memory, instructions, calls and money,
//! as ratios to baselines that are measured in the same run. The tables go to `BENCHMARKS.md`.
//!
//! `make bench-variants` compares the release build with the same program built otherwise.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person at a terminal"
)]
#![expect(
    clippy::unwrap_used,
    reason = "what does not answer as it should ends the measurement, where it is seen"
)]

mod cold;
mod cost;
mod growth;
mod in_process;
mod log;
mod process;
mod report;
mod size;
mod variants;
mod warm;

use std::net::SocketAddr;
use std::process::ExitCode;
use testkit::{engine, seed};

use dynoxide::Database;
use release_links::store::Store;
use report::Report;

const TABLE: &str = "release-links";

/// A table of the report, and what it says about the bounds that have to be kept.
pub struct Table {
    name: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    bounds: Vec<Bound>,
}

/// What something comes to, as a ratio to its baseline, and may come to at the most.
pub struct Bound {
    what: String,
    baseline: &'static str,
    ratio: f64,
    /// Between which two the middle half lies, where it was measured more than once.
    middle_half: Option<(f64, f64)>,
    most: f64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let of_variants = arguments.next().as_deref() == Some("variants");
    let mut report = Report::read(if of_variants {
        "make bench-variants"
    } else {
        "make bench"
    });
    if of_variants {
        report.put(&variants::measure().await);
    } else {
        everything(&mut report).await;
    }
    let broken = report.write();
    for bound in &broken {
        eprintln!("make bench: more than it may be: {bound}");
    }
    if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn everything(report: &mut Report) {
    let (engine, _) = start_engine().await;
    report.put(&cold::measure(engine).await);
    report.put(&size::measure());
    report.put(&warm::measure(engine).await);
    report.put(&in_process::measure());
    report.put(&cost::measure().await);
    report.put(&growth::of_releases().await);
    report.put(&growth::of_the_table().await);
    report.put(&growth::of_pages().await);
    report.put(&log::measure(engine).await);
    report.put_bounds();
}

/// An engine in this process, with the documentation's project.
async fn start_engine() -> (SocketAddr, Database) {
    let database = Database::memory().unwrap();
    let engine = engine::serve(database.clone()).unwrap();
    engine::create_table(&engine::client(engine), TABLE)
        .await
        .unwrap();
    seed::seed(&store(engine), &engine::client(engine), TABLE)
        .await
        .unwrap();
    (engine, database)
}

fn store(engine: SocketAddr) -> Store {
    Store::new(engine::client_config(engine), TABLE.to_owned())
}
