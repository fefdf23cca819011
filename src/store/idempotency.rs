//! Idempotency records: the stored responses to creations.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::batch::find;
use super::entities::{IdempotencyRecord, ReleaseItem, attributes, epoch_seconds, item, read};
use super::error::StoreError;
use super::keys::Partition;
use super::session::Session as StoreSession;
use super::transaction::{Condition, Step, Transaction};
use crate::idempotency::IdempotentRequest;

/// How long a record is valid.
const TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// A record that is being written.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewRecord<'a> {
    request: &'a IdempotentRequest,
    deleted_through: u64,
    now: SystemTime,
}

impl<'a> NewRecord<'a> {
    /// The record of this request. `deleted_through` is that of the release.
    pub(super) fn new(
        request: &'a IdempotentRequest,
        deleted_through: u64,
        now: SystemTime,
    ) -> Self {
        Self {
            request,
            deleted_through,
            now,
        }
    }

    /// Fails if the key was used for this release within the last 24 hours.
    pub(super) fn is_not_used(self) -> Condition {
        Condition::NotValid {
            now: epoch_seconds(self.now),
            deleted_through: self.deleted_through,
        }
    }

    /// Adds the record to the transaction of the creation.
    pub(super) fn add_to(
        self,
        transaction: &mut Transaction<'_>,
        partition: &Partition,
        response: &impl Serialize,
        condition: Condition,
    ) {
        let record = IdempotencyRecord {
            fingerprint: self.request.fingerprint.clone(),
            deleted_through: self.deleted_through,
            expires_at: epoch_seconds(self.now + TTL),
        };
        let mut item = item(partition.idempotency_record(self.request), response);
        item.extend(attributes(&record));
        transaction.put(Step::IdempotencyRecord, item, condition);
    }
}

impl StoreSession<'_> {
    /// The stored response to a request; `None` without a valid record.
    pub(super) async fn stored_response<T: DeserializeOwned>(
        &self,
        partition: &Partition,
        request: &IdempotentRequest,
        now: SystemTime,
    ) -> Result<Option<T>, StoreError> {
        let [release, record] = [partition.release(), partition.idempotency_record(request)];
        let items = self
            .get_items(vec![release.clone(), record.clone()])
            .await?;
        let (Some(release), Some(item)) = (find(&items, &release), find(&items, &record)) else {
            return Ok(None);
        };
        let release: ReleaseItem = read(release)?;
        let record: IdempotencyRecord = read(item.clone())?;
        let is_valid = release.exists() && record.deleted_through == release.deleted_through;
        if !is_valid || record.expires_at <= epoch_seconds(now) {
            Ok(None)
        } else if record.fingerprint == request.fingerprint {
            read(item).map(Some)
        } else {
            Err(StoreError::IdempotencyKeyReused)
        }
    }
}
