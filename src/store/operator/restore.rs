//! The restore of one release from another table, such as a restored copy of this one.
//!
//! A release that does not exist comes to life in a new generation with all links of the backup,
//! as in a creation. If it exists, the links that are missing are added to its generation one by
//! one. Nothing that exists changes, and no number counts backwards.

use super::backup::{LinkBackup, ReleaseBackup, RestoreOutcome, RestoredLink, RestoredRelease};
use super::error::AdminError;
use super::project_items::ProjectVersion;
use super::rebirth::Rebirth;
use super::releases::OperatorReleases;
use crate::link::Link;
use crate::project::ProjectId;
use crate::release::{Release, ReleaseKey};
use crate::store::birth::LinkIds;
use crate::store::condition::Condition;
use crate::store::constraints::claim_conflicts;
use crate::store::error::StoreError;
use crate::store::items::{number, read};
use crate::store::keys::project_by_id;
use crate::store::partition::Partition;
use crate::store::schema::attribute::{LAST_GENERATION, LAST_LINK_ID};
use crate::store::transaction::{Step, Transaction, TransactionError};

/// What a restore requires of the project with each write, so that a command that was suspended
/// changes nothing after somebody else has ended or undone it.
#[derive(Debug, Clone)]
pub enum RestoreInto {
    /// The project is visible.
    Active(ProjectId),
    /// The project was purged, and nobody has restored it since.
    Purged(ProjectVersion),
}

impl RestoreInto {
    pub(super) fn check(&self, transaction: &mut Transaction<'_>) {
        match self {
            Self::Active(id) => {
                let key = project_by_id(id.number());
                transaction.check(Step::Project(*id), key, Condition::ActiveProject);
            }
            Self::Purged(version) => version.check(transaction),
        }
    }
}

