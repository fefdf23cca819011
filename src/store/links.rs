//! Links of a release: create, get, update and delete, and the URL behind a filepath.

use std::time::SystemTime;

use super::entities::{ConstraintItem, LinkItem, ReleaseItem, item, read};
use super::error::StoreError;
use super::idempotency::NewRecord;
use super::keys::{Partition, item_name, key_of};
use super::release_creation::{add_link, add_release};
use super::reservation::ReservedIds;
use super::session::Session as StoreSession;
use super::table::Table;
use super::transaction::{Condition, MAX_ROUNDS, Step, Transaction, TransactionError};
use super::uniqueness::{claimed, constraint_items, held, held_by_another};
use crate::idempotency::IdempotentRequest;
use crate::link::{Link, LinkChanges, LinkId, NewLink, Violation};
use crate::release::{Author, Details, Release, ReleaseKey};
use crate::timestamp::Timestamp;

/// A link that was created, now or by an earlier request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedLink {
    /// The link as it was created.
    pub link: Link,
    /// Whether an earlier request with the same idempotency key created it.
    pub is_replayed: bool,
}

impl CreatedLink {
    fn new(link: Link, is_replayed: bool) -> Self {
        Self { link, is_replayed }
    }
}

/// A request to create a link.
#[derive(Debug, Clone, Copy)]
struct LinkCreation<'a> {
    /// The release, which is created if it does not exist.
    key: &'a ReleaseKey,
    author: Option<&'a Author>,
    request: Option<&'a IdempotentRequest>,
    now: SystemTime,
}

/// The release that the creation of its first link makes (R11).
fn first_release(creation: LinkCreation<'_>) -> Release {
    let LinkCreation { key, author, .. } = creation;
    let now = Timestamp::from_clock(creation.now);
    Release {
        tag: key.tag.clone(),
        project: key.project,
        details: Details {
            author: author.cloned(),
            ..Details::default()
        },
        created_at: now,
        released_at: now,
    }
}

