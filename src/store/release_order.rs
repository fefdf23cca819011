//! The order of a project's releases: the list of releases and the latest one.

use std::sync::atomic::AtomicUsize;

use aws_sdk_dynamodb::types::Select;
use futures_util::{StreamExt, TryStreamExt};

use super::entities::{Item, PlaceItem, read};
use super::error::StoreError;
use super::keys::{item_name, order_of, sort_key};
use super::session::{Range, Session as StoreSession};
use crate::page::{Page, Paged};
use crate::project::ProjectId;
use crate::release::{Order, OrderBy, ReleaseKey, ReleaseWithLinks, ResponseSize, TagName};

/// Number of releases that are read at the same time for a list.
const CONCURRENT_READS: usize = 8;

/// A release in the list for operators, which reads nothing but the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseEntry {
    /// The tag.
    pub tag: TagName,
    /// When it was released, or will be: RFC 3339 in UTC.
    pub released_at: String,
    /// When it was created, in the same form.
    pub created_at: String,
}

/// The place of a release in the order of releases.
#[derive(Debug)]
struct Place {
    released_at: String,
    created_at: String,
    tag: TagName,
}

impl StoreSession<'_> {
    /// A page of a project's releases with all their links. The whole order is read, because
    /// counting it would cost as much.
    ///
    /// # Errors
    ///
    /// [`StoreError::PageTooLarge`], [`StoreError::ReleaseTooLarge`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn list_releases(
        &self,
        project: ProjectId,
        order: Order,
        page: Page,
        size: ResponseSize,
    ) -> Result<Paged<ReleaseWithLinks>, StoreError> {
        let places = self.places(project, order).await?;
        let counted = u64::try_from(places.len()).unwrap_or(u64::MAX);
        let [offset, per_page] = [page.offset(), page.per_page]
            .map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        let places = places.into_iter().skip(offset).take(per_page);
        let keys = places.map(|place| ReleaseKey {
            project,
            tag: place.tag,
        });
        let bytes = &AtomicUsize::default();
        let reads = keys.map(|key| async move { self.read_release(&key, size, bytes).await });
        let reads = futures_util::stream::iter(reads).buffered(CONCURRENT_READS);
        // A release that was deleted after the order was read is left out.
        let found = reads.try_filter_map(|found| async { Ok(found.map(|found| found.with_links)) });
        Ok(Paged {
            items: found.try_collect().await?,
            counted,
        })
    }

    /// All releases of a project, the latest first. It takes one query for each megabyte of their
    /// order, whatever their links are.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn release_entries(
        &self,
        project: ProjectId,
    ) -> Result<Vec<ReleaseEntry>, StoreError> {
        let places = self.places(project, Order::default()).await?.into_iter();
        let entries = places.map(|place| ReleaseEntry {
            tag: place.tag,
            released_at: place.released_at,
            created_at: place.created_at,
        });
        Ok(entries.collect())
    }

    /// The tag of the latest release: the last one by time of release, upcoming ones included
    /// (R60).
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`] for a project without releases,
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn latest_release(&self, project: ProjectId) -> Result<TagName, StoreError> {
        let partition = order_of(project);
        let range = Range::whole(&partition).backward();
        let output = self.query(&range, Select::AllAttributes, Some(1), None);
        let latest = output.await?.items.into_iter().flatten().next();
        Ok(place_of(latest.ok_or(StoreError::ReleaseNotFound)?)?.tag)
    }

    /// All places in the order of a project's releases.
    async fn places(&self, project: ProjectId, order: Order) -> Result<Vec<Place>, StoreError> {
        let partition = order_of(project);
        let items = self.query_all(&Range::whole(&partition)).await?;
        let places = items.into_iter().map(place_of);
        let mut places = places.collect::<Result<Vec<_>, _>>()?;
        if order.by == OrderBy::CreatedAt {
            places.sort_by(|a, b| (&a.created_at, &a.tag).cmp(&(&b.created_at, &b.tag)));
        }
        if !order.is_ascending {
            places.reverse();
        }
        Ok(places)
    }
}

fn place_of(item: Item) -> Result<Place, StoreError> {
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
