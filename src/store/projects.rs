//! Projects, each stored twice: by number and by path.

use super::Session;
use super::item::{project_item, read_project};
use super::keys;
use super::transaction::{Refusal, Step, Transaction};
use crate::error::Error;
use crate::project::{Project, ProjectRef};

impl Session<'_> {
    /// The project that a request names.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn project(&self, project: &ProjectRef) -> Result<Option<Project>, Error> {
        let key = match project {
            ProjectRef::Id(id) => keys::project_by_id(id.number()),
            ProjectRef::Path(path) => keys::project_by_path(path),
        };
        self.get_item(key).await?.as_ref().map(read_project).transpose()
    }

    /// Adds a project; `false` where its number or its path is another's already.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn create_project(&self, project: &Project) -> Result<bool, Error> {
        let table = &self.store.table;
        let mut transaction = Transaction::default();
        transaction.put_new(Step::Own, table, project_item(keys::project_by_id(project.id.number()), project));
        let by_path = keys::project_by_path(&project.path.to_lowercase());
        transaction.put_new(Step::Own, table, project_item(by_path, project));
        match transaction.commit(self).await {
            Ok(()) => Ok(true),
            Err(Refusal::Steps(_)) => Ok(false),
            Err(refusal) => Err(refusal.into()),
        }
    }
}