impl StoreSession<'_> {
    /// Creates a link, and the release if it does not exist (R11). If an earlier request with the
    /// same idempotency key created a link, that link is returned instead.
    ///
    /// # Errors
    ///
    /// [`StoreError::Taken`], [`StoreError::IdempotencyKeyReused`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn create_link(
        &self,
        release: &ReleaseKey,
        new: NewLink,
        author: Option<Author>,
        request: Option<&IdempotentRequest>,
        now: SystemTime,
    ) -> Result<CreatedLink, StoreError> {
        let partition = Partition::of(release);
        let creation = LinkCreation {
            key: release,
            author: author.as_ref(),
            request,
            now,
        };
        for _ in 0..MAX_ROUNDS {
            let created = self.try_to_create_link(&partition, new.clone(), creation);
            if let Some(created) = created.await? {
                return Ok(created);
            }
        }
        Err(StoreError::Unavailable("no link ID was free".into()))
    }

    /// Creates a link with the next ID; `None` if another round may succeed.
    async fn try_to_create_link(
        &self,
        partition: &Partition,
        new: NewLink,
        creation: LinkCreation<'_>,
    ) -> Result<Option<CreatedLink>, StoreError> {
        let ids = self.reserve_link_id(partition).await?;
        let link = new.with_id(ids.first()?);
        let transaction = self
            .table
            .create_transaction(partition, &ids, &link, creation);
        let steps = match transaction.commit(self).await {
            Ok(()) => {
                self.clean_up_before(partition, &ids).await;
                return Ok(Some(CreatedLink::new(link, false)));
            }
            Err(TransactionError::Steps(steps)) => steps,
            Err(error) => return Err(error.into()),
        };
        let LinkCreation { request, now, .. } = creation;
        match request.filter(|_| steps.contains(&Step::IdempotencyRecord)) {
            // Another request created or deleted the release.
            _ if steps.contains(&Step::Release) => Ok(None),
            // Without a stored response, the record has just become invalid, and the next round
            // replaces it.
            Some(request) => {
                let stored = self.stored_response(partition, request, now).await?;
                Ok(stored.map(|link| CreatedLink::new(link, true)))
            }
            // A link of an import or a backup has this ID. The next ID may be free.
            None if steps == [Step::Link] => Ok(None),
            None => Err(StoreError::Taken(claimed(&steps))),
        }
    }

    /// One link.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get_link(&self, release: &ReleaseKey, id: LinkId) -> Result<Link, StoreError> {
        let (_, item) = self.link_item(&Partition::of(release), id).await?;
        Ok(item.into_link())
    }

    /// The link, and its release.
    async fn link_item(
        &self,
        partition: &Partition,
        id: LinkId,
    ) -> Result<(ReleaseItem, LinkItem), StoreError> {
        let (release, item) = self
            .existing_release(partition, partition.link(id))
            .await?
            .ok_or(StoreError::NotFound)?;
        let item = item.filter(|_| id.number() > release.deleted_through);
        let item = read(item.ok_or(StoreError::NotFound)?)?;
        Ok((release, item))
    }

    /// The URL of the link with this filepath.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::NotFound`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn url_of_filepath(
        &self,
        release: &ReleaseKey,
        filepath: &str,
    ) -> Result<String, StoreError> {
        let partition = Partition::of(release);
        let key = partition.filepath_constraint(filepath);
        let name = item_name(&key);
        let (release, item) = self
            .existing_release(&partition, key)
            .await?
            .ok_or(StoreError::ReleaseNotFound)?;
        let item: ConstraintItem = read(item.ok_or(StoreError::NotFound)?)?;
        if item.link_id.number() <= release.deleted_through {
            return Err(StoreError::NotFound);
        }
        let corrupt = || StoreError::Corrupt(format!("attribute url of {name} is missing"));
        item.url.ok_or_else(corrupt)
    }

    /// Updates a link.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Taken`], [`StoreError::Unavailable`], and
    /// [`StoreError::Corrupt`], including when another link holds a unique-constraint item of this
    /// one.
    pub async fn update_link(
        &self,
        release: &ReleaseKey,
        id: LinkId,
        changes: &LinkChanges,
    ) -> Result<Link, StoreError> {
        let partition = Partition::of(release);
        for _ in 0..MAX_ROUNDS {
            let (release, item) = self.link_item(&partition, id).await?;
            let (version, created_at) = (item.version, item.created_at.clone());
            let before = item.into_link();
            let after = changes.apply(&before).map_err(StoreError::Invalid)?;
            if after == before {
                return Ok(after);
            }
            let item = LinkItem::new(after.clone(), created_at, version + 1);
            let not_held = Condition::NotHeld(release.deleted_through);
            let update =
                self.table
                    .update_transaction(&partition, [&before, &after], &item, not_held);
            match update.commit(self).await {
                Ok(()) => return Ok(after),
                // Another request changed the link after the read, so its unique values may have
                // changed too. The next round decides with the new ones.
                Err(TransactionError::Steps(steps)) if steps.contains(&Step::Link) => {}
                Err(TransactionError::Steps(steps)) => {
                    let Some(corrupt) = held_by_another(&partition, &before, &steps) else {
                        return Err(StoreError::Taken(claimed(&steps)));
                    };
                    // Another link may have the value because the release was deleted.
                    if self.link_item(&partition, id).await?.1.version == version {
                        return Err(corrupt);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("the link kept changing".into()))
    }

    /// Deletes a link and returns it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn delete_link(&self, release: &ReleaseKey, id: LinkId) -> Result<Link, StoreError> {
        let partition = Partition::of(release);
        let mut not_held = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let (_, item) = self.link_item(&partition, id).await?;
            let version = item.version;
            let link = item.into_link();
            let deletion = self
                .table
                .delete_transaction(&partition, &link, version, &not_held);
            match deletion.commit(self).await {
                Ok(()) => return Ok(link),
                Err(TransactionError::Steps(steps)) if steps.contains(&Step::Link) => {
                    not_held.clear();
                }
                // Another link holds a unique-constraint item of this one, and keeps it.
                Err(TransactionError::Steps(steps)) => not_held = held(&steps),
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("the link kept changing".into()))
    }
}

impl Table {
    fn create_transaction(
        &self,
        partition: &Partition,
        ids: &ReservedIds,
        link: &Link,
        creation: LinkCreation<'_>,
    ) -> Transaction<'_> {
        let LinkCreation { request, now, .. } = creation;
        let deleted_through = ids.deleted_through();
        let mut transaction = Transaction::on(&self.name);
        add_link(&mut transaction, partition, link, deleted_through, now);
        if let Some(request) = request {
            let record = NewRecord::new(request, deleted_through, now);
            let condition = if ids.release.exists() {
                record.is_not_used()
            } else {
                Condition::Any
            };
            record.add_to(&mut transaction, partition, link, condition);
        }
        if !ids.release.exists() {
            let is_new = Condition::NoRelease(deleted_through);
            let leftovers = (deleted_through, ids.release.has_leftovers());
            let release = first_release(creation);
            add_release(&mut transaction, partition, &release, leftovers, is_new);
        }
        transaction
    }

    /// Claims the new unique values, releases those no longer used, and updates the URL that the
    /// filepath item duplicates.
    fn update_transaction(
        &self,
        partition: &Partition,
        [before, after]: [&Link; 2],
        after_item: &LinkItem,
        not_held: Condition,
    ) -> Transaction<'_> {
        let is_held = Condition::HeldByOrAbsent(before.id);
        let unchanged = Condition::Version(after_item.version - 1);
        let mut transaction = Transaction::on(&self.name);
        transaction.put(
            Step::Link,
            item(partition.link(after.id), after_item),
            unchanged,
        );
        let old = constraint_items(partition, before);
        let new = constraint_items(partition, after);
        for (violation, item) in &new {
            match old.iter().find(|(_, other)| other["sk"] == item["sk"]) {
                None => transaction.put(Step::Claim(*violation), item.clone(), not_held),
                Some((_, other)) if other != item => {
                    transaction.put(Step::Held(*violation), item.clone(), is_held);
                }
                Some(_) => {}
            }
        }
        for (violation, item) in old {
            if new.iter().all(|(_, other)| other["sk"] != item["sk"]) {
                transaction.delete(Step::Held(violation), key_of(item), is_held);
            }
        }
        transaction
    }

    /// Deletes the link and its unique-constraint items, except those that another link holds.
    fn delete_transaction(
        &self,
        partition: &Partition,
        link: &Link,
        version: u64,
        not_held: &[Violation],
    ) -> Transaction<'_> {
        let mut transaction = Transaction::on(&self.name);
        transaction.delete(
            Step::Link,
            partition.link(link.id),
            Condition::Version(version),
        );
        for (violation, item) in constraint_items(partition, link) {
            if !not_held.contains(&violation) {
                let is_held = Condition::HeldByOrAbsent(link.id);
                transaction.delete(Step::Held(violation), key_of(item), is_held);
            }
        }
        transaction
    }
}
