//! The kit of the tests: an app on an engine of its own, real events in, replies out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dynoxide::Database;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent};
use release_links::app::App;
use release_links::config::Config;
use release_links::project::{Project, ProjectId, ProjectPath, Role, Visibility};
use release_links::public_url::PublicUrl;
use release_links::store::Store;
use release_links::token::{Grants, NewToken, PlainToken, Scope};
use serde_json::{Value, json};

use crate::{engine, seed};

pub const TABLE: &str = "release-links";
/// The list of the documentation's release.
pub const LINKS: &str = "/api/v4/projects/24/releases/v0.1/assets/links";

/// The service's address in answers.
const PUBLIC_URL: &str = "http://127.0.0.1:9000";

pub use crate::invariants::Item;

/// An engine of its own with the table and the documentation's project.
pub async fn seeded_engine() -> SocketAddr {
    serve(Database::memory().unwrap()).await
}

async fn serve(database: Database) -> SocketAddr {
    let address = engine::serve(database).unwrap();
    let client = engine::client(address);
    engine::create_table(&client, TABLE).await.unwrap();
    seed::seed(&Store::new(
        engine::client_config(address),
        TABLE.to_owned(),
    ))
    .await
    .unwrap();
    address
}

/// Notes each call that goes over the wire to the engine: its name, and how many keys it reads if
/// it is a batch.
#[derive(Debug, Clone, Default)]
struct Calls(Arc<Mutex<Vec<(String, usize)>>>);

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context
            .request()
            .headers()
            .get("x-amz-target")
            .expect("a call names its operation");
        let operation = target.rsplit('.').next().unwrap_or(target);
        let body: Value =
            serde_json::from_slice(context.request().body().bytes().unwrap_or_default())?;
        let keys = body["RequestItems"][TABLE]["Keys"]
            .as_array()
            .map_or(0, Vec::len);
        self.0.lock().unwrap().push((operation.to_owned(), keys));
        Ok(())
    }
}

pub fn config(public_url: Option<PublicUrl>) -> Config {
    Config {
        table_name: TABLE.to_owned(),
        public_url,
        identity_cache: Duration::from_secs(30),
        download_max_age: Duration::from_secs(60),
        warm_up: Duration::from_secs(3),
        metrics_namespace: None,
    }
}

/// The service on an engine of its own.
#[derive(Clone)]
pub struct TestApp {
    pub app: Arc<App>,
    pub store: Store,
    pub client: Client,
    pub address: SocketAddr,
    calls: Calls,
}

impl TestApp {
    /// With the documentation's project and release.
    pub async fn start() -> Self {
        Self::at(seeded_engine().await)
    }

    /// The same, with a way into its engine that no request takes.
    pub async fn start_with_database() -> (Self, Database) {
        let database = Database::memory().unwrap();
        (Self::at(serve(database.clone()).await), database)
    }

    /// An app on what answers at this address, if anything does.
    pub fn at(address: SocketAddr) -> Self {
        Self::with_public_url(address, Some(PublicUrl::parse(PUBLIC_URL).unwrap()))
    }

    /// An app that takes its address from the events, unless it is told.
    pub fn with_public_url(address: SocketAddr, public_url: Option<PublicUrl>) -> Self {
        let calls = Calls::default();
        let client = engine::client(address);
        let store = Store::new(
            engine::client_config(address).interceptor(calls.clone()),
            TABLE.to_owned(),
        );
        let app = Arc::new(App::new(store.clone(), config(public_url), SystemTime::now));
        Self {
            app,
            store,
            client,
            address,
            calls,
        }
    }

    /// An app on this store, for which the engine is asked at the address.
    pub fn on(store: Store, address: SocketAddr) -> Self {
        let app = App::new(
            store.clone(),
            config(Some(PublicUrl::parse(PUBLIC_URL).unwrap())),
            SystemTime::now,
        );
        let app = Arc::new(app);
        Self {
            app,
            store,
            client: engine::client(address),
            address,
            calls: Calls::default(),
        }
    }

    /// How many calls of DynamoDB were made since this was last asked.
    pub fn calls(&self) -> usize {
        self.operations().len()
    }

    /// The DynamoDB operations that were called since this was last asked.
    pub fn operations(&self) -> Vec<String> {
        self.operations_and_keys()
            .into_iter()
            .map(|(operation, _)| operation)
            .collect()
    }

