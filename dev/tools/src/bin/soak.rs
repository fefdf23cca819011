//! `make soak`: starts fifty cold processes at once, then sends mixed traffic through the emulator
//! for several minutes.
//!
//! Each client works on a separate release and tracks its expected contents, so it can check every
//! response. At the end, the program checks that no function's memory or file descriptors grew, and
//! that the table is consistent.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program prints to a terminal"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a wrong response ends the test at the check that found it"
)]

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambda_http::http::Request;
use multer::bytes::Bytes;
use release_links::store::operator::Operator;
use serde_json::{Value, json};
use testkit::database::Database;
use testkit::{emulator, engine, invariants, seed};
use tokio::process::Child;
use tokio::task::JoinSet;

const TABLE: &str = "release-links";
/// The number of processes that start at the same time.
const BURST: usize = 50;
/// The number of processes that stay for the traffic.
const FUNCTIONS: usize = 8;
/// The number of clients that generate the traffic.
const CLIENTS: usize = 16;
/// The maximum number of links in a client's release.
const MAX_LINKS: usize = 30;
/// The allowed growth of a process between the warm state and the end.
const MAX_MEMORY_GROWTH_KIB: u64 = 2_048;
const MAX_DESCRIPTOR_GROWTH: usize = 2;
/// The known leak per request: `lambda_runtime` sets `_X_AMZN_TRACE_ID` for each request, and glibc
/// never frees the old values.
const LEAKED_BYTES_PER_REQUEST: u64 = 256;

type Http = HttpClient<HttpConnector, Full<Bytes>>;

#[tokio::main]
async fn main() -> ExitCode {
    match soak().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("make soak: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn soak() -> Result<(), String> {
    let minutes = emulator::setting("MINUTES", "5").parse::<f64>();
    let minutes = minutes.map_err(|_| "MINUTES must be a number".to_owned())?;
    let engine = Database::memory().serve();
    let client = engine::client(engine);
    engine::create_table(&client, TABLE).await?;
    let operator = Operator::new(engine::client_config(engine), TABLE.to_owned());
    seed::seed(&operator, &client, TABLE).await?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let group = emulator::ProcessGroup::start()?;
    let _emulator = emulator::start_emulator(&group, port).await?;
    let bootstrap = emulator::bootstrap("target/release/release-links");
    let start = |_| emulator::start_function(&group, &bootstrap, port, engine, TABLE);
    let mut functions = (0..BURST).map(start).collect::<Result<Vec<Child>, _>>()?;
    let http: Http = HttpClient::builder(TokioExecutor::new()).build_http();
    let base = format!("http://127.0.0.1:{port}");
    send_cold_burst(&http, &base, &mut functions).await?;
    for mut function in functions.drain(FUNCTIONS..) {
        let _ = function.kill().await;
    }
    send_traffic(
        &http,
        &base,
        &functions,
        Duration::from_secs_f64(minutes * 60.0),
    )
    .await?;
    check_invariants(&client).await
}

async fn check_invariants(client: &aws_sdk_dynamodb::Client) -> Result<(), String> {
    let items = client
        .scan()
        .table_name(TABLE)
        .into_paginator()
        .items()
        .send();
    let items = items
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(|error| error.to_string())?;
    invariants::assert_invariants(&items);
    println!("invariants: all {} items are consistent", items.len());
    Ok(())
}

/// Sends four requests per process concurrently, while all processes are still cold.
async fn send_cold_burst(http: &Http, base: &str, functions: &mut [Child]) -> Result<(), String> {
    let mut requests = JoinSet::new();
    for _ in 0..BURST * 4 {
        let (http, base) = (http.clone(), base.to_owned());
        requests.spawn(async move {
            send(&http, "GET", &format!("{base}/api/v4/user"), None)
                .await
                .0
        });
    }
    let statuses = requests.join_all().await;
    let failed = statuses.iter().filter(|status| **status != 200).count();
    let exited = functions
        .iter_mut()
        .filter_map(|function| function.try_wait().ok().flatten())
        .count();
    println!(
        "cold burst: {BURST} processes, {} requests, {failed} failed, {exited} processes exited",
        statuses.len()
    );
    if failed + exited == 0 {
        Ok(())
    } else {
        Err("the cold burst had errors".to_owned())
    }
}

/// Sends mixed traffic for this time, and checks that the processes do not grow.
async fn send_traffic(
    http: &Http,
    base: &str,
    functions: &[Child],
    time: Duration,
) -> Result<(), String> {
    let end = Instant::now() + time;
    let mut clients = JoinSet::new();
    for index in 0..CLIENTS {
        clients.spawn(TrafficClient::new(http.clone(), base, index).run_until(end));
    }
    tokio::time::sleep(time / 4).await;
    let warm = sample(functions);
    let requests: usize = clients.join_all().await.into_iter().sum();
    let last = sample(functions);
    println!("traffic: {CLIENTS} clients, {requests} requests, all responses correct");
    // The first sample is taken after a quarter of the time.
    let requests_per_function = u64::try_from(requests / FUNCTIONS).unwrap() * 3 / 4;
    let leaked_kib = requests_per_function * LEAKED_BYTES_PER_REQUEST / 1_024;
    let mut is_stable = true;
    for ((memory, descriptors), (later_memory, later_descriptors)) in warm.into_iter().zip(last) {
        let bytes = later_memory.saturating_sub(memory) * 1_024 / requests_per_function.max(1);
        println!(
            "function: warm {memory} KiB, {descriptors} descriptors; at the end \
             {later_memory} KiB, {later_descriptors} descriptors; {bytes} bytes for each \
             of {requests_per_function} requests"
        );
        is_stable &= later_memory <= memory + MAX_MEMORY_GROWTH_KIB + leaked_kib;
        is_stable &= later_descriptors <= descriptors + MAX_DESCRIPTOR_GROWTH;
    }
    if is_stable {
        Ok(())
    } else {
        Err("the memory or descriptors of a function grew".to_owned())
    }
}

/// Returns the resident memory in KiB and the number of open file descriptors of each process.
fn sample(functions: &[Child]) -> Vec<(u64, usize)> {
    let sample_process = |id: u32| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        (
            memory.trim().trim_end_matches(" kB").parse().unwrap(),
            fs::read_dir(format!("/proc/{id}/fd")).unwrap().count(),
        )
    };
    functions
        .iter()
        .map(|function| sample_process(function.id().unwrap()))
        .collect()
}

