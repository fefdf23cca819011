//! The import of records, one project and one release after the other, into this deployment.

use std::sync::Arc;
use std::time::SystemTime;

use release_links::project::{Project, ProjectId, ProjectPath};
use release_links::store::operator::AdminError;
use tokio::sync::Mutex;

use super::reasons::{MAX_TAG, explain_id, explain_path, new_project};
use super::report::Report;
use crate::deployment::Deployment;
use crate::failure::{Failure, cut};
use crate::output::{self, Meter};
use crate::record::ProjectRecord;

/// How often an import looks for a project that another process creates at the same time.
const ROUNDS: usize = 3;

/// What an import may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// It changes nothing, and finds out what it would do.
    pub dry_run: bool,
    /// It also creates the releases that were deleted here.
    pub recreate: bool,
}

/// Imports records, and collects what it has done and left out.
pub struct Importer<'d> {
    pub(super) deployment: &'d Deployment,
    pub(super) options: Options,
    pub(super) report: Report,
    pub(super) meter: Meter,
    /// The path of the project whose releases follow.
    pub(super) path: String,
    /// Whether that project was hidden or deleted meanwhile.
    pub(super) is_gone: bool,
    /// Whether a dry run has found that the project does not exist.
    pub(super) is_missing: bool,
    /// Locked while a project or a release is written and counted.
    pub(super) writing: Arc<Mutex<()>>,
}

impl<'d> Importer<'d> {
    /// Begins an import.
    pub fn new(deployment: &'d Deployment, options: Options) -> Self {
        Self {
            deployment,
            options,
            report: Report::new(options.dry_run),
            meter: Meter::start("reading"),
            path: String::new(),
            is_gone: false,
            is_missing: false,
            writing: Arc::default(),
        }
    }

    /// What was done so far.
    pub fn report(&mut self) -> &mut Report {
        &mut self.report
    }

    /// What was done.
    pub(super) fn into_report(self) -> Report {
        self.report
    }

    /// The size of everything that is to be imported, in any unit.
    pub fn expect(&mut self, total: u64) {
        self.meter.expect(total);
    }

    /// How much of it is done, in the same unit.
    pub fn advance(&mut self, done: u64) {
        self.meter.advance(done, &self.report.progress());
    }

    /// The project into which the releases of this one are imported: that with its path, or a new
    /// one with its ID, which a dry run does not create. `None` if it is left out, and listed.
    ///
    /// # Errors
    ///
    /// Failures of the table.
    pub async fn project(&mut self, record: &ProjectRecord) -> Result<Option<ProjectId>, Failure> {
        let _writing = Arc::clone(&self.writing).lock_owned().await;
        self.path.clone_from(&record.path);
        (self.is_gone, self.is_missing) = (false, false);
        match self.find_or_create(record).await? {
            Ok(project) => {
                if !output::Progress::is_visible() {
                    let verb = if self.options.dry_run {
                        "comparing"
                    } else {
                        "importing"
                    };
                    output::note(&format!("{verb} {project}"));
                }
                Ok(Some(project.id))
            }
            Err(reason) => {
                self.report.leave_out_project(&record.path, reason);
                Ok(None)
            }
        }
    }

    /// The project, or why it is left out.
    async fn find_or_create(
        &mut self,
        record: &ProjectRecord,
    ) -> Result<Result<Project, String>, Failure> {
        let path = match ProjectPath::parse(&record.path) {
            Ok(path) => path,
            Err(reason) => return Ok(Err(reason.to_owned())),
        };
        let mut rounds = 1..ROUNDS;
        loop {
            let session = self.deployment.session();
            match session.projects().at_path(&path).await {
                Ok(Some(project)) => {
                    self.report.projects.existing += 1;
                    return Ok(Ok(project));
                }
                Ok(None) => {}
                Err(error) => return self.refuse(error, |error| explain_path(error, &path)),
            }
            let project = match new_project(record) {
                Ok(project) => project,
                Err(reason) => return Ok(Err(reason)),
            };
            match self.create(&project, &record.former_paths).await {
                Ok(lost) => {
                    self.report.projects.created += 1;
                    self.is_missing = self.options.dry_run;
                    self.list_lost_paths(&project, lost);
                    return Ok(Ok(project));
                }
                // Another import may have created it.
                Err(AdminError::IdTaken(_) | AdminError::PathTaken(_))
                    if rounds.next().is_some() => {}
                Err(error) => return self.refuse(error, |error| explain_id(error, &path)),
            }
        }
    }

    async fn create(
        &self,
        project: &Project,
        former_paths: &[String],
    ) -> Result<Vec<String>, AdminError> {
        let is_path = |path: &&String| ProjectPath::parse(path).is_ok();
        let (valid, mut lost): (Vec<&String>, Vec<&String>) =
            former_paths.iter().partition(is_path);
        let valid: Vec<String> = valid.into_iter().cloned().collect();
        let session = self.deployment.session();
        let projects = session.projects();
        let taken = if self.options.dry_run {
            projects.check_creation(project, &valid).await?
        } else {
            let now = SystemTime::now();
            projects
                .create_with_former_paths(project, &valid, now)
                .await?
        };
        lost.extend(&taken);
        Ok(lost.into_iter().cloned().collect())
    }

    fn list_lost_paths(&mut self, project: &Project, lost: Vec<String>) {
        for path in lost {
            let reason = match ProjectPath::parse(&path) {
                Ok(_) => "another project has or had this path, or there are too many",
                Err(reason) => reason,
            };
            let reason = format!("former path {}: {reason}", cut(&path, MAX_TAG));
            let project = project.path.as_str();
            self.report.leave_out_former_path(project, reason);
        }
    }

    /// The reason for which a project is left out, or the failure that ends the import.
    fn refuse<T>(
        &self,
        error: AdminError,
        explain: impl Fn(&AdminError) -> Option<String>,
    ) -> Result<Result<T, String>, Failure> {
        match explain(&error) {
            Some(reason) => Ok(Err(reason)),
            None => Err(self.deployment.explain(error)),
        }
    }
}
