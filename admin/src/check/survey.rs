//! The links to check, as the table has them.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use release_links::link::{Link, to_uri};
use release_links::project::{Project, ProjectId, ProjectRef};
use release_links::release::{ReleaseKey, TagName};
use release_links::store::StoreError;
use release_links::store::operator::{OperatorReleases, Part, ProjectState, ReleaseEntry};
use url::Url;

use crate::cli::Check;
use crate::deployment::Deployment;
use crate::failure::Failure;

/// Number of releases that are read at the same time.
const READS: usize = 8;

/// The links to check.
#[derive(Debug, Default)]
pub struct Survey {
    /// All visible projects, by ID.
    pub projects: Vec<Project>,
    /// The links, by project, the latest release first, by ID.
    pub uses: Vec<Use>,
    /// Their URLs, each once.
    pub targets: Vec<Target>,
}

/// A link that uses a URL.
#[derive(Debug)]
pub struct Use {
    /// The place of its project among all.
    pub project: usize,
    /// The tag of its release.
    pub tag: TagName,
    /// The link.
    pub link: Link,
    /// The place of its URL among all.
    pub target: usize,
    /// The first release of the project that uses the URL.
    pub since: TagName,
}

/// A URL of links.
#[derive(Debug)]
pub struct Target {
    /// The URL; `None` if it is invalid.
    pub url: Option<Url>,
    /// Whether the digest of a link says what is at the URL.
    pub is_known: bool,
    /// Whether a link lacks the digest of what is at the URL.
    pub is_unknown: bool,
    /// The places of the links that use it.
    pub uses: Vec<usize>,
}

impl Survey {
    /// Reads the links that the arguments select.
    pub async fn read(deployment: &Deployment, arguments: &Check) -> Result<Self, Failure> {
        let projects = deployment.session().projects().list().await;
        let projects = projects.map_err(|error| deployment.explain(error))?;
        let visible = projects
            .into_iter()
            .filter(|(_, state)| *state == ProjectState::Visible)
            .map(|(project, _)| project);
        let mut survey = Self {
            projects: visible.collect(),
            ..Self::default()
        };
        let selected = select(deployment, &arguments.projects).await?;
        let mut places = HashMap::new();
        for project in 0..survey.projects.len() {
            let id = survey.projects[project].id;
            if selected.as_ref().is_none_or(|ids| ids.contains(&id)) {
                survey
                    .read_project(deployment, arguments, project, &mut places)
                    .await?;
            }
        }
        Ok(survey)
    }

    /// Adds the selected links of a project. All of its releases are read, because one that is not
    /// selected may be the first that uses a URL.
    async fn read_project(
        &mut self,
        deployment: &Deployment,
        arguments: &Check,
        project: usize,
        places: &mut HashMap<String, usize>,
    ) -> Result<(), Failure> {
        let id = self.projects[project].id;
        let releases = deployment.session().releases().list(id).await;
        let releases = releases.map_err(|error| deployment.explain_store(&error))?;
        let reads = releases.into_iter().enumerate().map(|(index, release)| {
            let is_selected = arguments.selects(index, &release.released_at);
            read_links(deployment, id, release, is_selected)
        });
        let mut reads = stream::iter(reads).buffered(READS);
        let (first, mut since) = (self.uses.len(), HashMap::new());
        while let Some((tag, links, is_selected)) = reads.try_next().await? {
            for link in links {
                let (key, url) = read_url(&link.url);
                let target = if is_selected {
                    let target = *places.entry(key).or_insert(self.targets.len());
                    self.add(target, url, &link);
                    self.uses.push(Use {
                        project,
                        tag: tag.clone(),
                        link,
                        target,
                        since: tag.clone(),
                    });
                    Some(target)
                } else {
                    places.get(&key).copied()
                };
                // The latest release comes first, so the last one that is read stays.
                since.extend(target.map(|target| (target, tag.clone())));
            }
        }
        self.set_since(first, &since);
        Ok(())
    }

    /// Sets the release since which each URL is in use, from this use on.
    fn set_since(&mut self, first: usize, since: &HashMap<usize, TagName>) {
        for found in &mut self.uses[first..] {
            if let Some(tag) = since.get(&found.target) {
                found.since.clone_from(tag);
            }
        }
    }

    fn add(&mut self, target: usize, url: Option<Url>, link: &Link) {
        if target == self.targets.len() {
            self.targets.push(Target {
                url,
                is_known: false,
                is_unknown: false,
                uses: Vec::new(),
            });
        }
        let target = &mut self.targets[target];
        target.uses.push(self.uses.len());
        target.is_known |= link.digest.is_some();
        target.is_unknown |= link.digest.is_none();
    }

    /// The release of a link.
    pub fn release(&self, found: &Use) -> ReleaseKey {
        ReleaseKey {
            project: self.projects[found.project].id,
            tag: found.tag.clone(),
        }
    }
}

/// The IDs of the projects with these names; `None` without names, which stands for all.
async fn select(
    deployment: &Deployment,
    names: &[ProjectRef],
) -> Result<Option<HashSet<ProjectId>>, Failure> {
    let mut ids = HashSet::new();
    for name in names {
        let project = deployment.session().projects().get(name).await;
        ids.insert(project.map_err(|error| deployment.explain(error))?.id);
    }
    Ok((!names.is_empty()).then_some(ids))
}

async fn read_links(
    deployment: &Deployment,
    project: ProjectId,
    release: ReleaseEntry,
    is_selected: bool,
) -> Result<(TagName, Vec<Link>, bool), Failure> {
    let tag = release.tag;
    let key = ReleaseKey {
        project,
        tag: tag.clone(),
    };
    let session = deployment.release_session(&deployment.operator);
    let read = whole_release(session.releases(), &key).await;
    let links = read.map_err(|error| deployment.explain_store(&error))?;
    Ok((tag, links, is_selected))
}

/// The links of a release; none if it was deleted in the meantime.
async fn whole_release(
    releases: OperatorReleases<'_>,
    key: &ReleaseKey,
) -> Result<Vec<Link>, StoreError> {
    let mut links = Vec::new();
    if let Some(begun) = releases.begin_export(key).await? {
        let take = |part| {
            match part {
                Part::Beginning => links.clear(),
                Part::Links(read) => links.extend(read.into_iter().map(|read| read.link)),
            }
            Ok::<(), StoreError>(())
        };
        releases.finish_export(begun, take).await?;
    }
    Ok(links)
}

/// What identifies the file at a URL, and the URL as a request has it, if it can be in one.
fn read_url(url: &str) -> (String, Option<Url>) {
    let parsed = Url::parse(&to_uri(url)).ok().filter(Url::has_host);
    match parsed {
        Some(mut parsed) => {
            parsed.set_fragment(None);
            (parsed.to_string(), Some(parsed))
        }
        None => (url.to_owned(), None),
    }
}