    /// The same, each with the number of keys that it read if it is a batch.
    pub fn operations_and_keys(&self) -> Vec<(String, usize)> {
        std::mem::take(&mut *self.calls.0.lock().unwrap())
    }

    /// The same service as a process of its own, of which the caches are empty, with these settings
    /// and this clock.
    pub fn with_settings(&self, settings: &[(&str, &str)], clock: fn() -> SystemTime) -> Self {
        let get = |name: &str| {
            let setting = settings.iter().find(|(other, _)| *other == name);
            setting
                .map(|(_, value)| *value)
                .or((name == "TABLE_NAME").then_some(TABLE))
                .map(str::to_owned)
        };
        Self {
            app: Arc::new(App::new(
                self.store.clone(),
                Config::read(get).unwrap(),
                clock,
            )),
            ..self.clone()
        }
    }

    pub async fn send(&self, event: impl Into<Value>) -> Reply {
        self.invoke(event.into(), Context::default()).await
    }

    /// Sends the event to an invocation that ends after this time.
    pub async fn send_within(&self, event: impl Into<Value>, time: Duration) -> Reply {
        let mut context = Context::default();
        let deadline = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            + time;
        context.deadline = deadline.as_millis().try_into().unwrap();
        self.invoke(event.into(), context).await
    }

    async fn invoke(&self, event: Value, mut context: Context) -> Reply {
        let payload: LambdaRequest =
            serde_json::from_value(event).expect("the event is one of a gateway");
        context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
        let response = self
            .app
            .invoke(LambdaEvent::new(payload, context))
            .await
            .unwrap();
        Reply::read(&serde_json::to_value(response).unwrap())
    }

    pub async fn get(&self, target: &str) -> Reply {
        self.send(Event::new("GET", target)).await
    }

    pub async fn post(&self, target: &str, body: Value) -> Reply {
        self.send(Event::new("POST", target).json(body)).await
    }

    pub async fn put(&self, target: &str, body: Value) -> Reply {
        self.send(Event::new("PUT", target).json(body)).await
    }

    pub async fn delete(&self, target: &str) -> Reply {
        self.send(Event::new("DELETE", target)).await
    }

    /// Stores a project.
    pub async fn add(&self, project: Project) {
        self.store
            .session(Duration::from_secs(5))
            .create_project(&project)
            .await
            .unwrap();
    }

    /// Stores a token with these roles and returns it. It is made of its label.
    pub async fn issue(&self, settings: NewToken) -> String {
        let token = format!("rlat-{}", settings.label.replace(' ', "-"));
        let hash = PlainToken::from(token.clone()).hash();
        self.store
            .session(Duration::from_secs(5))
            .create_token(hash, settings)
            .await
            .unwrap();
        token
    }

    /// Deletes an item, as a partial restore or DynamoDB's TTL may have lost it.
    pub async fn remove(&self, pk: &str, sk: &str) {
        let [pk, sk] = [pk, sk].map(|text| AttributeValue::S(text.to_owned()));
        self.client
            .delete_item()
            .table_name(TABLE)
            .key("pk", pk)
            .key("sk", sk)
            .send()
            .await
            .unwrap();
    }

    /// All items of the table.
    pub async fn items(&self) -> Vec<Item> {
        self.client
            .scan()
            .table_name(TABLE)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .unwrap()
    }
}

/// A token that never ends, of scope `api`, with one role in one project.
pub fn granted(label: &str, project: u64, role: Role) -> NewToken {
    let projects = BTreeMap::from([(ProjectId::new(project).unwrap(), role)]);
    let created_at = SystemTime::now();
    let grants = Grants {
        every: None,
        projects,
    };
    NewToken {
        label: label.to_owned(),
        grants,
        scope: Scope::Api,
        created_at,
        expires_at: None,
    }
}

/// A project that is not stored yet.
pub fn project(id: u64, path: &str, visibility: Visibility) -> Project {
    Project {
        id: ProjectId::new(id).unwrap(),
        path: ProjectPath::parse(path).unwrap(),
        visibility,
    }
}

/// An event in the shape of an HTTP API's, payload version 2.0.
pub struct Event {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    is_base64: bool,
}

