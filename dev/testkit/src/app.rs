//! Runs the service in the test's process against an embedded DynamoDB engine. Tests send gateway
//! events and receive parsed replies.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent};
use release_links::app::App;
use release_links::config::Settings;
use release_links::http::public_url::PublicUrl;
use release_links::project::{Project, ProjectId, ProjectPath, Role, Visibility};
use release_links::store::Store;
use release_links::store::operator::{Operator, Takeover};
use release_links::token::{Grants, NewToken, PlainToken, Scope};
use serde_json::Value;

use crate::clock::Clock;
use crate::database::Database;
use crate::event::Event;
use crate::reply::Reply;
use crate::{engine, seed};

/// The name of the table.
pub const TABLE: &str = "release-links";
/// The path of the seeded release's links, `v0.1` of project 24.
pub const LINKS: &str = "/api/v4/projects/24/releases/v0.1/assets/links";

/// The service's base URL in responses.
const PUBLIC_URL: &str = "http://127.0.0.1:9000";

pub use crate::invariants::Item;

/// Starts a new engine with the table and the data from [`seed`].
pub async fn seeded_engine() -> SocketAddr {
    serve(Database::memory().unwrap()).await
}

async fn serve(database: Database) -> SocketAddr {
    let address = database.serve();
    let client = engine::client(address);
    engine::create_table(&client, TABLE).await.unwrap();
    seed::seed(&operator(address), &client, TABLE)
        .await
        .unwrap();
    address
}

/// Records every DynamoDB call that is sent to the engine: the operation's name and, for a batch
/// read, the number of keys.
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
            .expect("every call has x-amz-target");
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

/// The operator's handle on the table of this engine.
fn operator(address: SocketAddr) -> Operator {
    Operator::new(engine::client_config(address), TABLE.to_owned())
}

fn default_public_url() -> Option<PublicUrl> {
    Some(PublicUrl::parse(PUBLIC_URL).unwrap())
}

/// Returns the test settings with this public URL.
pub fn config(public_url: Option<PublicUrl>) -> Settings {
    Settings {
        table_name: TABLE.to_owned(),
        public_url,
        identity_cache: Duration::from_secs(30),
        download_max_age: Duration::from_secs(60),
        latest_max_age: Duration::from_secs(5),
        warm_up: Duration::from_secs(3),
    }
}

/// The service and the engine behind it.
#[derive(Clone)]
pub struct TestApp {
    /// The service under test.
    pub app: Arc<App>,
    /// The store that the service uses.
    pub store: Store,
    /// The operator's handle on the same table.
    pub operator: Operator,
    /// A DynamoDB client for direct access to the engine.
    pub client: Client,
    /// The engine's address.
    pub address: SocketAddr,
    /// The clock of the service and of the invocations' deadlines.
    pub clock: Clock,
    calls: Calls,
}

impl TestApp {
    /// Starts the service on a new engine with the seeded project and release.
    pub async fn start() -> Self {
        Self::at(seeded_engine().await)
    }

    /// Like [`Self::start`], and also returns the database for bulk imports.
    pub async fn start_with_database() -> (Self, Database) {
        let database = Database::memory().unwrap();
        (Self::at(serve(database.clone()).await), database)
    }

    /// Starts the service against an existing engine. Nothing needs to listen on the address yet.
    pub fn at(address: SocketAddr) -> Self {
        Self::with_public_url(address, default_public_url())
    }

    /// Like [`Self::at`], but without a public URL the service derives its address from the events.
    pub fn with_public_url(address: SocketAddr, public_url: Option<PublicUrl>) -> Self {
        let calls = Calls::default();
        let store = Store::new(
            engine::client_config(address).interceptor(calls.clone()),
            TABLE.to_owned(),
        );
        Self::new(store, address, public_url, calls)
    }

    /// Starts the service with this store, which may inject faults. `address` is the engine's, for
    /// direct access.
    pub fn with_store(store: Store, address: SocketAddr) -> Self {
        Self::new(store, address, default_public_url(), Calls::default())
    }

    fn new(store: Store, address: SocketAddr, public_url: Option<PublicUrl>, calls: Calls) -> Self {
        let clock = Clock::start();
        Self {
            app: Arc::new(service(&store, config(public_url), &clock)),
            store,
            operator: operator(address),
            client: engine::client(address),
            address,
            clock,
            calls,
        }
    }

