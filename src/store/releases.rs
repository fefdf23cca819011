//! Releases: get, list, the latest, and update.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use futures_util::{StreamExt, TryStreamExt};

use super::batch::find;
use super::entities::{Item, LinkItem, PlaceItem, ReleaseItem, Timestamp, read};
use super::error::StoreError;
use super::keys::{DETAILS, FIRST_LINK, Key, Partition, RELEASE, order_of, place};
use super::release_creation::{put_details, put_place};
use super::transaction::{Condition, MAX_ROUNDS, Step, Transaction, TransactionError, number};
use super::{Range, Store, StoreSession};
use crate::link::Link;
use crate::page::{Page, Paged};
use crate::project::ProjectId;
use crate::release::{
    Order, OrderBy, Release, ReleaseChanges, ReleaseKey, ReleaseWithLinks, TagName,
};

/// Number of releases that are read at the same time for a list.
const CONCURRENT_READS: usize = 8;
/// Largest size of the links that are read for one response, in bytes of their text. Lambda's limit
/// for a response is six megabytes, and the JSON is larger than the text.
const MAX_LINK_BYTES: usize = 6_000_000;

/// A release and its links as the table has them.
#[derive(Debug)]
pub(super) struct StoredRelease {
    pub(super) item: ReleaseItem,
    pub(super) with_links: ReleaseWithLinks,
}

/// The place of a release in the order of releases.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    released_at: String,
    created_at: String,
    tag: String,
}