impl Event {
    /// `target` is the raw path and, behind a question mark, the raw query; the token is the
    /// documentation's.
    pub fn new(method: &str, target: &str) -> Self {
        let headers = [
            ("host", "links.example.com"),
            ("private-token", seed::TOKEN),
        ];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: None,
            is_base64: false,
        }
    }

    /// Without the documentation's token, or any other.
    pub fn anonymous(mut self) -> Self {
        self.headers.remove("private-token");
        self
    }

    /// With this token instead of the documentation's.
    pub fn token(self, token: &str) -> Self {
        self.header("private-token", token)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A body in base64, as gateways send forms.
    pub fn body(mut self, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(STANDARD.encode(body));
        self.is_base64 = true;
        self.header("content-type", content_type)
    }

    pub fn form(self, body: &str) -> Self {
        self.body("application/x-www-form-urlencoded", body)
    }

    pub fn json(self, body: Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// A body exactly as the event carries it.
    pub fn raw_body(mut self, body: &str, is_base64: bool) -> Self {
        self.body = Some(body.to_owned());
        self.is_base64 = is_base64;
        self
    }
}

impl From<Event> for Value {
    fn from(event: Event) -> Self {
        let (path, query) = event.target.split_once('?').unwrap_or((&event.target, ""));
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": event.headers, "body": event.body, "isBase64Encoded": event.is_base64,
            "requestContext": {
                "accountId": "123456789012", "apiId": "api", "domainName": "links.example.com", "stage": "$default",
                "requestId": "id", "routeKey": "$default", "time": "10/Mar/2020:05:16:23 +0000",
                "timeEpoch": 1_583_817_383_220_u64,
                "http": {"method": event.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            },
        })
    }
}

/// An answer, checked for what every answer has.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u64,
    headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Reply {
    #[track_caller]
    fn read(response: &Value) -> Self {
        let mut headers = BTreeMap::new();
        for field in ["headers", "multiValueHeaders"] {
            for (name, value) in response[field].as_object().into_iter().flatten() {
                let value = value.as_str().or_else(|| value[0].as_str()).unwrap();
                headers.insert(name.clone(), value.to_owned());
            }
        }
        let text = response["body"].as_str().unwrap_or_default();
        let is_text = headers
            .get("content-type")
            .is_some_and(|media_type| media_type == "text/plain");
        let body = match text {
            "" => Value::Null,
            text if is_text => json!(text),
            text => serde_json::from_str(text).expect("a body is JSON"),
        };
        let reply = Self {
            status: response["statusCode"].as_u64().unwrap(),
            headers,
            body,
        };
        reply.check();
        reply
    }

    #[track_caller]
    fn check(&self) {
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(
            self.header("x-request-id"),
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
        );
        assert_eq!(
            self.header("x-gitlab-meta"),
            r#"{"correlation_id":"8476a536-e9f4-11e8-9739-2dfe598c3fcd","version":"1"}"#
        );
        let (seconds, milliseconds) = self
            .header("x-runtime")
            .split_once('.')
            .expect("seconds with a fraction");
        assert!(
            seconds.parse::<u64>().is_ok() && milliseconds.len() == 3,
            "no finer than a millisecond: {self:?}"
        );
        if !self.body.is_null() {
            let expected = if self.status == 301 {
                "text/plain"
            } else {
                "application/json"
            };
            assert_eq!(self.header("content-type"), expected);
        }
        if self.status >= 400 {
            assert_eq!(self.header("cache-control"), "no-cache");
            let envelope = ["error", "message"]
                .iter()
                .filter(|name| self.body.get(**name).is_some())
                .count();
            assert!(self.body.is_null() || envelope == 1, "{self:?}");
        }
    }

    /// Without what differs between two answers to the same question.
    pub fn without_runtime(mut self) -> Self {
        self.headers.remove("x-runtime");
        self
    }

    /// The value of a header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    #[track_caller]
    pub fn assert(&self, status: u64, body: Value) {
        assert_eq!((self.status, &self.body), (status, &body), "{self:?}");
    }

    /// The text of a 400 with the envelope `error`.
    #[track_caller]
    pub fn assert_error(&self, status: u64, text: &str) {
        self.assert(status, json!({ "error": text }));
    }

    /// The ids of a list.
    pub fn ids(&self) -> Vec<u64> {
        self.body
            .as_array()
            .unwrap()
            .iter()
            .map(|link| link["id"].as_u64().unwrap())
            .collect()
    }
}
