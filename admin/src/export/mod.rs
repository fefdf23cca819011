//! `release-links-admin export`: all projects, or some, as JSON Lines.
//!
//! The export reads a table that others change. Each release is whole, because its lines are
//! written only after its last link was read; until then, a temporary file keeps them. The memory
//! that this takes does not depend on the number of links. Of a project's releases, it keeps the
//! digests of their tags.

mod lines;
mod rivals;
mod spool;
mod stop;

use std::collections::HashSet;
use std::time::SystemTime;

use futures_util::{StreamExt, stream};
use release_links::project::{ProjectId, ProjectRef};
use release_links::release::{ReleaseKey, TagName};
use release_links::store::StoreError;
use release_links::store::operator::{AdminError, BegunRelease, Part, ProjectState};
use release_links::timestamp::Timestamp;
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::deployment::{Deployment, SESSION_TIMEOUT};
use crate::failure::Failure;
use crate::interrupt::interrupt;
use crate::output::{self, Progress};
use crate::record::{FORMAT, Header, VERSION};
use lines::Lines;
use spool::Spool;
use stop::Stop;

/// The end of the sentence about an export that has ended early.
const INCOMPLETE: &str = "the export is incomplete";
/// Number of releases that are read ahead.
const AHEAD: usize = 8;
/// How often the order of a project's releases is read. A release that moves in the order while it
/// is read the first time is found the second time, unless it moves again at the wrong moment.
const PASSES: usize = 3;
/// How often a release is read in which two links have a name, URL or filepath in common.
const READINGS: usize = 3;

/// Writes the export of these projects, or of all visible ones.
pub async fn run(deployment: &Deployment, names: &[ProjectRef]) -> Outcome {
    tokio::select! {
        exported = export(deployment, names) => exported,
        () = interrupt() => Err(format!(
            "interrupted: {INCOMPLETE}; run the command again to export everything"
        )
        .into()),
    }
}

async fn export(deployment: &Deployment, names: &[ProjectRef]) -> Outcome {
    let projects = find_projects(deployment, names).await?;
    let mut export = Export {
        deployment,
        lines: Lines::default(),
        progress: Progress::beside_output("exporting"),
    };
    let written = export.write(&projects).await;
    drop(export.progress.take());
    match written {
        Ok(()) => {
            output::note(&format!("exported {}", export.lines.summary()));
            Ok(())
        }
        // The reader closed the pipe because it has seen enough.
        Err(Stop::Closed) => Ok(()),
        Err(Stop::Store(error)) => Err(deployment.explain_store(&error).with_advice(INCOMPLETE)),
        Err(Stop::Failed(failure)) => Err(failure.with_advice(INCOMPLETE)),
    }
}

/// The IDs of these projects, or of all visible ones, in ascending order.
async fn find_projects(
    deployment: &Deployment,
    names: &[ProjectRef],
) -> Result<Vec<ProjectId>, Failure> {
    let explain = |error| deployment.explain(error);
    let mut ids = Vec::new();
    for name in names {
        let project = deployment.session().projects().get(name).await;
        ids.push(project.map_err(explain)?.id);
    }
    if names.is_empty() {
        let projects = deployment.session().projects().list().await;
        let projects = projects.map_err(explain)?.into_iter();
        let visible = projects.filter(|(_, state)| *state == ProjectState::Visible);
        ids.extend(visible.map(|(project, _)| project.id));
    }
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// A running export.
struct Export<'a> {
    deployment: &'a Deployment,
    lines: Lines,
    /// `None` if the lines themselves appear at the terminal.
    progress: Option<Progress>,
}

impl Export<'_> {
    async fn write(&mut self, projects: &[ProjectId]) -> Result<(), Stop> {
        self.lines.header(&Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            exported_at: Timestamp::from_clock(SystemTime::now()).to_string(),
        })?;
        for id in projects {
            self.write_project(*id).await?;
        }
        Ok(())
    }

    async fn write_project(&mut self, id: ProjectId) -> Result<(), Stop> {
        let session = self.deployment.session();
        match session.projects().export(&ProjectRef::Id(id)).await {
            Ok(project) => self.lines.project(project)?,
            // It was hidden or deleted after the projects were listed.
            Err(AdminError::Hidden(_) | AdminError::Purging(_) | AdminError::Deleted { .. }) => {
                return Ok(());
            }
            Err(error) => return Err(self.deployment.explain(error).into()),
        }
        let mut seen = HashSet::new();
        for _ in 0..PASSES {
            let before = seen.len();
            self.write_releases(id, &mut seen).await?;
            if seen.len() == before {
                break;
            }
        }
        Ok(())
    }

    /// Writes the releases of a project in their order, but those whose tags it has seen. Digests
    /// stand for the tags, which may be long.
    async fn write_releases(
        &mut self,
        project: ProjectId,
        seen: &mut HashSet<[u8; 32]>,
    ) -> Result<(), Stop> {
        let mut position = None;
        loop {
            let session = self.deployment.session();
            let (mut tags, next) = session.releases().tags(project, position).await?;
            tags.retain(|tag| seen.insert(Sha256::digest(tag.as_str()).into()));
            self.write_tags(project, tags).await?;
            if next.is_none() {
                return Ok(());
            }
            position = next;
        }
    }

    async fn write_tags(&mut self, project: ProjectId, tags: Vec<TagName>) -> Result<(), Stop> {
        let deployment = self.deployment;
        let keys = tags.into_iter().map(|tag| ReleaseKey { project, tag });
        let mut begun = stream::iter(keys.map(|key| begin(deployment, key))).buffered(AHEAD);
        while let Some(begun) = begun.next().await {
            if let Some((key, begun)) = begun? {
                self.write_release(key, begun).await?;
            }
        }
        Ok(())
    }

    /// Writes a release that has begun. Two links that were read at different moments may have the
    /// same name, URL or filepath. Then the release is read again, and if that happens each time,
    /// the link with the lower ID is left out.
    async fn write_release(
        &mut self,
        key: ReleaseKey,
        mut begun: BegunRelease,
    ) -> Result<(), Stop> {
        let session = self.deployment.release_session(&self.deployment.operator);
        let releases = session.releases();
        let mut spool = Spool::new(key.clone());
        for reading in 1..=READINGS {
            let take = |part| match part {
                Part::Beginning => {
                    spool.clear();
                    Ok(())
                }
                Part::Links(links) => spool.add(links),
            };
            let Some(release) = releases.finish_export(begun, take).await? else {
                break;
            };
            let beaten = spool.find_beaten()?;
            if beaten.is_empty() || reading == READINGS {
                self.lines.release(release, &mut spool, &beaten)?;
                self.show();
                break;
            }
            match releases.begin_export(&key).await? {
                Some(again) => begun = again,
                None => break,
            }
        }
        Ok(())
    }

    fn show(&self) {
        if let Some(progress) = &self.progress {
            progress.show(&format!("exported {}", self.lines.summary()));
        }
    }
}

/// Begins to read a release, in a task of its own: it goes on while an earlier release, which may
/// be large, is read to its end. The result is `None` if the release does not exist.
async fn begin(
    deployment: &Deployment,
    key: ReleaseKey,
) -> Result<Option<(ReleaseKey, BegunRelease)>, Stop> {
    let operator = deployment.operator.clone();
    let task = tokio::spawn(async move {
        let session = operator.session(SESSION_TIMEOUT);
        let begun = session.releases().begin_export(&key).await?;
        Ok::<_, StoreError>(begun.map(|begun| (key, begun)))
    });
    let begun = task
        .await
        .map_err(|error| Failure::from(error.to_string()))?;
    Ok(begun?)
}
