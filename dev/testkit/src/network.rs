//! A network between the SDK and the engine, on which calls meet each other as they do at DynamoDB.
//!
//! A [`Network`] belongs to one engine. Each process of the service has a [`Connection`] of its
//! own, which replaces the SDK's HTTP client, so the SDK's retries and timeouts are part of every
//! test. The engine runs each call at once: the thread waits for its answer. A test may therefore
//! pause tokio's clock; then latency takes no time and a run can be repeated exactly.
//!
//! A call that was sent arrives, even if the process stops waiting for it.

mod call;
mod dynamodb;
mod engine;
mod faults;
mod hold;
mod latency;
mod moments;
pub mod process;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use release_links::store::Store;
use release_links::store::operator::Operator;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::TABLE;
use crate::database::Database;
use crate::seed;

use self::dynamodb::DynamoDb;
use self::engine::Answer;
use self::faults::{Fault, Faults, Split};
use self::hold::Rule;

pub use self::call::{Call, Key};
pub use self::faults::{Rates, Tally};
pub use self::hold::{Hold, Point};
pub use self::latency::Latency;

/// The network of one engine.
#[derive(Debug, Clone)]
pub struct Network(Arc<DynamoDb>);

impl Network {
    /// The network of the engine with this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self(Arc::new(DynamoDb::new(database)))
    }

    /// The network of a new engine with the table and the data of [`seed`].
    ///
    /// # Panics
    ///
    /// If the engine refuses them.
    pub async fn seeded() -> Self {
        let network = Self::new(Database::memory());
        let (operator, client) = (
            network.connect().operator(TABLE),
            network.connect().client(),
        );
        crate::engine::create_table(&client, TABLE).await.unwrap();
        seed::seed(&operator, &client, TABLE).await.unwrap();
        network
    }

    /// Connects another process, or the operator. Its calls have no latency at first.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection(Arc::new(State {
            dynamodb: Arc::clone(&self.0),
            latency: Mutex::new(Latency::None),
            rules: Mutex::default(),
            calls: Mutex::default(),
            faults: Mutex::new(Faults::new(0, Rates::NONE)),
            is_dead: watch::Sender::new(false),
        }))
    }
}

/// The HTTP client of one process.
#[derive(Debug, Clone)]
pub struct Connection(Arc<State>);

#[derive(Debug)]
struct State {
    dynamodb: Arc<DynamoDb>,
    latency: Mutex<Latency>,
    rules: Mutex<Vec<Rule>>,
    calls: Mutex<Vec<Call>>,
    faults: Mutex<Faults>,
    is_dead: watch::Sender<bool>,
}

impl Connection {
    /// The settings of a DynamoDB client that sends its calls here. It has a retry quota of its
    /// own, as a process has.
    #[must_use]
    pub fn config(&self) -> Builder {
        // Nothing is sent to this address.
        let address = SocketAddr::from(([127, 0, 0, 1], 8000));
        let quota = RetryPartition::custom("process").build();
        crate::engine::client_config(address)
            .http_client(self.clone())
            .retry_partition(quota)
    }

    /// The store of a process.
    #[must_use]
    pub fn store(&self, table: &str) -> Store {
        Store::new(self.config(), table.to_owned())
    }

    /// The operator's handle.
    #[must_use]
    pub fn operator(&self, table: &str) -> Operator {
        Operator::new(self.config(), table.to_owned())
    }

