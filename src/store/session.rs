//! Single calls within the time limit of a request or of an operator's command.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, ReturnConsumedCapacity, ReturnValue, Select,
};
use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;

use super::cause::Cause;
use super::entities::Item;
use super::error::{StoreError, failure};
use super::keys::Key;
use super::table::Table;
use super::transaction::number;

/// Largest number of retries of a conflicting transaction or of the unprocessed part of a batch.
const MAX_RETRIES: usize = 12;

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
pub struct Session<'a> {
    pub(super) table: &'a Table,
    pub(super) deadline: Instant,
    usage: Mutex<Usage>,
}

/// A range of a partition's sort keys.
#[derive(Debug, Clone)]
pub(super) struct Range<'a> {
    pub(super) partition: &'a str,
    pub(super) first_key: String,
    pub(super) last_key: String,
    pub(super) is_forward: bool,
    /// Of unique-constraint items, only those of links above this ID; 0 means all items.
    pub(super) only_links_after: u64,
}

impl<'a> Range<'a> {
    /// From one sort key to another one, both included, in ascending order.
    pub(super) fn between(partition: &'a str, first_key: &str, last_key: &str) -> Self {
        Self {
            partition,
            first_key: first_key.to_owned(),
            last_key: last_key.to_owned(),
            is_forward: true,
            only_links_after: 0,
        }
    }

    /// A whole partition. All sort keys begin with a digit or a lower-case letter.
    pub(super) fn whole(partition: &'a str) -> Self {
        Self::between(partition, "0", "~")
    }

    /// The same range in descending order.
    pub(super) fn backward(self) -> Self {
        Self {
            is_forward: false,
            ..self
        }
    }
}

impl<'a> Session<'a> {
    /// Starts with this time limit for all calls together.
    pub(super) fn new(table: &'a Table, time_left: Duration) -> Self {
        Self {
            table,
            deadline: Instant::now() + time_left,
            usage: Mutex::default(),
        }
    }

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
                StoreError::Unavailable(Cause::no_response(
                    "DynamoDB did not respond before the invocation's deadline",
                ))
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
            .table
            .client
            .get_item()
            .table_name(&self.table.name)
            .set_key(Some(key))
            .consistent_read(true);
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send(Box::pin(request.send())).await?;
        self.note_read(output.consumed_capacity());
        Ok(output.item)
    }

    /// Updates or creates one item, and returns it. `None` means that it does not fulfil the
    /// condition. A conflict with a transaction is retried.
    pub(super) async fn update_item<const N: usize>(
        &self,
        key: Key,
        expression: &str,
        values: [(&str, AttributeValue); N],
        condition: Option<&str>,
    ) -> Result<Option<Item>, StoreError> {
        let values = values.map(|(name, value)| (name.to_owned(), value));
        let request = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
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
    pub(super) async fn query(
        &self,
        range: &Range<'_>,
        select: Select,
        limit: Option<u64>,
        start: Option<Item>,
    ) -> Result<QueryOutput, StoreError> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let request = self
            .table
            .client
            .query()
            .table_name(&self.table.name)
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
    pub(super) async fn query_all(&self, range: &Range<'_>) -> Result<Vec<Item>, StoreError> {
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
    pub(super) fn note_read<'c>(&self, consumed: impl IntoIterator<Item = &'c ConsumedCapacity>) {
        self.note(|usage| usage.read_units += units(consumed));
    }

    /// Notes the capacity of a write.
    pub(super) fn note_write<'c>(&self, consumed: impl IntoIterator<Item = &'c ConsumedCapacity>) {
        self.note(|usage| usage.write_units += units(consumed));
    }

    pub(super) fn note(&self, add: impl FnOnce(&mut Usage)) {
        add(&mut self.usage.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The delays between retries: exponential, each with jitter of up to its own length, within
    /// the request's time limit.
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
