//! A release as another table has it, and the outcome of its restore.

use std::collections::HashSet;

use super::releases::OperatorReleases;
use crate::link::{Link, Violation};
use crate::release::{Release, ReleaseKey};
use crate::store::constraints::constraint_items;
use crate::store::error::StoreError;
use crate::store::items::{Item, ReleaseItem, read, read_link};
use crate::store::keys::sort_key;
use crate::store::partition::Partition;
use crate::store::releases::build_release;

/// A release in another table.
#[derive(Debug, Clone, Default)]
pub struct ReleaseBackup {
    pub(super) item: ReleaseItem,
    /// `None` if the release does not exist there.
    pub(super) release: Option<Release>,
    /// The oldest first.
    pub(super) links: Vec<LinkBackup>,
}

/// A link in another table.
#[derive(Debug, Clone)]
pub(super) struct LinkBackup {
    pub(super) link: Link,
    pub(super) created_at: String,
}

impl LinkBackup {
    fn read(item: Item) -> Result<Self, StoreError> {
        let (link, item) = read_link(item)?;
        let created_at = item.created_at;
        Ok(Self { link, created_at })
    }
}

/// A link of a backup, and the outcome of its restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredLink {
    /// The link in the backup.
    pub link: Link,
    /// The outcome.
    pub outcome: RestoreOutcome,
}

/// The outcome of the restore of a link.
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

/// The outcome of the restore of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredRelease {
    /// Whether the release did not exist.
    pub was_missing: bool,
    /// The links of the backup, the oldest first.
    pub links: Vec<RestoredLink>,
}

impl OperatorReleases<'_> {
    /// Reads a release of this session's table for [`Self::restore`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn back_up(self, release: &ReleaseKey) -> Result<ReleaseBackup, StoreError> {
        let (store, partition) = (self.store, Partition::new(release));
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
        let links = store.query_all(&links).await?.into_iter();
        Ok(ReleaseBackup {
            release: Some(build_release(release, &item, details)?),
            links: links.map(LinkBackup::read).collect::<Result<_, _>>()?,
            item,
        })
    }
}

/// The names, URLs and filepaths of links that are in one release together.
pub(super) struct UniqueValues<'p> {
    partition: &'p Partition,
    taken: HashSet<String>,
}

impl<'p> UniqueValues<'p> {
    pub(super) fn new(partition: &'p Partition) -> Self {
        let taken = HashSet::new();
        Self { partition, taken }
    }

    fn values(&self, link: &Link) -> Vec<(Violation, String)> {
        let items = constraint_items(self.partition, 0, link).into_iter();
        let values = items.map(|(kind, item)| (kind, sort_key(&item).to_owned()));
        values.collect()
    }

    /// The values of a link that others have claimed.
    pub(super) fn rivals(&self, link: &Link) -> Vec<Violation> {
        let values = self.values(link).into_iter();
        let rivals = values.filter(|(_, value)| self.taken.contains(value));
        rivals.map(|(kind, _)| kind).collect()
    }

    /// Claims the values of a link.
    pub(super) fn claim(&mut self, link: &Link) {
        let values = self.values(link).into_iter();
        self.taken.extend(values.map(|(_, value)| value));
    }
}

impl ReleaseBackup {
    /// Whether the release exists in the backup. It may have no links.
    #[must_use]
    pub fn has_release(&self) -> bool {
        self.release.is_some()
    }

    /// The links that can be in one release, and the outcome of a restore of the whole release. A
    /// partial restore may have lost a unique-constraint item, and another link may have taken its
    /// value since. Of such links, the oldest one is restored.
    pub(super) fn without_rivals(
        &self,
        partition: &Partition,
    ) -> (Vec<&LinkBackup>, RestoredRelease) {
        let (mut links, mut outcomes) = (Vec::new(), Vec::new());
        let mut taken = UniqueValues::new(partition);
        for stored in &self.links {
            let rivals = taken.rivals(&stored.link);
            let outcome = if rivals.is_empty() {
                taken.claim(&stored.link);
                links.push(stored);
                RestoreOutcome::Restored
            } else {
                RestoreOutcome::Taken(rivals)
            };
            let link = stored.link.clone();
            outcomes.push(RestoredLink { link, outcome });
        }
        let outcome = RestoredRelease {
            was_missing: true,
            links: outcomes,
        };
        (links, outcome)
    }

    /// The highest ID that a link of the release had.
    pub(super) fn last_link_id(&self) -> u64 {
        let ids = self.links.iter().map(|stored| stored.link.id.number());
        ids.fold(self.item.last_link_id, u64::max)
    }
}
