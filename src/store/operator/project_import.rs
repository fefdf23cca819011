//! The creation of a project that comes from another system, together with its former paths.

use std::time::SystemTime;

use super::error::AdminError;
use super::project_items::{by_former_path, by_id, by_path, without_taken_paths};
use super::projects::{MAX_FORMER_PATHS, Projects, Takeover};
use super::rounds::in_rounds;
use crate::project::{Project, ProjectPath, ProjectRef};
use crate::store::condition::Condition;
use crate::store::identity::ProjectItem;
use crate::store::transaction::{Step, Transaction, TransactionError};

impl<'a> Projects<'a> {
    /// The visible project with this path; `None` if no project has or had it.
    ///
    /// # Errors
    ///
    /// [`AdminError::FormerPath`], [`AdminError::Hidden`], [`AdminError::Purging`],
    /// [`AdminError::Deleted`], [`AdminError::Failed`].
    pub async fn at_path(self, path: &ProjectPath) -> Result<Option<Project>, AdminError> {
        match self.get(&ProjectRef::Path(path.to_lowercase())).await {
            Ok(project) => Ok(Some(project)),
            Err(AdminError::UnknownProject(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a project with the former paths that are free, and returns the others. It takes no
    /// path from another project. The last former path is the latest one. If there are too many,
    /// the first ones count as taken.
    ///
    /// # Errors
    ///
    /// [`AdminError::IdTaken`], [`AdminError::Hidden`], [`AdminError::Purging`],
    /// [`AdminError::IdUsed`], [`AdminError::PathTaken`], [`AdminError::FormerPathOfAnother`],
    /// [`AdminError::Changed`], [`AdminError::Busy`], [`AdminError::Failed`].
    pub async fn create_with_former_paths(
        self,
        project: &Project,
        former_paths: &[String],
        now: SystemTime,
    ) -> Result<Vec<String>, AdminError> {
        let mut new = ProjectItem::new(project.clone(), 1);
        new.former_paths = own_paths(project, former_paths);
        in_rounds(self.store, async || {
            self.check_id(project.id).await?;
            let (is_free, _) = self.path_for(project, Takeover::Refuse).await?;
            match self.creation(&new, is_free, now).commit(self.store).await {
                Ok(()) => return Ok(Some(new.former_paths.clone())),
                Err(error) => match without_taken_paths(&new, &error) {
                    Some(free) => new.former_paths = free,
                    // The ID or the path has changed hands after it was read.
                    None if matches!(error, TransactionError::Steps(_)) => {}
                    None => return Err(error.into()),
                },
            }
            Ok(None)
        })
        .await
        .map(|created| others(former_paths, project, &created))
    }

    /// The former paths that [`Self::create_with_former_paths`] would return, without changing
    /// anything.
    ///
    /// # Errors
    ///
    /// The same as for that function.
    pub async fn check_creation(
        self,
        project: &Project,
        former_paths: &[String],
    ) -> Result<Vec<String>, AdminError> {
        self.check_id(project.id).await?;
        self.path_for(project, Takeover::Refuse).await?;
        let own = own_paths(project, former_paths);
        let items = self.items_at(&own).await?;
        let free = own.into_iter().zip(items);
        let free = free.filter_map(|(path, item)| item.is_none().then_some(path));
        let free: Vec<String> = free.collect();
        Ok(others(former_paths, project, &free))
    }

    fn creation(self, new: &ProjectItem, is_free: Condition, now: SystemTime) -> Transaction<'a> {
        let mut transaction = Transaction::on(&self.store.table.name);
        transaction.put(Step::Project(new.id), by_id(new), Condition::Absent);
        transaction.put(Step::ProjectPath, by_path(new), is_free);
        for (index, path) in new.former_paths.iter().enumerate() {
            let item = by_former_path(new, path, now);
            transaction.put(Step::FormerPath(index), item, Condition::Absent);
        }
        transaction
    }
}

/// The paths in lower case, without duplicates and without the current path of the project, and at
/// most as many as a project may have.
fn own_paths(project: &Project, former_paths: &[String]) -> Vec<String> {
    let mut own = Vec::new();
    for path in former_paths.iter().rev().map(|path| path.to_lowercase()) {
        let is_current = path == project.path.to_lowercase();
        if !is_current && !own.contains(&path) && own.len() < MAX_FORMER_PATHS {
            own.push(path);
        }
    }
    own.reverse();
    own
}

/// Those of the paths that the project neither has nor had.
fn others(former_paths: &[String], project: &Project, own: &[String]) -> Vec<String> {
    let is_other = |path: &&String| {
        let path = path.to_lowercase();
        path != project.path.to_lowercase() && !own.contains(&path)
    };
    former_paths.iter().filter(is_other).cloned().collect()
}
