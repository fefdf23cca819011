//! Answers that do not come, or come late.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpListener;

use super::platform::end;
use super::{Ended, command};
use testkit::app::TestApp;
use testkit::proxy::Proxy;

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_announced_and_then_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let started = std::time::Instant::now();
    let listed = end(command(address, "token list")).await;
    listed.assert(
        1,
        "",
        "no answer from DynamoDB in eu-central-1 for 3 s: still trying\n\
         release-links-admin: DynamoDB in eu-central-1 did not respond, so a change may have been \
         made: check the network and AWS_REGION, and list what is there before you run the command \
         again\n",
    );
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_is_waited_for_with_a_note() {
    let app = TestApp::start().await;
    let wire = Proxy::holding(app.address, "Query").await;
    let mut list = command(wire.address, "project list");
    let streams = list.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut list = streams.spawn().unwrap();
    let mut stderr = BufReader::new(list.stderr.take().unwrap());
    let mut note = String::new();
    stderr.read_line(&mut note).unwrap();
    wire.release();
    stderr.read_to_string(&mut note).unwrap();
    let output = list.wait_with_output().unwrap();
    let listed = Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: note,
    };
    listed.assert(
        0,
        "ID  PATH       VISIBILITY\n24  group/app  public\n",
        "no answer from DynamoDB in eu-central-1 for 3 s: still trying\n",
    );
}
