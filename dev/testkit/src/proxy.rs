//! A proxy between a process and the engine. It records all calls but the SDK's retries, and what
//! they consume, and can hold those of one DynamoDB operation, so that tests can interrupt the
//! process at a known point.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::uri::{Authority, Scheme};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use release_links::store::Usage;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::policy::{Access, accesses};

/// A proxy in front of the engine.
pub struct Proxy {
    /// The proxy's address, for use as the process's DynamoDB endpoint.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    engine: SocketAddr,
    client: Client<HttpConnector, Body>,
    /// The operations whose calls are held.
    operations: Vec<&'static str>,
    /// How many of these calls pass before one is held.
    left_to_pass: Mutex<usize>,
    is_holding: watch::Sender<bool>,
    held: watch::Sender<usize>,
    dropped: watch::Sender<usize>,
    accesses: Mutex<Vec<Access>>,
    usage: Mutex<Usage>,
}

impl Proxy {
    /// Starts a proxy that forwards all calls.
    pub async fn start(engine: SocketAddr) -> Self {
        Self::new(engine, Vec::new(), 0).await
    }

    /// Starts a proxy that holds the calls of this operation until [`Self::release`].
    pub async fn holding(engine: SocketAddr, operation: &'static str) -> Self {
        Self::holding_after(engine, operation, 0).await
    }

    /// The same after this number of calls of the operation, which pass.
    pub async fn holding_after(engine: SocketAddr, operation: &'static str, passed: usize) -> Self {
        Self::new(engine, vec![operation], passed).await
    }

    /// Starts a proxy that lets this number of writes pass, and then holds them until
    /// [`Self::release`].
    pub async fn holding_writes_after(engine: SocketAddr, passed: usize) -> Self {
        Self::new(engine, vec!["TransactWriteItems", "UpdateItem"], passed).await
    }

    async fn new(engine: SocketAddr, operations: Vec<&'static str>, passed: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            engine,
            client: Client::builder(TokioExecutor::new()).build_http(),
            operations,
            left_to_pass: Mutex::new(passed),
            is_holding: watch::Sender::new(true),
            held: watch::Sender::new(0),
            dropped: watch::Sender::new(0),
            accesses: Mutex::default(),
            usage: Mutex::default(),
        });
        let router = Router::new()
            .fallback(forward)
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// Waits until the proxy holds a call.
    pub async fn held(&self) {
        wait_for_one(&self.shared.held).await;
    }

    /// Whether the proxy has held a call.
    pub fn has_held(&self) -> bool {
        *self.shared.held.borrow() > 0
    }

    /// Waits until a client closes the connection of a call that the proxy holds. Such a call is
    /// never forwarded.
    pub async fn dropped(&self) {
        wait_for_one(&self.shared.dropped).await;
    }

    /// Forwards the held calls and all later ones.
    pub fn release(&self) {
        self.shared.is_holding.send_replace(false);
    }

    /// Returns the number of calls so far, and the capacity that the engine has charged for them.
    pub fn usage(&self) -> Usage {
        *self.shared.usage.lock().unwrap()
    }

    /// Returns what the calls so far accessed.
    pub fn accesses(&self) -> Vec<Access> {
        self.shared.accesses.lock().unwrap().clone()
    }
}

impl Shared {
    /// Whether a call of this operation is held, and not let pass.
    fn is_held(&self, operation: &str) -> bool {
        if !self.operations.contains(&operation) {
            return false;
        }
        let mut left = self.left_to_pass.lock().unwrap();
        let is_held = *left == 0;
        *left = left.saturating_sub(1);
        is_held
    }
}

async fn wait_for_one(count: &watch::Sender<usize>) {
    let mut count = count.subscribe();
    let patience = Duration::from_secs(60);
    let result = tokio::time::timeout(patience, count.wait_for(|count| *count > 0)).await;
    result.expect("it happens in time").unwrap();
}

/// Counts a held call as dropped, unless it is forwarded. The server drops the future of a request
/// whose client has gone.
struct Held<'a> {
    dropped: &'a watch::Sender<usize>,
    is_forwarded: bool,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.is_forwarded {
            self.dropped.send_modify(|dropped| *dropped += 1);
        }
    }
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let target = parts.headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap().to_owned();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let is_retry = is_retry(&parts.headers);
    if !is_retry {
        let accesses = accesses(&operation, &serde_json::from_slice(&body).unwrap());
        shared.accesses.lock().unwrap().extend(accesses);
    }
    if shared.is_held(&operation) {
        shared.held.send_modify(|held| *held += 1);
        let mut held = Held {
            dropped: &shared.dropped,
            is_forwarded: false,
        };
        let mut is_holding = shared.is_holding.subscribe();
        is_holding.wait_for(|is_holding| !is_holding).await.unwrap();
        held.is_forwarded = true;
    }
    let mut uri = parts.uri.into_parts();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(Authority::try_from(shared.engine.to_string()).unwrap());
    parts.uri = Uri::from_parts(uri).unwrap();
    let request = Request::from_parts(parts, Body::from(body));
    let (parts, body) = shared.client.request(request).await.unwrap().into_parts();
    let body = to_bytes(Body::new(body), usize::MAX).await.unwrap();
    let is_write = !matches!(
        operation.as_str(),
        "Query" | "Scan" | "GetItem" | "BatchGetItem"
    );
    if !is_retry {
        count(&mut shared.usage.lock().unwrap(), &body, is_write);
    }
    Response::from_parts(parts, Body::from(body))
}

/// Whether the SDK sends a call again. On a slow computer, it may not wait for the first answer.
fn is_retry(headers: &HeaderMap) -> bool {
    let attempt = headers.get("amz-sdk-request");
    let attempt = attempt.map(|attempt| attempt.to_str().unwrap());
    attempt.is_some_and(|attempt| attempt.split("; ").all(|part| part != "attempt=1"))
}

/// Counts a call with this response.
fn count(usage: &mut Usage, response: &[u8], is_write: bool) {
    let response: Value = serde_json::from_slice(response).unwrap_or_default();
    let consumed = match &response["ConsumedCapacity"] {
        Value::Array(tables) => tables.as_slice(),
        one => std::slice::from_ref(one),
    };
    let units = consumed
        .iter()
        .filter_map(|table| table["CapacityUnits"].as_f64());
    usage.calls += 1;
    if is_write {
        usage.write_units += units.sum::<f64>();
    } else {
        usage.read_units += units.sum::<f64>();
    }
}
