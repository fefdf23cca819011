//! `release-links-admin project delete`.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use release_links::project::{ProjectId, ProjectRef};
use release_links::store::operator::AdminError;
use tokio::time::Instant;

use crate::deployment::Deployment;
use crate::output::Progress;
use crate::{Outcome, output};

/// The function's timeout, `Timeout` in template.yaml.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(15);

/// Hides the project, waits, deletes its releases and grants, and marks it as deleted. The command
/// can be interrupted at any point and run again.
pub async fn delete(
    deployment: &Deployment,
    which: &ProjectRef,
    yes: bool,
    wait: Option<Duration>,
) -> Outcome {
    let found = deployment.session().projects().get_to_delete(which).await;
    let project = found.map_err(|error| deployment.explain(error))?;
    if !yes {
        output::confirm_deletion(&project.to_string(), "all its releases and links")?;
    }
    let stage = Cell::new(Stage::Hiding);
    let wait = wait.unwrap_or(deployment.identity_cache + FUNCTION_TIMEOUT);
    tokio::select! {
        outcome = delete_hidden(deployment, project.id, wait, &stage) => outcome,
        () = interrupt() => Err(stage.get().interrupted(project.id).into()),
    }
}

/// What has happened to the project so far.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Hiding,
    Waiting,
    Deleting,
}

impl Stage {
    fn interrupted(self, id: ProjectId) -> String {
        let state = match self {
            Self::Hiding => "may already be hidden, and this run has deleted none of its releases",
            Self::Waiting => "is hidden, and this run has deleted none of its releases",
            Self::Deleting => "is hidden, and some or all of its releases are deleted",
        };
        format!(
            "interrupted: project {id} {state}; run `project delete {id}` to finish the deletion"
        )
    }
}

/// Returns when the operator presses Ctrl-C.
async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler, the signal ends the process.
        std::future::pending().await
    }
}

async fn delete_hidden(
    deployment: &Deployment,
    id: ProjectId,
    wait: Duration,
    stage: &Cell<Stage>,
) -> Outcome {
    let session = deployment.session();
    let begun = session
        .projects()
        .begin_deletion(id, SystemTime::now())
        .await;
    let deletion = begun.map_err(|error| deployment.explain(error))?;
    stage.set(Stage::Waiting);
    wait_for_writes(remaining(wait, deletion.since, SystemTime::now())).await;
    stage.set(Stage::Deleting);
    let deleted = delete_contents(deployment, id).await.map_err(|error| {
        let advice = format!("run `project delete {id}` again to finish the deletion");
        deployment.explain(error).and(&advice)
    })?;
    output::line(&format!(
        "deleted {} and {deleted} items of its releases",
        deletion.project
    ))
}

/// Deletes everything that belongs to a hidden project, and returns the number of items.
async fn delete_contents(deployment: &Deployment, project: ProjectId) -> Result<usize, AdminError> {
    let deleted = delete_releases(deployment, project).await?;
    revoke_grants(deployment, project).await?;
    deployment
        .session()
        .projects()
        .finish_deletion(project, SystemTime::now())
        .await?;
    Ok(deleted)
}

/// The rest of a wait that began when the project was hidden. If that time is in the future because
/// clocks differ, it is the whole wait.
fn remaining(wait: Duration, since: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(since)
        .map_or(wait, |passed| wait.saturating_sub(passed))
}

/// Waits for functions that have cached the project: they may still accept writes to it, and finish
/// them at any time before their timeout.
async fn wait_for_writes(wait: Duration) {
    let sentence =
        |left: u64| format!("waiting {left} s until no running function can write to the project");
    let end = Instant::now() + wait;
    let mut left = seconds(wait);
    if left == 0 {
        return;
    }
    if !Progress::is_visible() {
        output::note(&sentence(left));
    }
    let progress = Progress::start(&sentence(left));
    while left > 0 {
        progress.show(&sentence(left));
        left -= 1;
        tokio::time::sleep_until(end - Duration::from_secs(left)).await;
    }
}

/// The duration in whole seconds, rounded up.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

async fn delete_releases(deployment: &Deployment, project: ProjectId) -> Result<usize, AdminError> {
    let progress = Progress::start("searching for releases");
    let note = |deleted| progress.show(&format!("deleted {deleted} items"));
    Ok(deployment.operator.delete_releases(project, note).await?)
}

/// Removes the project from the tokens' grants. Expired tokens are skipped: they grant nothing, and
/// DynamoDB may already have removed one of their two items.
async fn revoke_grants(deployment: &Deployment, project: ProjectId) -> Result<(), AdminError> {
    for token in deployment.session().tokens().list().await? {
        let has_grant = token.settings.grants.projects.contains_key(&project);
        if has_grant && !token.is_expired(SystemTime::now()) {
            deployment
                .session()
                .tokens()
                .revoke_grant(token.id, project)
                .await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_deletion_waits_for_the_remaining_time() {
        let (wait, now) = (Duration::from_secs(45), SystemTime::now());
        let second = Duration::from_secs(1);
        for (since, rest) in [
            (now, wait),
            (now - second, wait - second),
            (now - wait, Duration::ZERO),
            (now - wait - second, Duration::ZERO),
            (now + second, wait),
        ] {
            assert_eq!(remaining(wait, since, now), rest);
        }
    }

    #[test]
    fn the_function_timeout_matches_the_template() {
        let timeout = format!("\n      Timeout: {}\n", FUNCTION_TIMEOUT.as_secs());
        assert_eq!(
            include_str!("../../template.yaml")
                .matches(&timeout)
                .count(),
            1
        );
    }
}
