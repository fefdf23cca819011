//! The import of a release of the project that an importer has reached.

use std::collections::BTreeSet;
use std::sync::Arc;

use release_links::link::{Link, LinkId};
use release_links::project::ProjectId;
use release_links::release::{MAX_RESPONSE_BYTES, Release, ResponseSize};
use release_links::store::operator::{
    AdminError, ImportMode, ImportOutcome, ImportedLink, ImportedRelease, ReleaseImport,
    RestoreInto,
};
use release_links::timestamp::Timestamp;

use super::importer::Importer;
use super::reasons::{GONE, MAX_TAG, explain_deletion, explain_link};
use super::rules::{ReadRelease, importable, read_link, read_release};
use crate::Outcome;
use crate::failure::{Failure, cut};
use crate::record::{LinkRecord, ReleaseRecord};

/// A link that breaks a rule, and why.
struct BadLink {
    id: i128,
    name: String,
    reason: String,
}

impl Importer<'_> {
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
        let _writing = Arc::clone(&self.writing).lock_owned().await;
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
        let ids = links.iter().filter_map(|link| importable(link.id));
        let last_link_id = ids.map(LinkId::number).fold(read.last_link_id, u64::max);
        let (good, bad) = sort_out(links);
        let is_too_large = is_too_large(&read.release, &good);
        let new = ReleaseImport::new(read.release.clone(), good, last_link_id);
        let links = match self.write(&new, read.release.project).await {
            Ok(ImportedRelease::Created(links)) => {
                self.report.releases.created += 1;
                if is_too_large {
                    self.note_size(&read.release);
                }
                let what = "commits that are not full IDs";
                self.report.drop_some(what, read.has_other_commit.into());
                links
            }
            Ok(ImportedRelease::Existed(links)) => {
                self.report.releases.existing += 1;
                links
            }
            Ok(ImportedRelease::Deleted) => return Ok(Err(explain_deletion(&read.release))),
            Err(AdminError::Changed) => {
                self.is_gone = true;
                return Ok(Err(GONE.to_owned()));
            }
            Err(error) => return Err(self.deployment.explain(error)),
        };
        self.list_links(&read.release, bad, links);
        Ok(Ok(()))
    }

    /// Imports the release, or finds out what the import would do.
    async fn write(
        &self,
        new: &ReleaseImport,
        project: ProjectId,
    ) -> Result<ImportedRelease, AdminError> {
        if self.is_missing {
            return Ok(new.into_new_project());
        }
        let mode = ImportMode {
            recreates: self.options.recreate,
            is_trial: self.options.dry_run,
        };
        let into = RestoreInto::Active(project);
        let session = self.deployment.import_session();
        session.releases().import(new, mode, &into).await
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
            "release {tag} of {path} is larger than a response may be: the API lists its links, \
             but cannot return the release"
        ));
    }
}

/// The links that obey the rules, and those that do not. Of those with one ID, the first one
/// counts.
fn sort_out(records: Vec<LinkRecord>) -> (Vec<(Link, Timestamp)>, Vec<BadLink>) {
    let (mut good, mut bad, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for record in records {
        let (id, name) = (record.id, record.name.clone());
        let link = match ids.contains(&id) {
            true => Err("another link of the release has its ID".to_owned()),
            false => read_link(record),
        };
        match link {
            Ok(link) => {
                ids.insert(id);
                good.push(link);
            }
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
