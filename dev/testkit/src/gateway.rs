//! A gateway on a loopback port. It passes each HTTP request to the service as the event that AWS
//! would send, and turns the response back into HTTP.
//!
//! Unlike cargo-lambda's emulator, it passes every body, also one that is not UTF-8.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Context;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::RwLock;

use crate::app::TestApp;
use crate::description::{self, Asked};
use crate::event::Event;
use crate::reply::Reply;

/// Lambda's limit of the payload of an invocation.
const MAX_BODY_BYTES: usize = 6 * 1024 * 1024;

/// The media types whose bodies AWS passes as text; it encodes all others in Base64.
const TEXT: [&str; 3] = [
    "application/json",
    "application/xml",
    "application/javascript",
];

/// What invokes the function. Both send payload format version 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An API Gateway HTTP API, which decodes the path.
    HttpApi,
    /// A function URL, which passes the path as the client encoded it.
    FunctionUrl,
}

impl Kind {
    /// The event for this request.
    #[must_use]
    pub fn event(self, request: &Parts, body: &[u8]) -> Value {
        let target = request.uri.path_and_query();
        let target = target.map_or("/", |target| target.as_str());
        let mut event = Event::new(request.method.as_str(), target).without_headers();
        for name in request
            .headers
            .keys()
            .filter(|name| *name != header::COOKIE)
        {
            event = event.header(name.as_str(), &joined(&request.headers, name.as_str(), ","));
        }
        let mut event = Value::from(with_body(event, &request.headers, body));
        if request.headers.contains_key(header::COOKIE) {
            event["cookies"] = json!([joined(&request.headers, header::COOKIE.as_str(), "; ")]);
        }
        match self {
            Self::HttpApi => {
                let decoded = percent_decode_str(request.uri.path()).decode_utf8();
                if let Ok(path) = decoded {
                    event["rawPath"] = json!(path);
                    event["requestContext"]["http"]["path"] = json!(path);
                }
            }
            Self::FunctionUrl => {
                let domain = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws";
                event["requestContext"]["domainName"] = json!(domain);
            }
        }
        event
    }
}

/// The values of a header as one text.
fn joined(headers: &HeaderMap, name: &str, separator: &str) -> String {
    let values = headers.get_all(name).iter();
    let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.collect::<Vec<_>>().join(separator)
}

/// AWS passes a body as text if its media type is one of text and it is UTF-8.
fn with_body(event: Event, headers: &HeaderMap, body: &[u8]) -> Event {
    let content_type = joined(headers, header::CONTENT_TYPE.as_str(), ",").to_ascii_lowercase();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let is_text = media_type.starts_with("text/") || TEXT.contains(&media_type);
    match std::str::from_utf8(body) {
        _ if body.is_empty() => event,
        Ok(text) if is_text => event.raw_body(text, false),
        _ => event.raw_body(&STANDARD.encode(body), true),
    }
}

/// A gateway with a process of the service behind it.
pub struct Gateway {
    /// The address on which it listens until the process ends.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    kind: Kind,
    app: TestApp,
    requests: AtomicU64,
    /// Each invocation holds it for reading.
    running: Arc<RwLock<()>>,
}

impl Gateway {
    /// Starts a gateway, and a new process of the service on this engine, whose URLs begin with the
    /// gateway's address.
    pub async fn start(kind: Kind, engine: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = TestApp::builder(engine).public_url(&format!("http://{address}"));
        let shared = Arc::new(Shared {
            kind,
            app: app.start(),
            requests: AtomicU64::default(),
            running: Arc::default(),
        });
        let router = Router::new().fallback(pass);
        let router = router.with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// Waits until no invocation is running, also none whose client has left, and returns the
    /// number of requests so far.
    pub async fn requests(&self) -> u64 {
        let _idle = self.shared.running.write().await;
        self.shared.requests.load(Ordering::Relaxed)
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let event = shared.kind.event(&parts, &body);
    let running = Arc::clone(&shared.running).read_owned().await;
    // A panic fails only its task, as it fails only its invocation in Lambda.
    let invocation = tokio::spawn(async move {
        let _running = running;
        let asked = Asked::read(&event, shared.app.public_url.as_ref());
        let response = shared.app.respond(event, Context::default()).await;
        description::check(&asked, &Reply::read(&response), None);
        to_http(&response)
    });
    let failed = |_| message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    invocation.await.unwrap_or_else(failed)
}

/// A response of the gateway itself.
fn message(status: StatusCode, text: &str) -> Response {
    (status, axum::Json(json!({"message": text}))).into_response()
}

/// The HTTP response that payload format version 2.0 describes.
fn to_http(response: &Value) -> Response {
    let status = response["statusCode"].as_u64().unwrap();
    let mut http = Response::builder().status(u16::try_from(status).unwrap());
    for (name, value) in response["headers"].as_object().unwrap() {
        http = http.header(name, value.as_str().unwrap());
    }
    let text = response["body"].as_str().unwrap_or_default();
    let body = match response["isBase64Encoded"].as_bool() {
        Some(true) => Bytes::from(STANDARD.decode(text).unwrap()),
        _ => Bytes::from(text.to_owned()),
    };
    http.body(Body::from(body)).unwrap()
}