impl<'a> OperatorReleases<'a> {
    /// Finds the links that are missing, without changing anything.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn compare(
        self,
        release: &ReleaseKey,
        backup: &ReleaseBackup,
    ) -> Result<RestoredRelease, StoreError> {
        let partition = Partition::new(release);
        let item = self.store.release_item(&partition).await?;
        let mut links = Vec::new();
        for stored in &backup.links {
            let link = stored.link.clone();
            let outcome = self.compare_link(&partition, &link).await?;
            links.push(RestoredLink { link, outcome });
        }
        Ok(RestoredRelease {
            was_missing: item.is_none(),
            links,
        })
    }

    /// Restores the release if it is missing, or else the links that are missing. The links keep
    /// their IDs. A repeated call continues an interrupted one. In a locked release, links that are
    /// missing stay [`RestoreOutcome::Missing`].
    ///
    /// # Errors
    ///
    /// [`AdminError::Changed`] if the project is no longer as required, [`AdminError::Failed`], also
    /// with [`StoreError::ReleaseNotFound`] if the backup has no release. In a release that existed,
    /// some links may be restored.
    pub async fn restore(
        self,
        release: &ReleaseKey,
        backup: &ReleaseBackup,
        into: &RestoreInto,
    ) -> Result<RestoredRelease, AdminError> {
        let (store, partition) = (self.store, Partition::new(release));
        let restored = backup.release.as_ref().ok_or(StoreError::ReleaseNotFound)?;
        self.raise(&partition, LAST_LINK_ID, backup.last_link_id())
            .await?;
        let mut changes = store.changes();
        while changes.next().await {
            let links = match store.release_item(&partition).await? {
                Some(item) if item.immutable_at.is_some() => {
                    self.compare_locked(release, backup).await?
                }
                Some(item) => {
                    self.add_missing(&partition, item.generation, backup, into)
                        .await?
                }
                None => {
                    self.restore_missing(&partition, restored, backup, into)
                        .await?
                }
            };
            if let Some(restored) = links {
                return Ok(restored);
            }
        }
        Err(AdminError::Busy)
    }

    /// Prepares a tag of a project that was purged, whether it has a release in the backup or not:
    /// neither a link ID of the backup nor a generation from before this time is given again. The
    /// time in seconds since 1970 is higher than any number of a generation.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn raise_counters(
        self,
        release: &ReleaseKey,
        backup: &ReleaseBackup,
    ) -> Result<(), StoreError> {
        let partition = Partition::new(release);
        self.raise(&partition, LAST_LINK_ID, backup.last_link_id())
            .await?;
        self.raise(&partition, LAST_GENERATION, self.store.seconds())
            .await
    }

    /// Raises a counter of the release to this number if it is lower.
    async fn raise(
        self,
        partition: &Partition,
        counter: &'static str,
        to: u64,
    ) -> Result<(), StoreError> {
        let raise = format!("SET {counter} = :to");
        let is_lower = Condition::Below(counter, to);
        let to = [(":to", number(to))];
        let key = partition.release();
        self.store.update_item(key, &raise, to, is_lower).await?;
        Ok(())
    }

    /// Restores a release that does not exist; `None` if it was created at the same time.
    async fn restore_missing(
        self,
        partition: &Partition,
        release: &Release,
        backup: &ReleaseBackup,
        into: &RestoreInto,
    ) -> Result<Option<RestoredRelease>, AdminError> {
        let Some(reserved) = self.store.reserve_release(partition, 0).await? else {
            return Ok(None);
        };
        let (links, outcome) = backup.without_rivals(partition);
        let rebirth = Rebirth {
            release,
            links: &links,
            ids: LinkIds::Reserved,
            into,
        };
        let is_born = self.give_life(partition, &reserved, &rebirth).await?;
        Ok(is_born.then_some(outcome))
    }

    /// Adds nothing to a locked release; `None` if it was deleted in the meantime.
    async fn compare_locked(
        self,
        release: &ReleaseKey,
        backup: &ReleaseBackup,
    ) -> Result<Option<RestoredRelease>, AdminError> {
        let compared = self.compare(release, backup).await?;
        Ok((!compared.was_missing).then_some(compared))
    }

    /// Adds the missing links to a release that exists; `None` if it was deleted or locked in the
    /// meantime.
    async fn add_missing(
        self,
        partition: &Partition,
        generation: u64,
        backup: &ReleaseBackup,
        into: &RestoreInto,
    ) -> Result<Option<RestoredRelease>, AdminError> {
        let mut links = Vec::new();
        for stored in &backup.links {
            let link = stored.link.clone();
            let outcome = self.add_link(partition, generation, stored, into).await?;
            let Some(outcome) = outcome else {
                return Ok(None);
            };
            links.push(RestoredLink { link, outcome });
        }
        Ok(Some(RestoredRelease {
            was_missing: false,
            links,
        }))
    }

    async fn add_link(
        self,
        partition: &Partition,
        generation: u64,
        stored: &LinkBackup,
        into: &RestoreInto,
    ) -> Result<Option<RestoreOutcome>, AdminError> {
        let mut transaction = self.links_transaction(partition, generation, &[stored]);
        into.check(&mut transaction);
        // An operator's command has no deadline, so each of its writes checks the lock.
        let is_open = Condition::Lock {
            generation,
            immutable_at: None,
        };
        transaction.check(Step::Release, partition.release(), is_open);
        let steps = match transaction.commit(self.store).await {
            Ok(()) => return Ok(Some(RestoreOutcome::Restored)),
            Err(TransactionError::Steps(steps)) => steps,
            Err(error) => return Err(error.into()),
        };
        if Step::any_about_project(&steps) {
            Err(AdminError::Changed)
        } else if steps.contains(&Step::Release) {
            Ok(None)
        } else if steps.contains(&Step::Link) {
            Ok(Some(self.compare_link(partition, &stored.link).await?))
        } else {
            Ok(Some(RestoreOutcome::Taken(claim_conflicts(&steps))))
        }
    }

    async fn compare_link(
        self,
        partition: &Partition,
        link: &Link,
    ) -> Result<RestoreOutcome, StoreError> {
        let key = |generation| partition.link(generation, link.id);
        let found = self.store.living_item(partition, key).await?;
        Ok(match found.and_then(|(_, item)| item) {
            None => RestoreOutcome::Missing,
            Some(item) if read::<Link>(item.clone())? == *link => RestoreOutcome::Exists,
            Some(_) => RestoreOutcome::Differs,
        })
    }
}
