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

/// How often the SDK makes a call at the most, the first time included.
const MAX_ATTEMPTS: u32 = 4;
/// The longest pause before the first repetition; each is a random part of twice the one before.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// The longest pause before any repetition.
const MAX_BACKOFF: Duration = Duration::from_secs(1);
/// DynamoDB answers in milliseconds: what takes so long is lost, and repeated while there is time.
const ATTEMPT_TIME: Duration = Duration::from_secs(2);
/// How long a connection may take to open.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// The warm-up call has one attempt more, for endpoints whose certificates are not Amazon's
/// (`aws::https_client`), and that one at once.
const WARM_UP_ATTEMPTS: u32 = 2;
const WARM_UP_BACKOFF: Duration = Duration::from_millis(1);

/// A handle on the table; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    /// Made with the first call, because the SDK parses all partitions of AWS for it, and not every
    /// request makes a call.
    client: Arc<LazyClient>,
    table: String,
}

type LazyClient = LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>;

impl Store {
    /// The table of this name behind the client that `sdk` describes; how long it waits and how
    /// often it repeats a call is decided here.
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
    /// so that the first request does not wait for DNS, TCP and TLS. It waits for `time` at the
    /// most, and makes no call if that is zero. A failure is ignored: the first request will meet
    /// it again and say so.
    pub async fn warm_up(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        let retries = RetryConfig::standard()
            .with_max_attempts(WARM_UP_ATTEMPTS)
            .with_initial_backoff(WARM_UP_BACKOFF);
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
