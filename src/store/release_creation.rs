//! The creation of releases.
//!
//! A creation first reserves link IDs, which no other request gets. The release exists once its
//! item says so; in the same transaction it gets its place in the order. Links with lower IDs than
//! the reserved ones belong to deleted releases or to failed creations: they do not exist.
//!
//! A creation with more links than one transaction holds writes them first, in several
//! transactions. Nobody sees them before the release exists. If the creation fails, another one
//! reserves higher IDs, so that the written links remain invisible and block nothing.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;
use backon::BackoffBuilder;
use tokio::time::Instant;

use super::entities::{LinkItem, PlaceItem, ReleaseRecord, item};
use super::error::StoreError;
use super::idempotency::NewRecord;
use super::keys::{Partition, is_ordered_in_full, place};
use super::reservation::{LINKS_PER_TRANSACTION, Reservation, ReservedIds};
use super::session::Session as StoreSession;
use super::transaction::{Condition, Step, Transaction, TransactionError, number};
use super::uniqueness::constraint_items;
use crate::idempotency::IdempotentRequest;
use crate::link::{Link, LinkId};
use crate::release::{Details, NewRelease, Release, ReleaseKey, ReleaseWithLinks};
use crate::timestamp::Timestamp;

/// A release that was created, now or by an earlier request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedRelease {
    /// The release and its links as they were created.
    pub created: ReleaseWithLinks,
    /// Whether an earlier request with the same idempotency key created it.
    pub is_replayed: bool,
}

/// The creation of a release.
struct ReleaseCreation<'a> {
    key: &'a ReleaseKey,
    partition: Partition,
    new: &'a NewRelease,
    request: Option<&'a IdempotentRequest>,
    now: SystemTime,
}

