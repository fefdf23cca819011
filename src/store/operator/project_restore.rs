//! The restore of a project that is hidden, or that was purged and whose releases are back.

use std::time::SystemTime;

use super::error::{AdminError, FormerOwner};
use super::project_items::{
    ProjectChanges, ProjectState, ProjectVersion, apply_changes, by_former_path, by_id, by_path,
    without_taken_paths,
};
use super::projects::{MAX_FORMER_PATHS, Projects, Takeover};
use super::rounds::in_rounds;
use crate::project::{Project, ProjectId, ProjectPath};
use crate::store::condition::Condition;
use crate::store::identity::ProjectItem;
use crate::store::transaction::{Step, Transaction, TransactionError};

/// Where a restored project is found.
#[derive(Debug, Clone)]
pub struct RestoredPath {
    /// Its path; `None` means the one that it had.
    pub path: Option<ProjectPath>,
    /// Whether it may take a path under which another project has published downloads.
    pub takeover: Takeover,
}

/// A project that was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredProject {
    /// The project.
    pub project: Project,
    /// The paths that led to it before, in lower case, and that other projects have taken since.
    pub lost_paths: Vec<String>,
    /// The project whose former path it has taken, if any.
    pub former: Option<FormerOwner>,
}

/// What a restore begins from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreFrom {
    /// The project is hidden, and has its releases.
    Hidden,
    /// The project was purged. Its releases were restored from another table.
    Purged,
}

impl RestoreFrom {
    fn failure(self, error: TransactionError) -> AdminError {
        match self {
            Self::Hidden => error.into(),
            // The releases are already back.
            Self::Purged => AdminError::from_part(error),
        }
    }
}

impl<'a> Projects<'a> {
    /// Makes a project visible again, with those of its paths that are free.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotHidden`], [`AdminError::NotPurged`], [`AdminError::Hidden`],
    /// [`AdminError::Purging`], [`AdminError::Deleted`], [`AdminError::UnknownProject`],
    /// [`AdminError::PathOfAnother`], [`AdminError::PathTaken`],
    /// [`AdminError::FormerPathOfAnother`], [`AdminError::TooManyFormerPaths`],
    /// [`AdminError::Changed`], [`AdminError::Failed`], and for [`RestoreFrom::Hidden`]
    /// [`AdminError::Busy`].
    pub async fn restore(
        self,
        id: ProjectId,
        from: RestoreFrom,
        path: &RestoredPath,
        now: SystemTime,
    ) -> Result<RestoredProject, AdminError> {
        let mut lost_paths: Vec<String> = Vec::new();
        in_rounds(self.store, async || {
            let (mut after, is_free, former) = self.prepare_restore(id, from, path).await?;
            after.former_paths.retain(|path| !lost_paths.contains(path));
            if after.former_paths.len() > MAX_FORMER_PATHS {
                return Err(AdminError::TooManyFormerPaths(id));
            }
            match self
                .show_transaction(&after, is_free, now)
                .commit(self.store)
                .await
            {
                Ok(()) => {
                    return Ok(Some(RestoredProject {
                        project: after.project(),
                        lost_paths: std::mem::take(&mut lost_paths),
                        former,
                    }));
                }
                // Another operator changed the project, or other projects have taken its paths.
                Err(error @ TransactionError::Steps(_)) => {
                    if let Some(left) = without_taken_paths(&after, &error) {
                        let lost = |path: &String| !left.contains(path);
                        lost_paths.extend(after.former_paths.into_iter().filter(lost));
                    }
                }
                Err(error) => return Err(from.failure(error)),
            }
            Ok(None)
        })
        .await
    }

    /// Fails if [`Self::restore`] would, because of the project's state or of its path. Otherwise,
    /// it returns the project as it is.
    ///
    /// # Errors
    ///
    /// Those of [`Self::restore`].
    pub async fn check_restore(
        self,
        id: ProjectId,
        from: RestoreFrom,
        path: &RestoredPath,
    ) -> Result<ProjectVersion, AdminError> {
        let (after, _, _) = self.prepare_restore(id, from, path).await?;
        let version = after.version - 1;
        Ok(ProjectVersion { id, version })
    }

    /// The project as it will be, the condition under which it may have its path, and the project
    /// that loses the path with it.
    async fn prepare_restore(
        self,
        id: ProjectId,
        from: RestoreFrom,
        path: &RestoredPath,
    ) -> Result<(ProjectItem, Condition, Option<FormerOwner>), AdminError> {
        let before = self.item_by_id(id).await?;
        check_state(&before, from)?;
        let changes = ProjectChanges {
            path: path.path.clone(),
            visibility: None,
        };
        let after = apply_changes(&before, &changes);
        let found = self.path_for(&after.project(), path.takeover).await;
        let (is_free, former) = found.map_err(|error| match error {
            AdminError::PathTaken(path) if path == before.path => {
                AdminError::PathOfAnother { id, path }
            }
            error => error,
        })?;
        Ok((after, is_free, former))
    }

    fn show_transaction(
        self,
        after: &ProjectItem,
        is_free: Condition,
        now: SystemTime,
    ) -> Transaction<'a> {
        let unchanged = Condition::Version(after.version - 1);
        let mut transaction = Transaction::on(&self.store.table.name);
        transaction.put(Step::Own, by_id(after), unchanged);
        transaction.put(Step::ProjectPath, by_path(after), is_free);
        for (index, path) in after.former_paths.iter().enumerate() {
            let is_own = Condition::FormerPathOf(after.id);
            let item = by_former_path(after, path, now);
            transaction.put(Step::FormerPath(index), item, is_own);
        }
        transaction
    }
}

fn check_state(item: &ProjectItem, from: RestoreFrom) -> Result<(), AdminError> {
    let id = item.id;
    match (ProjectState::from_item(item), from) {
        (ProjectState::Hidden(_), RestoreFrom::Hidden)
        | (ProjectState::Deleted(_), RestoreFrom::Purged) => Ok(()),
        (ProjectState::Visible, RestoreFrom::Hidden) => Err(AdminError::NotHidden(id)),
        (ProjectState::Visible, RestoreFrom::Purged) => Err(AdminError::NotPurged(id)),
        (ProjectState::Hidden(_), RestoreFrom::Purged) => Err(AdminError::Hidden(id)),
        (ProjectState::Purging(_), _) => Err(AdminError::Purging(id)),
        (ProjectState::Deleted(deleted_at), RestoreFrom::Hidden) => {
            Err(AdminError::Deleted { id, deleted_at })
        }
    }
}
