//! Lambda's side of the runtime API: events in, answers out, for the function as a process.

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
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc, oneshot};

/// Time that each invocation has.
const TIME: Duration = Duration::from_secs(10);

/// An event, and where its answer goes.
type Invocation = (Value, oneshot::Sender<Value>);

/// What the function asks for work, and sends its answers to.
pub struct RuntimeApi {
    pub address: SocketAddr,
    waiting: mpsc::Sender<Invocation>,
}

struct Shared {
    waiting: Mutex<mpsc::Receiver<Invocation>>,
    answered: Mutex<Option<oneshot::Sender<Value>>>,
}

impl RuntimeApi {
    /// Listens on a free port of loopback, until the test ends.
    pub async fn start() -> Self {
        let (waiting, receiver) = mpsc::channel(1);
        let shared = Arc::new(Shared { waiting: Mutex::new(receiver), answered: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, waiting }
    }

    /// Starts the function with Lambda's environment and these settings.
    pub fn function(&self, settings: &[(&str, &str)]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_release-links"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", self.address.to_string())
            .envs([
                ("AWS_LAMBDA_FUNCTION_NAME", "release-links"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                ("LOG_LEVEL", "warn"),
            ])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Hands the function an event as soon as it asks for one, and returns its answer.
    pub async fn invoke(&self, event: impl Into<Value>) -> Value {
        let (answered, answer) = oneshot::channel();
        self.waiting.send((event.into(), answered)).await.expect("the runtime API listens");
        tokio::time::timeout(TIME * 2, answer).await.expect("the function answers in time").expect("one answer")
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> ([(HeaderName, String); 2], Json<Value>) {
    let Some((event, answered)) = shared.waiting.lock().await.recv().await else { return std::future::pending().await };
    *shared.answered.lock().await = Some(answered);
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + TIME;
    let headers = [
        ("lambda-runtime-aws-request-id", "id".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
    ];
    (headers.map(|(name, value)| (HeaderName::from_static(name), value)), Json(event))
}

async fn answer(State(shared): State<Arc<Shared>>, Path(_id): Path<String>, answer: Bytes) -> StatusCode {
    // The runtime names no media type.
    let answer = serde_json::from_slice(&answer).expect("an answer is JSON");
    if let Some(answered) = shared.answered.lock().await.take() {
        let _ = answered.send(answer);
    }
    StatusCode::ACCEPTED
}
