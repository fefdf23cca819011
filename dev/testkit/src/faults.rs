//! Faults between the SDK and the engine: the SDK's own HTTP client, with something going wrong on
//! the way.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::{Value, json};

use crate::engine;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// DynamoDB refuses it with this error, and does nothing.
    AdminError(u16, &'static str),
    /// A transaction is cancelled because each of its steps met this; other calls are refused with
    /// the exception.
    Cancelled(&'static str),
    /// A transaction is cancelled because of this for every other step, beginning with the first
    /// one or the second, and because of their conditions for the rest.
    Mixed(&'static str, StartAt),
    /// A batch is left unprocessed, all of it.
    Unprocessed,
    /// The last request of a batch is left unprocessed.
    PartlyProcessed,
    /// The connection is cut before DynamoDB got it.
    CutBefore,
    /// The connection is cut after DynamoDB carried it out.
    CutAfter,
    /// Nothing comes back, and DynamoDB never got it.
    StalledBefore,
    /// Nothing comes back, though DynamoDB carried it out.
    StalledAfter,
    /// It is carried out, but the answer is no JSON.
    Malformed,
    /// The items of the answer lack all but their keys.
    MissingAttributes,
    /// The attributes of the answer's items, but for the keys, are of another type.
    MistypedAttributes,
}

/// The step with which a mixed cancellation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// Even steps are transient.
    First = 0,
    /// Odd steps are transient.
    Second = 1,
}

impl Fault {
    /// The faults of the matrix.
    pub const ALL: [Self; 22] = [
        Self::AdminError(400, "ProvisionedThroughputExceededException"),
        Self::AdminError(400, "ThrottlingException"),
        Self::AdminError(400, "RequestLimitExceeded"),
        Self::AdminError(400, "TransactionInProgressException"),
        Self::AdminError(500, "InternalServerError"),
        Self::AdminError(503, "ServiceUnavailable"),
        Self::Cancelled("TransactionConflict"),
        Self::Cancelled("ThrottlingError"),
        Self::Cancelled("ValidationError"),
        Self::AdminError(400, "ValidationException"),
        Self::Mixed("TransactionConflict", StartAt::First),
        Self::Mixed("TransactionConflict", StartAt::Second),
        Self::Mixed("ThrottlingError", StartAt::First),
        Self::Mixed("ThrottlingError", StartAt::Second),
        Self::PartlyProcessed,
        Self::CutBefore,
        Self::CutAfter,
        Self::StalledBefore,
        Self::StalledAfter,
        Self::Malformed,
        Self::MissingAttributes,
        Self::MistypedAttributes,
    ];

    /// Whether this operation can meet it.
    pub fn meets(self, operation: &str) -> bool {
        match self {
            Self::Mixed(..) | Self::Cancelled("ValidationError") => {
                operation == "TransactWriteItems"
            }
            Self::Unprocessed | Self::PartlyProcessed => operation.starts_with("Batch"),
            _ => true,
        }
    }

    /// Whether it makes an item that cannot be read, or a call that DynamoDB finds invalid: the
    /// faults that a 500 is for.
    pub fn is_permanent(self) -> bool {
        matches!(
            self,
            Self::MissingAttributes
                | Self::MistypedAttributes
                | Self::AdminError(_, "ValidationException")
                | Self::Cancelled("ValidationError")
        )
    }
}

/// A fault that meets an operation's calls, so many times.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The DynamoDB operation.
    pub operation: &'static str,
    /// The fault.
    pub fault: Fault,
    /// How many calls meet it.
    pub times: u32,
}

/// An HTTP client on which these rules are carried out once; `sent` counts what came to it.
#[derive(Debug, Clone)]
pub struct Faulty {
    inner: Inner,
    rules: Arc<Mutex<Vec<Rule>>>,
    /// How many calls came to it.
    pub sent: Arc<Mutex<u32>>,
    /// How many requests each batch had that came to it.
    pub batches: Arc<Mutex<Vec<usize>>>,
}

