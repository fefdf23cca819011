//! Single calls within the time limit of a request or of an operator's command.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, ReturnConsumedCapacity, ReturnValue, Select,
};
use tokio::time::Instant;

use super::cause::Cause;
use super::condition::{Condition, present};
use super::error::{StoreError, failure};
use super::items::{Item, epoch_seconds};
use super::keys::Key;
use super::range::Range;
use super::rounds::Rounds;
use super::schema::attribute::{PK, SK};
use super::table::Table;

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

/// The table during one request, or during a part of an operator's command.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub(super) table: &'a Table,
    /// No call and no delay ends after it.
    deadline: Instant,
    started: Instant,
    /// The wall clock when the session started.
    now: SystemTime,
    usage: Mutex<Usage>,
}

/// How long a long command waits before it tries again what DynamoDB has throttled several times.
const THROTTLED: Duration = Duration::from_secs(2);

/// What a query reads of the items in its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// All their attributes.
    Items,
    /// Their keys.
    Keys,
    /// Nothing but their number.
    Count,
}

impl<'a> Session<'a> {
    /// Starts at this time, with this time limit for all calls together.
    pub(super) fn new(table: &'a Table, time_left: Duration, now: SystemTime) -> Self {
        let started = Instant::now();
        Self {
            table,
            deadline: started + time_left,
            started,
            now,
            usage: Mutex::default(),
        }
    }

    /// The time when the session started.
    pub(super) fn start(&self) -> SystemTime {
        self.now
    }

    /// The current time: that of DynamoDB, if this process asks for it.
    pub(super) fn time(&self) -> SystemTime {
        let server_time = self.table.server_time.get();
        server_time.unwrap_or_else(|| self.now + self.started.elapsed())
    }

    /// The current time, in seconds since 1970.
    pub(super) fn seconds(&self) -> u64 {
        epoch_seconds(self.time())
    }

    /// The time of the deadline, in seconds since 1970, rounded up.
    pub(super) fn deadline_seconds(&self) -> u64 {
        self.seconds() + self.time_left().as_secs() + 2
    }

    /// The time that is left.
    pub(super) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The usage so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The attempts of one call.
    pub(super) fn attempts(&self) -> Rounds {
        Rounds::for_call(self.deadline)
    }

    /// The rounds of a change that begins again with a read.
    pub(super) fn changes(&self) -> Rounds {
        Rounds::for_change(self.deadline)
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
        condition: Condition,
    ) -> Result<Option<Item>, StoreError> {
        let mut all = condition.values();
        all.extend(values.map(|(name, value)| (name.to_owned(), value)));
        let request = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(key))
            .update_expression(expression)
            .set_condition_expression(condition.expression())
            .set_expression_attribute_values(present(all))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let mut attempts = self.attempts();
        let mut conflict = None;
        while attempts.next().await {
            let error = match self.call(Box::pin(request.clone().send())).await? {
                Ok(output) => {
                    self.note_write(output.consumed_capacity());
                    return Ok(Some(output.attributes.unwrap_or_default()));
                }
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => return Ok(None),
                Some(UpdateItemError::TransactionConflictException(_)) => {
                    conflict = Some(failure(error));
                }
                _ => return Err(failure(error)),
            }
        }
        Err(conflict.unwrap_or_else(|| StoreError::Unavailable("no time is left".into())))
    }

    /// One query: up to this many items or one megabyte.
    pub(super) async fn query(
        &self,
        range: &Range<'_>,
        reading: Reading,
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
            .key_condition_expression(format!("{PK} = :pk AND {SK} BETWEEN :first AND :last"))
            .expression_attribute_values(":pk", text(range.partition))
            .expression_attribute_values(":first", text(&range.first_key))
            .expression_attribute_values(":last", text(&range.last_key))
            .scan_index_forward(range.is_forward)
            .select(match reading {
                Reading::Items => Select::AllAttributes,
                Reading::Keys => Select::SpecificAttributes,
                Reading::Count => Select::Count,
            })
            .set_projection_expression((reading == Reading::Keys).then(|| format!("{PK}, {SK}")))
            .set_limit(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send(Box::pin(request.send())).await?;
        self.note_read(output.consumed_capacity());
        Ok(output)
    }

    /// Reads all items of a range.
    pub(super) async fn query_all(&self, range: &Range<'_>) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let output = self.query(range, Reading::Items, None, start);
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
        let units = units(consumed);
        self.note(|usage| usage.write_units += units);
        if let Some(limit) = &self.table.write_limit {
            limit.take(units);
        }
    }

    /// Waits until a long command may write again.
    pub(super) async fn pace(&self) {
        if let Some(limit) = &self.table.write_limit {
            limit.wait().await;
        }
    }

    /// Waits while DynamoDB throttles a long command. `false` means that nobody waits any longer.
    pub(super) async fn outlast_throttling(&self) -> bool {
        let is_patient = self.table.write_limit.is_some() && self.time_left() > 2 * THROTTLED;
        if is_patient {
            tokio::time::sleep(THROTTLED).await;
        }
        is_patient
    }

    pub(super) fn note(&self, add: impl FnOnce(&mut Usage)) {
        add(&mut self.usage.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn units<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    consumed
        .into_iter()
        .filter_map(ConsumedCapacity::capacity_units)
        .sum()
}
