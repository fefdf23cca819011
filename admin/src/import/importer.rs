//! The import of records, one project and one release after the other, into this deployment.

use std::collections::BTreeSet;
use std::time::SystemTime;

use release_links::link::Link;
use release_links::project::{Project, ProjectId, ProjectPath, Visibility};
use release_links::release::{MAX_RESPONSE_BYTES, Release, ResponseSize};
use release_links::store::operator::{
    AdminError, ImportMode, ImportOutcome, ImportedLink, ImportedRelease, ReleaseImport,
    RestoreInto,
};
use release_links::timestamp::Timestamp;

use super::report::Report;
use super::rules::{ReadRelease, importable, read_link, read_release};
use crate::Outcome;
use crate::deployment::Deployment;
use crate::failure::{Failure, cut};
use crate::output::{self, Meter};
use crate::record::{LinkRecord, ProjectRecord, ReleaseRecord};

/// How often an import looks again for a project that somebody else creates at the same time.
const ROUNDS: usize = 3;
/// Longest tag in a reason.
const MAX_TAG: usize = 60;

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
    deployment: &'d Deployment,
    options: Options,
    report: Report,
    meter: Meter,
    /// The path of the project whose releases follow.
    path: String,
    /// Whether somebody has hidden or deleted that project meanwhile.
    is_gone: bool,
}

/// A link that breaks a rule, and why.
struct BadLink {
    id: i128,
    name: String,
    reason: String,
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
        self.path.clone_from(&record.path);
        self.is_gone = false;
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
                Ok(_) => "another project has or had it, or there are too many",
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

    /// Imports a release of the project that [`Self::project`] has returned last, with its links in
    /// any order.
    ///
    /// # Errors
    ///
    /// Failures of the table.
    pub async fn release(
        &mut self,
        id: ProjectId,
        record: ReleaseRecord,
        links: Vec<LinkRecord>,
    ) -> Outcome {
        let (tag, count) = (record.tag.clone(), links.len());
        let result = if self.is_gone {
            Err(GONE.to_owned())
        } else {
            match read_release(id, record) {
                Ok(read) => self.import(read, links).await?,
                Err(reason) => Err(reason),
            }
        };
        if let Err(reason) = result {
            self.report
                .leave_out_release(&self.path, &tag, count, reason);
        }
        self.meter.show(&self.report.progress());
        Ok(())
    }

    /// Imports a release, or returns why it is left out.
    async fn import(
        &mut self,
        read: ReadRelease,
        links: Vec<LinkRecord>,
    ) -> Result<Result<(), String>, Failure> {
        let ReadRelease {
            release,
            last_link_id,
            has_other_commit,
        } = read;
        let ids = links.iter().filter_map(|link| importable(link.id));
        let last_link_id = ids.map(|id| id.number()).fold(last_link_id, u64::max);
        let (good, bad) = sort_out(links);
        let is_too_large = is_too_large(&release, &good);
        let new = ReleaseImport::new(release.clone(), good, last_link_id);
        let mode = ImportMode {
            recreates: self.options.recreate,
            is_trial: self.options.dry_run,
        };
        let into = RestoreInto::Active(release.project);
        let session = self.deployment.import_session();
        let imported = session.releases().import(&new, mode, &into).await;
        let links = match imported {
            Ok(ImportedRelease::Created(links)) => {
                self.report.releases.created += 1;
                if is_too_large {
                    self.note_size(&release);
                }
                let what = "commits that are not whole IDs";
                self.report.drop_some(what, has_other_commit.into());
                links
            }
            Ok(ImportedRelease::Existed(links)) => {
                self.report.releases.existing += 1;
                links
            }
            Ok(ImportedRelease::Deleted) => return Ok(Err(explain_deletion(&release))),
            // In a dry run, nothing checks the project.
            Err(AdminError::Changed) => {
                self.is_gone = true;
                return Ok(Err(GONE.to_owned()));
            }
            Err(error) => return Err(self.deployment.explain(error)),
        };
        self.list_links(&release, bad, links);
        Ok(Ok(()))
    }

    fn list_links(&mut self, release: &Release, bad: Vec<BadLink>, imported: Vec<ImportedLink>) {
        let (path, tag) = (&self.path, release.tag.as_str());
        for BadLink { id, name, reason } in bad {
            self.report.leave_out_link(path, tag, (id, &name), reason);
        }
        for ImportedLink { link, outcome } in imported {
            let reason = match outcome {
                ImportOutcome::Added => {
                    self.report.links.created += 1;
                    continue;
                }
                ImportOutcome::Exists => {
                    self.report.links.existing += 1;
                    continue;
                }
                outcome => explain_link(&outcome),
            };
            let id = i128::from(link.id.number());
            self.report
                .leave_out_link(path, tag, (id, &link.name), reason);
        }
    }

