//! The deletion of a release and of any number of links with it.
//!
//! One transaction makes the release and all its links invisible: the release's item stays without
//! the attributes of a release, and says up to which ID links no longer exist. After that, their
//! items are removed. If the request ends before that, the next request that finds the release
//! missing continues.

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use tokio::time::Instant;

use super::batch::find;
use super::entities::{LinkItem, ReleaseItem, read};
use super::error::StoreError;
use super::keys::{FIRST_LINK, Partition, key_of, link_sort_key, place, sort_key};
use super::releases::{is_link, release_and_links, release_of};
use super::session::{Range, Session as StoreSession};
use super::table::Table;
use super::transaction::{Condition, MAX_ROUNDS, Step, Transaction, TransactionError, number};
use super::uniqueness::{constraint_items, held};
use crate::link::{Link, Violation};
use crate::release::{Release, ReleaseKey, ReleaseWithLinks};

/// Number of links that one transaction removes. Each takes up to four of its 100 items.
const LINKS_PER_REMOVAL: usize = 25;
/// Number of transactions that remove links at the same time.
const CONCURRENT_TRANSACTIONS: usize = 4;

impl StoreSession<'_> {
    /// Deletes a release with its links, and returns it without links (R21).
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn delete_release(&self, key: &ReleaseKey) -> Result<ReleaseWithLinks, StoreError> {
        let partition = Partition::of(key);
        for _ in 0..MAX_ROUNDS {
            let found = self.release_to_delete(key, &partition).await?;
            let (item, release, last) = found.ok_or(StoreError::ReleaseNotFound)?;
            let more = last - item.last_link_id + 1;
            let transaction = self
                .table
                .deletion_transaction(&partition, &item, &release, more);
            match transaction.commit(self).await {
                Ok(()) => {
                    self.clean_up(&partition, last + 1).await;
                    let links = Vec::new();
                    return Ok(ReleaseWithLinks { release, links });
                }
                // Another request changed or deleted the release after the read.
                Err(TransactionError::Steps(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("the release kept changing".into()))
    }

    /// The release without its links, and the highest ID that a link has or had; `None` if the
    /// release does not exist.
    async fn release_to_delete(
        &self,
        key: &ReleaseKey,
        partition: &Partition,
    ) -> Result<Option<(ReleaseItem, Release, u64)>, StoreError> {
        let range = release_and_links(partition);
        let output = self.query(&range, Select::AllAttributes, Some(3), None);
        let mut items = output.await?.items.unwrap_or_default();
        let item = find(&items, &partition.release());
        let Some(item) = self.existing_item(partition, item).await? else {
            return Ok(None);
        };
        let release = release_of(key, &item, find(&items, &partition.details()))?;
        items.retain(is_link);
        let newest = items.into_iter().next().map(read::<LinkItem>).transpose()?;
        // A link of an import may have a higher ID than the release says.
        let newest = newest.map_or(0, |link| link.id.number());
        let last = item.last_link_id.max(newest);
        Ok(Some((item, release, last)))
    }

    /// Removes the links up to this ID, which no longer exist, within half of the time that is
    /// left. A failure does not matter to the request: a later one continues.
    pub(super) async fn clean_up(&self, partition: &Partition, deleted_through: u64) {
        let time = self.deadline.saturating_duration_since(Instant::now()) / 2;
        let removal = self.remove_links(partition, deleted_through);
        match tokio::time::timeout(time, removal).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(cause = %error, "the removal of links failed"),
            Err(_) => tracing::debug!("the removal of links is not finished"),
        }
    }

    pub(super) async fn remove_links(
        &self,
        partition: &Partition,
        deleted_through: u64,
    ) -> Result<(), StoreError> {
        let last = link_sort_key(deleted_through);
        let range = Range::between(&partition.0, FIRST_LINK, &last);
        let size = LINKS_PER_REMOVAL * CONCURRENT_TRANSACTIONS;
        let limit = u64::try_from(size).ok();
        let mut start = None;
        loop {
            let output = self
                .query(&range, Select::AllAttributes, limit, start)
                .await?;
            let items = output.items.unwrap_or_default().into_iter();
            let links = items.map(read).collect::<Result<Vec<LinkItem>, _>>()?;
            let batches = links.chunks(LINKS_PER_REMOVAL);
            let removals =
                batches.map(|batch| self.remove_batch(partition, batch, deleted_through));
            futures_util::future::try_join_all(removals).await?;
            start = output.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        let values = [(":through", number(deleted_through))];
        // A later deletion may have more to remove.
        let unchanged = Some("deleted_through <= :through");
        let key = partition.release();
        let expression = "REMOVE needs_cleanup";
        self.update_item(key, expression, values, unchanged).await?;
        Ok(())
    }

    /// Removes several links in one transaction, or each in its own if another request has
    /// changed or claimed an item of theirs.
    async fn remove_batch(
        &self,
        partition: &Partition,
        links: &[LinkItem],
        deleted_through: u64,
    ) -> Result<(), StoreError> {
        let mut transaction = Transaction::on(&self.table.name);
        // Links of several deleted releases may have had the same values.
        let mut removed = Vec::new();
        for item in links {
            add_removal(
                &mut transaction,
                partition,
                item,
                deleted_through,
                &mut removed,
            );
        }
        match transaction.commit(self).await {
            Ok(()) => return Ok(()),
            Err(TransactionError::Steps(_)) => {}
            Err(error) => return Err(error.into()),
        }
        for item in links {
            self.remove_link(partition, item.clone(), deleted_through)
                .await?;
        }
        Ok(())
    }

    async fn remove_link(
        &self,
        partition: &Partition,
        mut item: LinkItem,
        deleted_through: u64,
    ) -> Result<(), StoreError> {
        let mut kept = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let mut transaction = Transaction::on(&self.table.name);
            let mut left_out = kept.clone();
            add_removal(
                &mut transaction,
                partition,
                &item,
                deleted_through,
                &mut left_out,
            );
            match transaction.commit(self).await {
                Ok(()) => return Ok(()),
                Err(TransactionError::Steps(steps)) if steps.contains(&Step::Link) => {
                    let Some(changed) = self.get_item(partition.link(item.id)).await? else {
                        return Ok(());
                    };
                    item = read(changed)?;
                    kept.clear();
                }
                Err(TransactionError::Steps(steps)) => {
                    kept.extend(constraint_keys(partition, &item, &held(&steps)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("the link kept changing".into()))
    }
}

impl Table {
    /// Makes the release and its links invisible. The last ID grows by `more`: the new one belongs
    /// to no link, so that each deletion has an ID of its own.
    fn deletion_transaction(
        &self,
        partition: &Partition,
        item: &ReleaseItem,
        release: &Release,
        more: u64,
    ) -> Transaction<'_> {
        const DELETE: &str = "SET deleted_through = last_link_id + :more, \
                              last_link_id = last_link_id + :more, \
                              revision = if_not_exists(revision, :zero) + :one, \
                              needs_cleanup = :true \
                              REMOVE created_at, released_at";
        let mut transaction = Transaction::on(&self.name);
        let values = [
            (":more", number(more)),
            (":zero", number(0)),
            (":one", number(1)),
            (":true", AttributeValue::Bool(true)),
        ];
        let (key, unchanged) = (partition.release(), Condition::Release(item.version));
        transaction.update(Step::Release, key, DELETE, values, unchanged);
        transaction.delete(Step::Own, partition.details(), Condition::Any);
        transaction.delete(Step::Own, place(release), Condition::Any);
        transaction
    }
}

/// The sort keys of these unique-constraint items of a link.
fn constraint_keys(partition: &Partition, item: &LinkItem, kinds: &[Violation]) -> Vec<String> {
    let link = item.clone().into_link();
    let items = constraint_items(partition, &link).into_iter();
    let wanted = items.filter(|(violation, _)| kinds.contains(violation));
    wanted.map(|(_, item)| sort_key(&item).to_owned()).collect()
}

/// Adds the removal of a link that no longer exists, and of its unique-constraint items except
/// those whose sort keys are `left_out`, to which it adds the others.
fn add_removal(
    transaction: &mut Transaction<'_>,
    partition: &Partition,
    item: &LinkItem,
    deleted_through: u64,
    left_out: &mut Vec<String>,
) {
    let unchanged = Condition::VersionOrAbsent(item.version);
    transaction.delete(Step::Link, partition.link(item.id), unchanged);
    let link: Link = item.clone().into_link();
    for (violation, constraint) in constraint_items(partition, &link) {
        let key = sort_key(&constraint).to_owned();
        if !left_out.contains(&key) {
            let is_free = Condition::NotHeld(deleted_through);
            transaction.delete(Step::Held(violation), key_of(constraint), is_free);
            left_out.push(key);
        }
    }
}
