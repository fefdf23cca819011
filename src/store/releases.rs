//! Releases: get and update.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::timeout;

use super::birth::{lock_value, put_details, put_place};
use super::condition::Condition;
use super::error::{StoreError, kept_changing_error};
use super::items::{Item, ReleaseItem, Stamp, number, read};
use super::keys::place;
use super::living::Rest;
use super::partition::Partition;
use super::schema::SortKey;
use super::schema::attribute::{IMMUTABLE_AT, RELEASED_AT, VERSION};
use super::session::Session;
use super::transaction::{Step, Transaction, TransactionError};
use crate::link::Link;
use crate::release::{
    MAX_RESPONSE_BYTES, Release, ReleaseChanges, ReleaseKey, ReleaseWithLinks, ResponseSize,
};

/// The longest time in which a transaction may lock a release, from the moment that its time of
/// immutability counts from. A write that began just before its commit takes up to 15 s more, so 2 s
/// of the 20 s of [`DRAIN`](crate::release::DRAIN) are left for clocks that differ.
const LONGEST_LOCK: Duration = Duration::from_secs(3);
/// Number of links that one query reads together with their release.
pub(super) const LINKS_AT_ONCE: u64 = 29;

/// The releases of all projects.
#[derive(Debug, Clone, Copy)]
pub struct Releases<'s> {
    pub(super) session: &'s Session<'s>,
}

/// A release and its links as the table has them.
#[derive(Debug)]
pub(super) struct StoredRelease {
    item: ReleaseItem,
    pub(super) with_links: ReleaseWithLinks,
    /// The size of the response about it, in bytes.
    bytes: usize,
}

/// Whether a release that takes several calls is checked at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// It is, so that the release and all links are of one generation.
    Again,
    /// A transaction with a condition follows.
    Later,
}

/// The size of the response to a request, which may contain several releases.
struct Measure<'a> {
    key: &'a ReleaseKey,
    size: ResponseSize,
    /// Of this release.
    bytes: usize,
    /// Of all releases of the response so far.
    total: &'a AtomicUsize,
}

impl<'s> Releases<'s> {
    pub(super) fn new(session: &'s Session<'s>) -> Self {
        Self { session }
    }

    /// A release with all its links.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::ReleaseTooLarge`],
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get(
        self,
        key: &ReleaseKey,
        size: ResponseSize,
    ) -> Result<ReleaseWithLinks, StoreError> {
        let bytes = AtomicUsize::default();
        let stored = self.read_stored(key, size, &bytes, Check::Again).await?;
        Ok(stored.ok_or(StoreError::ReleaseNotFound)?.with_links)
    }

