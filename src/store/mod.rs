//! The store: links, releases, projects and tokens in one DynamoDB table. No other module calls
//! DynamoDB.
//!
//! Each step of a [`StoreSession`] is one call or one transaction. Every write that depends on an
//! earlier read has a condition that the item is unchanged.

mod deletion;
mod entities;
mod error;
mod keys;
mod links;
mod list;
mod projects;
mod session;
mod tokens;
mod transaction;

pub use deletion::Deletion;
pub use error::{AdminError, StoreError};
pub use links::CreatedLink;
pub use projects::ProjectChanges;
pub use session::{StoreSession, Usage};

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::{Client, Config};

/// Largest number of attempts of a call by the SDK.
const MAX_ATTEMPTS: u32 = 4;
/// Longest delay before the first retry; each delay is random, up to twice the previous limit.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// Longest delay before any retry.
const MAX_BACKOFF: Duration = Duration::from_secs(1);
/// Timeout of an attempt. DynamoDB responds within milliseconds, so a slower attempt is lost and
/// retried.
const ATTEMPT_TIME: Duration = Duration::from_secs(2);
/// Timeout for opening a connection.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// A handle on the table; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    /// Created with the first call: the SDK parses all AWS partitions for it, and some requests
    /// need no call.
    client: Arc<LazyClient>,
    table: String,
}

type LazyClient = LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>;

impl Store {
    /// The table with this name. The timeouts and retries of the client are set here.
    #[must_use]
    pub fn new(sdk: aws_sdk_dynamodb::config::Builder, table: String) -> Self {
        let retries = RetryConfig::standard()
            .with_max_attempts(MAX_ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(MAX_BACKOFF);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIME)
            .operation_attempt_timeout(ATTEMPT_TIME)
            .build();
        let config = sdk.retry_config(retries).timeout_config(timeouts).build();
        Self {
            client: Arc::new(LazyLock::new(Box::new(|| Client::from_conf(config)))),
            table,
        }
    }

    /// Opens the connection to DynamoDB with the cheapest call that the function's policy allows,
    /// so that the first request does not wait for DNS, TCP and TLS. It waits for `time` or less;
    /// zero disables the call. A failure is ignored, because the first request meets it again and
    /// reports it.
    pub async fn warm_up(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        let retries = RetryConfig::disabled();
        let call = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::project_by_id(0)))
            .customize();
        let call = call
            .config_override(Config::builder().retry_config(retries))
            .send();
        if let Err(error) = self.session(time).send(Box::pin(call)).await {
            tracing::debug!(cause = %error, "the warm-up call failed");
        }
    }
}
