//! Concurrent requests in one process, as Lambda Managed Instances send them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use testkit::app::{LINKS, TABLE, seeded_engine};
use testkit::emulator::bootstrap;
use testkit::event::Event;
use testkit::runtime_api::RuntimeApi;

const CONCURRENCY: usize = 32;

/// A proxy to the engine. It accepts connections but forwards nothing until it is opened.
async fn gate(engine: SocketAddr) -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (open, is_open) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut is_open = is_open.clone();
            tokio::spawn(async move {
                is_open.wait_for(|is_open| *is_open).await.unwrap();
                let mut engine = TcpStream::connect(engine).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut engine).await;
            });
        }
    });
    (address, open)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_handles_32_requests_concurrently() {
    let (engine, open) = gate(seeded_engine().await).await;
    let runtime_api = Arc::new(RuntimeApi::start().await);
    let (endpoint, concurrency) = (format!("http://{engine}"), CONCURRENCY.to_string());
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
        ("AWS_LAMBDA_MAX_CONCURRENCY", concurrency.as_str()),
    ];
    let _function = runtime_api
        .function(bootstrap(env!("CARGO_BIN_EXE_release-links")), &settings)
        .spawn()
        .unwrap();
    let mut responses: JoinSet<Value> = (0..CONCURRENCY)
        .map(|n| {
            let runtime_api = Arc::clone(&runtime_api);
            let event = Event::new("POST", LINKS)
                .json(json!({"name": n.to_string(), "url": format!("http://{n}")}));
            async move { runtime_api.invoke(event).await }
        })
        .collect();
    runtime_api.wait_for_served(CONCURRENCY).await;
    assert_eq!(
        runtime_api.unanswered().await,
        CONCURRENCY,
        "every request waits for DynamoDB, none for another request"
    );

    open.send(true).unwrap();
    let mut ids = BTreeSet::new();
    while let Some(response) = responses.join_next().await {
        let response = response.unwrap();
        assert_eq!(response["statusCode"], 201, "{response}");
        let link: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        ids.insert(link["id"].as_u64().unwrap());
    }
    assert_eq!(ids.len(), CONCURRENCY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_handles_one_request_at_a_time_has_one_thread() {
    let endpoint = format!("http://{}", seeded_engine().await);
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
    ];
    let runtime_api = RuntimeApi::start().await;
    let function = runtime_api
        .function(bootstrap(env!("CARGO_BIN_EXE_release-links")), &settings)
        .spawn()
        .unwrap();
    runtime_api.wait_for_polls(1).await;
    let threads = std::fs::read_dir(format!("/proc/{}/task", function.id().unwrap()))
        .unwrap()
        .count();
    assert_eq!(threads, 1);
}