async fn send(http: &Http, method: &str, url: &str, body: Option<Value>) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("private-token", seed::TOKEN);
    let request = match body {
        Some(mut body) => {
            let key = body.as_object_mut().and_then(|body| body.remove("key"));
            let request = request.header("content-type", "application/json");
            let request = key
                .iter()
                .filter_map(Value::as_str)
                .fold(request, |request, key| {
                    request.header("idempotency-key", key)
                });
            request.body(Full::from(body.to_string()))
        }
        None => request.body(Full::default()),
    };
    let response = http.request(request.unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn link_attributes(name: &str) -> Value {
    json!({
        "name": name,
        "url": format!("https://e.com/{name}"),
        "filepath": format!("/bin/{name}"),
    })
}

/// A client that works on a separate release and checks every response.
struct TrafficClient {
    http: Http,
    links: String,
    downloads: String,
    random: fastrand::Rng,
    names_used: usize,
    requests: usize,
    expected: BTreeMap<u64, String>,
}

impl TrafficClient {
    fn new(http: Http, base: &str, index: usize) -> Self {
        Self {
            http,
            links: format!(
                "{base}/api/v4/projects/group%2Fapp/releases/soak%2F{index}/assets/links"
            ),
            downloads: format!("{base}/group/app/-/releases/soak%2F{index}/downloads"),
            random: fastrand::Rng::with_seed(index as u64),
            names_used: 0,
            requests: 0,
            expected: BTreeMap::new(),
        }
    }

    async fn run_until(mut self, end: Instant) -> usize {
        while Instant::now() < end {
            let id = self
                .random
                .choice(self.expected.keys().copied().collect::<Vec<_>>());
            match (self.random.u8(0..10), id) {
                (0..=2, _) | (_, None) if self.expected.len() < MAX_LINKS => self.create().await,
                (3..=4, _) => self.list().await,
                (5, Some(id)) => self.update(id).await,
                (6, Some(id)) => self.delete(id).await,
                (7..=8, Some(id)) => self.download(id).await,
                (_, Some(id)) => self.get(id).await,
                (_, None) => self.create().await,
            }
        }
        self.requests
    }

    async fn send(&mut self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.requests += 1;
        send(&self.http, method, &format!("{}{path}", self.links), body).await
    }

    /// Creates a link with an idempotency key, and sends a quarter of the requests twice.
    async fn create(&mut self) {
        self.names_used += 1;
        let name = format!("n{}", self.names_used);
        let mut body = link_attributes(&name);
        body["key"] = json!(name);
        let (status, link) = self.send("POST", "", Some(body.clone())).await;
        assert_eq!((status, &link["name"]), (201, &json!(name)), "{link}");
        if self.random.u8(0..4) == 0 {
            assert_eq!(self.send("POST", "", Some(body)).await, (201, link.clone()));
        }
        self.expected.insert(link["id"].as_u64().unwrap(), name);
    }

    async fn list(&mut self) {
        let (status, links) = self.send("GET", "?per_page=100", None).await;
        if status == 404 && self.names_used == 0 {
            return;
        }
        let ids: Vec<u64> = links
            .as_array()
            .unwrap()
            .iter()
            .map(|link| link["id"].as_u64().unwrap())
            .collect();
        assert_eq!(
            (status, ids),
            (200, self.expected.keys().rev().copied().collect())
        );
    }

    async fn get(&mut self, id: u64) {
        let (status, link) = self.send("GET", &format!("/{id}"), None).await;
        assert_eq!((status, &link["name"]), (200, &json!(self.expected[&id])));
    }

    async fn update(&mut self, id: u64) {
        self.names_used += 1;
        let name = format!("n{}", self.names_used);
        let body = link_attributes(&name);
        let (status, link) = self.send("PUT", &format!("/{id}"), Some(body)).await;
        assert_eq!((status, &link["name"]), (200, &json!(name)), "{link}");
        self.expected.insert(id, name);
    }

    async fn delete(&mut self, id: u64) {
        assert_eq!(self.send("DELETE", &format!("/{id}"), None).await.0, 200);
        assert_eq!(self.send("GET", &format!("/{id}"), None).await.0, 404);
        self.expected.remove(&id);
    }

    async fn download(&mut self, id: u64) {
        self.requests += 1;
        let url = format!("{}/bin/{}", self.downloads, self.expected[&id]);
        assert_eq!(send(&self.http, "GET", &url, None).await.0, 302);
    }
}
