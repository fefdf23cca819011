//! The birth of a release whose links have their IDs already. A restore and an import share it.

use super::backup::LinkBackup;
use super::error::AdminError;
use super::releases::OperatorReleases;
use super::restore::RestoreInto;
use crate::release::Release;
use crate::store::birth::{LinkIds, add_link, add_release};
use crate::store::condition::Condition;
use crate::store::items::ReleaseItem;
use crate::store::partition::Partition;
use crate::store::reservation::Reserved;
use crate::store::transaction::{MAX_STEPS, Step, Transaction, TransactionError};
use crate::store::work::Work;

/// Number of links in each transaction if one is not enough. A link takes up to four steps, and the
/// work item and the project take one each.
const LINKS_PER_TRANSACTION: usize = 24;

/// A release that does not exist, and the links with which it comes to life.
pub(super) struct Rebirth<'r> {
    pub(super) release: &'r Release,
    /// Their names, URLs and filepaths are unique.
    pub(super) links: &'r [&'r LinkBackup],
    pub(super) ids: LinkIds,
    pub(super) into: &'r RestoreInto,
}

impl<'a> OperatorReleases<'a> {
    /// Brings the release to life in the reserved generation; `false` if somebody else was faster.
    pub(super) async fn give_life(
        self,
        partition: &Partition,
        reserved: &Reserved,
        rebirth: &Rebirth<'_>,
    ) -> Result<bool, AdminError> {
        let (store, generation) = (self.store, reserved.generation());
        let Rebirth {
            release,
            links,
            ids,
            into,
        } = rebirth;
        let mut last = Transaction::on(&store.table.name);
        into.check(&mut last);
        let place = (partition, generation);
        add_release(&mut last, place, release, links.len(), *ids);
        let all = self.links_transaction(partition, generation, links);
        let work = if all.len() + last.len() <= MAX_STEPS {
            last.append(all);
            None
        } else {
            let work = Work::for_restore(generation, store);
            let release = &reserved.release;
            let stage = self.stage(partition, release, &work, rebirth);
            if !stage.await? {
                return Ok(store.remove_unborn(partition, &work, release).await?);
            }
            Some(work)
        };
        let is_born = store.bring_to_life(partition, reserved, last, work.as_ref());
        Ok(is_born.await?)
    }

    pub(super) fn links_transaction(
        self,
        partition: &Partition,
        generation: u64,
        links: &[&LinkBackup],
    ) -> Transaction<'a> {
        let mut transaction = Transaction::on(&self.store.table.name);
        for LinkBackup { link, created_at } in links {
            let (place, is_free) = ((partition, generation), Condition::OwnOrAbsent(link.id));
            let created_at = created_at.clone();
            add_link(&mut transaction, place, link, created_at, is_free);
        }
        transaction
    }

    /// Writes the work item, and then the links, which nobody sees before the release exists.
    /// `false` means that the command was suspended: another process considered it abandoned, or
    /// DynamoDB did not recognize a write that it had sent before.
    async fn stage(
        self,
        partition: &Partition,
        release: &ReleaseItem,
        work: &Work,
        rebirth: &Rebirth<'_>,
    ) -> Result<bool, AdminError> {
        let store = self.store;
        if !is_written(store.announce(partition, work, release).await)? {
            return Ok(false);
        }
        for links in rebirth.links.chunks(LINKS_PER_TRANSACTION) {
            let mut transaction = self.links_transaction(partition, work.generation, links);
            rebirth.into.check(&mut transaction);
            work.extend_in(&mut transaction, partition, store);
            if !is_written(transaction.commit(store).await)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a part of the generation was written. A refused step about the project is an error.
fn is_written(committed: Result<(), TransactionError>) -> Result<bool, AdminError> {
    match committed {
        Ok(()) => Ok(true),
        Err(TransactionError::Steps(steps)) if !Step::any_about_project(&steps) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
