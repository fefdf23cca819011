//! `release-links-admin release …`.

use release_links::project::{Project, ProjectRef};
use release_links::release::{ReleaseKey, TagName};
use release_links::store::StoreError;
use release_links::store::operator::ReleaseEntry;
use serde::Serialize;

use crate::cli::ReleaseCommand;
use crate::deployment::Deployment;
use crate::failure::{Failure, cut};
use crate::release_restore::{Backup, restore, restore_all};
use crate::{Outcome, output};

/// Longest tag in the sentence of a failure.
const MAX_TAG: usize = 60;

/// A release in the output of `--json`; times are RFC 3339 in UTC.
#[derive(Serialize)]
struct ReleaseView<'a> {
    tag: &'a str,
    released_at: &'a str,
    created_at: &'a str,
}

impl<'a> ReleaseView<'a> {
    fn new(release: &'a ReleaseEntry) -> Self {
        Self {
            tag: release.tag.as_str(),
            released_at: &release.released_at,
            created_at: &release.created_at,
        }
    }
}

pub async fn run(deployment: &Deployment, command: ReleaseCommand) -> Outcome {
    match command {
        ReleaseCommand::List { project, json } => list(deployment, &project, json).await,
        ReleaseCommand::Delete { tag, project, yes } => {
            delete(deployment, tag, &project, yes).await
        }
        ReleaseCommand::Restore {
            tag,
            all: _,
            project: name,
            from,
            dry_run,
        } => {
            let project = find_project(deployment, &name).await?.id;
            let backup = Backup::new(deployment, from, project);
            match tag {
                Some(tag) => restore(&backup, tag, dry_run).await,
                None => restore_all(&backup, dry_run).await,
            }
        }
    }
}

async fn find_project(deployment: &Deployment, name: &ProjectRef) -> Result<Project, Failure> {
    let project = deployment.session().projects().get(name).await;
    project.map_err(|error| deployment.explain(error))
}

async fn list(deployment: &Deployment, name: &ProjectRef, json: bool) -> Outcome {
    let id = find_project(deployment, name).await?.id;
    let releases = deployment.session().releases().list(id).await;
    let releases = releases.map_err(|error| deployment.explain_store(&error))?;
    if json {
        return output::json(&releases.iter().map(ReleaseView::new).collect::<Vec<_>>());
    }
    let row = |release: ReleaseEntry| {
        let [released_at, created_at] =
            [&release.released_at, &release.created_at].map(|time| drop_fraction(time));
        [release.tag.to_string(), released_at, created_at]
    };
    output::table(
        ["TAG", "RELEASED", "CREATED"],
        releases.into_iter().map(row),
    )
}

/// A time without its fraction of a second.
fn drop_fraction(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time.to_owned(),
    }
}

async fn delete(deployment: &Deployment, tag: TagName, name: &ProjectRef, yes: bool) -> Outcome {
    let project = find_project(deployment, name).await?;
    let what = format!("release {tag} of {project}");
    let id = project.id;
    let key = ReleaseKey { project: id, tag };
    let missing = || {
        let tag = cut(key.tag.as_str(), MAX_TAG);
        format!(
            "there is no release {tag} in project {id}: `release list --project {id}` shows all \
             releases"
        )
    };
    let explain = |error| match error {
        StoreError::ReleaseNotFound => missing().into(),
        error => deployment.explain_store(&error),
    };
    let session = deployment.release_session(&deployment.operator);
    if !session.releases().exists(&key).await.map_err(explain)? {
        return Err(missing().into());
    }
    if !yes {
        let question = format!("Delete {what} with all its links?");
        output::confirm(&question, &format!("{what} was not deleted"))?;
    }
    let session = deployment.release_session(&deployment.operator);
    session.releases().delete(&key).await.map_err(explain)?;
    output::line(&format!("deleted {what}"))
}