    fn note_size(&mut self, release: &Release) {
        let (tag, path) = (cut(release.tag.as_str(), MAX_TAG), &self.path);
        self.report.note(format!(
            "release {tag} of {path} is larger than a response may be: the API lists its links, but \
             does not show the release"
        ));
    }
}

/// Why the releases of a project are left out that was there at first.
const GONE: &str = "somebody hid or deleted the project in the meantime";

/// The project that a record describes.
fn new_project(record: &ProjectRecord) -> Result<Project, String> {
    let path = ProjectPath::parse_new(&record.path)?;
    let id = ProjectId::new(record.id).ok_or_else(|| {
        let (id, max) = (record.id, i64::MAX);
        format!(
            "the ID {id} is not between 1 and {max}: {}",
            another_id(&path)
        )
    })?;
    let visibility: Visibility = record.visibility.parse().map_err(|_| {
        let visibility = cut(&record.visibility, MAX_TAG);
        format!("visibility \"{visibility}\" is neither private nor public")
    })?;
    Ok(Project {
        id,
        path,
        visibility,
    })
}

/// Why no project can be imported under this path.
fn explain_path(error: &AdminError, path: &ProjectPath) -> Option<String> {
    let take =
        "`project create --take-former-path` gives it to a new project, and then import into it";
    Some(match error {
        AdminError::FormerPath { project, .. } => {
            let (id, now) = (project.id, &project.path);
            format!("{path} is a former path of project {id}, which is now {now}: {take}")
        }
        AdminError::FormerPathOfAnother { owner, .. } => format!("{path} {owner}: {take}"),
        AdminError::Deleted { id, .. } => {
            format!("{path} is reserved for project {id}, which was deleted: {take}")
        }
        AdminError::Hidden(_) | AdminError::Purging(_) => error.to_string(),
        _ => return None,
    })
}

/// Why no project can be created with its ID.
fn explain_id(error: &AdminError, path: &ProjectPath) -> Option<String> {
    let (id, owner) = match error {
        AdminError::IdTaken(id) => (id, "is the ID of another project"),
        AdminError::Hidden(id) => (id, "is the ID of a hidden project"),
        AdminError::Purging(id) => (id, "is the ID of a project that is being deleted"),
        AdminError::IdUsed { id, .. } => (id, "was the ID of a deleted project"),
        error => return explain_path(error, path),
    };
    Some(format!("{id} {owner}: {}", another_id(path)))
}

fn another_id(path: &ProjectPath) -> String {
    format!("name another one, --project {path}=ID, or create the project first")
}

fn explain_deletion(release: &Release) -> String {
    let (tag, id) = (cut(release.tag.as_str(), MAX_TAG), release.project);
    format!(
        "it was deleted here: --recreate imports it, and `release restore {tag} --project {id} \
         --from TABLE` brings back what it was"
    )
}

fn explain_link(outcome: &ImportOutcome) -> String {
    match outcome {
        ImportOutcome::Differs => "another link has its ID".to_owned(),
        ImportOutcome::Taken(violations) => {
            let messages: Vec<String> = violations.iter().map(ToString::to_string).collect();
            messages.join(", ")
        }
        ImportOutcome::Immutable => "the release is immutable: unlock it first".to_owned(),
        _ => "its ID was used or deleted here: create it through the API, with a new ID".to_owned(),
    }
}

/// The links that obey the rules, and those that do not. Of those with one ID, the first one counts.
fn sort_out(records: Vec<LinkRecord>) -> (Vec<(Link, Timestamp)>, Vec<BadLink>) {
    let (mut good, mut bad, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for record in records {
        let (id, name) = (record.id, record.name.clone());
        let link = match ids.insert(id) {
            true => read_link(record),
            false => Err("another link of the release has its ID".to_owned()),
        };
        match link {
            Ok(link) => good.push(link),
            Err(reason) => bad.push(BadLink { id, name, reason }),
        }
    }
    (good, bad)
}

/// Whether the API cannot show the release, however short the address of the service is.
fn is_too_large(release: &Release, links: &[(Link, Timestamp)]) -> bool {
    let size = ResponseSize::new("");
    let links = links
        .iter()
        .map(|(link, _)| size.link_bytes(&release.tag, link));
    size.release_bytes(release) + links.sum::<usize>() > MAX_RESPONSE_BYTES
}
