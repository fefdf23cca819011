//! The reads of an export: projects, the order of their releases, and each release with its links.
//!
//! Clients may write meanwhile. A release is consistent if its item is the same before and after
//! the read of its links: all links then belong to one life of the release.

use serde::Deserialize;

use super::error::AdminError;
use super::project_items::visible;
use super::projects::Projects;
use super::releases::OperatorReleases;
use crate::link::Link;
use crate::project::{Project, ProjectId, ProjectRef};
use crate::release::{Release, ReleaseKey, TagName};
use crate::store::error::{StoreError, kept_changing_error};
use crate::store::identity::ProjectItem;
use crate::store::items::{Item, ReleaseItem, Stamp, copy_of, read};
use crate::store::keys::{Key, order_partition};
use crate::store::partition::Partition;
use crate::store::release_order::{order_range, read_place};
use crate::store::releases::build_release;
use crate::store::schema::SortKey;
use crate::store::schema::attribute::CREATED_AT;
use crate::store::session::Reading;
use crate::timestamp::Timestamp;

/// Number of places in the order that one query reads.
const TAGS_AT_ONCE: u64 = 200;
/// Number of links that are read with the release itself. Nearly every release has fewer. The limit
/// keeps the memory small, because several releases are read ahead.
const FIRST_LINKS: u64 = 100;

/// A visible project, and the former paths that still lead to it, the latest last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedProject {
    /// The project.
    pub project: Project,
    /// Its former paths in lower case.
    pub former_paths: Vec<String>,
}

/// A release without its links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedRelease {
    /// The release.
    pub release: Release,
    /// The highest ID that one of its links has or had.
    pub last_link_id: u64,
}

/// A link with the time of its creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedLink {
    /// The link.
    pub link: Link,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A part of the reading of a release.
#[derive(Debug)]
pub enum Part {
    /// The reading begins, or begins again because the release has changed: links that were read
    /// before do not count.
    Beginning,
    /// The next links, in the order of their IDs.
    Links(Vec<ExportedLink>),
}

/// Where the next page of the order begins.
#[derive(Debug, Clone)]
pub struct OrderPosition(Item);

/// A release whose reading has begun.
#[derive(Debug)]
pub struct BegunRelease {
    release: Release,
    moment: Moment,
    links: Vec<ExportedLink>,
    /// The key after which the other links follow, if there are any.
    rest: Option<Key>,
}

/// Two reads of a release's item saw the same release if these are equal.
#[derive(Debug, PartialEq, Eq)]
struct Moment {
    stamp: Stamp,
    immutable_at: Option<Timestamp>,
}

impl Moment {
    fn of(item: &ReleaseItem) -> Self {
        Self {
            stamp: item.stamp(),
            immutable_at: item.immutable_at,
        }
    }
}

impl Projects<'_> {
    /// A visible project for an export, without the former paths that another project has taken.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`], [`AdminError::FormerPath`], [`AdminError::Hidden`],
    /// [`AdminError::Purging`], [`AdminError::Deleted`], [`AdminError::Failed`].
    pub async fn export(self, name: &ProjectRef) -> Result<ExportedProject, AdminError> {
        let item = visible(self.item(name).await?)?;
        let former_paths = self.own_former_paths(&item).await?;
        Ok(ExportedProject {
            project: item.project(),
            former_paths,
        })
    }

    async fn own_former_paths(self, project: &ProjectItem) -> Result<Vec<String>, StoreError> {
        let items = self.items_at(&project.former_paths).await?;
        let leads_here = |item: &ProjectItem| item.id == project.id && item.moved_at.is_some();
        let paths = project.former_paths.iter().zip(items);
        let own = paths.filter(|(_, item)| item.as_ref().is_some_and(leads_here));
        Ok(own.map(|(path, _)| path.clone()).collect())
    }
}

