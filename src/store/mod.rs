//! The store: links, releases, projects and tokens in one DynamoDB table. No other module calls
//! DynamoDB.
//!
//! A [`StoreSession`] sends single calls and transactions. Every write that depends on an earlier
//! read has a condition that the item is unchanged.

mod deletion;
mod entities;
mod error;
mod keys;
mod links;
mod list;
mod projects;
mod restore;
mod tokens;
mod transaction;

pub use deletion::Deletion;
pub use error::{AdminError, StoreError};
pub use links::CreatedLink;
pub use projects::ProjectChanges;
pub use restore::{ReleaseBackup, RestoreOutcome, RestoredLink};

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, ReturnConsumedCapacity, ReturnValue,
};
use aws_sdk_dynamodb::{Client, Config};
use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;

use entities::Item;
use error::failure;

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
/// Largest number of retries of a conflicting transaction or of the unprocessed part of a batch.
const MAX_RETRIES: usize = 12;

/// A handle on the table; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    /// Created with the first call: the SDK parses all AWS partitions for it, and some requests
    /// need no call.
    client: Arc<LazyClient>,
    table: String,
}

type LazyClient = LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>;

/// The DynamoDB usage of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// DynamoDB calls, without the SDK's retries.
    pub calls: u32,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

/// The store during one request.
#[derive(Debug)]
pub struct StoreSession<'a> {
    store: &'a Store,
    deadline: Instant,
    usage: Mutex<Usage>,
}

impl Store {
    /// The table with this name. The timeouts and retries of the client are set here.
    #[must_use]
    pub fn new(sdk: aws_sdk_dynamodb::config::Builder, table: String) -> Self {
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

    /// Starts a session with this time limit for all its calls together.
    #[must_use]
    pub fn session(&self, time_left: Duration) -> StoreSession<'_> {
        StoreSession {
            store: self,
            deadline: Instant::now() + time_left,
            usage: Mutex::default(),
        }
    }
}

impl StoreSession<'_> {
    /// The usage so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one call within the request's time limit. The SDK retries whatever is safe to retry.
    ///
    /// The SDK's futures take about 5 KB. They are boxed, so that the futures of all stages around
    /// them stay small and are cheap to move.
    async fn call<T, E>(
        &self,
        send: Pin<Box<impl Future<Output = Result<T, SdkError<E>>>>>,
    ) -> Result<Result<T, SdkError<E>>, StoreError> {
        self.note(|usage| usage.calls += 1);
        tokio::time::timeout_at(self.deadline, send)
            .await
            .map_err(|_| {
                StoreError::Unavailable(
                    "DynamoDB did not respond before the invocation's deadline".to_owned(),
                )
            })
    }

    /// Sends a call whose errors the caller does not handle.
    async fn send<T, E>(
        &self,
        send: Pin<Box<impl Future<Output = Result<T, SdkError<E>>>>>,
    ) -> Result<T, StoreError>
    where
        E: std::error::Error + ProvideErrorMetadata + Debug + 'static,
    {
        self.call(send).await?.map_err(failure)
    }

    /// Reads one item.
    async fn get_item(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let request = self
            .store
            .client
            .get_item()
            .table_name(&self.store.table)
            .set_key(Some(key))
            .consistent_read(true);
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send(Box::pin(request.send())).await?;
        self.note_read(output.consumed_capacity());
        Ok(output.item)
    }

    /// Updates or creates one item, and returns its key and the updated attributes.
    async fn update_item<const N: usize>(
        &self,
        key: Item,
        expression: &str,
        values: [(&str, AttributeValue); N],
    ) -> Result<Item, StoreError> {
        let request = self
            .store
            .client
            .update_item()
            .table_name(&self.store.table)
            .set_key(Some(key.clone()));
        let values = values.map(|(name, value)| (name.to_owned(), value)).into();
        let request = request
            .update_expression(expression)
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::UpdatedNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send(Box::pin(request.send())).await?;
        self.note_write(output.consumed_capacity());
        // DynamoDB omits the key, which the log names if the item is corrupt.
        Ok(output.attributes.into_iter().flatten().chain(key).collect())
    }

    /// Reads all items of a partition, in the order of their sort keys.
    async fn query_all(&self, partition: &str) -> Result<Vec<Item>, StoreError> {
        let request = self
            .store
            .client
            .query()
            .table_name(&self.store.table)
            .consistent_read(true);
        let pages = request
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
            .into_paginator();
        self.send(Box::pin(pages.items().send().collect())).await
    }

    /// Sends a batch, and then sends its unprocessed requests again until none is left. `send`
    /// makes one call, and returns the items that it read and the unprocessed requests.
    async fn retry_unprocessed<T, F>(
        &self,
        mut left: Vec<T>,
        mut send: impl FnMut(Vec<T>) -> F,
    ) -> Result<Vec<Item>, StoreError>
    where
        F: Future<Output = Result<(Vec<Item>, Vec<T>), StoreError>>,
    {
        let mut items = Vec::new();
        let mut delays = self.backoff().build();
        loop {
            let (read, unprocessed) = send(left).await?;
            items.extend(read);
            if unprocessed.is_empty() {
                return Ok(items);
            }
            left = unprocessed;
            let delay = delays.next();
            let delay = delay.ok_or_else(|| {
                StoreError::Unavailable("DynamoDB left a batch unprocessed".to_owned())
            })?;
            tokio::time::sleep(delay).await;
        }
    }

    /// Notes the capacity of a read.
    fn note_read<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.note(|usage| usage.read_units += units(consumed));
    }

    /// Notes the capacity of a write.
    fn note_write<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.note(|usage| usage.write_units += units(consumed));
    }

    fn note(&self, add: impl FnOnce(&mut Usage)) {
        add(&mut self.usage.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The delays between retries: exponential, each with jitter of up to its own length, within
    /// the request's time limit.
    fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(10))
            .with_max_delay(Duration::from_millis(500))
            .with_max_times(MAX_RETRIES)
            .with_total_delay(Some(
                self.deadline.saturating_duration_since(Instant::now()),
            ))
    }
}

fn units<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    consumed
        .into_iter()
        .filter_map(ConsumedCapacity::capacity_units)
        .sum()
}
