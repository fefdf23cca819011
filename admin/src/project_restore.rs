//! `release-links-admin project restore`.

use std::time::SystemTime;

use release_links::project::{Project, ProjectId};
use release_links::store::operator::{
    ProjectVersion, RestoreFrom, RestoreOutcome, RestoredLink, RestoredPath, RestoredProject,
};

use crate::cli::RestoreProject;
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::interrupt::interrupt;
use crate::release_restore::{Backup, RestoredRelease, check_all, restore_releases};
use crate::takeover::describe_loss;
use crate::{Outcome, output};

/// Makes a hidden project visible, or brings a purged one back from another table.
pub async fn restore(deployment: &Deployment, arguments: RestoreProject) -> Outcome {
    let RestoreProject {
        which,
        path,
        takeover,
        from,
        with_grants,
        pace: _,
    } = arguments;
    let found = deployment.session().projects().find(&which.get()).await;
    let (Project { id, .. }, _) = found.map_err(|error| deployment.explain(error))?;
    let takeover = takeover.into();
    let path = RestoredPath { path, takeover };
    let Some(from) = from else {
        let restored = make_visible(deployment, id, RestoreFrom::Hidden, &path).await?;
        let paths = describe_paths(deployment, &restored);
        return output::line(&format!("restored {}{paths}", restored.project));
    };
    let backup = Backup::new(deployment, from, id);
    tokio::select! {
        outcome = restore_purged(deployment, backup, id, &path, with_grants) => outcome,
        () = interrupt() => Err(format!(
            "interrupted: project {id} may still be deleted, with a part of its releases \
             restored: run the command again to go on"
        )
        .into()),
    }
}

/// Restores the releases of a purged project, then its tokens' roles, and then makes it visible.
/// Until then, nobody sees a part of it, and the command can be run again.
async fn restore_purged(
    deployment: &Deployment,
    backup: Backup<'_>,
    id: ProjectId,
    path: &RestoredPath,
    with_grants: bool,
) -> Outcome {
    let session = deployment.session();
    let checked = session
        .projects()
        .check_restore(id, RestoreFrom::Purged, path);
    let purged = checked.await.map_err(|error| deployment.explain(error))?;
    backup.check().await?;
    let backup = backup.with_purged_project(purged.clone());
    let releases = restore_releases(&backup, false).await?;
    let roles = if with_grants {
        restore_roles(deployment, &backup, &purged).await?
    } else {
        String::new()
    };
    let restored = make_visible(deployment, id, RestoreFrom::Purged, path).await?;
    let paths = describe_paths(deployment, &restored);
    output::line(&format!(
        "restored {} with {}{roles}{paths}",
        restored.project,
        contents(&releases)
    ))?;
    note_unrestored(&releases);
    check_all(&backup, &releases)
}

/// The numbers of releases and links that the project has after the restore.
fn contents(releases: &[RestoredRelease]) -> String {
    let links = releases
        .iter()
        .filter_map(|release| release.links.as_ref().ok());
    let releases = output::quantity(links.clone().count(), "release");
    let is_there = |link: &&RestoredLink| {
        matches!(
            link.outcome,
            RestoreOutcome::Restored | RestoreOutcome::Exists
        )
    };
    let links = links.flatten().filter(is_there);
    let links = output::quantity(links.count(), "link");
    format!("{releases} and {links}")
}

/// Makes the project visible.
async fn make_visible(
    deployment: &Deployment,
    id: ProjectId,
    from: RestoreFrom,
    path: &RestoredPath,
) -> Result<RestoredProject, Failure> {
    let session = deployment.session();
    let restored = session
        .projects()
        .restore(id, from, path, SystemTime::now())
        .await;
    restored.map_err(|error| deployment.explain(error))
}

/// Gives the roles that tokens have in the backup to those that are still valid, and returns the
/// end of a sentence about it.
async fn restore_roles(
    deployment: &Deployment,
    backup: &Backup<'_>,
    project: &ProjectVersion,
) -> Result<String, Failure> {
    let mut count = 0;
    for (hash, role) in backup.roles().await? {
        let session = deployment.session();
        let restored = session
            .tokens()
            .restore_grant(&hash, role, project, SystemTime::now())
            .await;
        count += usize::from(restored.map_err(|error| deployment.explain(error))?);
    }
    Ok(format!(
        ", and the roles of {}",
        output::quantity(count, "token")
    ))
}

/// The end of a sentence: the former paths that the project has lost, and the project that has lost
/// a path to it.
fn describe_paths(deployment: &Deployment, restored: &RestoredProject) -> String {
    let lost = match restored.lost_paths.as_slice() {
        [] => String::new(),
        [path] => format!("; its former path {path} belongs to another project now"),
        paths => format!(
            "; its former paths {} belong to other projects now",
            paths.join(", ")
        ),
    };
    // Functions may have cached the project that had the path before.
    let taken = restored.former.as_ref();
    let taken =
        taken.map(|former| describe_loss(&restored.project, former) + &deployment.delay_notice());
    lost + &taken.unwrap_or_default()
}

/// Prints why releases whose tags a path cannot name were not restored.
fn note_unrestored(releases: &[RestoredRelease]) {
    for RestoredRelease { tag, links, .. } in releases {
        if let Err(reason) = links {
            output::note(&format!("release {tag} was not restored: the tag {reason}"));
        }
    }
}
