//! The creation of releases.
//!
//! A creation first reserves link IDs and a generation, which no other request gets. What it then
//! writes belongs to that generation, so that rivals do not meet. The release exists once its item
//! names the generation; in the same transaction it gets its place in the order.
//!
//! A creation with more items than one transaction holds writes a work item and its links first.
//! Nobody sees them before the release exists. If the creation fails, the work item tells later
//! requests what to remove.

use super::birth::{add_link, add_release};
use super::condition::Condition;
use super::error::StoreError;
use super::items::{IdempotencyRecord, ReleaseItem};
use super::partition::Partition;
use super::purge::{Work, set_leftovers};
use super::releases::Releases;
use super::reservation::Reserved;
use super::transaction::{Step, Transaction};
use crate::idempotency::IdempotentRequest;
use crate::link::LinkId;
use crate::release::{NewRelease, ReleaseKey, ReleaseWithLinks};
use crate::timestamp::Timestamp;

/// Largest number of items in a transaction, which is DynamoDB's limit.
const MAX_ITEMS: usize = 100;
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
    /// Creates a release with its links: all of them or nothing. If an earlier request with the
    /// same idempotency key created it, its response is returned instead.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseExists`], [`StoreError::IdempotencyKeyReused`],
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn create(
        self,
        key: &ReleaseKey,
        new: &NewRelease,
        request: Option<&IdempotentRequest>,
    ) -> Result<CreatedRelease, StoreError> {
        let creation = Creation {
            key,
            partition: Partition::of(key),
            new,
            request,
        };
        let (session, partition) = (self.session, &creation.partition);
        let mut changes = session.changes();
        while changes.next().await {
            let links = new.links.len();
            let Some(reserved) = session.reserve_release(partition, links).await? else {
                return self.existing(&creation).await;
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
        let (session, generation) = (self.session, reserved.generation());
        let partition = &creation.partition;
        let mut last = self.last_transaction(creation, reserved, created)?;
        let mut links = Transaction::on(&session.table.name);
        for link in &created.links {
            let place = (partition, generation);
            add_link(&mut links, place, link, created.release.created_at);
        }
        let mut work = None;
        if links.len() + last.len() <= MAX_ITEMS {
            last.append(links);
        } else {
            let unborn = Work::of_creation(generation, session);
            self.stage(partition, &reserved.release, &unborn, created)
                .await?;
            let is_unborn = Condition::Unborn(unborn.item.nonce);
            last.delete(Step::Work, partition.work(generation), is_unborn);
            work = Some(unborn);
        }
        let is_born = session.bring_to_life(partition, generation, last).await?;
        match work.filter(|_| !is_born) {
            Some(work) => {
                session
                    .remove_unborn(partition, &work, &reserved.release)
                    .await
            }
            None => Ok(is_born),
        }
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
        add_release(&mut transaction, place, release, created.links.len());
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
        let mut first = Transaction::on(&session.table.name);
        work.add_to(&mut first, partition);
        let (set, values) = (
            format!("SET {}", set_leftovers()),
            work.leftovers(release, work.item.not_before),
        );
        first.update(Step::Own, partition.release(), &set, values, Condition::Any);
        first.commit(session).await?;
        let (place, created_at) = ((partition, work.generation), created.release.created_at);
        for links in created.links.chunks(LINKS_PER_TRANSACTION) {
            let mut transaction = Transaction::on(&session.table.name);
            for link in links {
                add_link(&mut transaction, place, link, created_at);
            }
            transaction.commit(session).await?;
        }
        Ok(())
    }

    /// The response to a creation of a release that exists.
    async fn existing(self, creation: &Creation<'_>) -> Result<CreatedRelease, StoreError> {
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
