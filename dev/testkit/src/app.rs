//! Runs the service in the test's process, with the DynamoDB engine in its own. Tests send gateway
//! events and receive parsed replies.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent};
use release_links::app::App;
use release_links::http::public_url::PublicUrl;
use release_links::project::{Project, ProjectId, ProjectPath, Role, Visibility};
use release_links::store::Store;
use release_links::store::operator::{Operator, Takeover};
use release_links::token::{Grants, NewToken, PlainToken, Scope};
use serde_json::Value;

use crate::calls::Calls;
use crate::clock::Clock;
use crate::database::Database;
use crate::description::{self, Asked, Seen};
use crate::event::Event;
use crate::reply::Reply;
use crate::{engine, seed};

/// The path of the seeded release's links, `v0.1` of project 24.
pub const LINKS: &str = "/api/v4/projects/24/releases/v0.1/assets/links";

pub use crate::engine::TABLE;
pub use crate::invariants::Item;

/// Starts a new engine with the table and the data from [`seed`].
pub async fn seeded_engine() -> SocketAddr {
    serve(Database::memory()).await
}

pub(crate) async fn serve(database: Database) -> SocketAddr {
    let address = database.serve();
    let client = engine::client(address);
    engine::create_table(&client, TABLE).await.unwrap();
    seed::seed(&engine::operator(address), &client, TABLE)
        .await
        .unwrap();
    address
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
    /// The database of the engine, if [`Self::start`] has started it.
    pub(crate) database: Option<Database>,
    pub(crate) calls: Calls,
    /// The setting `PUBLIC_URL`.
    pub(crate) public_url: Option<PublicUrl>,
    /// Collects what the responses show of the description of the API, if a test asks for it.
    pub(crate) seen: Option<Seen>,
}

impl TestApp {
    /// The database of the app's own engine, for bulk imports.
    #[must_use]
    pub fn database(&self) -> &Database {
        let database = self.database.as_ref();
        database.expect("the app has started an engine of its own")
    }

    /// Collects here what the responses show of the description of the API.
    #[must_use]
    pub fn collecting(mut self, seen: &Seen) -> Self {
        self.seen = Some(seen.clone());
        self
    }

    /// Returns the names of the DynamoDB calls since the last reset, each with the number of keys if
    /// it is a batch read, and resets the record. A [`Reply`] knows the calls of its own request.
    pub fn take_operations_and_keys(&self) -> Vec<(String, usize)> {
        self.calls.take()
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

    async fn invoke(&self, event: Value, context: Context) -> Reply {
        let asked = Asked::read(&event, self.public_url.as_ref());
        let before = self.calls.count();
        let response = self.respond(event, context).await;
        let reply = Reply::read(&response).with_calls(self.calls.after(before));
        description::check(&asked, &reply, self.seen.as_ref());
        reply
    }

    /// The response to an event, as the function returns it to Lambda.
    pub(crate) async fn respond(&self, event: Value, mut context: Context) -> Value {
        let payload: LambdaRequest =
            serde_json::from_value(event).expect("the event has the shape of a gateway event");
        context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
        let response = self.app.invoke(LambdaEvent::new(payload, context)).await;
        serde_json::to_value(response.unwrap()).unwrap()
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
        let token = token_with_label(&settings.label);
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

/// The text of the token that [`TestApp::issue`] stores with this label.
pub(crate) fn token_with_label(label: &str) -> String {
    format!("rlat-{}", label.replace(' ', "-"))
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
