//! Transactions of named steps.
//!
//! DynamoDB reports the failed steps of a transaction by position. Each step is added together with
//! its name, so that no code has to count positions.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnConsumedCapacity, TransactWriteItem, Update,
};
use uuid::Uuid;

use super::cause::Cause;
use super::condition::{Condition, present};
use super::error::{StoreError, failure};
use super::items::Item;
use super::keys::Key;
use super::session::Session;
use crate::excerpt::first_of;
use crate::link::Violation;
use crate::project::ProjectId;

/// Largest number of steps of a transaction, which is DynamoDB's limit.
pub(super) const MAX_STEPS: usize = 100;

/// The purpose of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Step {
    /// The link itself: absent before a creation, unchanged since it was read before a change.
    Link,
    /// The release: absent before a creation, unchanged since it was read before a change.
    Release,
    /// A new unique-constraint item; fails if it belongs to another link.
    Claim(Violation),
    /// The unique-constraint item of the link; fails if it belongs to another link.
    Kept(Violation),
    /// The work item of a generation.
    Work,
    /// Another item of the changed release, project or token itself.
    Own,
    /// An idempotency record; fails if the key was used.
    IdempotencyRecord,
    /// A project by its ID.
    Project(ProjectId),
    /// A project by its path.
    ProjectPath,
    /// A project by the former path at this index of its list; fails if another project has taken
    /// the path.
    FormerPath(usize),
    /// A token.
    Token,
}

impl Step {
    /// Whether some of these steps are about a project.
    pub(super) fn any_about_project(steps: &[Self]) -> bool {
        steps.iter().any(|step| matches!(step, Self::Project(_)))
    }
}

/// A transaction that failed. Only after [`Self::Failed`] may it have been committed.
#[derive(Debug)]
pub(super) enum TransactionError {
    /// The conditions of these steps failed.
    Steps(Vec<Step>),
    /// The transaction conflicts with another one. A retry may succeed.
    Conflict,
    /// DynamoDB throttles the transaction. A retry may succeed.
    Throttled,
    /// The call failed or timed out, so the outcome may be unknown.
    Failed(StoreError),
}

/// Transient reasons for a cancellation. If any step has one, the failed conditions of other steps
/// are inconclusive: an earlier attempt of the same transaction may have caused them, so a retry
/// decides.
const CONFLICT: &str = "TransactionConflict";
const THROTTLED: [&str; 2] = ["ProvisionedThroughputExceeded", "ThrottlingError"];

impl TransactionError {
    fn is_throttled(&self) -> bool {
        match self {
            Self::Throttled => true,
            Self::Failed(error) => error.is_throttled(),
            _ => false,
        }
    }
}

/// A transaction that is being built.
#[derive(Debug, Clone)]
pub(super) struct Transaction<'a> {
    pub(super) table: &'a str,
    names: Vec<Step>,
    items: Vec<TransactWriteItem>,
}

impl<'a> Transaction<'a> {
    /// Starts without steps.
    pub(super) fn on(table: &'a str) -> Self {
        Self {
            table,
            names: Vec::new(),
            items: Vec::new(),
        }
    }

    /// Writes an item.
    #[expect(clippy::expect_used, reason = "all required fields are set")]
    pub(super) fn put(&mut self, name: Step, item: Item, condition: Condition) {
        let put = Put::builder().table_name(self.table).set_item(Some(item));
        let put = put
            .set_condition_expression(condition.expression())
            .set_expression_attribute_values(present(condition.values()))
            .build()
            .expect("the table and the item are set");
        self.add(name, TransactWriteItem::builder().put(put));
    }

    /// Changes attributes of an item, which is created if it does not exist.
    #[expect(clippy::expect_used, reason = "all required fields are set")]
    pub(super) fn update<'v>(
        &mut self,
        name: Step,
        key: Key,
        expression: &str,
        values: impl IntoIterator<Item = (&'v str, AttributeValue)>,
        condition: Condition,
    ) {
        let mut all = condition.values();
        let values = values.into_iter();
        all.extend(values.map(|(name, value)| (name.to_owned(), value)));
        let update = Update::builder().table_name(self.table).set_key(Some(key));
        let update = update
            .update_expression(expression)
            .set_condition_expression(condition.expression())
            .set_expression_attribute_values(present(all))
            .build()
            .expect("the table, the key and the expression are set");
        self.add(name, TransactWriteItem::builder().update(update));
    }

