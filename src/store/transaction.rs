//! Transactions of named steps.
//!
//! DynamoDB says by position which steps of a transaction it refused. Each step is added together with its name, so
//! that a position never has to be counted.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, ReturnConsumedCapacity, TransactWriteItem};
use backon::{ExponentialBuilder, Retryable};

use super::Session;
use super::item::Item;
use super::keys::Key;
use super::session::unavailable;
use crate::error::Error;
use crate::link::{LinkId, Violation};

/// What a step of a transaction is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The link itself: absent before a creation, unchanged since it was read before a change.
    Link,
    /// An item that makes a name, url or filepath unique; refused if another link has it.
    Take(Violation),
    /// A taken-item of the link's own that changes or goes with it.
    Own,
}

/// Why a transaction was not carried out. Nothing of it was.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The conditions of these steps do not hold.
    Steps(Vec<Step>),
    /// Another transaction is at work on one of the items; trying again will help.
    Conflict,
    /// The table is out of reach.
    Failed(Error),
}

/// A transaction in the making.
#[derive(Debug, Default, Clone)]
pub(super) struct Transaction {
    names: Vec<Step>,
    items: Vec<TransactWriteItem>,
}

const IS_ABSENT: &str = "attribute_not_exists(pk)";
const IS_OF_LINK: &str = "link_id = :expected";
const IS_OF_REVISION: &str = "revision = :expected";

impl Transaction {
    /// Writes an item that must not be there.
    pub(super) fn put_new(&mut self, name: Step, table: &str, item: Item) {
        self.put(name, Put::builder().table_name(table).set_item(Some(item)).condition_expression(IS_ABSENT));
    }

    /// Replaces a link that must still be of this revision.
    pub(super) fn replace_link(&mut self, table: &str, item: Item, revision: u64) {
        let put = Put::builder().table_name(table).set_item(Some(item)).condition_expression(IS_OF_REVISION);
        self.put(Step::Link, put.expression_attribute_values(":expected", number(revision)));
    }

    /// Replaces a taken-item that must still be of this link.
    pub(super) fn replace_own(&mut self, table: &str, item: Item, owner: LinkId) {
        let put = Put::builder().table_name(table).set_item(Some(item)).condition_expression(IS_OF_LINK);
        self.put(Step::Own, put.expression_attribute_values(":expected", number(owner)));
    }

    /// Removes a link that must still be of this revision.
    pub(super) fn delete_link(&mut self, table: &str, key: Key, revision: u64) {
        self.delete(Step::Link, table, key, IS_OF_REVISION, number(revision));
    }

    /// Removes a taken-item that must still be of this link.
    pub(super) fn delete_own(&mut self, table: &str, key: Key, owner: LinkId) {
        self.delete(Step::Own, table, key, IS_OF_LINK, number(owner));
    }

    fn put(&mut self, name: Step, put: aws_sdk_dynamodb::types::builders::PutBuilder) {
        // The builder only fails without a table name and an item, and both are set by every caller.
        self.names.push(name);
        self.items.push(TransactWriteItem::builder().set_put(put.build().ok()).build());
    }

    fn delete(&mut self, name: Step, table: &str, key: Key, condition: &str, expected: AttributeValue) {
        let delete = Delete::builder().table_name(table).set_key(Some(key)).condition_expression(condition);
        let delete = delete.expression_attribute_values(":expected", expected);
        self.names.push(name);
        self.items.push(TransactWriteItem::builder().set_delete(delete.build().ok()).build());
    }

    /// Carries the transaction out, all of it or nothing. Conflicts with other transactions are waited out, with full
    /// jitter, for as long as the request has time.
    pub(super) async fn commit(self, session: &Session<'_>) -> Result<(), Refusal> {
        let attempt = || self.attempt(session);
        let backoff = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(std::time::Duration::from_millis(10))
            .with_max_delay(std::time::Duration::from_millis(500))
            .without_max_times()
            .with_total_delay(Some(session.time_left()));
        attempt.retry(backoff).when(|refusal| matches!(refusal, Refusal::Conflict)).await
    }

    async fn attempt(&self, session: &Session<'_>) -> Result<(), Refusal> {
        let request = session.store.client.transact_write_items().set_transact_items(Some(self.items.clone()));
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        match session.call(request.send()).await.map_err(Refusal::Failed)? {
            Ok(output) => {
                session.note_write(output.consumed_capacity());
                Ok(())
            }
            Err(error) => Err(self.refusal(error)),
        }
    }

    fn refusal(&self, error: SdkError<TransactWriteItemsError>) -> Refusal {
        let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
            return Refusal::Failed(unavailable(error));
        };
        let codes: Vec<&str> =
            canceled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect();
        let refused = |(name, code): (&Step, &&str)| (*code == "ConditionalCheckFailed").then_some(*name);
        let steps: Vec<Step> = self.names.iter().zip(&codes).filter_map(refused).collect();
        if !steps.is_empty() {
            Refusal::Steps(steps)
        } else if codes.contains(&"TransactionConflict") {
            Refusal::Conflict
        } else {
            Refusal::Failed(unavailable(error))
        }
    }
}

impl From<Refusal> for Error {
    /// For a refusal that the caller has no better answer to.
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Steps(steps) => Self::Unavailable(format!("the table changed under the request at {steps:?}")),
            Refusal::Conflict => Self::Unavailable("other transactions are at work on the same link".to_owned()),
            Refusal::Failed(error) => error,
        }
    }
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
