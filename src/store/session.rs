//! The store during one request: its time limit and its consumed capacity.

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

/// Largest number of retries of a conflicting transaction or of the unprocessed part of a batch.
const MAX_RETRIES: usize = 12;

/// The DynamoDB usage of a request.
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
    /// Starts a request with this time limit for all its calls together.
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

    /// Sends a call whose errors the caller does not handle.
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
        // DynamoDB omits the key, which the log names if the item is corrupt.
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

    /// Sends a batch, and then sends its unprocessed requests again until none is left. `send`
    /// makes one call, and returns the items that it read and the unprocessed requests.
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

    /// The delays between retries: full jitter, within the request's time limit.
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

/// The error of a failed call, with all its causes for the log. An invalid call is a bug of this
/// service, so a retry is no use.
pub(super) fn failure<E>(error: SdkError<E>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + Debug + 'static,
{
    let is_invalid = matches!(
        error.code(),
        Some("ValidationException" | "SerializationException")
    );
    let is_untrusted = causes(&error).any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(rustls::Error::InvalidCertificate(_))
        )
    });
    let mut cause = DisplayErrorContext(error).to_string();
    if is_untrusted {
        cause +=
            "; set SSL_CERT_FILE to the certificates of the authority that issued the endpoint's";
    }
    if is_invalid {
        StoreError::InvalidCall(cause)
    } else {
        StoreError::Unavailable(cause)
    }
}

/// The error and its causes. The source of an I/O error is not the error that it wraps, but the
/// source of that one.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<std::io::Error>() {
            Some(error) => error.get_ref().map(|wrapped| wrapped as _),
            None => error.source(),
        }
    })
}
