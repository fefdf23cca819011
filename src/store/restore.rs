//! The restore of one release from another table, such as a restored copy of this one.

use std::time::SystemTime;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::StoreSession;
use super::entities::{Item, LinkItem, ReleaseItem, Timestamp, item, read};
use super::error::{StoreError, failure};
use super::keys::{FIRST_LINK, LAST_LINK, Partition, RELEASE};
use super::links::{claimed, constraint_items};
use super::transaction::{Condition, Step, Transaction, TransactionError};
use crate::link::{Link, Violation};
use crate::release::ReleaseKey;

/// The items of a release in another table.
#[derive(Debug, Clone)]
pub struct ReleaseBackup {
    release: Item,
    links: Vec<LinkItem>,
}

/// A link of a backup, and what the restore did with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredLink {
    /// The link in the backup.
    pub link: Link,
    /// What the restore did with it.
    pub outcome: RestoreOutcome,
}

/// What the restore of a link did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreOutcome {
    /// The link is missing: nothing was restored, or another request has just deleted it.
    Missing,
    /// The link was missing and exists again.
    Restored,
    /// The link exists.
    Exists,
    /// A link with its ID exists, but has other attributes. It stays as it is.
    Differs,
    /// Other links hold these unique values of the link, so it is still missing.
    Taken(Vec<Violation>),
}

impl StoreSession<'_> {
    /// Reads a release of this session's table for [`Self::restore_release`]. The backup has no
    /// links if the table does not have the release.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn back_up_release(&self, release: &ReleaseKey) -> Result<ReleaseBackup, StoreError> {
        let mut backup = ReleaseBackup {
            release: Item::new(),
            links: Vec::new(),
        };
        for item in self.query_all(&Partition::of(release).0).await? {
            let sk = item["sk"].as_s().map_or("", String::as_str);
            if sk == RELEASE {
                backup.release = item;
            } else if (FIRST_LINK..LAST_LINK).contains(&sk) {
                backup.links.push(read(item)?);
            }
        }
        Ok(backup)
    }

    /// Finds the links that are missing, without changing anything.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn compare_release(
        &self,
        release: &ReleaseKey,
        backup: &ReleaseBackup,
    ) -> Result<Vec<RestoredLink>, StoreError> {
        let partition = Partition::of(release);
        let mut compared = Vec::new();
        for item in &backup.links {
            let link = item.clone().into_link();
            let outcome = self.compare_link(&partition, &link).await?;
            compared.push(RestoredLink { link, outcome });
        }
        Ok(compared)
    }

    /// Restores the links that are missing, each in one transaction, with their former IDs. A
    /// repeated call continues an interrupted one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`]. The links before it are restored.
    pub async fn restore_release(
        &self,
        release: &ReleaseKey,
        backup: &ReleaseBackup,
        now: SystemTime,
    ) -> Result<Vec<RestoredLink>, StoreError> {
        let partition = Partition::of(release);
        self.reserve_link_ids(&partition, backup, now).await?;
        let mut restored = Vec::new();
        for item in &backup.links {
            let link = item.clone().into_link();
            let outcome = self.restore_link(&partition, item, &link).await?;
            restored.push(RestoredLink { link, outcome });
        }
        Ok(restored)
    }

    /// Raises the release's last link ID to that of the backup, so that no link gets the ID of
    /// another one, and creates the release if it is missing.
    async fn reserve_link_ids(
        &self,
        partition: &Partition,
        backup: &ReleaseBackup,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        const RAISE: &str = "SET last_link_id = :last, \
                             created_at = if_not_exists(created_at, :created), \
                             released_at = if_not_exists(released_at, :released)";
        let last = backup.last_link_id()?.to_string();
        let time = |name: &str| {
            let now = || AttributeValue::S(Timestamp(now).text());
            backup.release.get(name).cloned().unwrap_or_else(now)
        };
        let request = self
            .store
            .client
            .update_item()
            .table_name(&self.store.table)
            .set_key(Some(partition.release()))
            .update_expression(RAISE)
            .condition_expression("attribute_not_exists(last_link_id) OR last_link_id < :last")
            .expression_attribute_values(":last", AttributeValue::N(last))
            .expression_attribute_values(":created", time("created_at"))
            .expression_attribute_values(":released", time("released_at"))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match self.call(Box::pin(request.send())).await? {
            Ok(output) => self.note_write(output.consumed_capacity()),
            // The release has a higher one.
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(UpdateItemError::ConditionalCheckFailedException(_))
                ) => {}
            Err(error) => return Err(failure(error)),
        }
        Ok(())
    }

    async fn restore_link(
        &self,
        partition: &Partition,
        stored: &LinkItem,
        link: &Link,
    ) -> Result<RestoreOutcome, StoreError> {
        let mut transaction = Transaction::on(&self.store.table);
        let new = item(partition.link(link.id), stored);
        transaction.put(Step::Link, new, Condition::Absent);
        for (violation, item) in constraint_items(partition, link) {
            let is_free = Condition::HeldByOrAbsent(link.id);
            transaction.put(Step::Claim(violation), item, is_free);
        }
        match transaction.commit(self).await {
            Ok(()) => Ok(RestoreOutcome::Restored),
            Err(TransactionError::Steps(steps)) if steps.contains(&Step::Link) => {
                self.compare_link(partition, link).await
            }
            Err(TransactionError::Steps(steps)) => Ok(RestoreOutcome::Taken(claimed(&steps))),
            Err(error) => Err(error.into()),
        }
    }

    async fn compare_link(
        &self,
        partition: &Partition,
        link: &Link,
    ) -> Result<RestoreOutcome, StoreError> {
        let Some(item) = self.get_item(partition.link(link.id)).await? else {
            return Ok(RestoreOutcome::Missing);
        };
        Ok(if read::<LinkItem>(item)?.into_link() == *link {
            RestoreOutcome::Exists
        } else {
            RestoreOutcome::Differs
        })
    }
}

impl ReleaseBackup {
    /// Whether there are no links to restore.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// The highest ID that a link of the release had.
    fn last_link_id(&self) -> Result<u64, StoreError> {
        let last = if self.release.is_empty() {
            0
        } else {
            read::<ReleaseItem>(self.release.clone())?.last_link_id
        };
        let ids = self.links.iter().map(|link| link.id.number());
        Ok(ids.fold(last, u64::max))
    }
}
