//! The store: links, releases, projects and tokens in one DynamoDB table. No other module calls
//! DynamoDB.
//!
//! A [`StoreSession`] sends single calls and transactions. Every write that depends on an earlier
//! read has a condition that the item is unchanged.

mod batch;
mod cause;
mod deletion;
mod entities;
mod error;
mod idempotency;
mod keys;
mod links;
mod list;
mod projects;
mod release_creation;
mod release_deletion;
mod release_order;
mod releases;
mod reservation;
mod restore;
mod tokens;
mod transaction;
mod uniqueness;

pub use cause::{Cause, FailedCall, FailureKind};
pub use deletion::Deletion;
pub use error::{AdminError, FormerOwner, StoreError};
pub use links::CreatedLink;
pub use projects::{ProjectChanges, Takeover};
pub use release_creation::CreatedRelease;
pub use release_order::ReleaseEntry;
pub use restore::{ReleaseBackup, RestoreOutcome, RestoredLink};

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, ReturnConsumedCapacity, ReturnValue, Select,
};
use aws_sdk_dynamodb::{Client, Config};
use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;

use entities::Item;
use error::failure;
use keys::Key;
use transaction::number;

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

/// A range of a partition's sort keys.
#[derive(Debug, Clone)]
struct Range<'a> {
    partition: &'a str,
    first_key: String,
    last_key: String,
    is_forward: bool,
    /// Of unique-constraint items, only those of links above this ID; 0 means all items.
    only_links_after: u64,
}

impl<'a> Range<'a> {
    /// From one sort key to another one, both included, in ascending order.
    fn between(partition: &'a str, first_key: &str, last_key: &str) -> Self {
        Self {
            partition,
            first_key: first_key.to_owned(),
            last_key: last_key.to_owned(),
            is_forward: true,
            only_links_after: 0,
        }
    }

    /// A whole partition. All sort keys begin with a digit or a lower-case letter.
    fn whole(partition: &'a str) -> Self {
        Self::between(partition, "0", "~")
    }

    /// The same range in descending order.
    fn backward(self) -> Self {
        Self {
            is_forward: false,
            ..self
        }
    }
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
                StoreError::Unavailable(Cause::no_response(
                    "DynamoDB did not respond before the invocation's deadline",
                ))
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

    /// Updates or creates one item, and returns it. `None` means that it does not fulfil the
    /// condition. A conflict with a transaction is retried.
    async fn update_item<const N: usize>(
        &self,
        key: Key,
        expression: &str,
        values: [(&str, AttributeValue); N],
        condition: Option<&str>,
    ) -> Result<Option<Item>, StoreError> {
        let values = values.map(|(name, value)| (name.to_owned(), value));
        let request = self
            .store
            .client
            .update_item()
            .table_name(&self.store.table)
            .set_key(Some(key))
            .update_expression(expression)
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(Some(values.into()))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let mut delays = self.backoff().build();
        loop {
            let answer = self.call(Box::pin(request.clone().send())).await?;
            let error = match answer {
                Ok(output) => {
                    self.note_write(output.consumed_capacity());
                    return Ok(Some(output.attributes.unwrap_or_default()));
                }
                Err(error) => error,
            };
            let refusal = error.as_service_error();
            if refusal.is_some_and(UpdateItemError::is_conditional_check_failed_exception) {
                return Ok(None);
            }
            let conflict = refusal.filter(|error| error.is_transaction_conflict_exception());
            match conflict.and_then(|_| delays.next()) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(failure(error)),
            }
        }
    }

    /// One query: up to this many items or one megabyte.
    async fn query(
        &self,
        range: &Range<'_>,
        select: Select,
        limit: Option<u64>,
        start: Option<Item>,
    ) -> Result<QueryOutput, StoreError> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let request = self
            .store
            .client
            .query()
            .table_name(&self.store.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", text(range.partition))
            .expression_attribute_values(":first", text(&range.first_key))
            .expression_attribute_values(":last", text(&range.last_key))
            .scan_index_forward(range.is_forward)
            .select(select)
            .set_limit(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let request = match range.only_links_after {
            0 => request,
            deleted_through => request
                .filter_expression("link_id > :deleted_through")
                .expression_attribute_values(":deleted_through", number(deleted_through)),
        };
        let output = self.send(Box::pin(request.send())).await?;
        self.note_read(output.consumed_capacity());
        Ok(output)
    }

    /// Reads all items of a range.
    async fn query_all(&self, range: &Range<'_>) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let output = self.query(range, Select::AllAttributes, None, start);
            let output = output.await?;
            items.extend(output.items.unwrap_or_default());
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
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
