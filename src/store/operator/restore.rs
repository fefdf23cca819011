//! The restore of one release from another table, such as a restored copy of this one.
//!
//! A release that does not exist comes to life in a new generation with all links of the backup,
//! as in a creation. If it exists, the links that are missing are added to its generation one by
//! one. Nothing that exists changes, and no number counts backwards.

use crate::link::{Link, Violation};
use crate::release::{Release, ReleaseKey};
use crate::store::birth::add_release;
use crate::store::condition::Condition;
use crate::store::constraints::{claimed, constraint_items};
use crate::store::error::StoreError;
use crate::store::items::{LinkItem, ReleaseItem, item, number, read};
use crate::store::partition::Partition;
use crate::store::purge::{Work, set_leftovers};
use crate::store::releases::release_of;
use crate::store::schema::attribute::{LAST_GENERATION, LAST_LINK_ID, NOT_BEFORE};
use crate::store::session::Session;
use crate::store::transaction::{Step, Transaction, TransactionError};

/// Largest number of items in a transaction, which is DynamoDB's limit.
const MAX_ITEMS: usize = 100;
/// Number of links in one of several transactions. Each takes up to four items, and the work item
/// is one more.
const LINKS_PER_TRANSACTION: usize = 24;

/// A release in another table.
#[derive(Debug, Clone, Default)]
pub struct ReleaseBackup {
    item: ReleaseItem,
    /// `None` if the release does not exist there.
    release: Option<Release>,
    /// The oldest first.
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

/// What the restore of a release did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredRelease {
    /// Whether the release did not exist.
    pub was_missing: bool,
    /// The links of the backup, the oldest first.
    pub links: Vec<RestoredLink>,
}

/// The restore of releases from backups.
#[derive(Debug, Clone, Copy)]
pub struct Restores<'a> {
    store: &'a Session<'a>,
}

impl<'a> Restores<'a> {
    pub(super) fn new(store: &'a Session<'a>) -> Self {
        Self { store }
    }