    /// A DynamoDB client.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::from_conf(self.config().build())
    }

    /// Sets the time that each call takes from now on.
    pub fn set_latency(&self, latency: Latency) {
        *self.0.latency.lock().unwrap() = latency;
    }

    /// Holds the call that is the `n`th, from 1, of those that match from now on, or its answer.
    pub fn hold(
        &self,
        point: Point,
        n: usize,
        matches: impl Fn(&Call) -> bool + Send + 'static,
    ) -> Hold {
        let (rule, hold) = hold::rule(point, n, matches);
        self.0.rules.lock().unwrap().push(rule);
        hold
    }

    /// Returns the calls that the SDK has sent since the last time, retries included.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.0.calls.lock().unwrap())
    }

    /// Draws faults from this seed from now on.
    pub fn set_faults(&self, seed: u64, rates: Rates) {
        *self.0.faults.lock().unwrap() = Faults::new(seed, rates);
    }

    /// How many of each fault happened since they were set.
    #[must_use]
    pub fn faults(&self) -> Tally {
        self.0.faults.lock().unwrap().tally.clone()
    }

    /// Kills the process: it sends nothing any more, and gets no answer.
    pub fn kill(&self) {
        self.0.is_dead.send_replace(true);
    }

    /// Whether the process is killed.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        *self.0.is_dead.borrow()
    }

    /// Waits until the process is killed.
    pub async fn killed(&self) {
        let mut is_dead = self.0.is_dead.subscribe();
        let killed = is_dead.wait_for(|is_dead| *is_dead).await;
        killed.expect("the connection exists");
    }

    /// Sends a call, with the fault that is due.
    async fn send(&self, call: Call) -> Result<Answer, ConnectorError> {
        if self.is_dead() {
            return std::future::pending().await;
        }
        self.0.calls.lock().unwrap().push(call.clone());
        let fault = self.0.faults.lock().unwrap().draw(&call);
        let answer = match fault {
            None => self.carry(call, Carriage::default()),
            Some(Fault::KilledBefore) => {
                self.kill();
                return std::future::pending().await;
            }
            Some(Fault::KilledAfter) => {
                // The call arrives although nobody waits for the answer.
                drop(self.carry(call, Carriage::default()));
                self.kill();
                return std::future::pending().await;
            }
            Some(Fault::CallLost) => return Err(reset()),
            Some(Fault::AnswerLost) => {
                arrived(self.carry(call, Carriage::default())).await?;
                return Err(reset());
            }
            Some(Fault::Copied(delay)) => {
                drop(self.carry(call.clone(), Carriage::late(delay)));
                self.carry(call, Carriage::default())
            }
            Some(Fault::Delayed(delay)) => self.carry(call, Carriage::late(delay)),
            Some(Fault::Unprocessed(request)) => return self.process_partly(call, request).await,
            Some(Fault::ShortPage(length)) => {
                self.carry(faults::with_limit(&call, length), Carriage::default())
            }
            Some(Fault::TwoMoments(split)) => self.carry(call, Carriage::split(split)),
        };
        arrived(answer).await
    }

    /// Carries a call to DynamoDB and its answer back. It arrives even if nobody awaits the answer.
    fn carry(&self, call: Call, carriage: Carriage) -> JoinHandle<Answer> {
        let held = self.held_at(&call);
        let duration = self.0.latency.lock().unwrap().draw();
        let dynamodb = Arc::clone(&self.0.dynamodb);
        tokio::spawn(async move {
            dynamodb::pass(carriage.delay).await;
            hold::wait(&held, Point::Call).await;
            let answer = dynamodb.answer(&call, duration, carriage.split).await;
            hold::wait(&held, Point::Answer).await;
            answer
        })
    }

    /// Sends a batch without one of its requests, which the answer returns as unprocessed.
    async fn process_partly(
        &self,
        mut call: Call,
        request: usize,
    ) -> Result<Answer, ConnectorError> {
        let (field, unprocessed) = faults::take_unprocessed(&mut call, request);
        let mut answer = if call.batch().is_empty() {
            Answer::success(json!({"Responses": {}}))
        } else {
            arrived(self.carry(call, Carriage::default())).await?
        };
        if answer.is_success() {
            answer.body[field] = unprocessed;
        }
        Ok(answer)
    }

    /// The holds of this call.
    fn held_at(&self, call: &Call) -> Vec<(Point, hold::Gate)> {
        let mut rules = self.0.rules.lock().unwrap();
        rules
            .iter_mut()
            .filter_map(|rule| rule.gate(call))
            .collect()
    }
}

impl HttpClient for Connection {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connection {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connection = self.clone();
        HttpConnectorFuture::new(
            async move { response(connection.send(Call::read(&request)).await?) },
        )
    }
}

/// How a call is carried.
#[derive(Debug, Clone, Copy, Default)]
struct Carriage {
    /// The time before it is on its way.
    delay: Duration,
    split: Option<Split>,
}

impl Carriage {
    fn late(delay: Duration) -> Self {
        Self { delay, split: None }
    }

    fn split(split: Split) -> Self {
        Self {
            delay: Duration::ZERO,
            split: Some(split),
        }
    }
}

async fn arrived(answer: JoinHandle<Answer>) -> Result<Answer, ConnectorError> {
    let answer = answer.await;
    answer.map_err(|error| ConnectorError::other(error.into(), None))
}

fn reset() -> ConnectorError {
    let error = io::Error::new(
        io::ErrorKind::ConnectionReset,
        "connection reset by the test",
    );
    ConnectorError::io(error.into())
}

fn response(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(answer.status)
        .map_err(|error| ConnectorError::other(error.into(), None))?;
    Ok(HttpResponse::new(
        status,
        SdkBody::from(answer.body.to_string()),
    ))
}
