//! `make soak`: fifty cold processes at once, then mixed traffic for minutes, through the emulator.
//!
//! Each client has a release of its own and knows what it has to find there, so that every answer
//! is checked. Meanwhile memory and file descriptors of the functions are watched, and in the end
//! the table.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person at a terminal"
)]
#![expect(
    clippy::unwrap_used,
    reason = "what does not answer as it should ends the soak, where it is seen"
)]

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use testkit::{emulator, engine, invariants, seed};

use dynoxide::Database;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambda_http::http::Request;
use multer::bytes::Bytes;
use release_links::store::Store;
use serde_json::{Value, json};
use tokio::process::Child;
use tokio::task::JoinSet;

const TABLE: &str = "release-links";
/// Processes that start at once.
const BURST: usize = 50;
/// Processes that stay for the traffic, and the clients that make it.
const FUNCTIONS: usize = 8;
const CLIENTS: usize = 16;
/// Links that a client's release has at the most.
const MAX_LINKS: usize = 30;
/// What a process may have more at the end than when it was warm: 2 MiB, two file descriptors.
const MORE_MEMORY_KIB: u64 = 2_048;
const MORE_DESCRIPTORS: usize = 2;
/// What each request may leave behind: `lambda_runtime` sets `_X_AMZN_TRACE_ID` for each, and glibc
/// keeps every value.
const BYTES_FOR_A_REQUEST: u64 = 256;

type Http = HttpClient<HttpConnector, Full<Bytes>>;

#[tokio::main]
async fn main() -> ExitCode {
    match soak().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("make soak: {sentence}");
            ExitCode::FAILURE
        }
    }
}

async fn soak() -> Result<(), String> {
    let minutes = emulator::setting("MINUTES", "5").parse::<f64>();
    let minutes = minutes.map_err(|_| "MINUTES has to be a number".to_owned())?;
    let database = Database::memory().map_err(|error| error.to_string())?;
    let engine = engine::serve(database).map_err(|error| error.to_string())?;
    let client = engine::client(engine);
    engine::create_table(&client, TABLE).await?;
    let store = Store::new(engine::client_config(engine), TABLE.to_owned());
    seed::seed(&store, &client, TABLE).await?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let group = emulator::ProcessGroup::start()?;
    let _emulator = emulator::start_emulator(&group, port).await?;
    let bootstrap = emulator::setting("BOOTSTRAP", "target/release/release-links");
    let start = |_| emulator::start_function(&group, &bootstrap, port, engine, TABLE);
    let mut functions = (0..BURST).map(start).collect::<Result<Vec<Child>, _>>()?;
    let http: Http = HttpClient::builder(TokioExecutor::new()).build_http();
    let base = format!("http://127.0.0.1:{port}");
    cold_burst(&http, &base, &mut functions).await?;
    for mut function in functions.drain(FUNCTIONS..) {
        let _ = function.kill().await;
    }
    traffic(
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
    println!("invariants: hold for all {} items", items.len());
    Ok(())
}

/// Asks as many requests at once as there are processes, which have all just started.
async fn cold_burst(http: &Http, base: &str, functions: &mut [Child]) -> Result<(), String> {
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
    let ended = functions
        .iter_mut()
        .filter_map(|function| function.try_wait().ok().flatten())
        .count();
    println!(
        "cold burst: {BURST} processes, {} requests, {failed} failed, {ended} processes ended",
        statuses.len()
    );
    if failed + ended == 0 {
        Ok(())
    } else {
        Err("the cold burst did not come up without error".to_owned())
    }
}

async fn traffic(
    http: &Http,
    base: &str,
    functions: &[Child],
    time: Duration,
) -> Result<(), String> {
    let end = Instant::now() + time;
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(Visitor::new(http.clone(), base, number).visit_until(end));
    }
    tokio::time::sleep(time / 4).await;
    let warm = sample(functions);
    let requests: usize = clients.join_all().await.into_iter().sum();
    let last = sample(functions);
    println!("traffic: {CLIENTS} clients, {requests} requests, every answer as it should be");
    // Three quarters of the requests come after the first sample.
    let of_each = u64::try_from(requests / FUNCTIONS).unwrap() * 3 / 4;
    let left_behind_kib = of_each * BYTES_FOR_A_REQUEST / 1_024;
    let mut flat = true;
    for ((memory, descriptors), (later_memory, later_descriptors)) in warm.into_iter().zip(last) {
        let bytes = later_memory.saturating_sub(memory) * 1_024 / of_each.max(1);
        println!(
            "function: {memory} KiB, {descriptors} descriptors; at the end {later_memory} KiB, {later_descriptors} \
             descriptors; {bytes} bytes for each of {of_each} requests"
        );
        flat &= later_memory <= memory + MORE_MEMORY_KIB + left_behind_kib;
        flat &= later_descriptors <= descriptors + MORE_DESCRIPTORS;
    }
    if flat {
        Ok(())
    } else {
        Err("a function grew".to_owned())
    }
}