    /// Reads a release of this session's table for [`Self::restore`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn back_up(self, release: &ReleaseKey) -> Result<ReleaseBackup, StoreError> {
        let (store, partition) = (self.store, Partition::of(release));
        let item = store.get_item(partition.release()).await?;
        let item: ReleaseItem = item.map(read).transpose()?.unwrap_or_default();
        if !item.exists() {
            return Ok(ReleaseBackup {
                item,
                ..ReleaseBackup::default()
            });
        }
        let details = store.get_item(partition.details()).await?;
        let links = partition.links(item.generation);
        let links = store.query_all(&links).await?.into_iter().map(read);
        Ok(ReleaseBackup {
            release: Some(release_of(release, &item, details)?),
            links: links.collect::<Result<_, _>>()?,
            item,
        })
    }

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
        let partition = Partition::of(release);
        let item = self.store.release_item(&partition).await?;
        let mut links = Vec::new();
        for item in &backup.links {
            let link = item.clone().into_link();
            let outcome = self.compare_link(&partition, &link).await?;
            links.push(RestoredLink { link, outcome });
        }
        Ok(RestoredRelease {
            was_missing: item.is_none(),
            links,
        })
    }

    /// Restores the release if it is missing, or else the links that are missing. The links keep
    /// their IDs. A repeated call continues an interrupted one.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`] if the backup has no release, [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`]. In a release that existed, the links before are restored.
    pub async fn restore(
        self,
        release: &ReleaseKey,
        backup: &ReleaseBackup,
    ) -> Result<RestoredRelease, StoreError> {
        let (store, partition) = (self.store, Partition::of(release));
        let restored = backup.release.as_ref().ok_or(StoreError::ReleaseNotFound)?;
        self.raise(&partition, LAST_LINK_ID, backup.last_link_id())
            .await?;
        let mut changes = store.changes();
        while changes.next().await {
            let links = match store.release_item(&partition).await? {
                Some(item) => {
                    self.add_missing(&partition, item.generation, backup)
                        .await?
                }
                None => self.bring_to_life(&partition, restored, backup).await?,
            };
            if let Some(restored) = links {
                return Ok(restored);
            }
        }
        Err(StoreError::Unavailable(
            "others kept creating and deleting the release".into(),
        ))
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
        let partition = Partition::of(release);
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
    async fn bring_to_life(
        self,
        partition: &Partition,
        release: &Release,
        backup: &ReleaseBackup,
    ) -> Result<Option<RestoredRelease>, StoreError> {
        let store = self.store;
        let Some(reserved) = store.reserve_release(partition, 0).await? else {
            return Ok(None);
        };
        let (generation, mut work) = (reserved.generation(), None);
        let mut last = Transaction::on(&store.table.name);
        add_release(
            &mut last,
            (partition, generation),
            release,
            backup.links.len(),
        );
        let links = self.links_transaction(partition, generation, &backup.links);
        if links.len() + last.len() <= MAX_ITEMS {
            last.append(links);
        } else {
            let unborn = Work::of_restore(generation, store);
            if !self
                .stage(partition, &reserved.release, &unborn, backup)
                .await?
            {
                return Ok(None);
            }
            let is_unborn = Condition::Unborn(unborn.item.nonce);
            last.delete(Step::Work, partition.work(generation), is_unborn);
            work = Some(unborn);
        }
        let is_born = store.bring_to_life(partition, generation, last).await?;
        if let Some(work) = work.filter(|_| !is_born) {
            store.remove_unborn(partition, &work).await;
        }
        Ok(is_born.then(|| backup.restored()))
    }

    fn links_transaction(
        self,
        partition: &Partition,
        generation: u64,
        links: &[LinkItem],
    ) -> Transaction<'a> {
        let mut transaction = Transaction::on(&self.store.table.name);
        for link in links {
            restore_link(&mut transaction, (partition, generation), link);
        }
        transaction
    }

    /// Writes the work item, and then the links, which nobody sees before the release exists.
    /// `false` means that somebody took the restore for an abandoned one: it may have been suspended
    /// for hours.
    async fn stage(
        self,
        partition: &Partition,
        release: &ReleaseItem,
        work: &Work,
        backup: &ReleaseBackup,
    ) -> Result<bool, StoreError> {
        let store = self.store;
        let mut first = Transaction::on(&store.table.name);
        work.add_to(&mut first, partition);
        let set = format!("SET {}", set_leftovers());
        let values = work.leftovers(release, work.item.not_before);
        first.update(Step::Own, partition.release(), &set, values, Condition::Any);
        first.commit(store).await?;
        for links in backup.links.chunks(LINKS_PER_TRANSACTION) {
            let mut transaction = self.links_transaction(partition, work.generation, links);
            let extend = format!("SET {NOT_BEFORE} = :not_before");
            let not_before = Work::of_restore(work.generation, store).item.not_before;
            let values = [(":not_before", number(not_before))];
            let (key, is_unborn) = (
                partition.work(work.generation),
                Condition::Unborn(work.item.nonce),
            );
            transaction.update(Step::Work, key, &extend, values, is_unborn);
            match transaction.commit(store).await {
                Ok(()) => {}
                Err(TransactionError::Steps(_)) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// Adds the missing links to a release that exists; `None` if it was deleted in the meantime.
    async fn add_missing(
        self,
        partition: &Partition,
        generation: u64,
        backup: &ReleaseBackup,
    ) -> Result<Option<RestoredRelease>, StoreError> {
        let mut links = Vec::new();
        for stored in &backup.links {
            let link = stored.clone().into_link();
            let outcome = self.add_link(partition, generation, stored).await?;
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
        stored: &LinkItem,
    ) -> Result<Option<RestoreOutcome>, StoreError> {
        let mut transaction = Transaction::on(&self.store.table.name);
        restore_link(&mut transaction, (partition, generation), stored);
        let lives = Condition::Living(generation);
        transaction.check(Step::Release, partition.release(), lives);
        match transaction.commit(self.store).await {
            Ok(()) => Ok(Some(RestoreOutcome::Restored)),
            Err(TransactionError::Steps(steps)) if steps.contains(&Step::Release) => Ok(None),
            Err(TransactionError::Steps(steps)) if steps.contains(&Step::Link) => {
                let link = stored.clone().into_link();
                self.compare_link(partition, &link).await.map(Some)
            }
            Err(TransactionError::Steps(steps)) => Ok(Some(RestoreOutcome::Taken(claimed(&steps)))),
            Err(error) => Err(error.into()),
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
            Some(item) if read::<LinkItem>(item.clone())?.into_link() == *link => {
                RestoreOutcome::Exists
            }
            Some(_) => RestoreOutcome::Differs,
        })
    }
}

/// Adds a link with its ID and its time of creation, and its unique-constraint items.
fn restore_link(
    transaction: &mut Transaction<'_>,
    (partition, generation): (&Partition, u64),
    stored: &LinkItem,
) {
    let link = stored.clone().into_link();
    let new = LinkItem::new(link.clone(), stored.created_at.clone());
    let new = item(partition.link(generation, link.id), &new);
    transaction.put(Step::Link, new, Condition::Absent);
    for (violation, item) in constraint_items(partition, generation, &link) {
        let is_free = Condition::HeldByOrAbsent(link.id);
        transaction.put(Step::Claim(violation), item, is_free);
    }
}

impl ReleaseBackup {
    /// Whether the release exists in the backup. It may have no links.
    #[must_use]
    pub fn has_release(&self) -> bool {
        self.release.is_some()
    }

    /// The outcome of a restore of the whole release.
    fn restored(&self) -> RestoredRelease {
        let links = self.links.iter().map(|link| RestoredLink {
            link: link.clone().into_link(),
            outcome: RestoreOutcome::Restored,
        });
        RestoredRelease {
            was_missing: true,
            links: links.collect(),
        }
    }

    /// The highest ID that a link of the release had.
    fn last_link_id(&self) -> u64 {
        let ids = self.links.iter().map(|link| link.id.number());
        ids.fold(self.item.last_link_id, u64::max)
    }
}
