//! Releases: get and update.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;

use super::birth::{put_details, put_place};
use super::condition::Condition;
use super::error::{StoreError, kept_changing_error};
use super::items::{Item, ReleaseItem, Stamp, number, read};
use super::keys::place;
use super::living::Rest;
use super::partition::Partition;
use super::schema::SortKey;
use super::schema::attribute::{RELEASED_AT, VERSION};
use super::session::Session;
use super::transaction::{Step, Transaction, TransactionError};
use crate::link::Link;
use crate::release::{
    MAX_RESPONSE_BYTES, Release, ReleaseChanges, ReleaseKey, ReleaseWithLinks, ResponseSize,
};

/// Number of links that one query reads together with their release.
const LINKS_AT_ONCE: u64 = 29;

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
        let item = self.session.release_item(&Partition::new(key)).await?;
        Ok(item.is_some())
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
            let after = changes.apply_to(before);
            let links = stored.bytes - size.release_bytes(before);
            if links + size.release_bytes(&after) > MAX_RESPONSE_BYTES {
                return Err(StoreError::ChangeTooLarge);
            }
            let update = self.update_transaction(key, [before, &after], stored.item.stamp());
            match update.commit(self.session).await {
                Ok(()) => {
                    let partition = Partition::new(key);
                    let session = self.session;
                    session.purge_leftovers(&partition, &stored.item).await;
                    return Ok(ReleaseWithLinks {
                        release: after,
                        ..stored.with_links
                    });
                }
                // Another request changed the release after the read.
                Err(TransactionError::Steps(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(kept_changing_error())
    }

    fn update_transaction(
        self,
        key: &ReleaseKey,
        [before, after]: [&Release; 2],
        Stamp {
            generation,
            version,
        }: Stamp,
    ) -> Transaction<'s> {
        let partition = Partition::new(key);
        let update = format!("SET {RELEASED_AT} = :released, {VERSION} = :version");
        let stamp = Stamp {
            generation,
            version: version + 1,
        };
        let released = AttributeValue::S(after.released_at.to_string());
        let values = [(":released", released), (":version", number(stamp.version))];
        let unchanged = Condition::Unchanged {
            generation,
            version,
        };
        let mut transaction = Transaction::on(&self.session.table.name);
        transaction.update(
            Step::Release,
            partition.release(),
            &update,
            values,
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
    })
}
