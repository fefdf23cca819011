//! The digests that an operator's command adds to links.

use super::error::AdminError;
use super::releases::OperatorReleases;
use super::restore::RestoreInto;
use crate::link::{Digest, Link};
use crate::release::ReleaseKey;
use crate::store::condition::Condition;
use crate::store::constraints::{claim_conflicts, foreign_item_error};
use crate::store::error::StoreError;
use crate::store::links::{Links, StoredLink};
use crate::store::transaction::{Step, Transaction, TransactionError};

/// The outcome of adding a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddedDigest {
    /// The link has the digest.
    Added,
    /// The release is locked, so its links stay as they are.
    Immutable,
    /// The link is gone, has another URL or another digest, or its project is hidden.
    Changed,
}

impl OperatorReleases<'_> {
    /// Adds the digest of the file at its URL to a link, unless the link has changed since it was
    /// read.
    ///
    /// # Errors
    ///
    /// [`AdminError::Busy`], [`AdminError::Failed`].
    pub async fn add_digest(
        self,
        release: &ReleaseKey,
        read: &Link,
        digest: &Digest,
    ) -> Result<AddedDigest, AdminError> {
        let links = Links::new(self.store, release);
        let mut rounds = self.store.changes();
        while rounds.next().await {
            let stored = match links.read_stored(read.id).await {
                Ok(stored) => stored,
                Err(StoreError::NotFound) => return Ok(AddedDigest::Changed),
                Err(StoreError::Immutable(_)) => return Ok(AddedDigest::Immutable),
                Err(error) => return Err(error.into()),
            };
            match &stored.link {
                link if link.url != read.url => return Ok(AddedDigest::Changed),
                Link { digest: None, .. } => {}
                link if link.digest.as_ref() == Some(digest) => return Ok(AddedDigest::Added),
                _ => return Ok(AddedDigest::Changed),
            }
            let update = transaction(&links, release, &stored, digest);
            let steps = match update.commit(self.store).await {
                Ok(()) => return Ok(AddedDigest::Added),
                Err(TransactionError::Steps(steps)) => steps,
                Err(error) => return Err(error.into()),
            };
            if Step::any_about_project(&steps) {
                return Ok(AddedDigest::Changed);
            }
            // If the release or the link has changed after the read, the next round decides.
            if !steps.contains(&Step::Release) && !steps.contains(&Step::Link) {
                return Err(corrupt(&links, &stored, &steps).into());
            }
        }
        Err(AdminError::Busy)
    }
}

/// The update of a link to one with this digest.
fn transaction<'l>(
    links: &'l Links<'_>,
    release: &ReleaseKey,
    stored: &StoredLink,
    digest: &Digest,
) -> Transaction<'l> {
    let after = Link {
        digest: Some(digest.clone()),
        ..stored.link.clone()
    };
    let mut update = links.update_transaction(stored, &after);
    RestoreInto::Active(release.project).check(&mut update);
    // An operator's command has no deadline, so each of its writes checks the lock.
    let is_open = Condition::Lock {
        generation: stored.release.generation,
        immutable_at: None,
    };
    update.check(Step::Release, links.partition.release(), is_open);
    update
}

/// The error for an item of the link that belongs to another one.
fn corrupt(links: &Links<'_>, stored: &StoredLink, steps: &[Step]) -> StoreError {
    let generation = stored.release.generation;
    let corrupt = foreign_item_error(&links.partition, generation, &stored.link, steps);
    corrupt.unwrap_or_else(|| StoreError::Taken(claim_conflicts(steps)))
}