    /// Returns the number of DynamoDB calls since the last reset, and resets the record.
    pub fn take_calls(&self) -> usize {
        self.take_operations().len()
    }

    /// Returns the names of the DynamoDB operations since the last reset, and resets the record.
    pub fn take_operations(&self) -> Vec<String> {
        self.take_operations_and_keys()
            .into_iter()
            .map(|(operation, _)| operation)
            .collect()
    }

    /// Like [`Self::take_operations`], each with the number of keys if it was a batch read.
    pub fn take_operations_and_keys(&self) -> Vec<(String, usize)> {
        std::mem::take(&mut *self.calls.0.lock().unwrap())
    }

    /// A second instance of the service on the same table, with empty caches, these settings and
    /// this clock.
    pub fn with_settings(
        &self,
        settings: &[(&str, &str)],
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        let get = |name: &str| {
            let setting = settings.iter().find(|(other, _)| *other == name);
            setting
                .map(|(_, value)| *value)
                .or((name == "TABLE_NAME").then_some(TABLE))
                .map(str::to_owned)
        };
        let (clock, settings) = (Clock::of(clock), Settings::read(get).unwrap());
        Self {
            app: Arc::new(service(&self.store, settings, &clock)),
            clock,
            ..self.clone()
        }
    }

    /// Sends an event.
    pub async fn send(&self, event: impl Into<Value>) -> Reply {
        self.invoke(event.into(), Context::default()).await
    }

    /// Sends an event whose invocation times out after `time`.
    pub async fn send_within(&self, event: impl Into<Value>, time: Duration) -> Reply {
        let mut context = Context::default();
        let now = self.clock.now();
        let deadline = now.duration_since(SystemTime::UNIX_EPOCH).unwrap() + time;
        context.deadline = deadline.as_millis().try_into().unwrap();
        self.invoke(event.into(), context).await
    }

    async fn invoke(&self, event: Value, mut context: Context) -> Reply {
        let payload: LambdaRequest =
            serde_json::from_value(event).expect("the event has the shape of a gateway event");
        context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
        let response = self
            .app
            .invoke(LambdaEvent::new(payload, context))
            .await
            .unwrap();
        Reply::read(&serde_json::to_value(response).unwrap())
    }

    /// Sends a GET request with the documentation's token.
    pub async fn get(&self, target: &str) -> Reply {
        self.send(Event::new("GET", target)).await
    }

    /// Sends a POST request with JSON and the documentation's token.
    pub async fn post(&self, target: &str, body: Value) -> Reply {
        self.send(Event::new("POST", target).json(body)).await
    }

    /// Sends a PUT request with JSON and the documentation's token.
    pub async fn put(&self, target: &str, body: Value) -> Reply {
        self.send(Event::new("PUT", target).json(body)).await
    }

    /// Sends a DELETE request with the documentation's token.
    pub async fn delete(&self, target: &str) -> Reply {
        self.send(Event::new("DELETE", target)).await
    }

    /// Stores a project.
    pub async fn add(&self, project: Project) {
        self.operator
            .session(Duration::from_secs(5))
            .projects()
            .create(&project, Takeover::Allow)
            .await
            .unwrap();
    }

    /// Stores a token and returns it. Its text is derived from its label.
    pub async fn issue(&self, settings: NewToken) -> String {
        let token = format!("rlat-{}", settings.label.replace(' ', "-"));
        let hash = PlainToken::from(token.clone()).hash();
        self.operator
            .session(Duration::from_secs(5))
            .tokens()
            .create(hash, settings)
            .await
            .unwrap();
        token
    }

    /// Deletes one item directly, to simulate a partial restore or an expired TTL.
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

    /// Returns all items of the table.
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

/// The service on this store, with this clock.
fn service(store: &Store, settings: Settings, clock: &Clock) -> App {
    let clock = clock.clone();
    App::new(store.clone(), settings, move || clock.now())
}

/// Describes a token of scope `api` that never expires and has one role in one project.
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

/// Builds a project without storing it.
pub fn project(id: u64, path: &str, visibility: Visibility) -> Project {
    Project {
        id: ProjectId::new(id).unwrap(),
        path: ProjectPath::parse(path).unwrap(),
        visibility,
    }
}
