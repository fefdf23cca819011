//! A proxy between a process and the engine. It can hold the calls of one DynamoDB operation, so
//! that tests can interrupt the process at a known point.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::uri::{Authority, Scheme};
use axum::response::Response;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A proxy in front of the engine.
pub struct HoldingProxy {
    /// The proxy's address, for use as the process's DynamoDB endpoint.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    engine: SocketAddr,
    client: Client<HttpConnector, Body>,
    operation: &'static str,
    is_holding: watch::Sender<bool>,
    held: watch::Sender<usize>,
}

impl HoldingProxy {
    /// Starts a proxy that holds the calls of this operation until [`Self::release`].
    pub async fn start(engine: SocketAddr, operation: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            engine,
            client: Client::builder(TokioExecutor::new()).build_http(),
            operation,
            is_holding: watch::Sender::new(true),
            held: watch::Sender::new(0),
        });
        let router = Router::new()
            .fallback(forward)
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// Waits until the proxy holds a call.
    pub async fn held(&self) {
        let mut held = self.shared.held.subscribe();
        let result =
            tokio::time::timeout(Duration::from_secs(20), held.wait_for(|held| *held > 0)).await;
        result.expect("a call arrives in time").unwrap();
    }

    /// Forwards the held calls and all later ones.
    pub fn release(&self) {
        self.shared.is_holding.send_replace(false);
    }
}

async fn forward(State(shared): State<Arc<Shared>>, mut request: Request) -> Response {
    let target = request.headers()["x-amz-target"].to_str().unwrap();
    if target.ends_with(&format!(".{}", shared.operation)) {
        shared.held.send_modify(|held| *held += 1);
        shared
            .is_holding
            .subscribe()
            .wait_for(|is_holding| !is_holding)
            .await
            .unwrap();
    }
    let mut uri = request.uri().clone().into_parts();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(Authority::try_from(shared.engine.to_string()).unwrap());
    *request.uri_mut() = Uri::from_parts(uri).unwrap();
    shared.client.request(request).await.unwrap().map(Body::new)
}
