//! Projects, each stored twice: by number and by path.

use std::time::SystemTime;

use super::Session;
use super::item::{StoredProject, project_items, read_project, timestamp};
use super::keys::{self, PROJECTS, key_of};
use super::refused::Refused;
use super::transaction::{Condition, Refusal, Step, Transaction};
use crate::project::{Project, ProjectPath, ProjectRef, Visibility};

/// What the operator changes of a project; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectChanges {
    /// Its path. Links keep their permanent URLs under the new path only.
    pub path: Option<ProjectPath>,
    /// Who may see it.
    pub visibility: Option<Visibility>,
}

impl Session<'_> {
    /// The project of this number or path, also one that is being deleted.
    async fn stored_project(&self, wanted: &ProjectRef) -> Result<StoredProject, Refused> {
        let item = self.get_item(keys::project(wanted)).await?;
        let unknown = || Refused::UnknownProject(wanted.to_string());
        Ok(read_project(&item.ok_or_else(unknown)?)?)
    }

    /// The project of this number or path.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownProject`], [`Refused::PendingDeletion`], [`Refused::Failed`].
    pub async fn project(&self, wanted: &ProjectRef) -> Result<Project, Refused> {
        let StoredProject { project, deleting_since, .. } = self.stored_project(wanted).await?;
        if deleting_since.is_some() { Err(Refused::PendingDeletion(project.id)) } else { Ok(project) }
    }

    /// All projects in the order of their numbers, without those that are being deleted.
    ///
    /// # Errors
    ///
    /// [`Refused::Failed`].
    pub async fn projects(&self) -> Result<Vec<Project>, Refused> {
        let mut projects = Vec::new();
        for item in self.query_all(PROJECTS).await? {
            let StoredProject { project, deleting_since, .. } = read_project(&item)?;
            projects.extend(deleting_since.is_none().then_some(project));
        }
        Ok(projects)
    }

    /// Adds a project.
    ///
    /// # Errors
    ///
    /// [`Refused::NumberTaken`], [`Refused::PathTaken`], [`Refused::Failed`].
    pub async fn create_project(&self, project: &Project) -> Result<(), Refused> {
        let stored = StoredProject { project: project.clone(), revision: 1, deleting_since: None };
        let [by_id, by_path] = project_items(&stored);
        let mut transaction = Transaction::on(&self.store.table);
        transaction.put(Step::Project(project.id), by_id, Condition::Absent);
        transaction.put(Step::ProjectPath, by_path, Condition::Absent);
        transaction.commit(self).await.map_err(|refusal| taken(refusal, project))
    }

    /// Changes a project and returns what it is now.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownProject`], [`Refused::PendingDeletion`], [`Refused::PathTaken`], [`Refused::Changed`],
    /// [`Refused::Failed`].
    pub async fn update_project(&self, wanted: &ProjectRef, changes: ProjectChanges) -> Result<Project, Refused> {
        let before = self.stored_project(wanted).await?;
        if before.deleting_since.is_some() {
            return Err(Refused::PendingDeletion(before.project.id));
        }
        let project = Project {
            id: before.project.id,
            path: changes.path.unwrap_or_else(|| before.project.path.clone()),
            visibility: changes.visibility.unwrap_or(before.project.visibility),
        };
        let unchanged = Condition::Revision(before.revision);
        let [_, old_by_path] = project_items(&before).map(key_of);
        let after = StoredProject { project, revision: before.revision + 1, deleting_since: None };
        let [by_id, by_path] = project_items(&after);
        let mut transaction = Transaction::on(&self.store.table);
        transaction.put(Step::Own, by_id, unchanged);
        if old_by_path == key_of(by_path.clone()) {
            transaction.put(Step::Own, by_path, unchanged);
        } else {
            transaction.delete(Step::Own, old_by_path, unchanged);
            transaction.put(Step::ProjectPath, by_path, Condition::Absent);
        }
        transaction.commit(self).await.map_err(|refusal| taken(refusal, &after.project))?;
        Ok(after.project)
    }

    /// Takes a project out of sight and frees its path; its number stays taken until [`Session::forget_project`]. A
    /// project that is being deleted already is returned as it is.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownProject`], [`Refused::Changed`], [`Refused::Failed`].
    pub async fn hide_project(&self, wanted: &ProjectRef, now: SystemTime) -> Result<Project, Refused> {
        let before = self.stored_project(wanted).await?;
        if before.deleting_since.is_none() {
            let unchanged = Condition::Revision(before.revision);
            let deleting_since = Some(timestamp(now));
            let after =
                StoredProject { revision: before.revision + 1, deleting_since, project: before.project.clone() };
            let [by_id, by_path] = project_items(&after);
            let mut transaction = Transaction::on(&self.store.table);
            transaction.put(Step::Own, by_id, unchanged);
            transaction.delete(Step::Own, key_of(by_path), unchanged);
            transaction.commit(self).await?;
        }
        Ok(before.project)
    }

    /// Forgets a project that was taken out of sight, so that its number may be given out again.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownProject`], [`Refused::Changed`], [`Refused::Failed`].
    pub async fn forget_project(&self, project: &Project) -> Result<(), Refused> {
        let stored = self.stored_project(&ProjectRef::Id(project.id)).await?;
        if stored.deleting_since.is_none() {
            return Err(Refused::Changed);
        }
        let [by_id, _] = project_items(&stored).map(key_of);
        let mut transaction = Transaction::on(&self.store.table);
        transaction.delete(Step::Own, by_id, Condition::Revision(stored.revision));
        Ok(transaction.commit(self).await?)
    }
}

/// What of a refusal says that another project has the number or the path.
fn taken(refusal: Refusal, project: &Project) -> Refused {
    match refusal {
        Refusal::Steps(steps) if steps.contains(&Step::Project(project.id)) => Refused::NumberTaken(project.id),
        Refusal::Steps(steps) if steps == [Step::ProjectPath] => Refused::PathTaken(project.path.clone()),
        refusal => refusal.into(),
    }
}
