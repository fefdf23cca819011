//! Idempotency records: the part of a response to a creation that the request does not contain.

use std::time::{Duration, SystemTime};

use super::condition::Condition;
use super::error::StoreError;
use super::items::{IdempotencyRecord, epoch_seconds, item, read};
use super::partition::Partition;
use super::session::Session;
use super::transaction::{Step, Transaction};
use crate::idempotency::IdempotentRequest;
use crate::link::LinkId;
use crate::release::Release;

/// How long a record is valid.
const TTL: Duration = Duration::from_secs(24 * 60 * 60);

impl IdempotencyRecord {
    /// The record of the creation of the link with this ID, or of a release whose first link has
    /// it.
    pub(super) fn new(
        request: &IdempotentRequest,
        link_id: LinkId,
        release: Option<&Release>,
        now: SystemTime,
    ) -> Self {
        Self {
            fingerprint: request.fingerprint.clone(),
            link_id,
            created_at: release.map(|release| release.created_at),
            author: release.and_then(|release| release.details.author.clone()),
            expires_at: epoch_seconds(now + TTL),
        }
    }

    /// Adds the record to the transaction of the creation in this generation. The step fails if the
    /// key was used there within the last 24 hours. `now` is in seconds since 1970.
    pub(super) fn add_to(
        &self,
        transaction: &mut Transaction<'_>,
        (partition, generation): (&Partition, u64),
        request: &IdempotentRequest,
        now: u64,
    ) {
        let not_valid = Condition::NotValid { now };
        let item = item(partition.record(generation, request), self);
        transaction.put(Step::IdempotencyRecord, item, not_valid);
    }
}

impl Session<'_> {
    /// The record of a request for a release that exists; `None` without a valid record.
    pub(super) async fn record(
        &self,
        partition: &Partition,
        request: &IdempotentRequest,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let key = |generation| partition.record(generation, request);
        let found = self.living_item(partition, key).await?;
        let Some((_, Some(item))) = found else {
            return Ok(None);
        };
        let record: IdempotencyRecord = read(item)?;
        if record.expires_at <= self.seconds() {
            Ok(None)
        } else if record.fingerprint == request.fingerprint {
            Ok(Some(record))
        } else {
            Err(StoreError::IdempotencyKeyReused)
        }
    }
}
