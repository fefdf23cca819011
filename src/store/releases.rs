//! Releases: get and update.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::types::{AttributeValue, Select};

use super::batch::find;
use super::entities::{Item, LinkItem, ReleaseItem, read};
use super::error::StoreError;
use super::keys::{DETAILS, FIRST_LINK, Key, Partition, RELEASE, place, sort_key};
use super::release_creation::{put_details, put_place};
use super::session::{Range, Session as StoreSession};
use super::table::Table;
use super::transaction::{Condition, MAX_ROUNDS, Step, Transaction, TransactionError, number};
use crate::link::Link;
use crate::release::{
    MAX_RESPONSE_BYTES, Release, ReleaseChanges, ReleaseKey, ReleaseWithLinks, ResponseSize,
};

/// A release and its links as the table has them.
#[derive(Debug)]
pub(super) struct StoredRelease {
    item: ReleaseItem,
    /// The version of what describes it.
    details_version: u64,
    pub(super) with_links: ReleaseWithLinks,
    /// The size of the response about it, in bytes.
    bytes: usize,
}

/// What the queries for a release and its links have read.
#[derive(Debug, Default)]
struct ReadItems {
    /// The items of the release and what describes it.
    head: Vec<Item>,
    /// The release, if it exists.
    release: Option<Release>,
    /// The links that exist, the newest first.
    links: Vec<Link>,
    /// The size of the response about the release, in bytes.
    bytes: usize,
    queries: u32,
}

