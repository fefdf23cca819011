//! Implements Lambda's runtime API, so that tests can run the function as a real process.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

/// The time limit of an invocation.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(10);
/// The capacity of the queue of events that the function has not fetched yet.
const MAX_QUEUED: usize = 64;

/// An event and the channel for its response.
type Invocation = (Value, oneshot::Sender<Value>);

/// A server from which the function fetches events and to which it posts responses.
pub struct RuntimeApi {
    /// The server's address, for `AWS_LAMBDA_RUNTIME_API`.
    pub address: SocketAddr,
    queue: mpsc::Sender<Invocation>,
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<mpsc::Receiver<Invocation>>,
    /// The invocations that the function is processing, by request ID.
    unanswered: Mutex<HashMap<String, oneshot::Sender<Value>>>,
    /// The number of times that the function polled for an event.
    polls: watch::Sender<usize>,
    /// The number of events that the function received.
    served: watch::Sender<usize>,
}

impl RuntimeApi {
    /// Listens on a free loopback port until the process ends.
    pub async fn start() -> Self {
        let (queue, receiver) = mpsc::channel(MAX_QUEUED);
        let shared = Arc::new(Shared {
            queue: Mutex::new(receiver),
            unanswered: Mutex::default(),
            polls: watch::Sender::default(),
            served: watch::Sender::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(receive_response),
            )
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            queue,
            shared,
        }
    }

    /// Returns a command that starts `program` with Lambda's environment and these settings.
    pub fn function(&self, program: impl AsRef<OsStr>, settings: &[(&str, &str)]) -> Command {
        let mut function = Command::new(program);
        function
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", self.address.to_string())
            .envs([
                ("AWS_LAMBDA_FUNCTION_NAME", "release-links"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
            ])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        function
    }

    /// Sends the event to the function, and returns the response.
    pub async fn invoke(&self, event: impl Into<Value>) -> Value {
        let (sender, response) = oneshot::channel();
        self.queue
            .send((event.into(), sender))
            .await
            .expect("the runtime API listens");
        tokio::time::timeout(INVOCATION_TIMEOUT * 2, response)
            .await
            .expect("the function responds in time")
            .expect("the function responds once")
    }

    /// Waits until the function has polled for an event at least `times` times.
    pub async fn wait_for_polls(&self, times: usize) {
        wait_for_count(&self.shared.polls, times).await;
    }

    /// Waits until the function has received at least `events` events.
    pub async fn wait_for_served(&self, events: usize) {
        wait_for_count(&self.shared.served, events).await;
    }

    /// Returns the number of events that the function has received but not answered.
    pub async fn unanswered(&self) -> usize {
        self.shared.unanswered.lock().await.len()
    }
}

async fn wait_for_count(count: &watch::Sender<usize>, minimum: usize) {
    let mut count = count.subscribe();
    let reached = tokio::time::timeout(
        INVOCATION_TIMEOUT * 2,
        count.wait_for(|count| *count >= minimum),
    )
    .await;
    reached
        .expect("the function polls in time")
        .expect("the runtime API listens");
}

async fn next(State(shared): State<Arc<Shared>>) -> ([(HeaderName, String); 2], Json<Value>) {
    shared.polls.send_modify(|polls| *polls += 1);
    let Some((event, sender)) = shared.queue.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let mut unanswered = shared.unanswered.lock().await;
    shared.served.send_modify(|served| *served += 1);
    let id = format!("8476a536-e9f4-11e8-9739-{:012}", *shared.served.borrow());
    unanswered.insert(id.clone(), sender);
    let deadline = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        + INVOCATION_TIMEOUT;
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
    ];
    (
        headers.map(|(name, value)| (HeaderName::from_static(name), value)),
        Json(event),
    )
}

async fn receive_response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    response: Bytes,
) -> StatusCode {
    // The function's runtime sends no content type, so axum's `Json` extractor would reject it.
    let response = serde_json::from_slice(&response).expect("the response is JSON");
    if let Some(sender) = shared.unanswered.lock().await.remove(&id) {
        let _ = sender.send(response);
    }
    StatusCode::ACCEPTED
}