#[derive(Debug, Clone)]
enum Inner {
    Client(SharedHttpClient),
    Connector(SharedHttpConnector),
}

impl Faulty {
    /// In front of this client.
    pub fn new(client: SharedHttpClient, rules: &[Rule]) -> Self {
        Self {
            inner: Inner::Client(client),
            rules: Arc::new(Mutex::new(rules.to_vec())),
            sent: Arc::default(),
            batches: Arc::default(),
        }
    }

    /// The settings of a client of the engine at this address that goes through here. The SDK's
    /// quota of retries is one's own: by default all clients of a process share it, so that one
    /// test would use up another's.
    pub fn config(self, engine: SocketAddr) -> Builder {
        let quota = RetryPartition::custom("faulty").build();
        engine::client_config(engine)
            .http_client(self)
            .retry_partition(quota)
    }

    fn fault(&self, request: &HttpRequest) -> Option<Fault> {
        *self.sent.lock().unwrap() += 1;
        let operation = operation(request);
        if operation.starts_with("Batch") {
            self.batches
                .lock()
                .unwrap()
                .push(requests(&mut body(request)).len());
        }
        let mut rules = self.rules.lock().unwrap();
        let rule = rules
            .iter_mut()
            .find(|rule| rule.operation == operation && rule.times > 0)?;
        rule.times -= 1;
        Some(rule.fault)
    }
}

fn operation(request: &HttpRequest) -> String {
    let target = request
        .headers()
        .get("x-amz-target")
        .expect("a call names its operation");
    target.rsplit('.').next().unwrap_or(target).to_owned()
}

impl HttpClient for Faulty {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let Inner::Client(client) = &self.inner else {
            panic!("a connector makes no connectors")
        };
        let inner = Inner::Connector(client.http_connector(settings, components));
        SharedHttpConnector::new(Self {
            inner,
            ..self.clone()
        })
    }
}

impl HttpConnector for Faulty {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Inner::Connector(connector) = self.inner.clone() else {
            panic!("a client sends nothing itself")
        };
        let fault = self.fault(&request);
        HttpConnectorFuture::new(async move {
            match fault {
                None => connector.call(request).await,
                Some(Fault::AdminError(status, code)) => Ok(response(status, &error(code))),
                Some(Fault::Cancelled(code)) => {
                    Ok(response(400, &cancellation(&request, |_| code)))
                }
                Some(Fault::Mixed(code, start)) => {
                    let is_transient = |step: usize| step % 2 == start as usize;
                    let code = |step| {
                        if is_transient(step) {
                            code
                        } else {
                            "ConditionalCheckFailed"
                        }
                    };
                    Ok(response(400, &cancellation(&request, code)))
                }
                Some(Fault::Unprocessed) => {
                    Ok(response(200, &unprocessed(&request, body(&request))))
                }
                Some(Fault::PartlyProcessed) => process_partly(&connector, request).await,
                Some(Fault::CutBefore) => Err(cut()),
                Some(Fault::StalledBefore) => std::future::pending().await,
                Some(after) => {
                    let response = connector.call(request).await?;
                    spoil(response, after).await
                }
            }
        })
    }
}

async fn spoil(mut response: HttpResponse, fault: Fault) -> Result<HttpResponse, ConnectorError> {
    match fault {
        Fault::CutAfter => return Err(cut()),
        Fault::StalledAfter => return std::future::pending().await,
        Fault::Malformed => *response.body_mut() = SdkBody::from("{\"Item\":{\"pk"),
        _ => {
            let status = response.status();
            let mut body = read(response).await?;
            for item in items(&mut body) {
                spoil_item(item, fault);
            }
            return Ok(HttpResponse::new(status, SdkBody::from(body.to_string())));
        }
    }
    Ok(response)
}

/// The items of any answer, whichever operation it is of.
fn items(body: &mut Value) -> Vec<&mut Value> {
    let Some(body) = body.as_object_mut() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, value) in body {
        match name.as_str() {
            "Item" | "Attributes" => found.push(value),
            "Items" => found.extend(value.as_array_mut().into_iter().flatten()),
            "Responses" => {
                let tables = value
                    .as_object_mut()
                    .into_iter()
                    .flat_map(|tables| tables.values_mut());
                found.extend(tables.filter_map(Value::as_array_mut).flatten());
            }
            _ => {}
        }
    }
    found
}

