//! Links of a release: create, get, update and delete, and the URL behind a filepath.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;

use super::entities::{
    ConstraintItem, IdempotencyRecord, Item, LinkItem, ReleaseItem, Timestamp, attributes,
    epoch_seconds, item, read,
};
use super::error::StoreError;
use super::keys::{Partition, item_name, key_of};
use super::transaction::{Condition, MAX_ROUNDS, Step, Transaction, TransactionError};
use super::{Store, StoreSession};
use crate::idempotency::IdempotentRequest;
use crate::link::{Link, LinkChanges, LinkId, NewLink, Violation};
use crate::release::ReleaseKey;

/// How long an idempotency record is valid.
const IDEMPOTENCY_RECORD_TTL: Duration = Duration::from_secs(24 * 60 * 60);

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

impl StoreSession<'_> {
    /// Creates a link, and the release if this is its first. If an earlier request with the same
    /// idempotency key created a link, that link is returned instead.
    ///
    /// # Errors
    ///
    /// [`StoreError::Taken`], [`StoreError::IdempotencyKeyReused`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn create_link(
        &self,
        release: &ReleaseKey,
        new: NewLink,
        request: Option<&IdempotentRequest>,
        now: SystemTime,
    ) -> Result<CreatedLink, StoreError> {
        let partition = Partition::of(release);
        for _ in 0..MAX_ROUNDS {
            let id = self.next_link_id(&partition, now).await?;
            let link = new.clone().with_id(id);
            let creation = self
                .store
                .create_transaction(&partition, &link, request, now);
            let steps = match creation.commit(self).await {
                Ok(()) => return Ok(CreatedLink::new(link, false)),
                Err(TransactionError::Steps(steps)) => steps,
                Err(error) => return Err(error.into()),
            };
            match request.filter(|_| steps.contains(&Step::IdempotencyRecord)) {
                Some(request) => {
                    if let Some(link) = self.stored_response(&partition, request, now).await? {
                        return Ok(CreatedLink::new(link, true));
                    }
                    // The record has just expired, so the next round replaces it.
                }
                // A link of an import or a backup has this ID. The next ID may be free.
                None if steps == [Step::Link] => {}
                None => return Err(StoreError::Taken(claimed(&steps))),
            }
        }
        Err(StoreError::Unavailable(
            "no free link ID was found".to_owned(),
        ))
    }

    /// The link of an idempotency record; `None` if the record has expired.
    async fn stored_response(
        &self,
        partition: &Partition,
        request: &IdempotentRequest,
        now: SystemTime,
    ) -> Result<Option<Link>, StoreError> {
        let Some(item) = self.get_item(partition.idempotency_record(request)).await? else {
            return Ok(None);
        };
        let link = read(item.clone())?;
        let record: IdempotencyRecord = read(item)?;
        if record.expires_at <= epoch_seconds(now) {
            Ok(None)
        } else if record.fingerprint == request.fingerprint {
            Ok(Some(link))
        } else {
            Err(StoreError::IdempotencyKeyReused)
        }
    }

    /// Increments the release's last link ID, and creates the release if it does not exist. No
    /// transaction contains this item, so concurrent creations do not conflict. If the link is then
    /// refused, its ID stays unused.
    async fn next_link_id(
        &self,
        partition: &Partition,
        now: SystemTime,
    ) -> Result<LinkId, StoreError> {
        const INCREMENT: &str = "ADD last_link_id :one \
                                 SET created_at = if_not_exists(created_at, :now), \
                                 released_at = if_not_exists(released_at, :now)";
        let values = [
            (":one", AttributeValue::N("1".to_owned())),
            (":now", AttributeValue::S(Timestamp(now).text())),
        ];
        let updated = self
            .update_item(partition.release(), INCREMENT, values)
            .await?;
        let ReleaseItem { last_link_id } = read(updated)?;
        let corrupt = || StoreError::Corrupt(format!("last_link_id is {last_link_id}"));
        LinkId::new(last_link_id.into()).ok_or_else(corrupt)
    }

    /// One link.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get_link(&self, release: &ReleaseKey, id: LinkId) -> Result<Link, StoreError> {
        Ok(self
            .link_item(&Partition::of(release), id)
            .await?
            .into_link())
    }

    async fn link_item(&self, partition: &Partition, id: LinkId) -> Result<LinkItem, StoreError> {
        read(
            self.get_item(partition.link(id))
                .await?
                .ok_or(StoreError::NotFound)?,
        )
    }

    /// The URL of the link with this filepath.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn url_of_filepath(
        &self,
        release: &ReleaseKey,
        filepath: &str,
    ) -> Result<String, StoreError> {
        let partition = Partition::of(release);
        let item = self
            .get_item(partition.filepath_constraint(filepath))
            .await?
            .ok_or(StoreError::NotFound)?;
        read::<ConstraintItem>(item)?.url.ok_or_else(|| {
            let name = item_name(&partition.filepath_constraint(filepath));
            StoreError::Corrupt(format!("attribute url of {name} is missing"))
        })
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
            let item = self.link_item(&partition, id).await?;
            let (version, created_at) = (item.version, item.created_at.clone());
            let before = item.into_link();
            let after = changes.apply(&before);
            if after == before {
                return Ok(after);
            }
            let item = LinkItem::new(after.clone(), created_at, version + 1);
            let update = self
                .store
                .update_transaction(&partition, &before, &after, &item);
            match update.commit(self).await {
                Ok(()) => return Ok(after),
                // Another request changed the link after the read, so its unique values may have
                // changed too. The next round decides with the new ones.
                Err(TransactionError::Steps(steps)) if steps.contains(&Step::Link) => {}
                Err(TransactionError::Steps(steps)) => {
                    let corrupt = held_by_another(&partition, &before, &steps);
                    return Err(corrupt.unwrap_or_else(|| StoreError::Taken(claimed(&steps))));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("the link kept changing".to_owned()))
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
            let item = self.link_item(&partition, id).await?;
            let version = item.version;
            let link = item.into_link();
            let deletion = self
                .store
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
        Err(StoreError::Unavailable("the link kept changing".to_owned()))
    }
}