    /// Whether the release exists.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn exists(self, key: &ReleaseKey) -> Result<bool, StoreError> {
        Ok(self.is_locked(key).await?.is_some())
    }

    /// Whether the release is locked; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn is_locked(self, key: &ReleaseKey) -> Result<Option<bool>, StoreError> {
        let item = self.session.release_item(&Partition::new(key)).await?;
        Ok(item.map(|item| item.immutable_at.is_some()))
    }

    /// Reads a release with its links. `bytes` is the size of the response to the whole request so
    /// far.
    pub(super) async fn read_stored(
        self,
        key: &ReleaseKey,
        size: ResponseSize,
        bytes: &AtomicUsize,
        check: Check,
    ) -> Result<Option<StoredRelease>, StoreError> {
        let (session, partition) = (self.session, Partition::new(key));
        let mut changes = session.changes();
        while changes.next().await {
            let living = session.living_release(&partition, &SortKey::Details, LINKS_AT_ONCE);
            let Some(living) = living.await?.living(&partition)? else {
                return Ok(None);
            };
            let release = build_release(key, &living.item, living.details)?;
            let mut measure = Measure::new(key, size, bytes);
            measure.add(size.release_bytes(&release))?;
            measure.add_links(&living.links)?;
            let mut links = living.links;
            let (generation, mut rest) = (living.item.generation, living.rest);
            let is_one_call = rest == Rest::Nothing;
            while rest != Rest::Nothing {
                let next = session.next_links(&partition, generation, &mut rest, None);
                let next = next.await?;
                measure.add_links(&next)?;
                links.extend(next);
            }
            let is_checked = is_one_call || check == Check::Later;
            if is_checked || session.lives_in(&partition, generation).await? {
                return Ok(Some(StoredRelease {
                    item: living.item,
                    with_links: ReleaseWithLinks { release, links },
                    bytes: measure.bytes,
                }));
            }
            measure.withdraw();
        }
        Err(kept_changing_error())
    }

    pub(super) async fn update(
        self,
        key: &ReleaseKey,
        changes: &ReleaseChanges,
        size: ResponseSize,
    ) -> Result<ReleaseWithLinks, StoreError> {
        let mut rounds = self.session.changes();
        while rounds.next().await {
            let bytes = AtomicUsize::default();
            let stored = self.read_stored(key, size, &bytes, Check::Later).await?;
            let stored = stored.ok_or(StoreError::ReleaseNotFound)?;
            let before = &stored.with_links.release;
            if changes.immutable == Some(false) && before.immutable_at.is_some() {
                return Err(StoreError::Immutable(key.tag.clone()));
            }
            let after = changes.apply_to(before, self.session.time());
            let links = stored.bytes - size.release_bytes(before);
            if links + size.release_bytes(&after) > MAX_RESPONSE_BYTES {
                return Err(StoreError::ChangeTooLarge);
            }
            let update = self.update_transaction(key, [before, &after], stored.item.stamp());
            let is_lock = after.immutable_at != before.immutable_at;
            if self.try_to_commit(update, is_lock).await? {
                let (partition, session) = (Partition::new(key), self.session);
                session.purge_leftovers(&partition, &stored.item).await;
                return Ok(ReleaseWithLinks {
                    release: after,
                    ..stored.with_links
                });
            }
        }
        Err(kept_changing_error())
    }

    /// Commits an update. `false` means that another round has to decide.
    async fn try_to_commit(
        self,
        update: Transaction<'_>,
        is_lock: bool,
    ) -> Result<bool, StoreError> {
        let commit = update.commit(self.session);
        let committed = if is_lock {
            match timeout(LONGEST_LOCK, commit).await {
                Ok(committed) => committed,
                // Its time is too near by now. The next round reads what has become of it.
                Err(_) => return Ok(false),
            }
        } else {
            commit.await
        };
        match committed {
            Ok(()) => Ok(true),
            // Another request changed the release after the read.
            Err(TransactionError::Steps(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn update_transaction(
        self,
        key: &ReleaseKey,
        [before, after]: [&Release; 2],
        read: Stamp,
    ) -> Transaction<'s> {
        let partition = Partition::new(key);
        let lock = lock_value(after);
        let set_lock = lock
            .as_ref()
            .map(|_| format!(", {IMMUTABLE_AT} = :immutable"));
        let set_lock = set_lock.unwrap_or_default();
        let update = format!("SET {RELEASED_AT} = :released, {VERSION} = :version{set_lock}");
        let stamp = Stamp {
            version: read.version + 1,
            ..read
        };
        let released = AttributeValue::S(after.released_at.to_string());
        let values = [(":released", released), (":version", number(stamp.version))];
        let unchanged = Condition::Unchanged {
            generation: read.generation,
            version: read.version,
            immutable_at: before.immutable_at,
        };
        let mut transaction = Transaction::on(&self.session.table.name);
        transaction.update(
            Step::Release,
            partition.release(),
            &update,
            values.into_iter().chain(lock),
            unchanged,
        );
        put_details(&mut transaction, &partition, &after.details, stamp);
        if place(after) != place(before) {
            transaction.delete(Step::Own, place(before), Condition::Any);
        }
        // A partial restore may have lost the place.
        put_place(&mut transaction, after);
        transaction
    }
}

impl<'a> Measure<'a> {
    fn new(key: &'a ReleaseKey, size: ResponseSize, total: &'a AtomicUsize) -> Self {
        Self {
            key,
            size,
            bytes: 0,
            total,
        }
    }

    /// Adds to the size of the response, unless it becomes too large.
    fn add(&mut self, added: usize) -> Result<(), StoreError> {
        self.bytes += added;
        if self.bytes > MAX_RESPONSE_BYTES {
            Err(StoreError::ReleaseTooLarge(self.key.tag.clone()))
        } else if self.total.fetch_add(added, Ordering::Relaxed) + added > MAX_RESPONSE_BYTES {
            Err(StoreError::PageTooLarge)
        } else {
            Ok(())
        }
    }

    fn add_links(&mut self, links: &[Link]) -> Result<(), StoreError> {
        for link in links {
            self.add(self.size.link_bytes(&self.key.tag, link))?;
        }
        Ok(())
    }

    /// Takes this release out of the response again.
    fn withdraw(self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The release of these items; without the second one, its details are empty.
pub(super) fn build_release(
    key: &ReleaseKey,
    item: &ReleaseItem,
    details: Option<Item>,
) -> Result<Release, StoreError> {
    let created_at = item.created_at.ok_or_else(|| {
        let tag = &key.tag;
        StoreError::Corrupt(format!("release {tag} lacks its time of creation"))
    })?;
    let released_at = item.released_at.unwrap_or(created_at);
    Ok(Release {
        project: key.project,
        tag: key.tag.clone(),
        details: details.map(read).transpose()?.unwrap_or_default(),
        created_at,
        released_at,
        immutable_at: item.immutable_at,
    })
}
