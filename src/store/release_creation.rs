//! The creation of releases.
//!
//! A creation first reserves link IDs and a generation, which no other request gets. All items that
//! it then writes belong to that generation, so it cannot collide with another creation. The
//! release exists once its item names the generation; in the same transaction it gets its place in
//! the order.
//!
//! A creation with more items than one transaction can contain writes a work item and its links
//! first. Nobody sees them before the release exists. If the creation fails, the work item tells
//! later requests what to remove.

use super::birth::{LinkIds, add_link, add_release};
use super::condition::Condition;
use super::error::StoreError;
use super::items::{IdempotencyRecord, ReleaseItem};
use super::partition::Partition;
use super::releases::Releases;
use super::reservation::Reserved;
use super::transaction::{MAX_STEPS, Transaction};
use super::work::Work;
use crate::idempotency::IdempotentRequest;
use crate::link::{Link, LinkId};
use crate::release::{NewRelease, ReleaseKey, ReleaseWithLinks};
use crate::timestamp::Timestamp;

/// Number of links that one of several transactions writes. Each takes up to four items.
const LINKS_PER_TRANSACTION: usize = 25;

/// A release that was created, now or by an earlier request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedRelease {
    /// The release and its links as they were created.
    pub created: ReleaseWithLinks,
    /// Whether an earlier request with the same idempotency key created it.
    pub is_replayed: bool,
}

/// The creation of a release.
struct Creation<'a> {
    key: &'a ReleaseKey,
    partition: Partition,
    new: &'a NewRelease,
    request: Option<&'a IdempotentRequest>,
}

impl<'s> Releases<'s> {
    pub(super) async fn create(
        self,
        key: &ReleaseKey,
        new: &NewRelease,
        request: Option<&IdempotentRequest>,
    ) -> Result<CreatedRelease, StoreError> {
        let creation = Creation {
            key,
            partition: Partition::new(key),
            new,
            request,
        };
        let (session, partition) = (self.session, &creation.partition);
        let mut changes = session.changes();
        while changes.next().await {
            let links = new.links.len();
            let Some(reserved) = session.reserve_release(partition, links).await? else {
                return self.replay(&creation).await;
            };
            let now = Timestamp::from_clock(session.start());
            let created = creation.release(now, reserved.first()?)?;
            if self.bring_to_life(&creation, &reserved, &created).await? {
                let generation = reserved.generation();
                session.table.generations.remember(partition, generation);
                session.purge_leftovers(partition, &reserved.release).await;
                let is_replayed = false;
                return Ok(CreatedRelease {
                    created,
                    is_replayed,
                });
            }
        }
        Err(StoreError::Unavailable(
            "others kept creating and deleting the release".into(),
        ))
    }

    /// Writes the release with its links. `false` means that another creation was faster.
    async fn bring_to_life(
        self,
        creation: &Creation<'_>,
        reserved: &Reserved,
        created: &ReleaseWithLinks,
    ) -> Result<bool, StoreError> {
        let (session, partition) = (self.session, &creation.partition);
        let mut last = self.last_transaction(creation, reserved, created)?;
        let links =
            self.links_transaction((partition, reserved.generation()), &created.links, created);
        let work = if links.len() + last.len() <= MAX_STEPS {
            last.append(links);
            None
        } else {
            let work = Work::for_creation(reserved.generation(), session);
            self.stage(partition, &reserved.release, &work, created)
                .await?;
            Some(work)
        };
        let is_born = session.bring_to_life(partition, reserved, last, work.as_ref());
        Ok(is_born.await?)
    }

    fn last_transaction(
        self,
        creation: &Creation<'_>,
        reserved: &Reserved,
        created: &ReleaseWithLinks,
    ) -> Result<Transaction<'s>, StoreError> {
        let (now, release) = (self.session.start(), &created.release);
        let place = (&creation.partition, reserved.generation());
        let mut transaction = Transaction::on(&self.session.table.name);
        if let Some(request) = creation.request {
            let record = IdempotencyRecord::new(request, reserved.first()?, Some(release), now);
            record.add_to(&mut transaction, place, request, self.session.seconds());
        }
        let links = created.links.len();
        add_release(&mut transaction, place, release, links, LinkIds::Reserved);
        Ok(transaction)
    }

    /// Writes the work item, and then the links, which nobody sees before the release exists.
    async fn stage(
        self,
        partition: &Partition,
        release: &ReleaseItem,
        work: &Work,
        created: &ReleaseWithLinks,
    ) -> Result<(), StoreError> {
        let session = self.session;
        session.announce(partition, work, release).await?;
        for links in created.links.chunks(LINKS_PER_TRANSACTION) {
            let place = (partition, work.generation);
            let transaction = self.links_transaction(place, links, created);
            transaction.commit(session).await?;
        }
        Ok(())
    }

    /// Adds some of the links of a new release.
    fn links_transaction(
        self,
        place: (&Partition, u64),
        links: &[Link],
        created: &ReleaseWithLinks,
    ) -> Transaction<'s> {
        let mut transaction = Transaction::on(&self.session.table.name);
        for link in links {
            let created_at = created.release.created_at.to_string();
            let is_free = Condition::Absent;
            add_link(&mut transaction, place, link, created_at, is_free);
        }
        transaction
    }

    /// The response to a creation of a release that exists.
    async fn replay(self, creation: &Creation<'_>) -> Result<CreatedRelease, StoreError> {
        let request = creation.request.ok_or(StoreError::ReleaseExists)?;
        let record = self.session.record(&creation.partition, request).await?;
        let record = record.ok_or(StoreError::ReleaseExists)?;
        let created_at = record.created_at.ok_or(StoreError::ReleaseExists)?;
        let mut created = creation.release(created_at, record.link_id)?;
        created.release.details.author = record.author;
        Ok(CreatedRelease {
            created,
            is_replayed: true,
        })
    }
}

impl Creation<'_> {
    /// The release as it is created at this time, its links the newest first. Their IDs begin with
    /// this one.
    fn release(
        &self,
        created_at: Timestamp,
        first_link_id: LinkId,
    ) -> Result<ReleaseWithLinks, StoreError> {
        let mut links = Vec::new();
        for (index, link) in (0..).zip(&self.new.links) {
            let id = LinkId::new(i128::from(first_link_id.number()) + index);
            let no_id = || StoreError::Corrupt(format!("no link ID follows {first_link_id}"));
            links.push(link.clone().with_id(id.ok_or_else(no_id)?));
        }
        links.reverse();
        Ok(ReleaseWithLinks {
            release: self.new.release(self.key, created_at),
            links,
        })
    }
}
