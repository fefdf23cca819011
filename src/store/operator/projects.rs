//! Projects, each stored by ID, by path, and by its former paths until other projects take them.

use std::time::SystemTime;

use super::error::{AdminError, FormerOwner};
use super::project_items::{
    ProjectChanges, ProjectState, apply_changes, by_former_path, by_id, by_path, is_about_new_path,
    visible, without_taken_paths,
};
use super::rounds::in_rounds;
use crate::project::{Project, ProjectId, ProjectRef};
use crate::store::batch::find;
use crate::store::condition::Condition;
use crate::store::error::StoreError;
use crate::store::identity::ProjectItem;
use crate::store::items::read;
use crate::store::keys::{self, PROJECTS};
use crate::store::range::Range;
use crate::store::session::Session;
use crate::store::transaction::{Step, Transaction, TransactionError};

/// Largest number of former paths of a project. All of them change with it in one transaction.
pub(super) const MAX_FORMER_PATHS: usize = 50;

/// Whether a project may take a path under which another one has published downloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takeover {
    /// It may take only a path that was never used, or a former path of its own.
    Refuse,
    /// It may take the path of a deleted project, or a former path of any project.
    Allow,
}

/// The projects of the table.
#[derive(Debug, Clone, Copy)]
pub struct Projects<'a> {
    pub(super) store: &'a Session<'a>,
}

impl<'a> Projects<'a> {
    pub(super) fn new(store: &'a Session<'a>) -> Self {
        Self { store }
    }

    /// The project with this ID or path, whatever its state.
    pub(super) async fn item(self, name: &ProjectRef) -> Result<ProjectItem, AdminError> {
        let item = self.store.get_item(keys::project(name)).await?;
        let unknown = || AdminError::UnknownProject(name.to_string());
        let found: ProjectItem = read(item.ok_or_else(unknown)?)?;
        let project = found.project();
        if found.deleting_since.is_some() {
            // The item by path does not tell whether the deletion is finished.
            return self.item_by_id(project.id).await;
        }
        if !name.matches(&project) {
            return Err(AdminError::FormerPath {
                path: name.to_string(),
                project,
            });
        }
        match name {
            ProjectRef::Id(_) => Ok(found),
            // Only the item by ID contains the former paths.
            ProjectRef::Path(_) => self.item_by_id(project.id).await,
        }
    }

    pub(super) async fn item_by_id(self, id: ProjectId) -> Result<ProjectItem, AdminError> {
        let item = self
            .store
            .get_item(keys::project_by_id(id.number()))
            .await?;
        Ok(read(item.ok_or_else(|| {
            AdminError::UnknownProject(id.to_string())
        })?)?)
    }

