//! The order of a project's releases: the list of releases and the latest one.

use std::sync::atomic::AtomicUsize;

use aws_sdk_dynamodb::types::Select;
use futures_util::{StreamExt, TryStreamExt};

use super::entities::{Item, PlaceItem, read};
use super::error::StoreError;
use super::keys::{item_name, order_of};
use super::{Range, StoreSession};
use crate::page::{Page, Paged};
use crate::project::ProjectId;
use crate::release::{Order, OrderBy, ReleaseKey, ReleaseWithLinks, TagName};

/// Number of releases that are read at the same time for a list.
const CONCURRENT_READS: usize = 8;
/// The place of a release in the order of releases.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    released_at: String,
    created_at: String,
    tag: String,
}

impl StoreSession<'_> {
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
    let name = item_name(&item);
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
