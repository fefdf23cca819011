//! The removal of the items of generations that are dead: deleted releases, and creations that
//! failed.
//!
//! Each such generation has a work item. Whoever removes marks it as dead first, and reads the
//! release after that: a creator that was not fast enough finds the mark, and a generation that
//! came to life before the mark is left alone. The work item stays until no late write can add
//! anything more.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::condition::Condition;
use super::error::StoreError;
use super::items::{ReleaseItem, WorkItem, number};
use super::keys::Key;
use super::partition::Partition;
use super::schema::attribute::{CLEANING_UNTIL, IS_DEAD, LEFTOVERS, NOT_BEFORE, PURGE_AFTER};
use super::session::{Reading, Session};
use super::transaction::{MAX_STEPS, Step, Transaction, TransactionError};
use super::work::{Work, after_all_writes, earliest};

/// Number of transactions that remove items at the same time.
const CONCURRENT_TRANSACTIONS: usize = 4;
/// The longest time that a request spends on what others have left.
const MAX_PURGE: Duration = Duration::from_secs(1);
/// The longest time that a command spends on what it has failed to bring to life.
const MAX_OWN_PURGE: Duration = Duration::from_secs(30 * 60);

/// How far the removal of a generation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Removal {
    /// Nothing can come back.
    Complete,
    /// Nothing is left, but a late write may still add something.
    TooEarly,
}

impl WorkItem {
    /// When to try again after a mark was refused: soon if somebody else removes the generation,
    /// because they may stop halfway.
    fn next_attempt(&self, now: u64) -> u64 {
        if self.is_dead {
            now + MAX_PURGE.as_secs() + 2
        } else {
            self.not_before.max(now + 1)
        }
    }
}

