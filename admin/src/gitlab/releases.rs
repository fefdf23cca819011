//! The releases of one project, from its pages into the import.

use std::collections::HashSet;

use release_links::project::ProjectId;
use release_links::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::failure::cut;
use crate::import::{Importer, Report};
use crate::output::quantity;
use crate::record::{LinkRecord, ProjectRecord};

use super::MAX_PATH;
use super::client::Client;
use super::hosted::Kind;
use super::json;
use super::mapping::{self, Dropped};
use super::pages::{Page, Pages};
use super::problem::{Problem, explain};

/// Times that the pages are read if some releases are missing in them.
const MAX_READINGS: usize = 2;

/// A project that is imported.
pub struct Imported {
    /// Its ID there.
    pub source: u64,
    /// The project as it becomes here.
    pub record: ProjectRecord,
    /// What the operator should know if it is imported.
    pub note: Option<String>,
}

/// What a reading of all pages has shown.
#[derive(Default)]
struct Reading {
    /// The tags of the releases.
    tags: HashSet<String>,
    /// How many releases there were at most meanwhile; 0 if no page has said it.
    counted: u64,
    /// How many there were at its beginning.
    counted_first: u64,
    /// When it began, by the clock of the other service, in whole seconds.
    began_at: Option<Timestamp>,
    /// How many of the releases were created after that.
    created_since: u64,
    /// Whether it ended because the pages repeated.
    repeats: bool,
}

impl Reading {
    /// Notes how many releases there are, and the beginning if this is the first page.
    fn note_page(&mut self, page: &Page) {
        // A deletion lowers it, but the release that was deleted may have been read.
        self.counted = page.total.unwrap_or(0).max(self.counted);
        if self.began_at.is_none() {
            self.began_at = page.sent_at;
            self.counted_first = page.total.unwrap_or(0);
        }
    }

    /// Notes a release. One that was created meanwhile may stand in for one that was deleted, and
    /// whose deletion has moved others to pages that were read before.
    fn note_release(&mut self, tag: &str, created_at: Option<&str>) {
        if !self.tags.insert(tag.to_owned()) {
            return;
        }
        let created_at: Option<Timestamp> = created_at.and_then(|text| text.parse().ok());
        let is_new = created_at
            .zip(self.began_at)
            .is_some_and(|(created, began)| created > began.end_of_second());
        self.created_since += u64::from(is_new);
    }

    /// Whether nothing is missing if these numbers were read in all and this time.
    fn is_whole(&self, read: u64, this_time: u64) -> bool {
        let is_countable = self.counted > 0 || !self.repeats;
        let of_before = this_time.saturating_sub(self.created_since);
        is_countable && read >= self.counted && of_before >= self.counted_first
    }

    fn explain(&self, read: u64) -> String {
        let counted = self.counted;
        if self.repeats {
            let read = quantity(usize::try_from(read).unwrap_or(usize::MAX), "release");
            return format!("its pages repeat, so more than {read} could not be read");
        }
        format!(
            "only {read} of {counted} releases could be read, because others were created or \
             deleted meanwhile"
        )
    }
}

/// The releases of a project.
pub struct Releases<'a> {
    client: &'a Client,
    /// Its ID there.
    source: String,
    /// The project as it becomes here.
    project: ProjectRecord,
    note: Option<String>,
    /// Whether a project without releases is created.
    creates_empty: bool,
    /// Its ID here, once it is there.
    id: Option<ProjectId>,
    /// The tags of the releases that were read.
    tags: HashSet<String>,
    /// Releases without a tag that were read this time.
    unreadable: u64,
    /// Whether the pages are read for the first time.
    is_first: bool,
    /// Releases of other projects that were read before.
    before: u64,
}

impl<'a> Releases<'a> {
    /// The releases of this project; `before` counts those of other projects.
    pub fn new(client: &'a Client, imported: Imported, before: u64) -> Self {
        Self {
            client,
            source: imported.source.to_string(),
            project: imported.record,
            note: imported.note,
            creates_empty: true,
            id: None,
            tags: HashSet::new(),
            unreadable: 0,
            is_first: true,
            before,
        }
    }

    /// The same, without a project here if there are none.
    pub fn unless_empty(self) -> Self {
        Self {
            creates_empty: false,
            ..self
        }
    }

    /// Reads all pages, and imports each release once. Pages move while releases are created and
    /// deleted, so they are read once more if some are missing.
    pub async fn import(&mut self, importer: &mut Importer<'_>) -> Result<(), Problem> {
        let mut reading = Reading::default();
        for _ in 0..MAX_READINGS {
            self.unreadable = 0;
            reading = self
                .read_pages(importer)
                .await
                .map_err(|problem| self.in_part(problem))?;
            let is_left_out = self.id.is_none();
            if is_left_out || reading.is_whole(self.read(), self.read_in(&reading)) {
                return Ok(());
            }
            if reading.repeats {
                break;
            }
            self.is_first = false;
        }
        Err(Problem::Part(reading.explain(self.read())))
    }

    /// Releases that were read.
    pub fn read(&self) -> u64 {
        self.tags.len() as u64 + self.unreadable
    }

    /// Releases that were read in the reading that runs or has just ended.
    fn read_in(&self, reading: &Reading) -> u64 {
        reading.tags.len() as u64 + self.unreadable
    }

