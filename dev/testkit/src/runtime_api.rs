//! Lambda's side of the runtime API: events in, answers out, for a function as a process.

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

/// Time that each invocation has.
const TIME: Duration = Duration::from_secs(10);
/// Events that may wait for the function to ask for them.
const MAX_WAITING: usize = 64;

/// An event, and where its answer goes.
type Invocation = (Value, oneshot::Sender<Value>);

/// What the function asks for work, and sends its answers to.
pub struct RuntimeApi {
    /// Its address.
    pub address: SocketAddr,
    waiting: mpsc::Sender<Invocation>,
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<mpsc::Receiver<Invocation>>,
    /// The invocations that the function has and has not answered yet, by their ids.
    unanswered: Mutex<HashMap<String, oneshot::Sender<Value>>>,
    /// How often it has asked for work, and how often it got some.
    asked: watch::Sender<usize>,
    given: watch::Sender<usize>,
}

impl RuntimeApi {
    /// Listens on a free port of loopback, until the process ends.
    pub async fn start() -> Self {
        let (waiting, receiver) = mpsc::channel(MAX_WAITING);
        let shared = Arc::new(Shared {
            waiting: Mutex::new(receiver),
            unanswered: Mutex::default(),
            asked: watch::Sender::default(),
            given: watch::Sender::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            waiting,
            shared,
        }
    }

    /// A function with Lambda's environment and these settings, yet to be started.
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

    /// Hands the function an event as soon as it asks for one, and returns its answer.
    pub async fn invoke(&self, event: impl Into<Value>) -> Value {
        let (answered, answer) = oneshot::channel();
        self.waiting
            .send((event.into(), answered))
            .await
            .expect("the runtime API listens");
        tokio::time::timeout(TIME * 2, answer)
            .await
            .expect("the function answers in time")
            .expect("one answer")
    }

    /// Waits until the function has asked for work so many times.
    pub async fn asked(&self, times: usize) {
        reach(&self.shared.asked, times).await;
    }

    /// Waits until the function was given so many events.
    pub async fn given(&self, events: usize) {
        reach(&self.shared.given, events).await;
    }

    /// How many events the function has and has not answered yet.
    pub async fn unanswered(&self) -> usize {
        self.shared.unanswered.lock().await.len()
    }
}

async fn reach(count: &watch::Sender<usize>, least: usize) {
    let mut count = count.subscribe();
    let reached = tokio::time::timeout(TIME * 2, count.wait_for(|count| *count >= least)).await;
    reached
        .expect("the function asks for work in time")
        .expect("the runtime API listens");
}

async fn next(State(shared): State<Arc<Shared>>) -> ([(HeaderName, String); 2], Json<Value>) {
    shared.asked.send_modify(|asked| *asked += 1);
    let Some((event, answered)) = shared.waiting.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let mut unanswered = shared.unanswered.lock().await;
    shared.given.send_modify(|given| *given += 1);
    let id = format!("8476a536-e9f4-11e8-9739-{:012}", *shared.given.borrow());
    unanswered.insert(id.clone(), answered);
    let deadline = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        + TIME;
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

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    answer: Bytes,
) -> StatusCode {
    // The runtime names no media type.
    let answer = serde_json::from_slice(&answer).expect("an answer is JSON");
    if let Some(answered) = shared.unanswered.lock().await.remove(&id) {
        let _ = answered.send(answer);
    }
    StatusCode::ACCEPTED
}