impl OperatorReleases<'_> {
    /// A page of the tags of a project's releases in the order of release, the earliest first, and
    /// where the next page begins. A release whose `released_at` changes meanwhile may be on two
    /// pages or on none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn tags(
        self,
        project: ProjectId,
        from: Option<OrderPosition>,
    ) -> Result<(Vec<TagName>, Option<OrderPosition>), StoreError> {
        let partition = order_partition(project);
        let (range, start) = (order_range(&partition), from.map(|position| position.0));
        let query = self
            .store
            .query(&range, Reading::Items, Some(TAGS_AT_ONCE), start);
        let output = query.await?;
        let places = output.items.unwrap_or_default().into_iter().map(read_place);
        let tags = places.map(|place| place.map(|place| place.tag));
        let tags = tags.collect::<Result<_, _>>()?;
        Ok((tags, output.last_evaluated_key.map(OrderPosition)))
    }

    /// Reads the release and its first links; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn begin_export(self, key: &ReleaseKey) -> Result<Option<BegunRelease>, StoreError> {
        let partition = Partition::new(key);
        let living = self
            .store
            .living_release(&partition, &SortKey::Details, 0)
            .await?
            .living(&partition)?;
        let Some(living) = living else {
            return Ok(None);
        };
        let generation = living.item.generation;
        let limit = Some(FIRST_LINKS);
        let (links, rest) = self.links(&partition, generation, limit, None).await?;
        Ok(Some(BegunRelease {
            release: build_release(key, &living.item, living.details)?,
            moment: Moment::of(&living.item),
            links,
            rest,
        }))
    }

    /// Reads the rest of the release, or all of it again if it has changed meanwhile. `take` gets
    /// its links. The result is `None` if the release was deleted.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], also for a release that keeps changing,
    /// [`StoreError::Corrupt`], and those of `take`.
    pub async fn finish_export<E: From<StoreError>>(
        self,
        begun: BegunRelease,
        mut take: impl FnMut(Part) -> Result<(), E>,
    ) -> Result<Option<ExportedRelease>, E> {
        let Release { project, tag, .. } = begun.release.clone();
        let key = ReleaseKey { project, tag };
        let partition = Partition::new(&key);
        let (mut begun, mut rounds) = (Some(begun), self.store.changes());
        while rounds.next().await {
            if begun.is_none() {
                begun = self.begin_export(&key).await?;
            }
            let Some(mut reading) = begun.take() else {
                return Ok(None);
            };
            take(Part::Beginning)?;
            let last = self.read_links(&partition, &mut reading, &mut take);
            let last = last.await?;
            let Some(item) = self.store.release_item(&partition).await? else {
                return Ok(None);
            };
            if Moment::of(&item) == reading.moment {
                return Ok(Some(ExportedRelease {
                    release: reading.release,
                    last_link_id: item.last_link_id.max(last),
                }));
            }
        }
        Err(kept_changing_error().into())
    }

    /// Reads the links of a release, and returns the last ID.
    async fn read_links<E: From<StoreError>>(
        self,
        partition: &Partition,
        begun: &mut BegunRelease,
        take: &mut impl FnMut(Part) -> Result<(), E>,
    ) -> Result<u64, E> {
        let generation = begun.moment.stamp.generation;
        let (mut links, mut rest) = (std::mem::take(&mut begun.links), begun.rest.take());
        let mut last = 0;
        loop {
            last = links.last().map_or(last, |read| read.link.id.number());
            take(Part::Links(links))?;
            if rest.is_none() {
                return Ok(last);
            }
            (links, rest) = self.links(partition, generation, None, rest).await?;
        }
    }

    /// Some links of a generation, and the key after which the next ones follow.
    async fn links(
        self,
        partition: &Partition,
        generation: u64,
        limit: Option<u64>,
        start: Option<Key>,
    ) -> Result<(Vec<ExportedLink>, Option<Key>), StoreError> {
        let range = partition.links(generation);
        let query = self.store.query(&range, Reading::Items, limit, start);
        let output = query.await?;
        let links = output.items.unwrap_or_default().into_iter();
        let links = links.map(read_link).collect::<Result<_, _>>()?;
        Ok((links, output.last_evaluated_key))
    }
}

/// The attribute of a link that no request reads.
#[derive(Deserialize)]
struct Creation {
    created_at: Timestamp,
}

fn read_link(item: Item) -> Result<ExportedLink, StoreError> {
    let Creation { created_at } = read(copy_of(&item, [CREATED_AT]))?;
    let link = read(item)?;
    Ok(ExportedLink { link, created_at })
}
