//! The reservation of link IDs and of a generation, which no other request gets.

use super::condition::Condition;
use super::error::StoreError;
use super::items::{Item, ReleaseItem, number, read};
use super::partition::Partition;
use super::schema::attribute::{LAST_GENERATION, LAST_LINK_ID};
use super::session::Session;
use crate::link::LinkId;

/// Link IDs and a generation that one creation has reserved.
#[derive(Debug, Clone)]
pub(super) struct Reserved {
    /// The release after the reservation.
    pub(super) release: ReleaseItem,
    links: u64,
}

impl Reserved {
    fn from_item(item: Item, links: u64) -> Result<Self, StoreError> {
        let release = read(item)?;
        Ok(Self { release, links })
    }

    /// The first ID.
    pub(super) fn first(&self) -> Result<LinkId, StoreError> {
        let last = self.release.last_link_id;
        let first = last.checked_sub(self.links).map(|before| before + 1);
        let first = first.and_then(|first| LinkId::new(first.into()));
        first.ok_or_else(|| StoreError::Corrupt(format!("last_link_id is {last}")))
    }

    /// The generation in which a link is created: the one that lives, or the reserved one.
    pub(super) fn generation(&self) -> u64 {
        if self.release.exists() {
            self.release.generation
        } else {
            self.release.last_generation
        }
    }
}

impl Session<'_> {
    /// Reserves the ID of a link, and a generation in case that the release does not exist; `None`
    /// if the release is locked. No transaction of a link contains the release's item unless it
    /// creates the release, so concurrent creations of links do not conflict. If the link is then
    /// refused, its ID and the generation stay unused.
    pub(super) async fn reserve_link(
        &self,
        partition: &Partition,
    ) -> Result<Option<Reserved>, StoreError> {
        let item = self.reserve(partition, 1, Condition::NotLocked).await?;
        item.map(|item| Reserved::from_item(item, 1)).transpose()
    }

    /// Reserves the IDs of a new release's links, and a generation; `None` if the release exists.
    pub(super) async fn reserve_release(
        &self,
        partition: &Partition,
        links: usize,
    ) -> Result<Option<Reserved>, StoreError> {
        let links = u64::try_from(links).unwrap_or(u64::MAX);
        let item = self.reserve(partition, links, Condition::NoRelease).await?;
        item.map(|item| Reserved::from_item(item, links))
            .transpose()
    }

    async fn reserve(
        &self,
        partition: &Partition,
        links: u64,
        condition: Condition,
    ) -> Result<Option<Item>, StoreError> {
        let add = format!("ADD {LAST_LINK_ID} :links, {LAST_GENERATION} :one");
        let values = [(":links", number(links)), (":one", number(1))];
        self.update_item(partition.release(), &add, values, condition)
            .await
    }
}
