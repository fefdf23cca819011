//! The restore of one release from another table, such as a restored copy of this one.

use super::entities::{LinkItem, ReleaseItem, item, read};
use super::error::StoreError;
use super::keys::{DETAILS, FIRST_LINK, LAST_LINK, Partition, RELEASE, sort_key};
use super::release_creation::add_release;
use super::releases::release_of;
use super::session::{Range, Session as StoreSession};
use super::transaction::{Condition, Step, Transaction, TransactionError, number};
use super::uniqueness::{claimed, constraint_items};
use crate::link::{Link, Violation};
use crate::release::{Release, ReleaseKey};

/// A release in another table.
#[derive(Debug, Clone, Default)]
pub struct ReleaseBackup {
    item: ReleaseItem,
    /// `None` if the release does not exist there.
    release: Option<Release>,
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
        let mut backup = ReleaseBackup::default();
        let mut details = None;
        let partition = Partition::of(release);
        for item in self.query_all(&Range::whole(&partition.0)).await? {
            let sk = sort_key(&item);
            if sk == RELEASE {
                backup.item = read(item)?;
            } else if sk == DETAILS {
                details = Some(item);
            } else if (FIRST_LINK..LAST_LINK).contains(&sk) {
                backup.links.push(read(item)?);
            }
        }
        if backup.item.exists() {
            backup.release = Some(release_of(release, &backup.item, details)?);
            let deleted_through = backup.item.deleted_through;
            backup
                .links
                .retain(|link| link.id.number() > deleted_through);
            Ok(backup)
        } else {
            Ok(ReleaseBackup::default())
        }
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

    /// Restores the release if it is missing, and then the links that are missing, each in one transaction, with their former IDs. A
    /// repeated call continues an interrupted one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`]. The links before it are restored.
    pub async fn restore_release(
        &self,
        release: &ReleaseKey,
        backup: &ReleaseBackup,
    ) -> Result<Vec<RestoredLink>, StoreError> {
        let partition = Partition::of(release);
        if let Some(release) = &backup.release {
            self.make_room(&partition, backup, release).await?;
        }
        let mut restored = Vec::new();
        for item in &backup.links {
            let link = item.clone().into_link();
            let outcome = self.restore_link(&partition, item, &link).await?;
            restored.push(RestoredLink { link, outcome });
        }
        Ok(restored)
    }

    /// Prepares the release for the links of the backup: it exists, no new link gets the ID of
    /// one, and their IDs do not count as deleted. Before that, links with such IDs are removed,
    /// because they would exist again.
    async fn make_room(
        &self,
        partition: &Partition,
        backup: &ReleaseBackup,
        release: &Release,
    ) -> Result<(), StoreError> {
        let item = self.get_item(partition.release()).await?;
        let current: ReleaseItem = item.map(read).transpose()?.unwrap_or_default();
        let removed = if current.exists() {
            current.deleted_through
        } else {
            current.last_link_id
        };
        let deleted_through = backup.item.deleted_through.min(removed);
        if removed > deleted_through {
            self.remove_links(partition, removed).await?;
        }
        let raise = "SET last_link_id = :last";
        let last = [(":last", number(backup.last_link_id()))];
        let is_lower = Some("attribute_not_exists(last_link_id) OR last_link_id < :last");
        self.update_item(partition.release(), raise, last, is_lower)
            .await?;
        if current.exists() {
            return self.lower(partition, removed, deleted_through).await;
        }
        let mut transaction = Transaction::on(&self.table.name);
        let (state, is_absent) = ((deleted_through, false), Condition::NoRelease(removed));
        add_release(&mut transaction, partition, release, state, is_absent);
        Ok(transaction.commit(self).await?)
    }

    /// Lowers the ID up to which the links of an existing release do not exist.
    async fn lower(&self, partition: &Partition, from: u64, to: u64) -> Result<(), StoreError> {
        if from == to {
            return Ok(());
        }
        let values = [(":from", number(from)), (":to", number(to))];
        let unchanged = Some("attribute_exists(created_at) AND deleted_through = :from");
        let expression = "SET deleted_through = :to";
        let lowered = self.update_item(partition.release(), expression, values, unchanged);
        lowered.await?.map(drop).ok_or_else(|| {
            StoreError::Unavailable("the release was changed at the same time".into())
        })
    }

    async fn restore_link(
        &self,
        partition: &Partition,
        stored: &LinkItem,
        link: &Link,
    ) -> Result<RestoreOutcome, StoreError> {
        let mut transaction = Transaction::on(&self.table.name);
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
        let (release, item) = self.release_and(partition, partition.link(link.id)).await?;
        let release: ReleaseItem = release.map(read).transpose()?.unwrap_or_default();
        let exists = release.exists() && link.id.number() > release.deleted_through;
        Ok(match item.filter(|_| exists) {
            None => RestoreOutcome::Missing,
            Some(item) if read::<LinkItem>(item.clone())?.into_link() == *link => {
                RestoreOutcome::Exists
            }
            Some(_) => RestoreOutcome::Differs,
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
    fn last_link_id(&self) -> u64 {
        let ids = self.links.iter().map(|link| link.id.number());
        ids.fold(self.item.last_link_id, u64::max)
    }
}
