//! The reservation of link IDs, which no other request gets.
//!
//! A creation of a release that takes several transactions also keeps others of its kind waiting
//! for a while: only the one with the highest IDs can succeed, so they would otherwise defeat each
//! other.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::entities::{Item, ReleaseItem, read};
use super::error::StoreError;
use super::keys::Partition;
use super::session::Session as StoreSession;
use super::transaction::number;
use crate::link::LinkId;

/// Largest number of links in one transaction. Each link takes up to four of its 100 items, and
/// the release up to four.
pub(super) const LINKS_PER_TRANSACTION: usize = 24;

/// The time that a creation with several transactions should take at most, besides the time for
/// each transaction.
const STAGING_TIME: Duration = Duration::from_secs(1);
/// The time that each of its transactions should take at most.
const STAGING_TIME_PER_TRANSACTION: Duration = Duration::from_millis(100);

/// What a reservation of link IDs for a new release leads to.
#[derive(Debug)]
pub(super) enum Reservation {
    Made(ReservedIds),
    /// The release exists.
    ReleaseExists,
    /// Another request is creating the release.
    Busy,
}

/// Link IDs that one creation has reserved.
#[derive(Debug, Clone)]
pub(super) struct ReservedIds {
    /// The release after the reservation.
    pub(super) release: ReleaseItem,
    count: u64,
}

impl ReservedIds {
    fn of(item: Item, count: u64) -> Result<Self, StoreError> {
        let release = read(item)?;
        Ok(Self { release, count })
    }

    /// The ID at this index.
    pub(super) fn at(&self, index: u64) -> Result<LinkId, StoreError> {
        let last = self.release.last_link_id;
        let id = last
            .checked_sub(self.count)
            .map(|before| before + 1 + index);
        let id = id.and_then(|id| LinkId::new(id.into()));
        id.ok_or_else(|| StoreError::Corrupt(format!("last_link_id is {last}")))
    }

    /// The first ID.
    pub(super) fn first(&self) -> Result<LinkId, StoreError> {
        self.at(0)
    }

    /// The ID up to which no link exists, now or once the creation has created the release.
    pub(super) fn deleted_through(&self) -> u64 {
        if self.release.exists() {
            self.release.deleted_through
        } else {
            self.release.last_link_id.saturating_sub(self.count)
        }
    }
}

impl StoreSession<'_> {
    /// Reserves the ID of a link. No transaction of a link contains the release's item unless it
    /// creates the release, so concurrent creations of links do not conflict. If the link is then
    /// refused, its ID stays unused.
    pub(super) async fn reserve_link_id(
        &self,
        partition: &Partition,
    ) -> Result<ReservedIds, StoreError> {
        let one = [(":one", number(1))];
        let updated = self.update_item(partition.release(), "ADD last_link_id :one", one, None);
        ReservedIds::of(updated.await?.unwrap_or_default(), 1)
    }

    /// Reserves the IDs of a new release's links.
    pub(super) async fn reserve_release(
        &self,
        partition: &Partition,
        links: usize,
        now: SystemTime,
    ) -> Result<Reservation, StoreError> {
        let count = u64::try_from(links).unwrap_or(u64::MAX);
        if links > LINKS_PER_TRANSACTION {
            return self.stage_release(partition, links, now).await;
        }
        let (key, values) = (partition.release(), [(":links", number(count))]);
        let is_absent = Some("attribute_not_exists(created_at)");
        let updated = self.update_item(key, "ADD last_link_id :links", values, is_absent);
        Ok(match updated.await? {
            Some(item) => Reservation::Made(ReservedIds::of(item, count)?),
            None => Reservation::ReleaseExists,
        })
    }

    /// Reserves the IDs of a creation that takes several transactions. Until the time is over that
    /// such a creation should take, others wait, because only the latest one can succeed.
    async fn stage_release(
        &self,
        partition: &Partition,
        links: usize,
        now: SystemTime,
    ) -> Result<Reservation, StoreError> {
        const STAGE: &str = "SET last_link_id = if_not_exists(last_link_id, :zero) + :links, \
                             staged_through = if_not_exists(last_link_id, :zero) + :links, \
                             staged_until = :until";
        const IS_FREE: &str = "attribute_not_exists(created_at) \
                               AND (attribute_not_exists(staged_until) OR staged_until < :now)";
        let count = u64::try_from(links).unwrap_or(u64::MAX);
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let transactions = links.div_ceil(LINKS_PER_TRANSACTION);
        let transactions = u32::try_from(transactions).unwrap_or(u32::MAX);
        let until = now + STAGING_TIME + STAGING_TIME_PER_TRANSACTION * transactions;
        let milliseconds =
            |time: Duration| number(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let values = [
            (":zero", number(0)),
            (":links", number(count)),
            (":now", milliseconds(now)),
            (":until", milliseconds(until)),
        ];
        let updated = self.update_item(partition.release(), STAGE, values, Some(IS_FREE));
        if let Some(item) = updated.await? {
            return Ok(Reservation::Made(ReservedIds::of(item, count)?));
        }
        Ok(match self.release_item(partition).await? {
            Some(_) => Reservation::ReleaseExists,
            None => Reservation::Busy,
        })
    }
}
