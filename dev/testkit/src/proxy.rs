//! A proxy between a process and the engine. It records all calls, and can hold those of one
//! DynamoDB operation, so that tests can interrupt the process at a known point.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::uri::{Authority, Scheme};
use axum::response::Response;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
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
    /// The operation whose calls are held, if any, and how many of them are forwarded before.
    operation: Option<(&'static str, usize)>,
    /// The number of calls of this operation so far.
    seen: AtomicUsize,
    is_holding: watch::Sender<bool>,
    held: watch::Sender<usize>,
    dropped: watch::Sender<usize>,
    accesses: Mutex<Vec<Access>>,
}

impl Shared {
    /// Whether this call, which has just arrived, is one of those that are held.
    fn is_to_hold(&self, operation: &str) -> bool {
        let after = |(held, after)| (held == operation).then_some(after);
        let after = self.operation.and_then(after);
        after.is_some_and(|after| self.seen.fetch_add(1, Ordering::Relaxed) >= after)
    }
}

impl Proxy {
    /// Starts a proxy that forwards all calls.
    pub async fn start(engine: SocketAddr) -> Self {
        Self::new(engine, None).await
    }

    /// Starts a proxy that holds the calls of this operation until [`Self::release`].
    pub async fn holding(engine: SocketAddr, operation: &'static str) -> Self {
        Self::holding_after(engine, operation, 0).await
    }

    /// The same after this number of calls of the operation, which are forwarded.
    pub async fn holding_after(engine: SocketAddr, operation: &'static str, calls: usize) -> Self {
        Self::new(engine, Some((operation, calls))).await
    }

    async fn new(engine: SocketAddr, operation: Option<(&'static str, usize)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            engine,
            client: Client::builder(TokioExecutor::new()).build_http(),
            operation,
            seen: AtomicUsize::new(0),
            is_holding: watch::Sender::new(true),
            held: watch::Sender::new(0),
            dropped: watch::Sender::new(0),
            accesses: Mutex::default(),
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

    /// Waits until a client closes the connection of a call that the proxy holds. Such a call is
    /// never forwarded.
    pub async fn dropped(&self) {
        wait_for_one(&self.shared.dropped).await;
    }

    /// Forwards the held calls and all later ones.
    pub fn release(&self) {
        self.shared.is_holding.send_replace(false);
    }

    /// Returns what the calls so far accessed.
    pub fn accesses(&self) -> Vec<Access> {
        self.shared.accesses.lock().unwrap().clone()
    }
}

async fn wait_for_one(count: &watch::Sender<usize>) {
    let mut count = count.subscribe();
    let patience = Duration::from_secs(20);
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
    let accesses = accesses(&operation, &serde_json::from_slice(&body).unwrap());
    shared.accesses.lock().unwrap().extend(accesses);
    if shared.is_to_hold(&operation) {
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
    shared.client.request(request).await.unwrap().map(Body::new)
}
