//! `release-links-admin release …`.

use std::time::Duration;

use release_links::project::{Project, ProjectRef};
use release_links::release::{InvalidTagName, ReleaseKey, TagName};
use release_links::store::{ReleaseBackup, ReleaseEntry, RestoreOutcome, RestoredLink, StoreError};
use serde::Serialize;

use crate::cli::ReleaseCommand;
use crate::deployment::Deployment;
use crate::failure::{Failure, cut};
use crate::{Outcome, output};

/// Longest tag in the sentence of a failure.
const MAX_TAG: usize = 60;
/// Time limit for reading and writing a whole release.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(60 * 60);

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
            project,
            from,
            dry_run,
        } => restore(deployment, tag, &project, from, dry_run).await,
    }
}

async fn project(deployment: &Deployment, name: &ProjectRef) -> Result<Project, Failure> {
    let project = deployment.session().projects().get(name).await;
    project.map_err(|error| deployment.explain(error))
}

async fn list(deployment: &Deployment, name: &ProjectRef, json: bool) -> Outcome {
    let id = project(deployment, name).await?.id;
    let releases = deployment.session().store().release_entries(id).await;
    let releases = releases.map_err(|error| deployment.explain_store(&error))?;
    if json {
        return output::json(&releases.iter().map(ReleaseView::new).collect::<Vec<_>>());
    }
    let row = |release: ReleaseEntry| {
        let [released_at, created_at] =
            [&release.released_at, &release.created_at].map(|time| whole_seconds(time));
        [release.tag.to_string(), released_at, created_at]
    };
    output::table(
        ["TAG", "RELEASED", "CREATED"],
        releases.into_iter().map(row),
    )
}

/// A time without its fraction of a second.
fn whole_seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time.to_owned(),
    }
}

async fn delete(deployment: &Deployment, tag: TagName, name: &ProjectRef, yes: bool) -> Outcome {
    let project = project(deployment, name).await?;
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
    let session = deployment.operator.session(RELEASE_TIMEOUT);
    if !session.store().has_release(&key).await.map_err(explain)? {
        return Err(missing().into());
    }
    if !yes {
        output::confirm_deletion(&what, "all its links")?;
    }
    let session = deployment.operator.session(RELEASE_TIMEOUT);
    session
        .store()
        .delete_release(&key)
        .await
        .map_err(explain)?;
    output::line(&format!("deleted {what}"))
}

async fn restore(
    deployment: &Deployment,
    tag: TagName,
    project: &ProjectRef,
    from: String,
    dry_run: bool,
) -> Outcome {
    TagName::parse_new(tag.as_str()).map_err(refusal)?;
    let (release, backup) = back_up(deployment, tag, project, from).await?;
    let session = deployment.operator.session(RELEASE_TIMEOUT);
    let explain = |error: StoreError| deployment.explain_store(&error);
    if dry_run {
        let links = session.store().compare_release(&release, &backup).await;
        return show(&links.map_err(explain)?);
    }
    let links = session
        .store()
        .restore_release(&release, &backup)
        .await
        .map_err(explain)?;
    show(&links)?;
    check(&links)
}

/// A restore may create the release, so it takes only tags that a request may create, too (R88).
fn refusal(reason: InvalidTagName) -> String {
    format!("Tag name invalid: the tag {reason}, so create the release under another tag")
}

/// Reads the release from the other table.
async fn back_up(
    deployment: &Deployment,
    tag: TagName,
    name: &ProjectRef,
    from: String,
) -> Result<(ReleaseKey, ReleaseBackup), Failure> {
    let project = project(deployment, name).await?.id;
    let release = ReleaseKey { project, tag };
    let source = deployment.other_table(from.clone());
    let source = source.session(RELEASE_TIMEOUT);
    let backup = source
        .store()
        .back_up_release(&release)
        .await
        .map_err(|error| deployment.explain_other(&from, &error))?;
    if backup.is_empty() {
        let tag = &release.tag;
        return Err(format!(
            "the table {from} has no links of release {tag} in project {project}: check the tag \
             and the table"
        )
        .into());
    }
    Ok((release, backup))
}

fn show(links: &[RestoredLink]) -> Outcome {
    let row = |restored: &RestoredLink| {
        let result = match &restored.outcome {
            RestoreOutcome::Missing => "missing".to_owned(),
            RestoreOutcome::Restored => "restored".to_owned(),
            RestoreOutcome::Exists => "exists".to_owned(),
            RestoreOutcome::Differs => "differs from the link with this ID".to_owned(),
            RestoreOutcome::Taken(violations) => {
                let messages: Vec<String> = violations.iter().map(ToString::to_string).collect();
                format!("not restored: {}", messages.join(", "))
            }
        };
        let link = &restored.link;
        [link.id.to_string(), link.name.clone(), result]
    };
    output::table(["ID", "NAME", "RESULT"], links.iter().map(row))
}

/// A restore fails if other links stand in its way.
fn check(links: &[RestoredLink]) -> Outcome {
    let is_blocked = |link: &&RestoredLink| {
        matches!(
            link.outcome,
            RestoreOutcome::Differs | RestoreOutcome::Taken(_)
        )
    };
    match links.iter().filter(is_blocked).count() {
        0 => Ok(()),
        count => Err(format!(
            "could not restore {count} of {} links, because other links have their ID, name, URL \
             or filepath: change or delete those, and run the command again",
            links.len()
        )
        .into()),
    }
}
