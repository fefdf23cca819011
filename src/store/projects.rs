//! Projects, each stored by ID and by path, and by its former paths until other projects take them.

use std::time::SystemTime;

use super::item::{StoredProject, read_project};
use super::keys::{self, PROJECTS, key_of};
use super::links::MAX_ROUNDS;
use super::refused::Refused;
use super::transaction::{Condition, Refusal, Step, Transaction};
use super::{Session, Store};
use crate::project::{Project, ProjectId, ProjectPath, ProjectRef, Visibility};

/// Former paths that a project keeps at the most: all of them change with it in one transaction.
const MAX_FORMER_PATHS: usize = 50;

/// What the operator changes of a project; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectChanges {
    /// Its path. The former path leads to the project until another one takes it.
    pub path: Option<ProjectPath>,
    /// Who may see it.
    pub visibility: Option<Visibility>,
}

/// A deletion that has begun: nobody sees the project any more, but its releases are still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// The project.
    pub project: Project,
    /// When the deletion began.
    pub since: SystemTime,
}

impl Session<'_> {
    /// The project of this ID or path, also one that is being deleted, or was.
    async fn stored_project(&self, wanted: &ProjectRef) -> Result<StoredProject, Refused> {
        let item = self.get_item(keys::project(wanted)).await?;
        let unknown = || Refused::UnknownProject(wanted.to_string());
        let stored = read_project(&item.ok_or_else(unknown)?)?;
        if !wanted.is_of(&stored.project) {
            return Err(Refused::FormerPath {
                path: wanted.to_string(),
                project: stored.project,
            });
        }
        match wanted {
            ProjectRef::Id(_) => Ok(stored),
            // The item by path lacks the former paths.
            ProjectRef::Path(_) => self.project_by_id(stored.project.id).await,
        }
    }

    async fn project_by_id(&self, id: ProjectId) -> Result<StoredProject, Refused> {
        let item = self.get_item(keys::project_by_id(id.number())).await?;
        Ok(read_project(
            &item.ok_or_else(|| Refused::UnknownProject(id.to_string()))?,
        )?)
    }

    /// The project of this ID or path.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownProject`], [`Refused::FormerPath`], [`Refused::PendingDeletion`],
    /// [`Refused::Deleted`], [`Refused::Failed`].
    pub async fn project(&self, wanted: &ProjectRef) -> Result<Project, Refused> {
        Ok(existing(self.stored_project(wanted).await?)?.project)
    }

    /// The project of this ID or path, also one of which the deletion has begun.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownProject`], [`Refused::FormerPath`], [`Refused::Deleted`],
    /// [`Refused::Failed`].
    pub async fn project_to_delete(&self, wanted: &ProjectRef) -> Result<Project, Refused> {
        Ok(not_deleted(self.stored_project(wanted).await?)?.project)
    }

    /// All projects in the order of their IDs, without those that are being deleted, or were.
    ///
    /// # Errors
    ///
    /// [`Refused::Failed`].
    pub async fn projects(&self) -> Result<Vec<Project>, Refused> {
        let mut projects = Vec::new();
        for item in self.query_all(PROJECTS).await? {
            let StoredProject {
                project,
                deleting_since,
                ..
            } = read_project(&item)?;
            projects.extend(deleting_since.is_none().then_some(project));
        }
        Ok(projects)
    }

    /// Adds a project. It may take the former path of another one.
    ///
    /// # Errors
    ///
    /// [`Refused::NumberTaken`], [`Refused::IdUsed`], [`Refused::PathTaken`], [`Refused::Failed`].
    pub async fn create_project(&self, project: &Project) -> Result<(), Refused> {
        let stored = StoredProject::new(project.clone());
        let mut transaction = Transaction::on(&self.store.table);
        transaction.put(Step::Project(project.id), stored.by_id(), Condition::Absent);
        transaction.put(
            Step::ProjectPath,
            stored.by_path(),
            Condition::AbsentOrFormerPath,
        );
        let refused = match transaction.commit(self).await {
            Ok(()) => return Ok(()),
            Err(refusal) => taken(refusal, project),
        };
        if let Refused::NumberTaken(id) = refused
            && let Some(deleted_at) = self.project_by_id(id).await?.deleted_at
        {
            return Err(Refused::IdUsed { id, deleted_at });
        }
        Err(refused)
    }

    /// Changes a project and returns what it is now. Its former paths change with it, without those
    /// that other projects have taken.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownProject`], [`Refused::FormerPath`], [`Refused::PendingDeletion`],
    /// [`Refused::Deleted`], [`Refused::PathTaken`], [`Refused::TooManyFormerPaths`],
    /// [`Refused::Changed`], [`Refused::Failed`].
    pub async fn update_project(
        &self,
        wanted: &ProjectRef,
        changes: ProjectChanges,
        now: SystemTime,
    ) -> Result<Project, Refused> {
        let mut before = existing(self.stored_project(wanted).await?)?;
        loop {
            let after = before.with(&changes);
            if after.former_paths.len() > MAX_FORMER_PATHS {
                return Err(Refused::TooManyFormerPaths(after.project.id));
            }
            match self
                .store
                .project_update(&before, &after, now)
                .commit(self)
                .await
            {
                Ok(()) => return Ok(after.project),
                Err(refusal) => match without_taken_paths(&before, &refusal) {
                    Some(former_paths) => before.former_paths = former_paths,
                    None => return Err(taken(refusal, &after.project)),
                },
            }
        }
    }

    /// Hides a project and frees its paths. Its ID stays taken for good. A deletion that has begun
    /// before is returned as it is.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownProject`], [`Refused::Deleted`], [`Refused::Changed`],
    /// [`Refused::Failed`].
    pub async fn begin_deletion(
        &self,
        id: ProjectId,
        now: SystemTime,
    ) -> Result<Deletion, Refused> {
        let mut taken_paths: Vec<String> = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let mut before = not_deleted(self.project_by_id(id).await?)?;
            if let Some(since) = before.deleting_since {
                return Ok(Deletion {
                    project: before.project,
                    since,
                });
            }
            before
                .former_paths
                .retain(|path| !taken_paths.contains(path));
            match self.store.project_deletion(&before, now).commit(self).await {
                Ok(()) => {
                    return Ok(Deletion {
                        project: before.project,
                        since: now,
                    });
                }
                // Another operator was faster, or other projects have taken former paths.
                Err(refusal @ Refusal::Steps(_)) => {
                    let left = without_taken_paths(&before, &refusal)
                        .unwrap_or_else(|| before.former_paths.clone());
                    taken_paths.extend(
                        before
                            .former_paths
                            .into_iter()
                            .filter(|path| !left.contains(path)),
                    );
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Err(Refused::Changed)
    }

    /// Marks a project as deleted, of which nothing is left. The item stays, so that the ID is
    /// never used again: requests and operators who are late find no other project under it.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownProject`], [`Refused::Changed`], [`Refused::Failed`].
    pub async fn finish_deletion(&self, id: ProjectId, now: SystemTime) -> Result<(), Refused> {
        for _ in 0..MAX_ROUNDS {
            let before = self.project_by_id(id).await?;
            if before.deleted_at.is_some() {
                return Ok(());
            }
            if before.deleting_since.is_none() {
                break;
            }
            let unchanged = Condition::Revision(before.revision);
            let after = StoredProject {
                revision: before.revision + 1,
                deleted_at: Some(now),
                ..before
            };
            let mut transaction = Transaction::on(&self.store.table);
            transaction.put(Step::Own, after.by_id(), unchanged);
            match transaction.commit(self).await {
                Ok(()) => return Ok(()),
                Err(Refusal::Steps(_)) => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Err(Refused::Changed)
    }
}

impl Store {
    fn project_update(
        &self,
        before: &StoredProject,
        after: &StoredProject,
        now: SystemTime,
    ) -> Transaction<'_> {
        let unchanged = Condition::Revision(before.revision);
        let mut transaction = Transaction::on(&self.table);
        transaction.put(Step::Own, after.by_id(), unchanged);
        let old_path = before.project.path.to_lowercase();
        if old_path == after.project.path.to_lowercase() {
            transaction.put(Step::Own, after.by_path(), unchanged);
        } else {
            transaction.put(Step::Own, after.by_former_path(&old_path, now), unchanged);
            transaction.put(
                Step::ProjectPath,
                after.by_path(),
                Condition::AbsentOrFormerPath,
            );
        }
        for (index, path) in before
            .former_paths
            .iter()
            .enumerate()
            .filter(|(_, path)| after.former_paths.contains(path))
        {
            let item = after.by_former_path(path, now);
            transaction.put(
                Step::FormerPath(index),
                item,
                Condition::FormerPathOf(before.project.id),
            );
        }
        transaction
    }

    fn project_deletion(&self, before: &StoredProject, now: SystemTime) -> Transaction<'_> {
        let unchanged = Condition::Revision(before.revision);
        let after = StoredProject {
            revision: before.revision + 1,
            former_paths: Vec::new(),
            deleting_since: Some(now),
            ..before.clone()
        };
        let mut transaction = Transaction::on(&self.table);
        transaction.put(Step::Own, after.by_id(), unchanged);
        transaction.delete(Step::Own, key_of(after.by_path()), unchanged);
        for (index, path) in before.former_paths.iter().enumerate() {
            let key = keys::project_by_path(path);
            transaction.delete(
                Step::FormerPath(index),
                key,
                Condition::FormerPathOf(before.project.id),
            );
        }
        transaction
    }
}

fn not_deleted(stored: StoredProject) -> Result<StoredProject, Refused> {
    match stored.deleted_at {
        Some(deleted_at) => Err(Refused::Deleted {
            id: stored.project.id,
            deleted_at,
        }),
        None => Ok(stored),
    }
}

fn existing(stored: StoredProject) -> Result<StoredProject, Refused> {
    let stored = not_deleted(stored)?;
    if stored.deleting_since.is_some() {
        Err(Refused::PendingDeletion(stored.project.id))
    } else {
        Ok(stored)
    }
}

/// The former paths without those that other projects have taken, if that is all that the refusal
/// is about.
fn without_taken_paths(before: &StoredProject, refusal: &Refusal) -> Option<Vec<String>> {
    let Refusal::Steps(steps) = refusal else {
        return None;
    };
    let is_about_paths = steps.iter().all(|step| matches!(step, Step::FormerPath(_)));
    let is_left = |index: usize| !steps.contains(&Step::FormerPath(index));
    let paths = before.former_paths.iter().enumerate();
    is_about_paths.then(|| {
        paths
            .filter(|(index, _)| is_left(*index))
            .map(|(_, path)| path.clone())
            .collect()
    })
}

/// What of a refusal says that another project has the ID or the path.
fn taken(refusal: Refusal, project: &Project) -> Refused {
    match refusal {
        Refusal::Steps(steps) if steps.contains(&Step::Project(project.id)) => {
            Refused::NumberTaken(project.id)
        }
        Refusal::Steps(steps)
            if steps.contains(&Step::ProjectPath) && !steps.contains(&Step::Own) =>
        {
            Refused::PathTaken(project.path.clone())
        }
        refusal => refusal.into(),
    }
}