    /// Removes an item.
    #[expect(clippy::expect_used, reason = "all required fields are set")]
    pub(super) fn delete(&mut self, name: Step, key: Key, condition: Condition) {
        let delete = Delete::builder().table_name(self.table).set_key(Some(key));
        let delete = delete
            .set_condition_expression(condition.expression())
            .set_expression_attribute_values(present(condition.values()))
            .build()
            .expect("the table and the key are set");
        self.add(name, TransactWriteItem::builder().delete(delete));
    }

    pub(super) fn add(&mut self, name: Step, item: TransactWriteItemBuilder) {
        self.names.push(name);
        self.items.push(item.build());
    }

    /// Commits all steps or none. A conflict with another transaction is retried. All attempts
    /// carry the same token, so that DynamoDB recognizes an attempt whose response was lost.
    pub(super) async fn commit(self, session: &Session<'_>) -> Result<(), TransactionError> {
        let token = Uuid::new_v4().to_string();
        session.pace().await;
        loop {
            match self.attempt_again(session, &token).await {
                Err(error) if error.is_throttled() && session.outlast_throttling().await => {}
                outcome => return outcome,
            }
        }
    }

    async fn attempt_again(
        &self,
        session: &Session<'_>,
        token: &str,
    ) -> Result<(), TransactionError> {
        let mut attempts = session.attempts();
        let mut last = TransactionError::Conflict;
        while attempts.next().await {
            match self.attempt(session, token).await {
                Err(error @ (TransactionError::Conflict | TransactionError::Throttled)) => {
                    last = error;
                }
                outcome => return outcome,
            }
        }
        Err(last)
    }

    /// Adds all steps of another transaction.
    pub(super) fn append(&mut self, other: Self) {
        self.names.extend(other.names);
        self.items.extend(other.items);
    }

    /// The number of items in the transaction.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    async fn attempt(&self, session: &Session<'_>, token: &str) -> Result<(), TransactionError> {
        let request = session
            .table
            .client
            .transact_write_items()
            .set_transact_items(Some(self.items.clone()));
        let request = request
            .client_request_token(token)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match session
            .call(Box::pin(request.send()))
            .await
            .map_err(TransactionError::Failed)?
        {
            Ok(output) => {
                session.note_write(output.consumed_capacity());
                Ok(())
            }
            Err(error) => Err(self.cancellation_error(error)),
        }
    }

    fn cancellation_error(&self, error: SdkError<TransactWriteItemsError>) -> TransactionError {
        let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
            error.as_service_error()
        else {
            return TransactionError::Failed(failure(error));
        };
        let codes: Vec<&str> = canceled
            .cancellation_reasons()
            .iter()
            .map(|reason| reason.code().unwrap_or("None"))
            .collect();
        let refused =
            |(name, code): (&Step, &&str)| (*code == "ConditionalCheckFailed").then_some(*name);
        let steps: Vec<Step> = self.names.iter().zip(&codes).filter_map(refused).collect();
        if codes.iter().any(|code| THROTTLED.contains(code)) {
            TransactionError::Throttled
        } else if codes.contains(&CONFLICT) {
            TransactionError::Conflict
        } else if !steps.is_empty() {
            TransactionError::Steps(steps)
        } else if codes.contains(&"ValidationError") {
            TransactionError::Failed(StoreError::InvalidCall(Cause::from_error(&error)))
        } else {
            TransactionError::Failed(failure(error))
        }
    }
}

impl From<TransactionError> for StoreError {
    /// For an error that the caller does not handle.
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Steps(steps) => {
                let steps = first_of(steps.iter().map(ToString::to_string));
                Self::Unavailable(
                    format!("the conditions of the steps {steps} kept failing").into(),
                )
            }
            TransactionError::Conflict | TransactionError::Throttled => Self::Unavailable(
                "the transaction was throttled or kept conflicting with others".into(),
            ),
            TransactionError::Failed(error) => error,
        }
    }
}
