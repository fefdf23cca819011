//! The items of a project: by ID, by path, and by its former paths.

use std::time::SystemTime;

use super::error::AdminError;
use crate::project::{Project, ProjectId, ProjectPath, Visibility};
use crate::store::condition::Condition;
use crate::store::identity::ProjectItem;
use crate::store::items::{Item, item};
use crate::store::keys;
use crate::store::transaction::{Step, Transaction, TransactionError};
use crate::timestamp::Timestamp;

/// The operator's changes to a project; `None` leaves an attribute as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectChanges {
    /// Its path. The former path leads to the project until another one takes it.
    pub path: Option<ProjectPath>,
    /// Who may see it.
    pub visibility: Option<Visibility>,
}

/// How far the deletion of a project has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectState {
    /// It is not deleted.
    Visible,
    /// It is hidden since then, and can be restored.
    Hidden(SystemTime),
    /// Since then, its releases are being deleted.
    Purging(SystemTime),
    /// It was deleted for good then. Its ID is never given to another project.
    Deleted(SystemTime),
}

impl ProjectState {
    pub(super) fn from_item(item: &ProjectItem) -> Self {
        if let Some(time) = item.deleted_at {
            Self::Deleted(time.into())
        } else if let Some(since) = item.purging_since {
            Self::Purging(since.into())
        } else if let Some(since) = item.deleting_since {
            Self::Hidden(since.into())
        } else {
            Self::Visible
        }
    }
}

/// A project whose item has this version. An operation of many calls gets it at its beginning, and
/// each of its changes checks it, so that a suspended process changes nothing after somebody else
/// has ended the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectVersion {
    pub(super) id: ProjectId,
    pub(super) version: u64,
}

impl ProjectVersion {
    /// Adds the check to a transaction.
    pub(super) fn check(&self, transaction: &mut Transaction<'_>) {
        let key = keys::project_by_id(self.id.number());
        let unchanged = Condition::Version(self.version);
        transaction.check(Step::Project(self.id), key, unchanged);
    }
}

/// The item by ID. Only this item of a project contains its former paths.
pub(super) fn by_id(project: &ProjectItem) -> Item {
    item(keys::project_by_id(project.id.number()), project)
}

/// The item by path.
pub(super) fn by_path(project: &ProjectItem) -> Item {
    let path = project.path.to_lowercase();
    let copy = ProjectItem {
        former_paths: Vec::new(),
        ..project.clone()
    };
    item(keys::project_by_path(&path), &copy)
}

/// The item by a former path. It has the whole project, so that a lookup takes one call whichever
/// path it uses.
pub(super) fn by_former_path(project: &ProjectItem, path: &str, now: SystemTime) -> Item {
    let moved_at = Some(Timestamp::from_clock(now));
    let copy = ProjectItem {
        former_paths: Vec::new(),
        moved_at,
        ..project.clone()
    };
    item(keys::project_by_path(path), &copy)
}

/// The project after these changes. The path that it leaves becomes a former path.
pub(super) fn apply_changes(before: &ProjectItem, changes: &ProjectChanges) -> ProjectItem {
    let Project {
        id,
        path,
        visibility,
    } = before.project();
    let project = Project {
        id,
        path: changes.path.clone().unwrap_or_else(|| path.clone()),
        visibility: changes.visibility.unwrap_or(visibility),
    };
    let [old_path, new_path] = [&path, &project.path].map(ProjectPath::to_lowercase);
    let mut after = ProjectItem::new(project, before.version + 1);
    after.former_paths.clone_from(&before.former_paths);
    after.former_paths.push(old_path);
    after.former_paths.retain(|path| *path != new_path);
    after
}

pub(super) fn not_deleted(item: ProjectItem) -> Result<ProjectItem, AdminError> {
    match ProjectState::from_item(&item) {
        ProjectState::Deleted(deleted_at) => Err(AdminError::Deleted {
            id: item.id,
            deleted_at,
        }),
        _ => Ok(item),
    }
}

pub(super) fn visible(item: ProjectItem) -> Result<ProjectItem, AdminError> {
    let item = not_deleted(item)?;
    match ProjectState::from_item(&item) {
        ProjectState::Hidden(_) => Err(AdminError::Hidden(item.id)),
        ProjectState::Purging(_) => Err(AdminError::Purging(item.id)),
        _ => Ok(item),
    }
}

/// The former paths without those that other projects have taken, if the error is about them alone.
pub(super) fn without_taken_paths(
    before: &ProjectItem,
    error: &TransactionError,
) -> Option<Vec<String>> {
    let TransactionError::Steps(steps) = error else {
        return None;
    };
    let is_about_paths = steps.iter().all(|step| matches!(step, Step::FormerPath(_)));
    let paths = before.former_paths.iter().enumerate();
    let left = paths.filter(|(index, _)| !steps.contains(&Step::FormerPath(*index)));
    is_about_paths.then(|| left.map(|(_, path)| path.clone()).collect())
}

/// Whether the new path has changed hands after it was read.
pub(super) fn is_about_new_path(error: &TransactionError) -> bool {
    let TransactionError::Steps(steps) = error else {
        return false;
    };
    steps.contains(&Step::ProjectPath) && !steps.contains(&Step::Own)
}
