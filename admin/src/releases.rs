//! `release-links-admin release …`.

use release_links::project::{Project, ProjectRef};
use release_links::release::{ReleaseKey, TagName};
use release_links::store::StoreError;
use release_links::store::operator::{AdminError, ReleaseEntry};
use serde::Serialize;

use crate::cli::ReleaseCommand;
use crate::deletion::wait_for_writes;
use crate::deployment::Deployment;
use crate::failure::{Failure, cut};
use crate::interrupt::interrupt;
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
        ReleaseCommand::Lock { tag, project } => lock(deployment, tag, &project).await,
        ReleaseCommand::Unlock { tag, project, yes } => {
            unlock(deployment, tag, &project, yes).await
        }
        ReleaseCommand::Restore {
            tag,
            all: _,
            project: name,
            from,
            dry_run,
            pace: _,
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

/// The failure of a change that the lock of the release forbids.
pub fn immutable(tag: &TagName) -> String {
    let tag = cut(tag.as_str(), MAX_TAG);
    format!("release {tag} is immutable: unlock it first")
}

async fn delete(deployment: &Deployment, tag: TagName, name: &ProjectRef, yes: bool) -> Outcome {
    let project = find_project(deployment, name).await?;
    let what = format!("release {tag} of {project}");
    let key = ReleaseKey {
        project: project.id,
        tag,
    };
    let explain = |error| match error {
        StoreError::ReleaseNotFound => missing(&key).into(),
        StoreError::Immutable(tag) => immutable(&tag).into(),
        error => deployment.explain_store(&error),
    };
    let session = deployment.release_session(&deployment.operator);
    match session.releases().is_locked(&key).await.map_err(explain)? {
        None => return Err(missing(&key).into()),
        Some(true) => return Err(immutable(&key.tag).into()),
        Some(false) => {}
    }
    if !yes {
        let question = format!("Delete {what} with all its links?");
        output::confirm(&question, &format!("{what} was not deleted"))?;
    }
    let session = deployment.release_session(&deployment.operator);
    session.releases().delete(&key).await.map_err(explain)?;
    output::line(&format!("deleted {what}"))
}

fn missing(key: &ReleaseKey) -> String {
    let (tag, id) = (cut(key.tag.as_str(), MAX_TAG), key.project);
    format!(
        "there is no release {tag} in project {id}: `release list --project {id}` shows all releases"
    )
}

/// The failure of a lock or of its removal.
fn explain_lock(deployment: &Deployment, key: &ReleaseKey, error: AdminError) -> Failure {
    match error {
        AdminError::Failed(StoreError::ReleaseNotFound) => missing(key).into(),
        error => deployment.explain(error),
    }
}

async fn lock(deployment: &Deployment, tag: TagName, name: &ProjectRef) -> Outcome {
    let project = find_project(deployment, name).await?;
    let what = format!("release {tag} of {project}");
    let id = project.id;
    let key = ReleaseKey { project: id, tag };
    let lock = async {
        let mut left = deployment.session().releases().lock(&key).await?;
        while !left.is_zero() {
            wait_for_writes(left, "the release").await;
            let session = deployment.session();
            left = session.releases().time_until_immutable(&key).await?;
        }
        Ok(())
    };
    tokio::select! {
        locked = lock => locked.map_err(|error| explain_lock(deployment, &key, error))?,
        () = interrupt() => {
            return Err("interrupted: the release may be locked: run the command again to wait \
                        until it is immutable, or `release unlock` to undo it".into());
        }
    }
    output::line(&format!("{what} is immutable"))
}

async fn unlock(deployment: &Deployment, tag: TagName, name: &ProjectRef, yes: bool) -> Outcome {
    let project = find_project(deployment, name).await?;
    let what = format!("release {tag} of {project}");
    let id = project.id;
    let key = ReleaseKey { project: id, tag };
    if !yes {
        let question = format!("Unlock {what}, so that its links can change?");
        output::confirm(&question, &format!("{what} was not unlocked"))?;
    }
    let unlocked = deployment.session().releases().unlock(&key).await;
    let was_locked = unlocked.map_err(|error| explain_lock(deployment, &key, error))?;
    output::line(&if was_locked {
        format!("unlocked {what}")
    } else {
        format!("{what} is not immutable")
    })
}