impl Session<'_> {
    /// After a request's own work, removes for a short time what deleted releases and failed
    /// creations have left, if there is something to do. A failure does not matter to the request:
    /// a later one continues.
    pub(super) async fn purge_leftovers(&self, partition: &Partition, release: &ReleaseItem) {
        let Some(leftovers) = release.leftovers else {
            return;
        };
        if release.purge_after <= self.seconds() {
            let time = MAX_PURGE.min(self.time_left() / 2);
            let purge = self.purge(partition, leftovers, time);
            within(time, purge).await;
        }
    }

    /// Removes the generation that this request has deleted, within half of the time that is left.
    /// Nobody can bring it to life again, so it needs no mark. `release` was read before.
    pub(super) async fn remove_deleted(
        &self,
        partition: &Partition,
        mut work: Work,
        release: &ReleaseItem,
    ) {
        let removal = async {
            self.extend(partition, &mut work).await?;
            let removal = self.remove_all_items(partition, &work).await?;
            self.postpone_own(partition, &work, release, removal).await
        };
        within(self.time_left() / 2, removal).await;
    }

    /// Removes the generation that this request has failed to bring to life, within half of the
    /// time that is left. `true` means that it lives all the same: a late copy of the last
    /// transaction was faster than the mark. `release` was read before.
    pub(super) async fn remove_unborn(
        &self,
        partition: &Partition,
        work: &Work,
        release: &ReleaseItem,
    ) -> Result<bool, StoreError> {
        // An import has days, but others may clean up soon after it was killed.
        let time = (self.time_left() / 2).min(MAX_OWN_PURGE);
        let is_own = Condition::Work(work.item.nonce);
        let Some(marked) = self.mark(partition, work, time, is_own).await? else {
            return self.lives_in(partition, work.generation).await;
        };
        let removal = async {
            let removal = self.remove_generation(partition, &marked).await?;
            self.postpone_own(partition, work, release, removal).await
        };
        within(time, removal).await;
        Ok(false)
    }

    async fn postpone_own(
        &self,
        partition: &Partition,
        work: &Work,
        release: &ReleaseItem,
        removal: Removal,
    ) -> Result<(), StoreError> {
        match removal {
            Removal::Complete => Ok(()),
            Removal::TooEarly => {
                let due = earliest(release, work.item.not_before);
                self.postpone(partition, work.item.nonce, due).await
            }
        }
    }

    /// Gives late writes the full time again. A command may have been suspended before its deletion
    /// was committed, and then `not_before` is too early. A request is never so late.
    async fn extend(&self, partition: &Partition, work: &mut Work) -> Result<(), StoreError> {
        let not_before = after_all_writes(self.seconds());
        if work.item.not_before < not_before {
            let key = partition.work(work.generation);
            let is_same = Condition::Work(work.item.nonce);
            let extend = format!("SET {NOT_BEFORE} = :not_before");
            let value = [(":not_before", number(not_before))];
            self.update_item(key, &extend, value, is_same).await?;
            work.item.not_before = not_before;
        }
        Ok(())
    }

    /// Removes all that can be removed. `leftovers` was read before.
    async fn purge(
        &self,
        partition: &Partition,
        leftovers: u64,
        time: Duration,
    ) -> Result<(), StoreError> {
        loop {
            let items = self.query_all(&partition.work_items()).await?;
            if items.is_empty() {
                let forget = format!("REMOVE {LEFTOVERS}, {PURGE_AFTER}");
                let unchanged = Condition::Leftovers(leftovers);
                self.update_item(partition.release(), &forget, [], unchanged)
                    .await?;
                return Ok(());
            }
            let mut due = Vec::new();
            for work in items.into_iter().map(Work::read) {
                let Some(work) = work? else { continue };
                let is_abandoned = Condition::Abandoned {
                    nonce: work.item.nonce,
                    now: self.seconds(),
                };
                let marked = self.mark(partition, &work, time, is_abandoned).await?;
                let Some(marked) = marked else {
                    due.push(work.item.next_attempt(self.seconds()));
                    continue;
                };
                if self.remove_generation(partition, &marked).await? == Removal::TooEarly {
                    due.push(work.item.not_before);
                }
            }
            if let Some(due) = due.into_iter().min() {
                return self.postpone(partition, leftovers, due).await;
            }
        }
    }

    /// Marks a generation as dead, so that nobody brings it to life, and keeps others from
    /// removing it for this time. `None` means that the work item does not fulfil the condition.
    async fn mark(
        &self,
        partition: &Partition,
        work: &Work,
        time: Duration,
        condition: Condition,
    ) -> Result<Option<Work>, StoreError> {
        let mark = format!("SET {IS_DEAD} = :dead, {CLEANING_UNTIL} = :until");
        let until = self.seconds() + time.as_secs() + 1;
        let values = [
            (":dead", AttributeValue::Bool(true)),
            (":until", number(until)),
        ];
        let key = partition.work(work.generation);
        let marked = self.update_item(key, &mark, values, condition).await?;
        Ok(marked.map(Work::read).transpose()?.flatten())
    }

    /// Removes the items of a generation that is marked as dead, unless it came to life before
    /// the mark.
    async fn remove_generation(
        &self,
        partition: &Partition,
        work: &Work,
    ) -> Result<Removal, StoreError> {
        if self.lives_in(partition, work.generation).await? {
            self.forget(partition, work).await?;
            return Ok(Removal::Complete);
        }
        self.remove_all_items(partition, work).await
    }

    async fn remove_all_items(
        &self,
        partition: &Partition,
        work: &Work,
    ) -> Result<Removal, StoreError> {
        let range = partition.generation(work.generation);
        let limit = u64::try_from(MAX_STEPS * CONCURRENT_TRANSACTIONS).ok();
        loop {
            let is_late = self.seconds() >= work.item.not_before;
            let output = self.query(&range, Reading::Keys, limit, None).await?;
            let is_all = output.last_evaluated_key.is_none();
            let keys = output.items.unwrap_or_default();
            if keys.is_empty() && is_late {
                self.forget(partition, work).await?;
                return Ok(Removal::Complete);
            }
            let removals = keys.chunks(MAX_STEPS);
            let removals = removals.map(|keys| self.remove_items(keys));
            futures_util::future::try_join_all(removals).await?;
            if is_all && !is_late {
                return Ok(Removal::TooEarly);
            }
        }
    }

    async fn remove_items(&self, keys: &[Key]) -> Result<(), StoreError> {
        let mut transaction = Transaction::on(&self.table.name);
        for key in keys {
            transaction.delete(Step::Own, key.clone(), Condition::Any);
        }
        Ok(transaction.commit(self).await?)
    }

    /// Removes a work item.
    async fn forget(&self, partition: &Partition, work: &Work) -> Result<(), StoreError> {
        let mut transaction = Transaction::on(&self.table.name);
        let (key, is_same) = (
            partition.work(work.generation),
            Condition::Work(work.item.nonce),
        );
        transaction.delete(Step::Work, key, is_same);
        match transaction.commit(self).await {
            // Somebody else has removed it.
            Ok(()) | Err(TransactionError::Steps(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Nothing is left to do before this time, unless a work item was added in the meantime.
    async fn postpone(
        &self,
        partition: &Partition,
        leftovers: u64,
        due: u64,
    ) -> Result<(), StoreError> {
        let set = format!("SET {PURGE_AFTER} = :due");
        let unchanged = Condition::Leftovers(leftovers);
        let due = [(":due", number(due))];
        self.update_item(partition.release(), &set, due, unchanged)
            .await?;
        Ok(())
    }
}

async fn within(time: Duration, removal: impl Future<Output = Result<(), StoreError>>) {
    match tokio::time::timeout(time, removal).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(cause = %error, "the removal of leftovers failed"),
        Err(_) => tracing::debug!("the removal of leftovers is not finished"),
    }
}
