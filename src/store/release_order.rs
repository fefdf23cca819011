//! The order of a project's releases: the list of releases and the latest one.
//!
//! The order of releases by time of release is that of the sort keys. Their number is kept in
//! shards, which sort after all places, so that the query for the first page reads both.

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;

use futures_util::{StreamExt, TryStreamExt};

use super::cursor::Cursor;
use super::error::StoreError;
use super::items::{Item, PlaceItem, ShardItem, read};
use super::keys::{AFTER_PLACES, FIRST_SHARD, SHARDS, item_name, order_partition, sort_key};
use super::range::Range;
use super::releases::{Check, Releases};
use super::session::{Reading, Session};
use crate::page::{Page, Paged, slice};
use crate::project::ProjectId;
use crate::release::{Order, OrderBy, ReleaseKey, ReleaseWithLinks, ResponseSize, TagName};

/// Number of releases that are read at the same time for a list.
pub(super) const CONCURRENT_READS: usize = 8;
/// Largest number of places that are read, and not skipped, to reach the end of a page.
const MAX_READ_AT_ONCE: u64 = 200;

/// The place of a release in the order of releases.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) released_at: String,
    pub(super) created_at: String,
    pub(super) tag: TagName,
}

impl Releases<'_> {
    /// A page of a project's releases with all their links. In the order of creation, the whole
    /// order is read.
    ///
    /// # Errors
    ///
    /// [`StoreError::PageTooLarge`], [`StoreError::ReleaseTooLarge`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn list(
        self,
        project: ProjectId,
        order: Order,
        page: Page,
        size: ResponseSize,
    ) -> Result<Paged<ReleaseWithLinks>, StoreError> {
        let Paged { items, counted } = match order.by {
            OrderBy::CreatedAt => self.page_by_creation(project, order, page).await?,
            OrderBy::ReleasedAt => self.page_by_release(project, order, page).await?,
        };
        let keys = items.into_iter().map(|tag| ReleaseKey { project, tag });
        let bytes = &AtomicUsize::default();
        let reads =
            keys.map(|key| async move { self.read_stored(&key, size, bytes, Check::Again).await });
        let reads = futures_util::stream::iter(reads).buffered(CONCURRENT_READS);
        // A release that was deleted after the order was read is left out.
        let found = reads.try_filter_map(|found| async { Ok(found.map(|found| found.with_links)) });
        Ok(Paged {
            items: found.try_collect().await?,
            counted,
        })
    }

    /// The tag of the latest release: the last one by time of release, upcoming ones included
    /// (R60).
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`] for a project without releases,
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn latest(self, project: ProjectId) -> Result<TagName, StoreError> {
        let partition = order_partition(project);
        let range = order_range(&partition).backward();
        let query = self.session.query(&range, Reading::Items, Some(1), None);
        let latest = query.await?.items.into_iter().flatten().next();
        Ok(read_place(latest.ok_or(StoreError::ReleaseNotFound)?)?.tag)
    }

    /// The tags of a page in the order of creation.
    async fn page_by_creation(
        self,
        project: ProjectId,
        order: Order,
        page: Page,
    ) -> Result<Paged<TagName>, StoreError> {
        let mut places = self.session.places(project).await?;
        places.sort_by(|a, b| (&a.created_at, &a.tag).cmp(&(&b.created_at, &b.tag)));
        if !order.is_ascending {
            places.reverse();
        }
        let tags = distinct(places.into_iter().map(|place| place.tag));
        let counted = u64::try_from(tags.len()).unwrap_or(u64::MAX);
        Ok(Paged {
            items: slice(tags, page.offset(), page.per_page),
            counted,
        })
    }

    /// The tags of a page in the order of release. The first query reads the number of releases,
    /// and the page if it is near the latest release.
    pub(super) async fn page_by_release(
        self,
        project: ProjectId,
        order: Order,
        page: Page,
    ) -> Result<Paged<TagName>, StoreError> {
        let partition = order_partition(project);
        let mut cursor = Cursor::over(Range::whole(&partition).backward());
        let end = page.offset().saturating_add(page.per_page);
        let is_near = !order.is_ascending && end <= MAX_READ_AT_ONCE;
        let near = if is_near { end } else { 0 };
        let items = self.session.take(&mut cursor, SHARDS + near).await?;
        let (counts, places) = items.into_iter().partition::<Vec<_>, _>(is_shard);
        let counted = sum(counts)?;
        let size = page.per_page.min(counted.saturating_sub(page.offset()));
        let places = if size == 0 {
            Vec::new()
        } else if is_near {
            slice(places, page.offset(), size)
        } else {
            let places = self.distant_places(&partition, order, page.offset(), size, counted);
            places.await?
        };
        let places = places.into_iter().map(read_place);
        let places = places.collect::<Result<Vec<_>, _>>()?;
        Ok(Paged {
            items: distinct(places.into_iter().map(|place| place.tag)),
            counted,
        })
    }

    /// The places of a page, read from the nearer end of the order.
    async fn distant_places(
        self,
        partition: &str,
        order: Order,
        before: u64,
        size: u64,
        counted: u64,
    ) -> Result<Vec<Item>, StoreError> {
        let after = counted - before - size;
        let is_from_start = before <= after;
        let mut cursor = Cursor::over(Range {
            is_forward: order.is_ascending == is_from_start,
            ..order_range(partition)
        });
        self.session.skip(&mut cursor, before.min(after)).await?;
        let mut places = self.session.take(&mut cursor, size).await?;
        if !is_from_start {
            places.reverse();
        }
        Ok(places)
    }
}

impl Session<'_> {
    /// All places in the order of a project's releases, the latest first.
    pub(super) async fn places(&self, project: ProjectId) -> Result<Vec<Place>, StoreError> {
        let partition = order_partition(project);
        let items = self.query_all(&order_range(&partition).backward()).await?;
        items.into_iter().map(read_place).collect()
    }
}

pub(super) fn order_range(partition: &str) -> Range<'_> {
    Range::between(partition, "0", AFTER_PLACES)
}

fn is_shard(item: &Item) -> bool {
    sort_key(item).starts_with(FIRST_SHARD)
}

/// The number of releases.
fn sum(shards: Vec<Item>) -> Result<u64, StoreError> {
    let counts = shards.into_iter().map(read::<ShardItem>);
    let counts = counts.collect::<Result<Vec<_>, _>>()?;
    let sum: i64 = counts.iter().map(|shard| shard.releases).sum();
    Ok(u64::try_from(sum).unwrap_or_default())
}

/// The tags without repetitions. A release that moves while several queries read the order may be
/// in it twice.
pub(super) fn distinct(tags: impl Iterator<Item = TagName>) -> Vec<TagName> {
    let mut seen = HashSet::new();
    tags.filter(|tag| seen.insert(tag.as_str().to_owned()))
        .collect()
}

pub(super) fn read_place(item: Item) -> Result<Place, StoreError> {
    let name = item_name(&item);
    let malformed = || StoreError::Corrupt(format!("the key of {name} is malformed"));
    let key = sort_key(&item).to_owned();
    let PlaceItem { tag } = read(item)?;
    let mut parts = key.splitn(3, '#');
    let (Some(released_at), Some(created_at), Some(ordered_tag)) =
        (parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let tag = tag.as_deref().unwrap_or(ordered_tag).parse();
    Ok(Place {
        released_at: released_at.to_owned(),
        created_at: created_at.to_owned(),
        tag: tag.map_err(|_| malformed())?,
    })
}
