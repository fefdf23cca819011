//! The work items of generations that are not born yet, or dead.

use aws_sdk_dynamodb::types::AttributeValue;

use super::condition::Condition;
use super::error::StoreError;
use super::items::{Item, ReleaseItem, WorkItem, item, number, random_number, read};
use super::keys::sort_key;
use super::partition::Partition;
use super::schema::SortKey;
use super::schema::attribute::{LEFTOVERS, NOT_BEFORE, PURGE_AFTER};
use super::session::Session;
use super::transaction::{Step, Transaction, TransactionError};

/// How long a write may arrive after the deadline of its invocation, in seconds. DynamoDB accepts
/// no signature that is older than 15 minutes.
const MAX_DELAY: u64 = 16 * 60;
/// The longest life of an invocation, in seconds: Lambda's maximum timeout.
const MAX_INVOCATION: u64 = 15 * 60;

/// A generation that is unborn or dead, and its work item.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) generation: u64,
    pub(super) item: WorkItem,
}

impl Work {
    /// A generation that this request prepares. It has until its deadline to bring it to life.
    pub(super) fn for_creation(generation: u64, session: &Session<'_>) -> Self {
        let not_before = session.deadline_seconds() + MAX_DELAY;
        Self::new(generation, not_before, false)
    }

    /// A generation that this request deletes. Others may have begun to write to it.
    pub(super) fn for_deletion(generation: u64, session: &Session<'_>) -> Self {
        let not_before = after_all_writes(session.deadline_seconds());
        Self::new(generation, not_before, true)
    }

    /// A generation that an operator's command prepares. The command extends its time again and
    /// again.
    pub(super) fn for_restore(generation: u64, session: &Session<'_>) -> Self {
        let not_before = after_all_writes(session.seconds());
        Self::new(generation, not_before, false)
    }

    fn new(generation: u64, not_before: u64, is_dead: bool) -> Self {
        let item = WorkItem {
            nonce: random_number(),
            not_before,
            is_dead,
            cleaning_until: None,
        };
        Self { generation, item }
    }

    /// Gives a restore the full time again, unless somebody has taken it for an abandoned one.
    pub(super) fn extend_in(
        &self,
        transaction: &mut Transaction<'_>,
        partition: &Partition,
        session: &Session<'_>,
    ) {
        let extend = format!("SET {NOT_BEFORE} = :not_before");
        let not_before = after_all_writes(session.seconds());
        let values = [(":not_before", number(not_before))];
        let key = partition.work(self.generation);
        let is_unborn = Condition::Unborn(self.item.nonce);
        transaction.update(Step::Work, key, &extend, values, is_unborn);
    }

    /// Removes the work item, unless somebody has taken the creation for an abandoned one.
    pub(super) fn end_in(&self, transaction: &mut Transaction<'_>, partition: &Partition) {
        let is_unborn = Condition::Unborn(self.item.nonce);
        transaction.delete(Step::Work, partition.work(self.generation), is_unborn);
    }

    /// Adds the work item. That of a creation must be absent, so that a late copy cannot take back
    /// a mark. The transaction of a deletion has another condition that forbids late copies.
    pub(super) fn add_to(&self, transaction: &mut Transaction<'_>, partition: &Partition) {
        let new = item(partition.work(self.generation), &self.item);
        let condition = if self.item.is_dead {
            Condition::Any
        } else {
            Condition::Absent
        };
        transaction.put(Step::Work, new, condition);
    }

    /// The values of [`set_leftovers`]: from `due` on, writers of the release look for work items.
    /// What is due earlier stays due.
    pub(super) fn leftovers(
        &self,
        release: &ReleaseItem,
        due: u64,
    ) -> [(&'static str, AttributeValue); 2] {
        [
            (":leftovers", number(self.item.nonce)),
            (":purge_after", number(earliest(release, due))),
        ]
    }

    /// Reads a work item, whose key names the generation; `None` for an item of another kind.
    pub(super) fn read(item: Item) -> Result<Option<Self>, StoreError> {
        let key = SortKey::parse(sort_key(&item));
        let generation = key.and_then(|key| key.generation());
        let item = read(item)?;
        Ok(generation.map(|generation| Self { generation, item }))
    }
}

/// When no write can arrive any more from an invocation that began by this time, in seconds since
/// 1970.
pub(super) fn after_all_writes(begun_by: u64) -> u64 {
    begun_by + MAX_INVOCATION + MAX_DELAY
}

/// When writers look for work items, if there is something to do at this time. What is due earlier
/// stays due.
pub(super) fn earliest(release: &ReleaseItem, due: u64) -> u64 {
    match release.leftovers {
        Some(_) => due.min(release.purge_after),
        None => due,
    }
}

/// Part of an expression with the values of [`Work::leftovers`].
pub(super) fn set_leftovers() -> String {
    format!("{LEFTOVERS} = :leftovers, {PURGE_AFTER} = :purge_after")
}

impl Session<'_> {
    /// Writes the work item of a generation before anything else of it. `release` was read before.
    pub(super) async fn announce(
        &self,
        partition: &Partition,
        work: &Work,
        release: &ReleaseItem,
    ) -> Result<(), TransactionError> {
        let mut transaction = Transaction::on(&self.table.name);
        work.add_to(&mut transaction, partition);
        let set = format!("SET {}", set_leftovers());
        let values = work.leftovers(release, work.item.not_before);
        let key = partition.release();
        transaction.update(Step::Own, key, &set, values, Condition::Any);
        transaction.commit(self).await
    }
}
