//! One request's way to the table: how long it may take, and what it cost.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, ReturnConsumedCapacity, ReturnValue,
};
use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;

use super::Store;
use super::entities::Item;
use super::error::StoreError;

/// How often a transaction that met a conflict, or the unprocessed part of a batch, is retried.
const MAX_RETRIES: usize = 12;

/// What a request cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Calls of DynamoDB operations.
    pub calls: u32,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

/// The store during one request.
#[derive(Debug)]
pub struct StoreSession<'a> {
    pub(super) store: &'a Store,
    deadline: Instant,
    usage: Mutex<Usage>,
}

impl Store {
    /// Starts a request that has this long for all its calls together.
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
    /// What the request cost so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one call and gives up when the request's time is over. The SDK repeats by itself what
    /// is safe to repeat.
    ///
    /// The SDK's futures are some 5 KB large. They come boxed, so that not each station on the way
    /// to here has to be as large, and to be moved.
    pub(super) async fn call<T, E>(
        &self,
        send: Pin<Box<impl Future<Output = Result<T, SdkError<E>>>>>,
    ) -> Result<Result<T, SdkError<E>>, StoreError> {
        self.note(|usage| usage.calls += 1);
        tokio::time::timeout_at(self.deadline, send)
            .await
            .map_err(|_| {
                StoreError::Unavailable(
                    "DynamoDB did not answer within the time of the invocation".to_owned(),
                )
            })
    }

    /// Makes one call of which no failure is an answer.
    pub(super) async fn send<T, E>(
        &self,
        send: Pin<Box<impl Future<Output = Result<T, SdkError<E>>>>>,
    ) -> Result<T, StoreError>
    where
        E: std::error::Error + ProvideErrorMetadata + Debug + 'static,
    {
        self.call(send).await?.map_err(failure)
    }

    /// Reads one item.
    pub(super) async fn get_item(&self, key: Item) -> Result<Option<Item>, StoreError> {
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

    /// Updates one item, or makes it, and returns its key and what was updated.
    pub(super) async fn update_item<const N: usize>(
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
        // DynamoDB leaves the key out; the log names it, should the item be out of shape.
        Ok(output.attributes.into_iter().flatten().chain(key).collect())
    }

    /// Reads all items of a partition, in the order of their sort keys.
    pub(super) async fn query_all(&self, partition: &str) -> Result<Vec<Item>, StoreError> {
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

    /// Sends a batch, and then what DynamoDB left unprocessed of it, until nothing is. `send` makes
    /// one call, and returns the items that it read and the requests that are unprocessed.
    pub(super) async fn retry_unprocessed<T, F>(
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
    pub(super) fn note_read<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.note(|usage| usage.read_units += units(consumed));
    }

    /// Notes the capacity of a write.
    pub(super) fn note_write<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.note(|usage| usage.write_units += units(consumed));
    }

    fn note(&self, add: impl FnOnce(&mut Usage)) {
        add(&mut self.usage.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// How what may be repeated is repeated: with full jitter, for as long as the request has time.
    pub(super) fn backoff(&self) -> ExponentialBuilder {
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

/// A failure of a call, with the whole chain of its causes for the log. A call that DynamoDB finds
/// invalid is a fault of this service, which does not pass.
pub(super) fn failure<E>(error: SdkError<E>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + Debug + 'static,
{
    let is_invalid = matches!(
        error.code(),
        Some("ValidationException" | "SerializationException")
    );
    let cause = DisplayErrorContext(error).to_string();
    if is_invalid {
        StoreError::InvalidCall(cause)
    } else {
        StoreError::Unavailable(cause)
    }
}
