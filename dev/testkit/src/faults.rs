//! Injects faults between the SDK and the engine. [`Faulty`] wraps the SDK's HTTP client, so the
//! SDK's own retries and timeouts are part of every test.

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
pub use crate::fault::{Fault, FirstTransientStep, Rule};
use crate::wrapped::Wrapped;

/// An HTTP client that applies its rules to the calls it sends, and counts all calls.
#[derive(Debug, Clone)]
pub struct Faulty {
    inner: Wrapped,
    rules: Arc<Mutex<Vec<Rule>>>,
    /// The number of calls that the SDK sent, including those that failed.
    pub sent: Arc<Mutex<u32>>,
    /// The number of requests in each batch that the SDK sent.
    pub batches: Arc<Mutex<Vec<usize>>>,
}

impl Faulty {
    /// Wraps this client.
    pub fn new(client: SharedHttpClient, rules: &[Rule]) -> Self {
        Self {
            inner: Wrapped::Client(client),
            rules: Arc::new(Mutex::new(rules.to_vec())),
            sent: Arc::default(),
            batches: Arc::default(),
        }
    }

    /// Returns the settings of a DynamoDB client that sends its calls through this one. The client
    /// gets its own retry quota: by default all clients of a process share one, which the tests
    /// would exhaust.
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
        let mut due = Vec::new();
        for rule in rules.iter_mut().filter(|rule| rule.operation == operation) {
            match rule.skip.checked_sub(1) {
                Some(skip) => rule.skip = skip,
                None if rule.times > 0 => due.push(rule),
                None => {}
            }
        }
        let rule = due.into_iter().next()?;
        rule.times -= 1;
        Some(rule.fault)
    }
}

fn operation(request: &HttpRequest) -> String {
    let target = request
        .headers()
        .get("x-amz-target")
        .expect("every call has x-amz-target");
    target.rsplit('.').next().unwrap_or(target).to_owned()
}

impl HttpClient for Faulty {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self {
            inner: self.inner.connect(settings, components),
            ..self.clone()
        })
    }
}

impl HttpConnector for Faulty {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.inner.connector();
        let fault = self.fault(&request);
        HttpConnectorFuture::new(async move {
            match fault {
                None => connector.call(request).await,
                Some(Fault::ServiceError(status, code)) => Ok(response(status, &error(code))),
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
                Some(Fault::ResetBefore) => Err(connection_reset()),
                Some(Fault::StalledBefore) => std::future::pending().await,
                Some(after) => {
                    let response = connector.call(request).await?;
                    corrupt(response, after).await
                }
            }
        })
    }
}

async fn corrupt(mut response: HttpResponse, fault: Fault) -> Result<HttpResponse, ConnectorError> {
    match fault {
        Fault::ResetAfter => return Err(connection_reset()),
        Fault::StalledAfter => return std::future::pending().await,
        Fault::Malformed => *response.body_mut() = SdkBody::from("{\"Item\":{\"pk"),
        _ => {
            let status = response.status();
            let mut body = read(response).await?;
            for item in items(&mut body) {
                corrupt_item(item, fault);
            }
            return Ok(HttpResponse::new(status, SdkBody::from(body.to_string())));
        }
    }
    Ok(response)
}

/// Finds the items in the response of any operation.
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

fn corrupt_item(item: &mut Value, fault: Fault) {
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

fn connection_reset() -> ConnectorError {
    ConnectorError::io(
        std::io::Error::new(
            std::io::ErrorKind::ConnectionReset,
            "connection reset by the test",
        )
        .into(),
    )
}

fn error(code: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "injected"})
}

/// Builds DynamoDB's error for a conflict or throttling; a transaction gets one reason per step.
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

/// Builds the response to a batch of which `rest` is unprocessed.
fn unprocessed(request: &HttpRequest, mut rest: Value) -> Value {
    let name = if operation(request) == "BatchGetItem" {
        "UnprocessedKeys"
    } else {
        "UnprocessedItems"
    };
    json!({"Responses": {}, name: rest["RequestItems"].take()})
}

/// Sends all requests of a batch except the last.
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
    let (status, mut output) = (response.status(), read(response).await?);
    let mut unprocessed = unprocessed.as_object().unwrap().clone();
    unprocessed.remove("Responses");
    output.as_object_mut().unwrap().extend(unprocessed);
    Ok(HttpResponse::new(status, SdkBody::from(output.to_string())))
}

/// Returns the requests of a batch, all of which concern the same table.
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
    Ok(serde_json::from_slice(&body.into_bytes()).expect("the engine returns JSON"))
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(request.body().bytes().expect("the body is in memory")).unwrap()
}

fn response(status: u16, body: &Value) -> HttpResponse {
    let status = StatusCode::try_from(status).expect("the status is a valid HTTP status");
    HttpResponse::new(status, SdkBody::from(body.to_string()))
}