    /// Says that the releases before the problem were imported.
    fn in_part(&self, problem: Problem) -> Problem {
        match problem {
            Problem::Part(reason) if !self.tags.is_empty() => {
                let count = self.tags.len();
                Problem::Part(format!("only {count} releases could be read: {reason}"))
            }
            problem => problem,
        }
    }

    /// Reads all pages.
    async fn read_pages(&mut self, importer: &mut Importer<'_>) -> Result<Reading, Problem> {
        let what = format!("the releases of {}", cut(&self.project.path, MAX_PATH));
        let source = self.source.clone();
        let query = [("order_by", "created_at"), ("sort", "asc")];
        let mut pages = Pages::new(
            self.client,
            &what,
            &["projects", &source, "releases"],
            &query,
        );
        let mut reading = Reading::default();
        while let Some(page) = pages.next().await? {
            if !self.begin(importer, &page).await? {
                break;
            }
            reading.note_page(&page);
            importer.expect(self.before + reading.counted.max(self.read()));
            let is_missing = page.missing.is_some();
            if let Some(reason) = page.missing {
                self.leave_out(importer, "-", 0, reason);
            }
            let before = self.read_in(&reading);
            for item in page.items {
                self.item(importer, item.get(), &mut reading).await?;
                importer.advance(self.before + self.read());
            }
            pages.saw(is_missing || self.read_in(&reading) > before);
        }
        reading.repeats = pages.repeats();
        Ok(reading)
    }

    /// Creates the project with the first page. Whether its releases are imported.
    async fn begin(&mut self, importer: &mut Importer<'_>, page: &Page) -> Result<bool, Problem> {
        let is_empty = page.items.is_empty() && page.missing.is_none();
        if self.id.is_none() && (self.creates_empty || !is_empty) {
            self.id = importer.project(&self.project).await?;
            if let Some(note) = self.note.take().filter(|_| self.id.is_some()) {
                importer.report().note(note);
            }
        }
        Ok(self.id.is_some())
    }

    /// Imports a release, unless it was read before.
    async fn item(
        &mut self,
        importer: &mut Importer<'_>,
        item: &str,
        reading: &mut Reading,
    ) -> Result<(), Problem> {
        let (Some(id), path) = (self.id, self.project.path.as_str()) else {
            return Ok(());
        };
        let release: json::Release = match serde_json::from_str(item) {
            Ok(release) => release,
            Err(error) => {
                let tag = Named::read(item).tag();
                self.leave_out(importer, &tag, 0, in_another_form(&error));
                return Ok(());
            }
        };
        let Some(tag) = release.tag_name.clone() else {
            let reason = "its tag is hidden: the token needs the Reporter role";
            self.leave_out(importer, "-", release.links().len(), reason.to_owned());
            return Ok(());
        };
        reading.note_release(&tag, release.created_at());
        if !self.tags.insert(tag.clone()) {
            return Ok(());
        }
        count(importer.report(), &release);
        let links = self.links(importer.report(), &release, &tag);
        match mapping::release(release, tag, id.number()) {
            Ok(record) => importer.release(id, record, links).await?,
            Err((tag, reason)) => {
                importer
                    .report()
                    .leave_out_release(path, &tag, links.len(), reason);
            }
        }
        Ok(())
    }

    /// Lists something that has no tag by which it could be told apart when it is read again.
    fn leave_out(&mut self, importer: &mut Importer<'_>, tag: &str, links: usize, reason: String) {
        self.unreadable += 1;
        if self.is_first {
            let path = &self.project.path;
            importer
                .report()
                .leave_out_release(path, tag, links, reason);
        }
    }

    /// The links of a release.
    fn links(&self, report: &mut Report, release: &json::Release, tag: &str) -> Vec<LinkRecord> {
        let (path, created_at) = (&self.project.path, release.created_at());
        let created_at = created_at.unwrap_or_default();
        let mut links = Vec::new();
        for item in release.links() {
            match serde_json::from_str::<json::Link>(item.get()) {
                Ok(link) => links.push(mapping::link(link, self.project.id, tag, created_at)),
                Err(error) => {
                    let named = Named::read(item.get());
                    let link = (named.id(), named.name());
                    report.leave_out_link(path, tag, link, in_another_form(&error));
                }
            }
        }
        for link in &links {
            if let Some(kind) = Kind::of(&link.url, self.client.address()) {
                report.depends_on_old_host(kind.name(), path, tag, (link.id, &link.name));
            }
        }
        links
    }
}

fn in_another_form(error: &serde_json::Error) -> String {
    let problem = explain(error);
    format!("it has an unexpected form: {problem}")
}

/// Counts what is not taken over.
fn count(report: &mut Report, release: &json::Release) {
    let dropped = Dropped::of(release);
    report.drop_some("milestones", dropped.milestones);
    report.drop_some("evidences", dropped.evidences);
    report.drop_some("source archives", dropped.sources);
    report.drop_some("relative links in descriptions", dropped.relative_links);
}

/// What names an element that cannot be read.
#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    tag_name: Value,
    #[serde(default)]
    name: Value,
}

impl Named {
    fn read(item: &str) -> Self {
        serde_json::from_str(item).unwrap_or_default()
    }

    fn id(&self) -> i128 {
        self.id.as_i64().unwrap_or_default().into()
    }

    fn tag(&self) -> String {
        self.tag_name.as_str().unwrap_or("-").to_owned()
    }

    fn name(&self) -> &str {
        self.name.as_str().unwrap_or("-")
    }
}
