//! What an import has done, and what it has left out and why.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::failure::{Failure, cut};
use crate::output::{or_dash, quantity};
use crate::{Outcome, output};

/// Longest path, tag or name in the list, in characters.
const MAX_CELL: usize = 60;
/// Most links of one kind in the table of those on the old host.
const MAX_ON_OLD_HOST: usize = 20;

/// How many things of one kind an import created, found and left out.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Counts {
    pub created: usize,
    pub existing: usize,
    pub left_out: usize,
}

/// Something that was left out.
#[derive(Debug, Clone, Serialize)]
struct LeftOut {
    project: String,
    tag: Option<String>,
    link_id: Option<i128>,
    link_name: Option<String>,
    reason: String,
}

/// A link to a file on the host that was imported from.
#[derive(Debug, Clone, Serialize)]
struct OnOldHost {
    project: String,
    tag: String,
    link_id: i128,
    link_name: String,
}

/// What an import has done, and what it has left out and why. In a dry run, what it would do.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    dry_run: bool,
    pub(super) projects: Counts,
    pub(super) releases: Counts,
    pub(super) links: Counts,
    former_paths_left_out: usize,
    /// What this service has nothing for.
    dropped: BTreeMap<&'static str, usize>,
    /// The links to files on the host that was imported from, by kind.
    on_old_host: BTreeMap<&'static str, Vec<OnOldHost>>,
    notes: Vec<String>,
    left_out: Vec<LeftOut>,
}

impl Report {
    /// Nothing is done yet.
    pub(super) fn new(dry_run: bool) -> Self {
        Self {
            dry_run,
            ..Self::default()
        }
    }

    /// A project is left out.
    pub fn leave_out_project(&mut self, path: &str, reason: impl Into<String>) {
        self.projects.left_out += 1;
        self.list(path, None, None, reason.into());
    }

    /// A project was imported without one of its former paths.
    pub(super) fn leave_out_former_path(&mut self, path: &str, reason: impl Into<String>) {
        self.former_paths_left_out += 1;
        self.list(path, None, None, reason.into());
    }

    /// A release is left out with this number of links.
    pub fn leave_out_release(
        &mut self,
        path: &str,
        tag: &str,
        links: usize,
        reason: impl Into<String>,
    ) {
        self.skip(1, links);
        self.list(path, Some(tag), None, reason.into());
    }

    /// A link is left out, which has this ID and this name.
    pub fn leave_out_link(
        &mut self,
        path: &str,
        tag: &str,
        link: (i128, &str),
        reason: impl Into<String>,
    ) {
        self.skip(0, 1);
        self.list(path, Some(tag), Some(link), reason.into());
    }

    /// Counts what is left out together with its project, which is listed.
    pub(super) fn skip(&mut self, releases: usize, links: usize) {
        self.releases.left_out += releases;
        self.links.left_out += links;
    }

    fn list(&mut self, path: &str, tag: Option<&str>, link: Option<(i128, &str)>, reason: String) {
        self.left_out.push(LeftOut {
            project: path.to_owned(),
            tag: tag.map(str::to_owned),
            link_id: link.map(|(id, _)| id),
            link_name: link.map(|(_, name)| name.to_owned()),
            reason,
        });
    }

    /// Counts what this service has nothing for, such as milestones.
    pub fn drop_some(&mut self, what: &'static str, count: usize) {
        add(&mut self.dropped, what, count);
    }

    /// Lists a link to a file of this kind on the host that is imported from.
    pub fn depends_on_old_host(
        &mut self,
        kind: &'static str,
        path: &str,
        tag: &str,
        (id, name): (i128, &str),
    ) {
        self.on_old_host.entry(kind).or_default().push(OnOldHost {
            project: path.to_owned(),
            tag: tag.to_owned(),
            link_id: id,
            link_name: name.to_owned(),
        });
    }

    /// Adds a sentence that the operator should know.
    pub fn note(&mut self, sentence: String) {
        self.notes.push(sentence);
    }

    /// Whether nothing was done and nothing was left out.
    pub(super) fn is_empty(&self) -> bool {
        let counts = [self.projects, self.releases, self.links];
        let counts = counts.map(|counts| counts.created + counts.existing + counts.left_out);
        counts == [0; 3] && self.notes.is_empty()
    }

    /// The numbers of releases and links so far.
    pub(super) fn progress(&self) -> String {
        let [releases, links] = [self.releases, self.links]
            .map(|counts| counts.created + counts.existing + counts.left_out);
        let (releases, links) = (quantity(releases, "release"), quantity(links, "link"));
        format!("{releases}, {links}")
    }

