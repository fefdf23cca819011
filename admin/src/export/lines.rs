//! The lines of an export: what the store has read as records, and their way to standard output.

use std::collections::HashSet;

use release_links::project::{Project, ProjectId};
use release_links::release::{Release, TagName};
use release_links::store::operator::{ExportedLink, ExportedProject, ExportedRelease};
use serde::Serialize;

use super::spool::Spool;
use super::stop::Stop;
use crate::output::{self, Reader, quantity};
use crate::record::{Header, LinkRecord, ProjectRecord, Record, ReleaseRecord};

/// Writes lines, and counts what they describe.
#[derive(Debug, Default)]
pub struct Lines {
    projects: usize,
    releases: usize,
    links: usize,
}

impl Lines {
    pub fn header(&mut self, header: &Header) -> Result<(), Stop> {
        deliver(&line(header)?)
    }

    pub fn project(&mut self, project: ExportedProject) -> Result<(), Stop> {
        self.projects += 1;
        deliver(&line(&Record::Project(project_record(project)))?)
    }

    /// Writes a release with its links, but without those that are beaten.
    pub fn release(
        &mut self,
        release: ExportedRelease,
        links: &mut Spool,
        beaten: &HashSet<i128>,
    ) -> Result<(), Stop> {
        self.releases += 1;
        let mut release = release_record(release);
        release.links = Some(links.count() - beaten.len());
        deliver(&line(&Record::Release(release))?)?;
        self.links += links.read(beaten, deliver)?;
        Ok(())
    }

    /// What the lines describe so far.
    pub fn summary(&self) -> String {
        let [projects, releases, links] = [
            (self.projects, "project"),
            (self.releases, "release"),
            (self.links, "link"),
        ]
        .map(|(count, thing)| quantity(count, thing));
        format!("{projects}, {releases} and {links}")
    }
}

fn deliver(lines: &str) -> Result<(), Stop> {
    match output::json_lines(lines)? {
        Reader::Present => Ok(()),
        Reader::Gone => Err(Stop::Closed),
    }
}

/// The value on a line.
pub fn line(value: &impl Serialize) -> Result<String, Stop> {
    let json = serde_json::to_string(value);
    let json = json.map_err(|error| Stop::Failed(error.to_string().into()))?;
    Ok(json + "\n")
}

fn project_record(exported: ExportedProject) -> ProjectRecord {
    let Project {
        id,
        path,
        visibility,
    } = exported.project;
    ProjectRecord {
        id: id.number(),
        path: path.to_string(),
        visibility: visibility.as_str().to_owned(),
        former_paths: exported.former_paths,
    }
}

fn release_record(exported: ExportedRelease) -> ReleaseRecord {
    let Release {
        project,
        tag,
        details,
        created_at,
        released_at,
        immutable_at,
    } = exported.release;
    ReleaseRecord {
        project: project.number(),
        tag: tag.to_string(),
        details,
        created_at: created_at.to_string(),
        released_at: released_at.to_string(),
        immutable_at: immutable_at.map(|time| time.to_string()),
        last_link_id: exported.last_link_id.into(),
        links: None,
    }
}

/// The record of a link of this release.
pub fn link_record((project, tag): (ProjectId, &TagName), exported: ExportedLink) -> LinkRecord {
    let ExportedLink { link, created_at } = exported;
    LinkRecord {
        project: project.number(),
        tag: tag.to_string(),
        id: link.id.number().into(),
        name: link.name,
        url: link.url,
        filepath: link.filepath,
        link_type: link.link_type.as_str().to_owned(),
        created_at: created_at.to_string(),
        digest: link.digest.map(|digest| digest.to_string()),
    }
}
