//! The table, and the client that calls DynamoDB.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use tokio::time::Instant;

use super::generations::Generations;
use super::write_limit::WriteLimit;

/// Largest number of attempts of a call by the SDK.
const MAX_ATTEMPTS: u32 = 4;
/// Longest delay before the first retry; each delay is random, up to twice the previous limit.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// Longest delay before any retry.
const MAX_BACKOFF: Duration = Duration::from_secs(1);
/// Timeout of an attempt. DynamoDB responds within milliseconds, so a slower attempt is considered
/// lost and is retried.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout for opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A table and the client for it; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Created with the first call: the SDK parses all AWS partitions for it, and some requests
    /// need no call.
    pub(super) client: Arc<LazyClient>,
    pub(super) name: String,
    /// What this process knows about releases that do not live in generation 1.
    pub(super) generations: Generations,
    /// The time of DynamoDB, if this process asks for it.
    pub(super) server_time: ServerTime,
    /// The write units of a long command; requests have no limit of their own.
    pub(super) write_limit: Option<Arc<WriteLimit>>,
}

/// The last time that DynamoDB reported, and when it did; all clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerTime(Arc<Mutex<Option<(SystemTime, Instant)>>>);

impl ServerTime {
    /// DynamoDB reported this time.
    pub(super) fn set(&self, time: SystemTime) {
        let reported = Some((time, Instant::now()));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reported;
    }

    /// The current time of DynamoDB; `None` if it has not reported any.
    pub(super) fn get(&self) -> Option<SystemTime> {
        let reported = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reported.map(|(time, since)| time + since.elapsed())
    }
}

pub(super) type LazyClient = LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>;

impl Table {
    /// The table with this name. The timeouts and retries of the client are set here.
    pub(super) fn new(sdk: Builder, name: String) -> Self {
        let retries = RetryConfig::standard()
            .with_max_attempts(MAX_ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(MAX_BACKOFF);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let config = sdk.retry_config(retries).timeout_config(timeouts).build();
        Self {
            client: Arc::new(LazyLock::new(Box::new(|| Client::from_conf(config)))),
            name,
            generations: Generations::default(),
            server_time: ServerTime::default(),
            write_limit: None,
        }
    }
}
