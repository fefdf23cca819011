//! Links of a release: create, get, update and delete. Changes are public in [`super::writing`]
//! alone.

use super::birth::{LinkIds, add_link, add_release};
use super::condition::Condition;
use super::constraints::{claim_conflicts, constraint_items, foreign_item_error, foreign_values};
use super::error::StoreError;
use super::items::{IdempotencyRecord, Item, LinkItem, ReleaseItem, link_item, read, read_link};
use super::keys::into_key;
use super::partition::Partition;
use super::reservation::Reserved;
use super::session::Session;
use super::transaction::{Step, Transaction, TransactionError};
use crate::idempotency::IdempotentRequest;
use crate::link::{Link, LinkId, LinkInput, NewLink, Violation};
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

/// The links of one release.
#[derive(Debug)]
pub struct Links<'s> {
    pub(super) session: &'s Session<'s>,
    pub(super) partition: Partition,
    release: &'s ReleaseKey,
}

/// A link as the table has it.
pub(super) struct StoredLink {
    pub(super) release: ReleaseItem,
    item: LinkItem,
    pub(super) link: Link,
}

impl<'s> Links<'s> {
    pub(super) fn new(session: &'s Session<'s>, release: &'s ReleaseKey) -> Self {
        Self {
            session,
            partition: Partition::new(release),
            release,
        }
    }

    pub(super) async fn create(
        &self,
        new: NewLink,
        author: &Author,
        request: Option<&IdempotentRequest>,
    ) -> Result<CreatedLink, StoreError> {
        let mut changes = self.session.changes();
        while changes.next().await {
            let created = self.try_to_create(new.clone(), author, request).await?;
            if let Some(created) = created {
                return Ok(created);
            }
        }
        Err(kept_changing_error())
    }

    /// Creates a link with the next ID; `None` if another round may succeed.
    async fn try_to_create(
        &self,
        new: NewLink,
        author: &Author,
        request: Option<&IdempotentRequest>,
    ) -> Result<Option<CreatedLink>, StoreError> {
        let (session, partition) = (self.session, &self.partition);
        let Some(reserved) = session.reserve_link(partition).await? else {
            return self.replay(new, request).await.map(Some);
        };
        let link = new.clone().with_id(reserved.first()?);
        let transaction = self.create_transaction(&reserved, &link, author, request);
        match transaction.commit(session).await {
            Ok(()) => {
                let generation = reserved.generation();
                session.table.generations.remember(partition, generation);
                session.purge_leftovers(partition, &reserved.release).await;
                let is_replayed = false;
                Ok(Some(CreatedLink { link, is_replayed }))
            }
            Err(TransactionError::Steps(steps)) => self.resolve_failure(&steps, new, request).await,
            Err(error) => Err(error.into()),
        }
    }

    /// The response to a creation in a locked release.
    async fn replay(
        &self,
        new: NewLink,
        request: Option<&IdempotentRequest>,
    ) -> Result<CreatedLink, StoreError> {
        let record = match request {
            Some(request) => self.session.record(&self.partition, request).await?,
            None => None,
        };
        let record = record.ok_or_else(|| self.immutable_error())?;
        Ok(CreatedLink {
            link: new.with_id(record.link_id),
            is_replayed: true,
        })
    }

    fn immutable_error(&self) -> StoreError {
        StoreError::Immutable(self.release.tag.clone())
    }

    /// The outcome after these steps were refused; `None` if another round may succeed.
    async fn resolve_failure(
        &self,
        steps: &[Step],
        new: NewLink,
        request: Option<&IdempotentRequest>,
    ) -> Result<Option<CreatedLink>, StoreError> {
        if steps.contains(&Step::Release) {
            // Another request created or deleted the release.
            return Ok(None);
        }
        if let Some(request) = request.filter(|_| steps.contains(&Step::IdempotencyRecord)) {
            // Without a record, the release was deleted, or the record has just expired. The next
            // round decides.
            let record = self.session.record(&self.partition, request).await?;
            return Ok(record.map(|record| CreatedLink {
                link: new.with_id(record.link_id),
                is_replayed: true,
            }));
        }
        if steps == [Step::Link] {
            // A restored link has this ID. The next ID may be free.
            return Ok(None);
        }
        Err(StoreError::Taken(claim_conflicts(steps)))
    }