impl StoreSession<'_> {
    /// A release with all its links.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::TooLarge`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn get_release(&self, key: &ReleaseKey) -> Result<ReleaseWithLinks, StoreError> {
        let stored = self.read_release(key, &AtomicUsize::default()).await?;
        Ok(stored.ok_or(StoreError::ReleaseNotFound)?.with_links)
    }

    /// Whether the release exists.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn has_release(&self, key: &ReleaseKey) -> Result<bool, StoreError> {
        let partition = Partition::of(key);
        let item = self.get_item(partition.release()).await?;
        Ok(self.existing_item(&partition, item).await?.is_some())
    }

    /// A page of a project's releases with all their links. The whole order is read, because
    /// counting it would cost as much.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn list_releases(
        &self,
        project: ProjectId,
        order: Order,
        page: Page,
    ) -> Result<Paged<ReleaseWithLinks>, StoreError> {
        let places = self.places(project, order).await?;
        let counted = u64::try_from(places.len()).unwrap_or(u64::MAX);
        let [offset, size] = [page.offset(), page.per_page]
            .map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        let keys = places.into_iter().skip(offset).take(size).map(|place| {
            let tag = place.tag.parse().map_err(|error| {
                StoreError::Corrupt(format!("a tag in the order of project {project} {error}"))
            })?;
            Ok(ReleaseKey { project, tag })
        });
        let keys = keys.collect::<Result<Vec<_>, StoreError>>()?;
        let size = &AtomicUsize::default();
        let reads = keys
            .into_iter()
            .map(|key| async move { self.read_release(&key, size).await });
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
    pub async fn latest_release(&self, project: ProjectId) -> Result<TagName, StoreError> {
        let partition = order_of(project);
        let range = places_of(&partition, false);
        let output = self
            .query(&range, Select::AllAttributes, Some(1), None)
            .await?;
        let latest = output.items.into_iter().flatten().next();
        let tag = place_of(latest.ok_or(StoreError::ReleaseNotFound)?)?.tag;
        tag.parse().map_err(|error| {
            StoreError::Corrupt(format!(
                "the tag of the latest release of {project} {error}"
            ))
        })
    }

    /// All places in the order of a project's releases.
    async fn places(&self, project: ProjectId, order: Order) -> Result<Vec<Place>, StoreError> {
        let partition = order_of(project);
        let range = places_of(&partition, order.is_ascending);
        let (mut places, mut start) = (Vec::new(), None);
        loop {
            let output = self
                .query(&range, Select::AllAttributes, None, start)
                .await?;
            for item in output.items.unwrap_or_default() {
                places.push(place_of(item)?);
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        if order.by == OrderBy::CreatedAt {
            places.sort_by(|a, b| {
                let ascending = (&a.created_at, &a.tag).cmp(&(&b.created_at, &b.tag));
                if order.is_ascending {
                    ascending
                } else {
                    ascending.reverse()
                }
            });
        }
        Ok(places)
    }

    /// Reads a release with its links in one query for each megabyte. `size` is that of all links
    /// that the request has read.
    pub(super) async fn read_release(
        &self,
        key: &ReleaseKey,
        size: &AtomicUsize,
    ) -> Result<Option<StoredRelease>, StoreError> {
        let partition = Partition::of(key);
        let (head, mut links) = self.read_items(&partition, size).await?;
        let item = self
            .existing_item(&partition, find(&head, &partition.release()))
            .await?;
        let Some(item) = item else { return Ok(None) };
        links.retain(|link| link.id.number() > item.deleted_through);
        let release = release_of(key, &item, find(&head, &partition.details()))?;
        let with_links = ReleaseWithLinks { release, links };
        Ok(Some(StoredRelease { item, with_links }))
    }

    /// The items of a release and its links.
    async fn read_items(
        &self,
        partition: &Partition,
        size: &AtomicUsize,
    ) -> Result<(Vec<Item>, Vec<Link>), StoreError> {
        let range = release_and_links(partition);
        let (mut head, mut links, mut start) = (Vec::new(), Vec::new(), None);
        loop {
            let output = self.query(&range, Select::AllAttributes, None, start);
            let output = output.await?;
            let mut read_bytes = 0;
            for item in output.items.unwrap_or_default() {
                if is_link(&item) {
                    let link = read::<LinkItem>(item)?.into_link();
                    read_bytes += text_bytes(&link);
                    links.push(link);
                } else {
                    head.push(item);
                }
            }
            let before = size.fetch_add(read_bytes, Ordering::Relaxed);
            if before + read_bytes > MAX_LINK_BYTES {
                return Err(StoreError::TooLarge);
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok((head, links));
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
    /// [`StoreError::ReleaseNotFound`], [`StoreError::TooLarge`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn update_release(
        &self,
        key: &ReleaseKey,
        changes: &ReleaseChanges,
    ) -> Result<ReleaseWithLinks, StoreError> {
        for _ in 0..MAX_ROUNDS {
            let stored = self.read_release(key, &AtomicUsize::default()).await?;
            let stored = stored.ok_or(StoreError::ReleaseNotFound)?;
            let before = &stored.with_links.release;
            let after = changes.apply(before);
            let version = stored.item.version;
            let update = self.store.update_of_release(key, [before, &after], version);
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
        Err(StoreError::Unavailable(
            "the release kept changing".to_owned(),
        ))
    }
}

impl Store {
    fn update_of_release(
        &self,
        key: &ReleaseKey,
        [before, after]: [&Release; 2],
        version: u64,
    ) -> Transaction<'_> {
        const UPDATE: &str = "SET released_at = :released, \
                              revision = if_not_exists(revision, :zero) + :one";
        let partition = Partition::of(key);
        let mut transaction = Transaction::on(&self.table);
        let released = AttributeValue::S(Timestamp(after.released_at).text());
        let values = [
            (":released", released),
            (":zero", number(0)),
            (":one", number(1)),
        ];
        let (item, unchanged) = (partition.release(), Condition::Release(version));
        transaction.update(Step::Release, item, UPDATE, values, unchanged);
        put_details(&mut transaction, &partition, &after.details);
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
    let (Some(created_at), Some(released_at)) = (item.created_at, item.released_at) else {
        let tag = &key.tag;
        return Err(StoreError::Corrupt(format!(
            "release {tag} lacks its time of release"
        )));
    };
    Ok(Release {
        project: key.project,
        tag: key.tag.clone(),
        details: details.map(read).transpose()?.unwrap_or_default(),
        created_at: created_at.0,
        released_at: released_at.0,
    })
}

/// What describes a release, the release, and its links, the newest first.
pub(super) fn release_and_links(partition: &Partition) -> Range<'_> {
    Range {
        partition: &partition.0,
        first_key: FIRST_LINK.to_owned(),
        last_key: DETAILS.to_owned(),
        is_forward: false,
        only_links_after: 0,
    }
}

pub(super) fn is_link(item: &Item) -> bool {
    let sort_key = item.get("sk").and_then(|sk| sk.as_s().ok());
    sort_key.is_some_and(|sk| sk != RELEASE && sk != DETAILS)
}

/// The size of a link's text, in bytes.
fn text_bytes(link: &Link) -> usize {
    link.name.len() + link.url.len() + link.filepath.as_ref().map_or(0, String::len)
}

/// All places of an order. They begin with a year.
fn places_of(partition: &str, is_forward: bool) -> Range<'_> {
    Range {
        partition,
        first_key: "0".to_owned(),
        last_key: "~".to_owned(),
        is_forward,
        only_links_after: 0,
    }
}

fn place_of(item: Item) -> Result<Place, StoreError> {
    let name = super::keys::item_name(&item);
    let sort_key = item.get("sk").and_then(|sk| sk.as_s().ok());
    let sort_key = sort_key.cloned().unwrap_or_default();
    let PlaceItem { tag } = read(item)?;
    let mut parts = sort_key.splitn(3, '#').map(str::to_owned);
    let (Some(released_at), Some(created_at), Some(ordered_tag)) =
        (parts.next(), parts.next(), parts.next())
    else {
        return Err(StoreError::Corrupt(format!(
            "the key of {name} is malformed"
        )));
    };
    Ok(Place {
        released_at,
        created_at,
        tag: tag.unwrap_or(ordered_tag),
    })
}