    /// The items of these paths, current or former, in the same order.
    pub(super) async fn items_at(
        self,
        paths: &[String],
    ) -> Result<Vec<Option<ProjectItem>>, StoreError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let keys = paths.iter().map(|path| keys::project_by_path(path));
        let keys: Vec<_> = keys.collect();
        let items = self.store.get_items(keys.clone()).await?;
        let items = keys.iter().map(|key| find(&items, key).map(read));
        items.map(Option::transpose).collect()
    }

    /// The project with this ID or path.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`], [`AdminError::FormerPath`],
    /// [`AdminError::Hidden`], [`AdminError::Purging`], [`AdminError::Deleted`],
    /// [`AdminError::Failed`].
    pub async fn get(self, name: &ProjectRef) -> Result<Project, AdminError> {
        Ok(visible(self.item(name).await?)?.project())
    }

    /// The project with this ID or path, whatever its state.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`], [`AdminError::FormerPath`], [`AdminError::Failed`].
    pub async fn find(self, name: &ProjectRef) -> Result<(Project, ProjectState), AdminError> {
        let item = self.item(name).await?;
        Ok((item.project(), ProjectState::from_item(&item)))
    }

    /// All projects by ID with their states, including the deleted ones.
    ///
    /// # Errors
    ///
    /// [`AdminError::Failed`].
    pub async fn list(self) -> Result<Vec<(Project, ProjectState)>, AdminError> {
        let mut projects = Vec::new();
        for item in self.store.query_all(&Range::whole(PROJECTS)).await? {
            let item: ProjectItem = read(item)?;
            projects.push((item.project(), ProjectState::from_item(&item)));
        }
        Ok(projects)
    }

    /// Creates a project, and returns the project whose former path it has taken, if any.
    ///
    /// # Errors
    ///
    /// [`AdminError::IdTaken`], [`AdminError::Hidden`], [`AdminError::Purging`],
    /// [`AdminError::IdUsed`], [`AdminError::PathTaken`], [`AdminError::FormerPathOfAnother`],
    /// [`AdminError::Changed`], [`AdminError::Busy`], [`AdminError::Failed`].
    pub async fn create(
        self,
        project: &Project,
        takeover: Takeover,
    ) -> Result<Option<FormerOwner>, AdminError> {
        let new = ProjectItem::new(project.clone(), 1);
        in_rounds(self.store, async || {
            self.check_id(project.id).await?;
            let (condition, former) = self.path_for(project, takeover).await?;
            let mut transaction = Transaction::on(&self.store.table.name);
            transaction.put(Step::Project(project.id), by_id(&new), Condition::Absent);
            transaction.put(Step::ProjectPath, by_path(&new), condition);
            match transaction.commit(self.store).await {
                Ok(()) => Ok(Some(former)),
                // The ID or the path has changed hands after it was read.
                Err(TransactionError::Steps(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Fails if a project has or had this ID.
    pub(super) async fn check_id(self, id: ProjectId) -> Result<(), AdminError> {
        let item = self
            .store
            .get_item(keys::project_by_id(id.number()))
            .await?;
        let Some(item) = item.map(read::<ProjectItem>).transpose()? else {
            return Ok(());
        };
        Err(match ProjectState::from_item(&item) {
            ProjectState::Visible => AdminError::IdTaken(id),
            ProjectState::Hidden(_) => AdminError::Hidden(id),
            ProjectState::Purging(_) => AdminError::Purging(id),
            ProjectState::Deleted(deleted_at) => AdminError::IdUsed { id, deleted_at },
        })
    }

    /// The condition under which the project may put the item of its path, and the other project
    /// that loses the path with it. The condition names that project, so no other one can lose the
    /// path in its place.
    pub(super) async fn path_for(
        self,
        project: &Project,
        takeover: Takeover,
    ) -> Result<(Condition, Option<FormerOwner>), AdminError> {
        let path = project.path.to_lowercase();
        let item = self.store.get_item(keys::project_by_path(&path)).await?;
        let (condition, owner) = match item.map(read::<ProjectItem>).transpose()? {
            Some(item) if item.moved_at.is_none() => {
                return Err(AdminError::PathTaken(project.path.clone()));
            }
            Some(item) => (Condition::FormerPathOf(item.id), Some(item)),
            // A partial restore may have lost the item of the path.
            None => (Condition::Absent, self.deleted_at(&path).await?),
        };
        let owner = owner.filter(|item| item.id != project.id);
        let owner = owner.map(|item| FormerOwner {
            project: item.project(),
            is_deleted: item.deleting_since.is_some(),
        });
        match owner {
            Some(owner) if takeover == Takeover::Refuse => Err(AdminError::FormerPathOfAnother {
                path: project.path.clone(),
                owner,
                taker: project.id,
            }),
            owner => Ok((condition, owner)),
        }
    }

    /// The project that was deleted last of those that had this path then.
    async fn deleted_at(self, path: &str) -> Result<Option<ProjectItem>, StoreError> {
        let items = self
            .store
            .query_all(&Range::whole(PROJECTS))
            .await?
            .into_iter();
        let items = items.map(read).collect::<Result<Vec<ProjectItem>, _>>()?;
        let had_path =
            |item: &ProjectItem| item.deleting_since.is_some() && item.path.to_lowercase() == path;
        let deleted = items.into_iter().filter(had_path);
        Ok(deleted.max_by_key(|item| item.deleting_since))
    }

    /// Updates a project and returns it, with the project whose former path it has taken, if any.
    /// Its own former paths change with it, except those that other projects have taken.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`], [`AdminError::FormerPath`],
    /// [`AdminError::Hidden`], [`AdminError::Purging`], [`AdminError::Deleted`],
    /// [`AdminError::PathTaken`],
    /// [`AdminError::FormerPathOfAnother`], [`AdminError::TooManyFormerPaths`],
    /// [`AdminError::Changed`], [`AdminError::Busy`], [`AdminError::Failed`].
    pub async fn update(
        self,
        name: &ProjectRef,
        changes: ProjectChanges,
        takeover: Takeover,
        now: SystemTime,
    ) -> Result<(Project, Option<FormerOwner>), AdminError> {
        let mut before = visible(self.item(name).await?)?;
        in_rounds(self.store, async || {
            let after = apply_changes(&before, &changes);
            let project = after.project();
            if after.former_paths.len() > MAX_FORMER_PATHS {
                return Err(AdminError::TooManyFormerPaths(project.id));
            }
            let (is_free, former) = if before.path.to_lowercase() == after.path.to_lowercase() {
                (Condition::Version(before.version), None)
            } else {
                self.path_for(&project, takeover).await?
            };
            let update = self.update_transaction(&before, &after, is_free, now);
            match update.commit(self.store).await {
                Ok(()) => return Ok(Some((project, former))),
                Err(error) => match without_taken_paths(&before, &error) {
                    Some(former_paths) => before.former_paths = former_paths,
                    None if is_about_new_path(&error) => {}
                    None => return Err(error.into()),
                },
            }
            Ok(None)
        })
        .await
    }

    fn update_transaction(
        self,
        before: &ProjectItem,
        after: &ProjectItem,
        is_free: Condition,
        now: SystemTime,
    ) -> Transaction<'a> {
        let unchanged = Condition::Version(before.version);
        let id = before.id;
        let [old_path, new_path] = [before, after].map(|item| item.path.to_lowercase());
        let mut transaction = Transaction::on(&self.store.table.name);
        transaction.put(Step::Own, by_id(after), unchanged);
        if old_path == new_path {
            transaction.put(Step::Own, by_path(after), is_free);
        } else {
            transaction.put(Step::Own, by_former_path(after, &old_path, now), unchanged);
            transaction.put(Step::ProjectPath, by_path(after), is_free);
        }
        for (index, path) in before.former_paths.iter().enumerate() {
            if after.former_paths.contains(path) {
                let item = by_former_path(after, path, now);
                transaction.put(Step::FormerPath(index), item, Condition::FormerPathOf(id));
            }
        }
        transaction
    }
}
