//! Starts the gateways of the test kit for `tests/openapi`, on an engine with the seeded data and
//! the personas.
//!
//! The program prints the address of each gateway. It ends when its standard input is closed. Then
//! it prints the number of requests, and fails if the table is inconsistent.

#![expect(
    clippy::print_stdout,
    reason = "whoever starts this program reads its output"
)]

use std::io;

use testkit::app::TestApp;
use testkit::gateway::{Gateway, Kind};
use testkit::invariants::assert_invariants;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() {
    // A response with status 500 says nothing about its cause; the log does.
    let log = tracing_subscriber::fmt().json().with_writer(io::stderr);
    log.with_max_level(LevelFilter::ERROR).init();
    let app = TestApp::start_with_personas().await;
    let http_api = Gateway::start(Kind::HttpApi, app.address).await;
    let function_url = Gateway::start(Kind::FunctionUrl, app.address).await;
    println!("http-api http://{}", http_api.address);
    println!("function-url http://{}", function_url.address);
    let closed = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    let _ = closed.await;
    let requests = [http_api.requests().await, function_url.requests().await];
    println!("http-api received {} requests", requests[0]);
    println!("function-url received {} requests", requests[1]);
    assert_invariants(&app.items().await);
}
