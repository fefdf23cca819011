//! The reading half of `import --from`: the API of GitLab, from 11.7 on, or of another
//! release-links.

mod address;
mod client;
mod hosted;
mod json;
mod mapping;
mod pages;
mod problem;
mod releases;
mod waits;

use std::collections::HashSet;

use release_links::project::{ProjectId, Visibility};

use crate::Outcome;
use crate::cli::{GitLab, SourceProject};
use crate::failure::{cut, sentence};
use crate::import::Importer;
use crate::record::ProjectRecord;
use crate::tokens::read_token;

pub use address::Address;
use client::Client;
use pages::Pages;
use problem::Problem;
use releases::{Imported, Releases};

/// Reads the projects that the arguments name, and imports them one after the other.
pub async fn feed(importer: &mut Importer<'_>, from: &Address, arguments: &GitLab) -> Outcome {
    let token = arguments
        .token_file
        .as_deref()
        .map(read_token)
        .transpose()?;
    let mut reading = Reading {
        client: Client::new(from.clone(), token.as_ref())?,
        visibility: arguments.visibility,
        has_token: token.is_some(),
        seen: HashSet::new(),
        releases: 0,
    };
    for name in &arguments.projects {
        let read = reading.named(importer, name).await;
        leave_out(importer, &name.name, read)?;
    }
    for group in &arguments.groups {
        let read = reading.group(importer, group).await;
        leave_out(importer, group, read)?;
    }
    Ok(())
}

/// Lists the project or group if the problem concerns nothing else, and ends the import otherwise.
fn leave_out(importer: &mut Importer<'_>, name: &str, read: Result<(), Problem>) -> Outcome {
    match read {
        Ok(()) => Ok(()),
        Err(Problem::Part(reason) | Problem::TooLarge(reason)) => {
            importer.report().leave_out_project(name, sentence(&reason));
            Ok(())
        }
        Err(Problem::Whole(reason)) => Err(sentence(&reason).into()),
        Err(Problem::NotWritten(failure)) => Err(failure),
    }
}

/// Longest path in a sentence.
const MAX_PATH: usize = 60;

fn is_number(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a project is in the group. Old versions also show those that the group only shares.
fn is_below(path: &str, group: &str) -> bool {
    let start = path.get(..group.len());
    let is_inside = start.is_some_and(|start| start.eq_ignore_ascii_case(group));
    is_number(group) || (is_inside && path[group.len()..].starts_with('/'))
}

struct Reading {
    client: Client,
    /// The visibility of all projects, if the operator chose one.
    visibility: Option<Visibility>,
    has_token: bool,
    /// The IDs there of the projects so far.
    seen: HashSet<u64>,
    /// The releases so far.
    releases: u64,
}

impl Reading {
    /// Imports the project with this name, also if it has no releases.
    async fn named(
        &mut self,
        importer: &mut Importer<'_>,
        name: &SourceProject,
    ) -> Result<(), Problem> {
        let what = format!("project {}", cut(&name.name, MAX_PATH));
        let url = self
            .client
            .address()
            .endpoint(&["projects", &name.name], &[]);
        let answer = self.client.get(&url, &what).await?;
        let project: json::Project = serde_json::from_slice(&answer.body)
            .map_err(|error| self.client.asked(&what).unreadable(&error))?;
        let (path, is_number) = (&project.path_with_namespace, is_number(&name.name));
        if !is_number && !path.eq_ignore_ascii_case(&name.name) {
            // Only the operator decides into which project of this deployment releases go.
            let path = cut(path, MAX_PATH);
            let renamed = format!("it is {path} there: pass --project {path}");
            return Err(Problem::Part(renamed));
        }
        if !self.seen.insert(project.id) {
            return Ok(());
        }
        let mut imported = self.becomes(&project);
        imported.record.id = name.id.map_or(project.id, ProjectId::number);
        let mut releases = Releases::new(&self.client, imported, self.releases);
        let read = releases.import(importer).await;
        self.releases += releases.read();
        read
    }

    /// Imports the projects of a group and its subgroups that have releases.
    async fn group(&mut self, importer: &mut Importer<'_>, group: &str) -> Result<(), Problem> {
        let projects = self.projects(group).await?;
        let mut has_releases = false;
        for project in projects {
            let is_off = project.releases_access_level.as_deref() == Some("disabled");
            if is_off
                || !is_below(&project.path_with_namespace, group)
                || !self.seen.insert(project.id)
            {
                continue;
            }
            let imported = self.becomes(&project);
            let releases = Releases::new(&self.client, imported, self.releases);
            let mut releases = releases.unless_empty();
            let read = releases.import(importer).await;
            self.releases += releases.read();
            has_releases |= releases.read() > 0 || read.is_err();
            leave_out(importer, &project.path_with_namespace, read)?;
        }
        if !has_releases {
            importer
                .report()
                .note(format!("group {group} has no projects with releases"));
        }
        Ok(())
    }

    /// The projects of a group and its subgroups, without those that are only shared with it (R93).
    async fn projects(&self, group: &str) -> Result<Vec<json::Project>, Problem> {
        let what = format!("group {}", cut(group, MAX_PATH));
        let query = [
            ("include_subgroups", "true"),
            ("with_shared", "false"),
            ("order_by", "id"),
            ("sort", "asc"),
        ];
        let mut pages = Pages::new(&self.client, &what, &["groups", group, "projects"], &query);
        let (mut projects, mut ids) = (Vec::new(), HashSet::new());
        while let Some(page) = pages.next().await? {
            if let Some(reason) = page.missing {
                return Err(Problem::Part(reason));
            }
            let before = projects.len();
            for item in page.items {
                let project: json::Project = serde_json::from_str(item.get())
                    .map_err(|error| self.client.asked(&what).unreadable(&error))?;
                if ids.insert(project.id) {
                    projects.push(project);
                }
            }
            pages.saw(projects.len() > before);
        }
        Ok(projects)
    }

    /// The project as it becomes here. There are no internal projects here.
    fn becomes(&self, project: &json::Project) -> Imported {
        let path = &project.path_with_namespace;
        let is_internal = project.visibility.as_deref() == Some("internal");
        let visibility = match (self.visibility, project.visibility.as_deref()) {
            (Some(chosen), _) => chosen,
            (None, Some("public")) => Visibility::Public,
            // Old versions do not show it to callers without a token, who see public ones alone.
            (None, None) if !self.has_token => Visibility::Public,
            (None, _) => Visibility::Private,
        };
        Imported {
            source: project.id,
            record: ProjectRecord {
                id: project.id,
                path: path.clone(),
                visibility: visibility.as_str().to_owned(),
                former_paths: Vec::new(),
            },
            note: (is_internal && self.visibility.is_none())
                .then(|| format!("project {path} is internal there and becomes private here")),
        }
    }
}