    fn create_transaction(
        &self,
        reserved: &Reserved,
        link: &Link,
        author: &Author,
        request: Option<&IdempotentRequest>,
    ) -> Transaction<'_> {
        let now = self.session.start();
        let created_at = Timestamp::from_clock(now);
        let place = (&self.partition, reserved.generation());
        let mut transaction = Transaction::on(&self.session.table.name);
        let link_created_at = created_at.to_string();
        add_link(
            &mut transaction,
            place,
            link,
            link_created_at,
            Condition::Absent,
        );
        if let Some(request) = request {
            let record = IdempotencyRecord::new(request, link.id, None, now);
            record.add_to(&mut transaction, place, request, self.session.seconds());
        }
        if !reserved.release.exists() {
            let release = first_release(self.release, author, created_at);
            add_release(&mut transaction, place, &release, 1, LinkIds::Reserved);
        }
        transaction
    }

    /// One link.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get(&self, id: LinkId) -> Result<Link, StoreError> {
        let (_, item) = self.read_item(id).await?;
        read(item)
    }

    async fn read_item(&self, id: LinkId) -> Result<(ReleaseItem, Item), StoreError> {
        let key = |generation| self.partition.link(generation, id);
        match self.session.living_item(&self.partition, key).await? {
            Some((release, Some(item))) => Ok((release, item)),
            _ => Err(StoreError::NotFound),
        }
    }

    /// Reads a link for a change. The transaction that follows does not check the lock again: it
    /// ends before the release is immutable.
    pub(super) async fn read_stored(&self, id: LinkId) -> Result<StoredLink, StoreError> {
        let (release, item) = self.read_item(id).await?;
        if release.immutable_at.is_some() {
            return Err(self.immutable_error());
        }
        let (link, item) = read_link(item)?;
        Ok(StoredLink {
            release,
            item,
            link,
        })
    }

    pub(super) async fn update(&self, id: LinkId, input: &LinkInput) -> Result<Link, StoreError> {
        let mut rounds = self.session.changes();
        while rounds.next().await {
            let stored = self.read_stored(id).await?;
            let before = &stored.link;
            let after = input
                .clone()
                .apply_to(before)
                .map_err(StoreError::Invalid)?;
            if after == *before {
                return Ok(after);
            }
            match self
                .update_transaction(&stored, &after)
                .commit(self.session)
                .await
            {
                Ok(()) => {
                    self.purge_leftovers(&stored).await;
                    return Ok(after);
                }
                // Another request changed the link after the read, so its unique values may have
                // changed too. The next round decides with the new ones.
                Err(TransactionError::Steps(steps)) if steps.contains(&Step::Link) => {}
                Err(TransactionError::Steps(steps)) => {
                    let generation = stored.release.generation;
                    let corrupt = foreign_item_error(&self.partition, generation, before, &steps);
                    return Err(
                        corrupt.unwrap_or_else(|| StoreError::Taken(claim_conflicts(&steps)))
                    );
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(kept_changing_error())
    }

    async fn purge_leftovers(&self, stored: &StoredLink) {
        let release = &stored.release;
        self.session.purge_leftovers(&self.partition, release).await;
    }

    /// Claims the new unique values, releases those no longer used, and updates the URL and the
    /// digest that the filepath item duplicates.
    pub(super) fn update_transaction(&self, stored: &StoredLink, after: &Link) -> Transaction<'_> {
        let (partition, generation) = (&self.partition, stored.release.generation);
        let is_held = Condition::OwnOrAbsent(after.id);
        let unchanged = Condition::Version(stored.item.version);
        let key = partition.link(generation, after.id);
        let new = link_item(key, after, stored.item.created_at.clone());
        let mut transaction = Transaction::on(&self.session.table.name);
        transaction.put(Step::Link, new, unchanged);
        let [old, new] =
            [&stored.link, after].map(|link| constraint_items(partition, generation, link));
        for (violation, item) in &new {
            match old.iter().find(|(_, other)| other["sk"] == item["sk"]) {
                None => transaction.put(Step::Claim(*violation), item.clone(), Condition::Absent),
                Some((_, other)) if other != item => {
                    transaction.put(Step::Kept(*violation), item.clone(), is_held);
                }
                Some(_) => {}
            }
        }
        for (violation, item) in old {
            if new.iter().all(|(_, other)| other["sk"] != item["sk"]) {
                transaction.delete(Step::Kept(violation), into_key(item), is_held);
            }
        }
        transaction
    }

    pub(super) async fn delete(&self, id: LinkId) -> Result<Link, StoreError> {
        let mut foreign = Vec::new();
        let mut rounds = self.session.changes();
        while rounds.next().await {
            let stored = self.read_stored(id).await?;
            match self
                .delete_transaction(&stored, &foreign)
                .commit(self.session)
                .await
            {
                Ok(()) => {
                    self.purge_leftovers(&stored).await;
                    return Ok(stored.link);
                }
                Err(TransactionError::Steps(steps)) if steps.contains(&Step::Link) => {
                    foreign.clear();
                }
                // A unique-constraint item of this link belongs to another one, which keeps it.
                Err(TransactionError::Steps(steps)) => foreign = foreign_values(&steps),
                Err(error) => return Err(error.into()),
            }
        }
        Err(kept_changing_error())
    }

    /// Deletes the link and its unique-constraint items, except those that belong to another link.
    fn delete_transaction(&self, stored: &StoredLink, foreign: &[Violation]) -> Transaction<'_> {
        let (link, generation) = (&stored.link, stored.release.generation);
        let mut transaction = Transaction::on(&self.session.table.name);
        let key = self.partition.link(generation, link.id);
        transaction.delete(Step::Link, key, Condition::Version(stored.item.version));
        for (violation, item) in constraint_items(&self.partition, generation, link) {
            if !foreign.contains(&violation) {
                let is_held = Condition::OwnOrAbsent(link.id);
                transaction.delete(Step::Kept(violation), into_key(item), is_held);
            }
        }
        transaction
    }
}

fn kept_changing_error() -> StoreError {
    StoreError::Unavailable("others kept changing the link or its release".into())
}

/// The release that the creation of its first link makes (R11).
fn first_release(key: &ReleaseKey, author: &Author, created_at: Timestamp) -> Release {
    Release {
        tag: key.tag.clone(),
        project: key.project,
        details: Details {
            author: Some(author.clone()),
            ..Details::default()
        },
        created_at,
        released_at: created_at,
        immutable_at: None,
    }
}