impl StoreSession<'_> {
    /// A release with all its links.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::ReleaseTooLarge`],
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get_release(
        &self,
        key: &ReleaseKey,
        size: ResponseSize,
    ) -> Result<ReleaseWithLinks, StoreError> {
        let stored = self
            .read_release(key, size, &AtomicUsize::default())
            .await?;
        Ok(stored.ok_or(StoreError::ReleaseNotFound)?.with_links)
    }

    /// Whether the release exists.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn has_release(&self, key: &ReleaseKey) -> Result<bool, StoreError> {
        let partition = Partition::of(key);
        Ok(self.release_item(&partition).await?.is_some())
    }

    /// The release's item, if the release exists.
    pub(super) async fn release_item(
        &self,
        partition: &Partition,
    ) -> Result<Option<ReleaseItem>, StoreError> {
        let item = self.get_item(partition.release()).await?;
        self.existing_item(partition, item).await
    }

    /// Reads a release with its links in one query for each megabyte. `bytes` is the size of the
    /// response to the whole request so far.
    pub(super) async fn read_release(
        &self,
        key: &ReleaseKey,
        size: ResponseSize,
        bytes: &AtomicUsize,
    ) -> Result<Option<StoredRelease>, StoreError> {
        let partition = Partition::of(key);
        for _ in 0..MAX_ROUNDS {
            let read = self.read_items(key, size, bytes).await?;
            let release = find(&read.head, &partition.release());
            let item = self.existing_item(&partition, release).await?;
            let Some(item) = item else { return Ok(None) };
            // Between several queries, the release may have been deleted.
            if read.queries > 1 {
                let again = self.release_item(&partition).await?;
                if again.is_none_or(|again| again.deleted_through != item.deleted_through) {
                    bytes.fetch_sub(read.bytes, Ordering::Relaxed);
                    continue;
                }
            }
            let Some(release) = read.release else {
                return Ok(None);
            };
            let details = find(&read.head, &partition.details());
            return Ok(Some(StoredRelease {
                item,
                details_version: details.as_ref().map_or(0, version_of),
                with_links: ReleaseWithLinks {
                    release,
                    links: read.links,
                },
                bytes: read.bytes,
            }));
        }
        Err(StoreError::Unavailable("the release kept changing".into()))
    }

    /// The items of a release and its links. It stops at the first link that does not exist.
    async fn read_items(
        &self,
        key: &ReleaseKey,
        size: ResponseSize,
        bytes: &AtomicUsize,
    ) -> Result<ReadItems, StoreError> {
        let partition = &Partition::of(key);
        let range = release_and_links(partition);
        let (mut read_items, mut start) = (ReadItems::default(), None);
        loop {
            let output = self.query(&range, Select::AllAttributes, None, start);
            let output = output.await?;
            read_items.queries += 1;
            let items = output.items.unwrap_or_default();
            let (links, head) = items.into_iter().partition::<Vec<_>, _>(is_link);
            read_items.head.extend(head);
            let item = find(&read_items.head, &partition.release());
            let item: Option<ReleaseItem> = item.map(read).transpose()?;
            let Some(item) = item.filter(ReleaseItem::exists) else {
                return Ok(read_items);
            };
            if read_items.release.is_none() {
                read_items.add_release(key, &item, size, bytes)?;
            }
            for link in links {
                let link = read::<LinkItem>(link)?.into_link();
                if link.id.number() <= item.deleted_through {
                    return Ok(read_items);
                }
                read_items.add(key, size.of_link(&key.tag, &link), bytes)?;
                read_items.links.push(link);
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(read_items);
            }
        }
    }

    /// The release and another item of its partition, in one call; `None` if the release does not
    /// exist.
    pub(super) async fn existing_release(
        &self,
        partition: &Partition,
        key: Key,
    ) -> Result<Option<(ReleaseItem, Option<Item>)>, StoreError> {
        let (release, item) = self.release_and(partition, key).await?;
        let release = self.existing_item(partition, release).await?;
        Ok(release.map(|release| (release, item)))
    }

    /// The items of the release and of this key.
    pub(super) async fn release_and(
        &self,
        partition: &Partition,
        key: Key,
    ) -> Result<(Option<Item>, Option<Item>), StoreError> {
        let release = partition.release();
        let items = self.get_items(vec![release.clone(), key.clone()]).await?;
        Ok((find(&items, &release), find(&items, &key)))
    }

    /// The release of this item, if it exists. If not, an interrupted deletion continues.
    pub(super) async fn existing_item(
        &self,
        partition: &Partition,
        item: Option<Item>,
    ) -> Result<Option<ReleaseItem>, StoreError> {
        let item: ReleaseItem = match item {
            Some(item) => read(item)?,
            None => return Ok(None),
        };
        if item.exists() {
            return Ok(Some(item));
        }
        if item.needs_cleanup {
            self.clean_up(partition, item.deleted_through).await;
        }
        Ok(None)
    }

    /// Updates a release.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::ReleaseTooLarge`],
    /// [`StoreError::ChangeTooLarge`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn update_release(
        &self,
        key: &ReleaseKey,
        changes: &ReleaseChanges,
        size: ResponseSize,
    ) -> Result<ReleaseWithLinks, StoreError> {
        for _ in 0..MAX_ROUNDS {
            let bytes = AtomicUsize::default();
            let stored = self.read_release(key, size, &bytes).await?;
            let stored = stored.ok_or(StoreError::ReleaseNotFound)?;
            let before = &stored.with_links.release;
            let after = changes.apply(before);
            let links = stored.bytes - size.of_release(before);
            if links + size.of_release(&after) > MAX_RESPONSE_BYTES {
                return Err(StoreError::ChangeTooLarge);
            }
            let versions = [stored.item.version, stored.details_version];
            let update = self
                .table
                .update_of_release(key, [before, &after], versions);
            match update.commit(self).await {
                Ok(()) => {
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
        Err(StoreError::Unavailable("the release kept changing".into()))
    }
}

impl ReadItems {
    /// Adds the release, whose items precede the links.
    fn add_release(
        &mut self,
        key: &ReleaseKey,
        item: &ReleaseItem,
        size: ResponseSize,
        bytes: &AtomicUsize,
    ) -> Result<(), StoreError> {
        let details = find(&self.head, &Partition::of(key).details());
        let release = release_of(key, item, details)?;
        self.add(key, size.of_release(&release), bytes)?;
        self.release = Some(release);
        Ok(())
    }

    /// Adds to the size of the response, unless it becomes too large.
    fn add(
        &mut self,
        key: &ReleaseKey,
        added: usize,
        bytes: &AtomicUsize,
    ) -> Result<(), StoreError> {
        self.bytes += added;
        if self.bytes > MAX_RESPONSE_BYTES {
            Err(StoreError::ReleaseTooLarge(key.tag.clone()))
        } else if bytes.fetch_add(added, Ordering::Relaxed) + added > MAX_RESPONSE_BYTES {
            Err(StoreError::PageTooLarge)
        } else {
            Ok(())
        }
    }
}

impl Table {
    fn update_of_release(
        &self,
        key: &ReleaseKey,
        [before, after]: [&Release; 2],
        [version, details_version]: [u64; 2],
    ) -> Transaction<'_> {
        const UPDATE: &str = "SET released_at = :released, \
                              revision = if_not_exists(revision, :zero) + :one";
        let partition = Partition::of(key);
        let mut transaction = Transaction::on(&self.name);
        let released = AttributeValue::S(after.released_at.to_string());
        let values = [
            (":released", released),
            (":zero", number(0)),
            (":one", number(1)),
        ];
        let (item, unchanged) = (partition.release(), Condition::Release(version));
        transaction.update(Step::Release, item, UPDATE, values, unchanged);
        let is_read = Condition::VersionOrAbsent(details_version);
        put_details(
            &mut transaction,
            &partition,
            &after.details,
            details_version,
            is_read,
        );
        if place(after) != place(before) {
            transaction.delete(Step::Own, place(before), Condition::Any);
        }
        // A release of an earlier version of this service has no place.
        put_place(&mut transaction, after);
        transaction
    }
}

/// The release of these items. Without the second one, nothing describes it.
pub(super) fn release_of(
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

/// The version of an item; 0 without one.
fn version_of(item: &Item) -> u64 {
    let version = item.get("revision").and_then(|version| version.as_n().ok());
    version
        .and_then(|version| version.parse().ok())
        .unwrap_or_default()
}

/// What describes a release, the release, and its links, the newest first.
pub(super) fn release_and_links(partition: &Partition) -> Range<'_> {
    Range::between(&partition.0, FIRST_LINK, DETAILS).backward()
}

pub(super) fn is_link(item: &Item) -> bool {
    ![RELEASE, DETAILS].contains(&sort_key(item))
}
