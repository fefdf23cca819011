//! The deletion of a release and of any number of links with it.
//!
//! One transaction ends the generation: the release's item stays without the attributes of a
//! release, so nobody sees the items of the generation. After that, its items are removed. If
//! the request ends before that, the work item tells later requests what to remove.

use super::birth::count;
use super::condition::Condition;
use super::error::{StoreError, kept_changing_error};
use super::items::ReleaseItem;
use super::keys::place;
use super::living::Lookup;
use super::partition::Partition;
use super::releases::{Releases, build_release};
use super::schema::SortKey;
use super::schema::attribute::{CREATED_AT, LINKS_AT_BIRTH, RELEASED_AT};
use super::transaction::{Step, Transaction, TransactionError};
use super::work::{Work, set_leftovers};
use crate::release::{Release, ReleaseKey, ReleaseWithLinks};

impl<'s> Releases<'s> {
    pub(super) async fn delete(self, key: &ReleaseKey) -> Result<ReleaseWithLinks, StoreError> {
        let (session, partition) = (self.session, Partition::new(key));
        let mut changes = session.changes();
        while changes.next().await {
            let living = session.living_release(&partition, &SortKey::Details, 0);
            let living = match living.await? {
                // A release without its details can be deleted, too.
                Lookup::Living(living) | Lookup::Torn(living) => living,
                Lookup::Missing(item) => {
                    session.purge_leftovers(&partition, &item).await;
                    return Err(StoreError::ReleaseNotFound);
                }
            };
            if living.item.immutable_at.is_some() {
                return Err(StoreError::Immutable(key.tag.clone()));
            }
            let release = build_release(key, &living.item, living.details)?;
            let work = Work::for_deletion(living.item.generation, session);
            let deletion = self.delete_transaction(&partition, &living.item, &release, &work);
            match deletion.commit(session).await {
                Ok(()) => {
                    session.remove_deleted(&partition, work, &living.item).await;
                    let links = Vec::new();
                    return Ok(ReleaseWithLinks { release, links });
                }
                // Another request changed, locked or deleted the release after the read.
                Err(TransactionError::Steps(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(kept_changing_error())
    }

    /// Ends the life of a release. Others leave its items to this request until the deadline.
    fn delete_transaction(
        self,
        partition: &Partition,
        item: &ReleaseItem,
        release: &Release,
        work: &Work,
    ) -> Transaction<'s> {
        let end = format!(
            "SET {} REMOVE {CREATED_AT}, {RELEASED_AT}, {LINKS_AT_BIRTH}",
            set_leftovers()
        );
        let mut transaction = Transaction::on(&self.session.table.name);
        let unchanged = Condition::Unchanged {
            generation: item.generation,
            version: item.version,
            immutable_at: item.immutable_at,
        };
        let values = work.leftovers(item, self.session.deadline_seconds());
        transaction.update(Step::Release, partition.release(), &end, values, unchanged);
        transaction.delete(Step::Own, partition.details(), Condition::Any);
        transaction.delete(Step::Own, place(release), Condition::Any);
        count(&mut transaction, release, -1);
        work.add_to(&mut transaction, partition);
        transaction
    }
}