impl Store {
    fn create_transaction(
        &self,
        partition: &Partition,
        link: &Link,
        request: Option<&IdempotentRequest>,
        now: SystemTime,
    ) -> Transaction<'_> {
        let mut transaction = Transaction::on(&self.table);
        let new = LinkItem::new(link.clone(), Timestamp(now).text(), 1);
        transaction.put(
            Step::Link,
            item(partition.link(link.id), &new),
            Condition::Absent,
        );
        for (violation, item) in constraint_items(partition, link) {
            transaction.put(Step::Claim(violation), item, Condition::Absent);
        }
        if let Some(request) = request {
            let record = IdempotencyRecord {
                fingerprint: request.fingerprint.clone(),
                expires_at: epoch_seconds(now + IDEMPOTENCY_RECORD_TTL),
            };
            let mut item = item(partition.idempotency_record(request), link);
            item.extend(attributes(&record));
            let condition = Condition::AbsentOrExpired(epoch_seconds(now));
            transaction.put(Step::IdempotencyRecord, item, condition);
        }
        transaction
    }

    /// Claims the new unique values, releases those no longer used, and updates the URL that the
    /// filepath item duplicates.
    fn update_transaction(
        &self,
        partition: &Partition,
        before: &Link,
        after: &Link,
        after_item: &LinkItem,
    ) -> Transaction<'_> {
        let is_held = Condition::HeldByOrAbsent(before.id);
        let unchanged = Condition::Version(after_item.version - 1);
        let mut transaction = Transaction::on(&self.table);
        transaction.put(
            Step::Link,
            item(partition.link(after.id), after_item),
            unchanged,
        );
        let old = constraint_items(partition, before);
        let new = constraint_items(partition, after);
        for (violation, item) in &new {
            match old.iter().find(|(_, other)| other["sk"] == item["sk"]) {
                None => transaction.put(Step::Claim(*violation), item.clone(), Condition::Absent),
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
        let mut transaction = Transaction::on(&self.table);
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

/// The unique values that other links have claimed.
pub(super) fn claimed(steps: &[Step]) -> Vec<Violation> {
    let claim = |step: &Step| {
        if let Step::Claim(value) = step {
            Some(*value)
        } else {
            None
        }
    };
    steps.iter().filter_map(claim).collect()
}

/// The unique values of a link whose items another link holds.
fn held(steps: &[Step]) -> Vec<Violation> {
    let held = |step: &Step| {
        if let Step::Held(value) = step {
            Some(*value)
        } else {
            None
        }
    };
    steps.iter().filter_map(held).collect()
}

/// The error for a unique-constraint item that another link holds. It names the item.
fn held_by_another(partition: &Partition, link: &Link, steps: &[Step]) -> Option<StoreError> {
    let violation = *held(steps).first()?;
    let mut items = constraint_items(partition, link).into_iter();
    let (_, item) = items.find(|(other, _)| *other == violation)?;
    let name = item_name(&item);
    Some(StoreError::Corrupt(format!(
        "unique-constraint {name} of link {} is held by another link",
        link.id
    )))
}

/// The unique-constraint items of a link's URL, name and filepath, in the order in which GitLab
/// reports violations (D2).
pub(super) fn constraint_items(partition: &Partition, link: &Link) -> Vec<(Violation, Item)> {
    let link_id = link.id;
    let held = ConstraintItem { link_id, url: None };
    let mut items = vec![
        (
            Violation::UrlTaken,
            item(partition.url_constraint(&link.url), &held),
        ),
        (
            Violation::NameTaken,
            item(partition.name_constraint(&link.name), &held),
        ),
    ];
    if let Some(filepath) = &link.filepath {
        let held = ConstraintItem {
            link_id,
            url: Some(link.url.clone()),
        };
        let item = item(partition.filepath_constraint(filepath), &held);
        items.push((Violation::FilepathTaken, item));
    }
    items
}