fn spoil_item(item: &mut Value, fault: Fault) {
    let attributes = item.as_object_mut().expect("an item is an object");
    if fault == Fault::MissingAttributes {
        attributes.retain(|name, _| matches!(name.as_str(), "pk" | "sk"));
    } else {
        let others = attributes
            .iter_mut()
            .filter(|(name, _)| !matches!(name.as_str(), "pk" | "sk"));
        others.for_each(|(_, value)| *value = json!({"BOOL": true}));
    }
}

fn cut() -> ConnectorError {
    ConnectorError::io(
        std::io::Error::new(
            std::io::ErrorKind::ConnectionReset,
            "the connection was cut",
        )
        .into(),
    )
}

fn error(code: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "injected"})
}

/// What DynamoDB says of a conflict or of throttling: of a transaction, one reason for each step.
fn cancellation(request: &HttpRequest, code: impl Fn(usize) -> &'static str) -> Value {
    if operation(request) != "TransactWriteItems" {
        return error(if code(0) == "TransactionConflict" {
            "TransactionConflictException"
        } else {
            "ThrottlingException"
        });
    }
    let steps = body(request)["TransactItems"].as_array().unwrap().len();
    let mut error = error("TransactionCanceledException");
    let reasons: Vec<Value> = (0..steps)
        .map(|step| json!({"Code": code(step), "Message": "injected"}))
        .collect();
    error["CancellationReasons"] = json!(reasons);
    error
}

/// The answer to a batch of which nothing but `rest` is unprocessed.
fn unprocessed(request: &HttpRequest, mut rest: Value) -> Value {
    let name = if operation(request) == "BatchGetItem" {
        "UnprocessedKeys"
    } else {
        "UnprocessedItems"
    };
    json!({"Responses": {}, name: rest["RequestItems"].take()})
}

/// Sends all of a batch but its last request.
async fn process_partly(
    connector: &SharedHttpConnector,
    mut request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let (mut sent, mut rest) = (body(&request), body(&request));
    let last = requests(&mut sent).pop().into_iter().collect();
    *requests(&mut rest) = last;
    let unprocessed = unprocessed(&request, rest);
    if requests(&mut sent).is_empty() {
        return Ok(response(200, &unprocessed));
    }
    let text = sent.to_string();
    request
        .headers_mut()
        .insert("content-length", text.len().to_string());
    *request.body_mut() = SdkBody::from(text);
    let response = connector.call(request).await?;
    let (status, mut answer) = (response.status(), read(response).await?);
    let mut unprocessed = unprocessed.as_object().unwrap().clone();
    unprocessed.remove("Responses");
    answer.as_object_mut().unwrap().extend(unprocessed);
    Ok(HttpResponse::new(status, SdkBody::from(answer.to_string())))
}

/// The requests of a batch on the one table.
fn requests(batch: &mut Value) -> &mut Vec<Value> {
    let table = batch["RequestItems"]
        .as_object_mut()
        .unwrap()
        .values_mut()
        .next()
        .unwrap();
    let requests = if table.is_array() {
        table
    } else {
        &mut table["Keys"]
    };
    requests.as_array_mut().unwrap()
}

async fn read(mut response: HttpResponse) -> Result<Value, ConnectorError> {
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let body = ByteStream::new(body)
        .collect()
        .await
        .map_err(|error| ConnectorError::io(error.into()))?;
    Ok(serde_json::from_slice(&body.into_bytes()).expect("the engine answers JSON"))
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(request.body().bytes().expect("a body in memory")).unwrap()
}

fn response(status: u16, body: &Value) -> HttpResponse {
    let status = StatusCode::try_from(status).expect("a status of HTTP");
    HttpResponse::new(status, SdkBody::from(body.to_string()))
}
