//! The deletion of a project: it is hidden, and can be restored, until it is purged.
//!
//! A purge can be interrupted and run again. Each of its changes checks that the project is still
//! being purged, so that a purge that was suspended cannot undo a later restore.

use std::time::SystemTime;

use super::Operator;
use super::error::AdminError;
use super::project_items::{
    ProjectState, ProjectVersion, by_former_path, by_id, not_deleted, without_taken_paths,
};
use super::projects::Projects;
use super::rounds::in_rounds;
use super::scan::PAGE_TIMEOUT;
use crate::project::{Project, ProjectId};
use crate::store::condition::Condition;
use crate::store::identity::ProjectItem;
use crate::store::items::Item;
use crate::store::transaction::{MAX_STEPS, Step, Transaction, TransactionError};
use crate::timestamp::Timestamp;

/// Largest number of items that a transaction removes. It also checks the project.
const MAX_REMOVED: usize = MAX_STEPS - 1;

/// A project that is hidden or being purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenProject {
    /// The project.
    pub project: Project,
    /// When it was hidden.
    pub since: SystemTime,
    /// Whether its purge has begun.
    pub is_purging: bool,
    version: u64,
}

impl<'a> Projects<'a> {
    /// Hides a project. Its paths and the tokens' roles in it stay reserved. A project that is
    /// already hidden is returned as it is.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`], [`AdminError::Deleted`], [`AdminError::Changed`],
    /// [`AdminError::Busy`], [`AdminError::Failed`].
    pub async fn hide(self, id: ProjectId, now: SystemTime) -> Result<HiddenProject, AdminError> {
        let mut taken_paths: Vec<String> = Vec::new();
        in_rounds(self.store, async || {
            let before = not_deleted(self.item_by_id(id).await?)?;
            if before.deleting_since.is_some() {
                return hidden(before).map(Some);
            }
            let mut after = ProjectItem {
                version: before.version + 1,
                deleting_since: Some(Timestamp::from_clock(now)),
                ..before
            };
            after
                .former_paths
                .retain(|path| !taken_paths.contains(path));
            match self.hide_transaction(&after, now).commit(self.store).await {
                Ok(()) => return hidden(after).map(Some),
                // Another operator was faster, or other projects have taken former paths.
                Err(error @ TransactionError::Steps(_)) => {
                    if let Some(left) = without_taken_paths(&after, &error) {
                        let taken = |path: &String| !left.contains(path);
                        taken_paths.extend(after.former_paths.into_iter().filter(taken));
                    }
                }
                Err(error) => return Err(error.into()),
            }
            Ok(None)
        })
        .await
    }

