//! The lock of a release, which makes it immutable, and its removal. Only an operator removes it.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;

use super::error::AdminError;
use super::releases::OperatorReleases;
use crate::project::ProjectId;
use crate::release::{DRAIN, ReleaseKey};
use crate::store::condition::Condition;
use crate::store::error::{StoreError, kept_changing_error};
use crate::store::items::{ReleaseItem, read};
use crate::store::partition::Partition;
use crate::store::schema::attribute::IMMUTABLE_AT;
use crate::timestamp::Timestamp;

/// How far ahead the time of a new lock is at first. The command may be suspended before DynamoDB
/// receives the lock, but DynamoDB accepts no signature that is older than 15 minutes. Only after the
/// lock is there does the command set the time that counts.
const AT_FIRST: Duration = Duration::from_secs(60 * 60);
/// The resolution of the time of DynamoDB, which the command takes from a header.
const RESOLUTION: Duration = Duration::from_secs(1);
/// Largest number of items that a batch reads.
const MAX_BATCH: usize = 100;

impl OperatorReleases<'_> {
    /// Locks a release, and returns the time until it is immutable. A locked one keeps its time,
    /// unless that is further ahead than a lock needs it.
    ///
    /// # Errors
    ///
    /// [`AdminError::Failed`], also with [`StoreError::ReleaseNotFound`].
    pub async fn lock(self, key: &ReleaseKey) -> Result<Duration, AdminError> {
        let partition = Partition::new(key);
        let mut rounds = self.store.changes();
        while rounds.next().await {
            let item = self.read_release(&partition).await?;
            // The lock that was read is older than this time of the answer.
            let now = self.store.time();
            let time = match item.immutable_at {
                Some(time) if SystemTime::from(time) <= now + DRAIN + RESOLUTION => {
                    return Ok(left(time, now));
                }
                Some(_) => now + DRAIN,
                None => now + AT_FIRST,
            };
            let set = format!("SET {IMMUTABLE_AT} = :immutable");
            let time = Timestamp::from_clock(time).to_string();
            let values = [(":immutable", AttributeValue::S(time))];
            // If the lock has changed, the next round decides.
            let key = partition.release();
            self.store
                .update_item(key, &set, values, unchanged(&item))
                .await?;
        }
        Err(kept_changing_error().into())
    }

    /// The time until a locked release is immutable.
    ///
    /// # Errors
    ///
    /// [`AdminError::Changed`] if it is not locked, [`AdminError::Failed`], also with
    /// [`StoreError::ReleaseNotFound`].
    pub async fn time_until_immutable(self, key: &ReleaseKey) -> Result<Duration, AdminError> {
        let item = self.read_release(&Partition::new(key)).await?;
        let time = item.immutable_at.ok_or(AdminError::Changed)?;
        Ok(left(time, self.store.time()))
    }

    /// Removes the lock of a release, and returns whether it had one.
    ///
    /// # Errors
    ///
    /// [`AdminError::Failed`], also with [`StoreError::ReleaseNotFound`].
    pub async fn unlock(self, key: &ReleaseKey) -> Result<bool, AdminError> {
        let partition = Partition::new(key);
        let (mut rounds, mut was_locked) = (self.store.changes(), false);
        while rounds.next().await {
            let item = self.read_release(&partition).await?;
            if item.immutable_at.is_none() {
                return Ok(was_locked);
            }
            was_locked = true;
            let remove = format!("REMOVE {IMMUTABLE_AT}");
            let (key, unchanged) = (partition.release(), unchanged(&item));
            let removed = self.store.update_item(key, &remove, [], unchanged);
            if removed.await?.is_some() {
                return Ok(true);
            }
        }
        Err(kept_changing_error().into())
    }

    /// The number of a project's releases that are locked. It reads the order of the releases and
    /// then each release, a hundred in one call.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn count_locked(self, project: ProjectId) -> Result<usize, StoreError> {
        let places = self.store.places(project).await?.into_iter();
        let key = |tag| Partition::new(&ReleaseKey { project, tag }).release();
        let keys: Vec<_> = places.map(|place| key(place.tag)).collect();
        let mut locked = 0;
        for keys in keys.chunks(MAX_BATCH) {
            for item in self.store.get_items(keys.to_vec()).await? {
                let item: ReleaseItem = read(item)?;
                locked += usize::from(item.exists() && item.immutable_at.is_some());
            }
        }
        Ok(locked)
    }

    async fn read_release(self, partition: &Partition) -> Result<ReleaseItem, StoreError> {
        let item = self.store.release_item(partition).await?;
        item.ok_or(StoreError::ReleaseNotFound)
    }
}

fn unchanged(item: &ReleaseItem) -> Condition {
    Condition::Lock {
        generation: item.generation,
        immutable_at: item.immutable_at,
    }
}

/// The time that is left, in whole seconds, rounded up. After that, the time of DynamoDB has come in
/// the same resolution.
fn left(time: Timestamp, now: SystemTime) -> Duration {
    let left = SystemTime::from(time).duration_since(now);
    let left = left.unwrap_or_default();
    Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0))
}