impl StoreSession<'_> {
    /// Creates a release with its links: all of them or nothing. If an earlier request with the
    /// same idempotency key created it, its response is returned instead.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseExists`], [`StoreError::IdempotencyKeyReused`],
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn create_release(
        &self,
        key: &ReleaseKey,
        new: &NewRelease,
        request: Option<&IdempotentRequest>,
        now: SystemTime,
    ) -> Result<CreatedRelease, StoreError> {
        let creation = ReleaseCreation {
            key,
            partition: Partition::of(key),
            new,
            request,
            now,
        };
        let started = Instant::now();
        let mut delays = self.backoff().build();
        loop {
            let links = new.links.len();
            let time = now + started.elapsed();
            let partition = &creation.partition;
            match self.reserve_release(partition, links, time).await? {
                Reservation::ReleaseExists => return self.existing(&creation).await,
                Reservation::Busy => {}
                Reservation::Made(ids) => {
                    if let Some(created) = self.try_to_create(&creation, &ids).await? {
                        return Ok(created);
                    }
                }
            }
            let delay = delays.next().ok_or_else(|| {
                StoreError::Unavailable("others kept creating the release".into())
            })?;
            tokio::time::sleep(delay).await;
        }
    }

    /// Creates the release; `None` if another creation was faster or began later.
    async fn try_to_create(
        &self,
        creation: &ReleaseCreation<'_>,
        ids: &ReservedIds,
    ) -> Result<Option<CreatedRelease>, StoreError> {
        let now = Timestamp::from_clock(creation.now);
        let created = created(creation, now, ids.first()?)?;
        match self.write_release(creation, ids, &created).await {
            Ok(()) => {}
            Err(TransactionError::Steps(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        self.clean_up_before(&creation.partition, ids).await;
        Ok(Some(CreatedRelease {
            created,
            is_replayed: false,
        }))
    }

    /// Removes what deleted releases and failed creations have left, if these IDs were reserved for
    /// the creation of a release.
    pub(super) async fn clean_up_before(&self, partition: &Partition, ids: &ReservedIds) {
        if !ids.release.exists() && ids.release.has_leftovers() {
            self.clean_up(partition, ids.deleted_through()).await;
        }
    }

    /// The response to a creation of a release that exists.
    async fn existing(&self, creation: &ReleaseCreation<'_>) -> Result<CreatedRelease, StoreError> {
        let ReleaseCreation {
            partition,
            request,
            now,
            ..
        } = creation;
        let request = request.ok_or(StoreError::ReleaseExists)?;
        let record = self.stored_response(partition, request, *now).await?;
        let ReleaseRecord {
            created_at,
            first_link_id,
            author,
        } = record.ok_or(StoreError::ReleaseExists)?;
        let mut created = created(creation, created_at, first_link_id)?;
        created.release.details.author = author;
        Ok(CreatedRelease {
            created,
            is_replayed: true,
        })
    }

    /// Writes the links that do not fit into the last transaction, and then the release.
    async fn write_release(
        &self,
        creation: &ReleaseCreation<'_>,
        ids: &ReservedIds,
        created: &ReleaseWithLinks,
    ) -> Result<(), TransactionError> {
        let (partition, now) = (&creation.partition, creation.now);
        let deleted_through = ids.deleted_through();
        let is_staged = created.links.len() > LINKS_PER_TRANSACTION;
        let together = if is_staged { &[] } else { &*created.links };
        let before = if is_staged { &*created.links } else { &[] };
        for links in before.chunks(LINKS_PER_TRANSACTION) {
            let mut transaction = Transaction::on(&self.table.name);
            for link in links {
                add_link(&mut transaction, partition, link, deleted_through, now);
            }
            transaction.commit(self).await?;
        }
        let mut last = Transaction::on(&self.table.name);
        for link in together {
            add_link(&mut last, partition, link, deleted_through, now);
        }
        if let Some(request) = creation.request {
            let record = NewRecord::new(request, deleted_through, now);
            let response = release_record(&created.release, ids)?;
            // Records of a release that does not exist are not valid.
            record.add_to(&mut last, partition, &response, Condition::Any);
        }
        let is_new = if is_staged {
            Condition::StagedRelease(ids.release.last_link_id)
        } else {
            Condition::NoRelease(deleted_through)
        };
        let leftovers = (deleted_through, ids.release.has_leftovers());
        add_release(&mut last, partition, &created.release, leftovers, is_new);
        last.commit(self).await
    }
}

fn release_record(created: &Release, ids: &ReservedIds) -> Result<ReleaseRecord, TransactionError> {
    Ok(ReleaseRecord {
        created_at: created.created_at,
        first_link_id: ids.first().map_err(TransactionError::Failed)?,
        author: created.details.author.clone(),
    })
}

/// The release as it is created at this time, its links the newest first. Their IDs begin with this
/// one.
fn created(
    creation: &ReleaseCreation<'_>,
    created_at: Timestamp,
    first_link_id: LinkId,
) -> Result<ReleaseWithLinks, StoreError> {
    let ReleaseCreation { key, new, .. } = creation;
    let mut links = Vec::new();
    for (index, link) in (0..).zip(&new.links) {
        let id = LinkId::new(i128::from(first_link_id.number()) + index);
        let no_id = || StoreError::Corrupt(format!("no link ID follows {first_link_id}"));
        links.push(link.clone().with_id(id.ok_or_else(no_id)?));
    }
    links.reverse();
    Ok(ReleaseWithLinks {
        release: new.release(key, created_at),
        links,
    })
}

/// Adds a link and its unique-constraint items. `deleted_through` is that of the release.
pub(super) fn add_link(
    transaction: &mut Transaction<'_>,
    partition: &Partition,
    link: &Link,
    deleted_through: u64,
    now: SystemTime,
) {
    let new = LinkItem::new(link.clone(), Timestamp::from_clock(now).to_string(), 1);
    let new = item(partition.link(link.id), &new);
    transaction.put(Step::Link, new, Condition::Absent);
    for (violation, item) in constraint_items(partition, link) {
        let is_free = Condition::NotHeld(deleted_through);
        transaction.put(Step::Claim(violation), item, is_free);
    }
}

/// Adds the release, what describes it, and its place in the order. Links up to the ID
/// `deleted_through` do not exist, but may be in the table if it `needs_cleanup`.
pub(super) fn add_release(
    transaction: &mut Transaction<'_>,
    partition: &Partition,
    release: &Release,
    (deleted_through, needs_cleanup): (u64, bool),
    condition: Condition,
) {
    const CREATE: &str = "SET created_at = :created, released_at = :released, \
                          deleted_through = :through, needs_cleanup = :cleanup, \
                          revision = if_not_exists(revision, :zero) + :one \
                          REMOVE staged_through, staged_until";
    let [created, released] =
        [release.created_at, release.released_at].map(|time| AttributeValue::S(time.to_string()));
    let values = [
        (":created", created),
        (":released", released),
        (":through", number(deleted_through)),
        (":cleanup", AttributeValue::Bool(needs_cleanup)),
        (":zero", number(0)),
        (":one", number(1)),
    ];
    transaction.update(
        Step::Release,
        partition.release(),
        CREATE,
        values,
        condition,
    );
    put_details(transaction, partition, &release.details, 0, Condition::Any);
    put_place(transaction, release);
}

/// Writes what describes a release. It has a version of its own, because a query may read it in
/// another state than the release.
pub(super) fn put_details(
    transaction: &mut Transaction<'_>,
    partition: &Partition,
    details: &Details,
    version_before: u64,
    condition: Condition,
) {
    let mut item = item(partition.details(), details);
    item.insert("revision".to_owned(), number(version_before + 1));
    transaction.put(Step::Release, item, condition);
}

/// Writes the place of a release in the order of its project's releases.
pub(super) fn put_place(transaction: &mut Transaction<'_>, release: &Release) {
    let tag = release.tag.as_str();
    let is_long = !is_ordered_in_full(tag);
    let new = PlaceItem {
        tag: is_long.then(|| tag.to_owned()),
    };
    let item = item(place(release), &new);
    transaction.put(Step::Own, item, Condition::Any);
}