    /// Prints the report.
    pub(super) fn print(&self, json: bool) -> Outcome {
        if json {
            return output::json(self);
        }
        let verb = if self.dry_run {
            "would create"
        } else {
            "created"
        };
        let created = self.sum(|counts| counts.created);
        output::line(&format!(
            "{verb} {}",
            created.as_deref().unwrap_or("nothing")
        ))?;
        if let Some(existing) = self.sum(|counts| counts.existing) {
            output::line(&format!("already existed: {existing}"))?;
        }
        if !self.dropped.is_empty() {
            output::line(&format!("dropped: {}", enumerate(&self.dropped)))?;
        }
        for note in &self.notes {
            output::line(note)?;
        }
        self.print_on_old_host()?;
        self.print_left_out()
    }

    fn print_on_old_host(&self) -> Outcome {
        if self.on_old_host.is_empty() {
            return Ok(());
        }
        let counts = self
            .on_old_host
            .iter()
            .map(|(kind, links)| (*kind, links.len()));
        let kinds = enumerate(&counts.collect());
        output::line(&format!(
            "links to files on the old host, which stop working with it: {kinds}"
        ))?;
        let kinds = self.on_old_host.iter();
        let rows = kinds.flat_map(|(kind, links)| {
            let shown = links.iter().take(MAX_ON_OLD_HOST);
            let row = |link: &OnOldHost| {
                let [project, tag, name] =
                    [&link.project, &link.tag, &link.link_name].map(|text| cut(text, MAX_CELL));
                [
                    kind.to_string(),
                    project,
                    tag,
                    format!("{} {name}", link.link_id),
                ]
            };
            let more = links.len().saturating_sub(MAX_ON_OLD_HOST);
            let more = (more > 0).then(|| {
                let more = format!("and {more} more: --json lists all");
                [
                    kind.to_string(),
                    or_dash(None::<u8>),
                    or_dash(None::<u8>),
                    more,
                ]
            });
            shown.map(row).chain(more)
        });
        output::table(["KIND", "PROJECT", "TAG", "LINK"], rows)
    }

    fn print_left_out(&self) -> Outcome {
        if self.left_out.is_empty() {
            return Ok(());
        }
        let row = |left_out: &LeftOut| {
            let mut link = or_dash(left_out.link_id);
            if let Some(name) = &left_out.link_name {
                // Writing to a text does not fail.
                let _ = write!(link, " {}", cut(name, MAX_CELL));
            }
            let project = cut(&left_out.project, MAX_CELL);
            let tag = left_out.tag.as_deref().map(|tag| cut(tag, MAX_CELL));
            [project, or_dash(tag), link, left_out.reason.clone()]
        };
        let heading = ["PROJECT", "TAG", "LINK", "LEFT OUT BECAUSE"];
        output::table(heading, self.left_out.iter().map(row))
    }

    /// Fails if something was left out.
    pub(super) fn outcome(&self) -> Outcome {
        let former_paths = quantity(self.former_paths_left_out, "former path");
        let former_paths = (self.former_paths_left_out > 0).then_some(former_paths);
        let left_out = self.sum(|counts| counts.left_out);
        let left_out: Vec<String> = former_paths.into_iter().chain(left_out).collect();
        match left_out.is_empty() {
            true => Ok(()),
            false => {
                let left_out = left_out.join(", ");
                Err(Failure::from(format!(
                    "left out {left_out}: the list says why"
                )))
            }
        }
    }

    /// The numbers of projects, releases and links that are not 0; `None` if all are.
    fn sum(&self, count: impl Fn(Counts) -> usize) -> Option<String> {
        let things = [
            (self.projects, "project"),
            (self.releases, "release"),
            (self.links, "link"),
        ];
        let things = things.map(|(counts, thing)| (count(counts), thing));
        let things = things.into_iter().filter(|(count, _)| *count > 0);
        let things: Vec<String> = things
            .map(|(count, thing)| quantity(count, thing))
            .collect();
        let (last, first) = things.split_last()?;
        Some(match first {
            [] => last.clone(),
            first => format!("{} and {last}", first.join(", ")),
        })
    }
}

fn add(counts: &mut BTreeMap<&'static str, usize>, what: &'static str, count: usize) {
    if count > 0 {
        *counts.entry(what).or_insert(0) += count;
    }
}

fn enumerate(counts: &BTreeMap<&'static str, usize>) -> String {
    let counts = counts
        .iter()
        .map(|(what, count)| format!("{what} ({count})"));
    counts.collect::<Vec<_>>().join(", ")
}