    fn hide_transaction(self, after: &ProjectItem, now: SystemTime) -> Transaction<'a> {
        let unchanged = Condition::Version(after.version - 1);
        let mut transaction = Transaction::on(&self.store.table.name);
        transaction.put(Step::Own, by_id(after), unchanged);
        // The items of its paths stay, so that no project takes over its downloads unasked.
        let path = after.path.to_lowercase();
        transaction.put(Step::Own, by_former_path(after, &path, now), unchanged);
        for (index, path) in after.former_paths.iter().enumerate() {
            let is_own = Condition::FormerPathOf(after.id);
            let item = by_former_path(after, path, now);
            transaction.put(Step::FormerPath(index), item, is_own);
        }
        transaction
    }

    /// The hidden project with this ID.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`], [`AdminError::NotHidden`], [`AdminError::Deleted`],
    /// [`AdminError::Failed`].
    pub async fn hidden(self, id: ProjectId) -> Result<HiddenProject, AdminError> {
        hidden(self.item_by_id(id).await?)
    }

    /// Begins to purge a hidden project, unless it was restored since it was read, even if it has
    /// been hidden again. A purge that has already begun is continued.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`], [`AdminError::NotHidden`], [`AdminError::Deleted`],
    /// [`AdminError::Changed`], [`AdminError::Failed`].
    pub async fn begin_purge(
        self,
        project: &HiddenProject,
        now: SystemTime,
    ) -> Result<ProjectVersion, AdminError> {
        let id = project.project.id;
        in_rounds(self.store, async || {
            let before = self.item_by_id(id).await?;
            let current = hidden(before.clone())?;
            let version = current.version;
            if current.is_purging {
                return Ok(Some(ProjectVersion { id, version }));
            }
            // Each change of a project has a version of its own.
            if version != project.version {
                return Err(AdminError::Changed);
            }
            let version = version + 1;
            let after = ProjectItem {
                version,
                purging_since: Some(Timestamp::from_clock(now)),
                ..before
            };
            let is_changed = self.replace(&after).await?;
            Ok(is_changed.then_some(ProjectVersion { id, version }))
        })
        .await
    }

    /// Marks a project as deleted after its releases were removed. The item stays, so that the ID
    /// is never reused: a late request or operator finds no other project under it. It keeps its
    /// paths for a restore from another table.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`], [`AdminError::Changed`], [`AdminError::Failed`].
    pub async fn finish_purge(
        self,
        purge: &ProjectVersion,
        now: SystemTime,
    ) -> Result<(), AdminError> {
        in_rounds(self.store, async || {
            let before = self.item_by_id(purge.id).await?;
            if before.deleted_at.is_some() {
                return Ok(Some(()));
            }
            if before.version != purge.version {
                return Err(AdminError::Changed);
            }
            let after = ProjectItem {
                version: before.version + 1,
                deleted_at: Some(Timestamp::from_clock(now)),
                ..before
            };
            Ok(self.replace(&after).await?.then_some(()))
        })
        .await
    }

    /// Writes the item by ID alone, and returns whether it was unchanged until then.
    async fn replace(self, after: &ProjectItem) -> Result<bool, AdminError> {
        let unchanged = Condition::Version(after.version - 1);
        let mut transaction = Transaction::on(&self.store.table.name);
        transaction.put(Step::Own, by_id(after), unchanged);
        match transaction.commit(self.store).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Steps(_)) => Ok(false),
            Err(error) => Err(AdminError::from_part(error)),
        }
    }

    /// Removes items of the project while it is being purged.
    async fn remove(self, purge: &ProjectVersion, keys: &[Item]) -> Result<(), AdminError> {
        let mut transaction = Transaction::on(&self.store.table.name);
        purge.check(&mut transaction);
        for key in keys {
            transaction.delete(Step::Own, key.clone(), Condition::Any);
        }
        match transaction.commit(self.store).await {
            Err(TransactionError::Steps(_)) => {
                not_deleted(self.item_by_id(purge.id).await?)?;
                Err(AdminError::Changed)
            }
            removed => removed.map_err(AdminError::from_part),
        }
    }
}

/// The project of this item if it is hidden or being purged.
fn hidden(item: ProjectItem) -> Result<HiddenProject, AdminError> {
    let item = not_deleted(item)?;
    let since = item.deleting_since.ok_or(AdminError::NotHidden(item.id))?;
    Ok(HiddenProject {
        project: item.project(),
        since: since.into(),
        is_purging: matches!(ProjectState::from_item(&item), ProjectState::Purging(_)),
        version: item.version,
    })
}

impl Operator {
    /// Removes the releases and links of a project that is being purged, until a scan of the whole
    /// table finds none, and returns their number. It reports to `progress` how many items are
    /// removed so far. The order of releases does not list the items of deleted releases, so there
    /// is no faster way. It can be interrupted and run again.
    ///
    /// # Errors
    ///
    /// [`AdminError::Deleted`] and [`AdminError::Changed`] if the purge has ended meanwhile,
    /// [`AdminError::Failed`].
    pub async fn remove_releases(
        &self,
        purge: &ProjectVersion,
        mut progress: impl FnMut(usize),
    ) -> Result<usize, AdminError> {
        let mut removed = 0;
        loop {
            let before = removed;
            let mut start = None;
            loop {
                let session = self.session(PAGE_TIMEOUT);
                let (keys, next) = session.keys_of_releases(purge.id, start).await?;
                for keys in keys.chunks(MAX_REMOVED) {
                    // The time that the limit takes does not count.
                    session.store.pace().await;
                    let session = self.session(PAGE_TIMEOUT);
                    session.projects().remove(purge, keys).await?;
                    removed += keys.len();
                    progress(removed);
                }
                start = next;
                if start.is_none() {
                    break;
                }
            }
            if removed == before {
                return Ok(removed);
            }
        }
    }
}
