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
use dynoxide::Database;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent};
use release_links::app::App;
use release_links::config::Settings;
use release_links::http::public_url::PublicUrl;
use release_links::project::{Project, ProjectId, ProjectPath, Role, Visibility};
use release_links::store::Store;
use release_links::token::{Grants, NewToken, PlainToken, Scope};
use serde_json::Value;

use crate::event::Event;
use crate::reply::Reply;
use crate::{engine, seed};

/// The name of the table.
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
    let store = Store::new(engine::client_config(address), TABLE.to_owned());
    seed::seed(&store, &client, TABLE).await.unwrap();
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

/// The settings of a function with this public URL.
pub fn config(public_url: Option<PublicUrl>) -> Settings {
    Settings {
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
    /// The service.
    pub app: Arc<App>,
    /// Its store.
    pub store: Store,
    /// A client of its engine, for what no request does.
    pub client: Client,
    /// The address of its engine.
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
                Settings::read(get).unwrap(),
                clock,
            )),
            ..self.clone()
        }
    }

    /// Sends an event.
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