/// Resident memory in KiB and open file descriptors of each process.
fn sample(functions: &[Child]) -> Vec<(u64, usize)> {
    let of_process = |id: u32| {
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
        .map(|function| of_process(function.id().unwrap()))
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

/// A client with a release of its own.
struct Visitor {
    http: Http,
    links: String,
    downloads: String,
    random: fastrand::Rng,
    made: usize,
    requests: usize,
    expected: BTreeMap<u64, String>,
}

impl Visitor {
    fn new(http: Http, base: &str, number: usize) -> Self {
        Self {
            http,
            links: format!(
                "{base}/api/v4/projects/group%2Fapp/releases/soak%2F{number}/assets/links"
            ),
            downloads: format!("{base}/group/app/-/releases/soak%2F{number}/downloads"),
            random: fastrand::Rng::with_seed(number as u64),
            made: 0,
            requests: 0,
            expected: BTreeMap::new(),
        }
    }

    async fn visit_until(mut self, end: Instant) -> usize {
        while Instant::now() < end {
            let id = self
                .random
                .choice(self.expected.keys().copied().collect::<Vec<_>>());
            match (self.random.u8(0..10), id) {
                (0..=2, _) | (_, None) if self.expected.len() < MAX_LINKS => self.create().await,
                (3..=4, _) => self.list().await,
                (5, Some(id)) => self.change(id).await,
                (6, Some(id)) => self.delete(id).await,
                (7..=8, Some(id)) => self.download(id).await,
                (_, Some(id)) => self.get(id).await,
                (_, None) => self.create().await,
            }
        }
        self.requests
    }

    async fn ask(&mut self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.requests += 1;
        send(&self.http, method, &format!("{}{path}", self.links), body).await
    }

    /// Each name comes with a key, and now and then the request is sent twice.
    async fn create(&mut self) {
        self.made += 1;
        let name = format!("n{}", self.made);
        let body = json!({"name": name, "url": format!("https://e.com/{name}"), "filepath": format!("/bin/{name}"), "key": name});
        let (status, link) = self.ask("POST", "", Some(body.clone())).await;
        assert_eq!((status, &link["name"]), (201, &json!(name)), "{link}");
        if self.random.u8(0..4) == 0 {
            assert_eq!(self.ask("POST", "", Some(body)).await, (201, link.clone()));
        }
        self.expected.insert(link["id"].as_u64().unwrap(), name);
    }

    async fn list(&mut self) {
        let (status, links) = self.ask("GET", "?per_page=100", None).await;
        if status == 404 && self.made == 0 {
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
        let (status, link) = self.ask("GET", &format!("/{id}"), None).await;
        assert_eq!((status, &link["name"]), (200, &json!(self.expected[&id])));
    }

    async fn change(&mut self, id: u64) {
        self.made += 1;
        let name = format!("n{}", self.made);
        let body = json!({"name": name, "url": format!("https://e.com/{name}"), "filepath": format!("/bin/{name}")});
        let (status, link) = self.ask("PUT", &format!("/{id}"), Some(body)).await;
        assert_eq!((status, &link["name"]), (200, &json!(name)), "{link}");
        self.expected.insert(id, name);
    }

    async fn delete(&mut self, id: u64) {
        assert_eq!(self.ask("DELETE", &format!("/{id}"), None).await.0, 200);
        assert_eq!(self.ask("GET", &format!("/{id}"), None).await.0, 404);
        self.expected.remove(&id);
    }

    async fn download(&mut self, id: u64) {
        self.requests += 1;
        let url = format!("{}/bin/{}", self.downloads, self.expected[&id]);
        assert_eq!(send(&self.http, "GET", &url, None).await.0, 302);
    }
}
