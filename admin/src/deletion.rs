//! `release-links-admin project delete` and `project purge`.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use release_links::project::{Project, ProjectId, ProjectRef, Visibility};
use release_links::store::operator::{AdminError, HiddenProject, ProjectState, ProjectVersion};
use tokio::time::Instant;

use crate::cli::{DeleteProject, PurgeProject};
use crate::deployment::{Deployment, KEPT_NOTICE};
use crate::failure::Failure;
use crate::interrupt::interrupt;
use crate::output::Progress;
use crate::{Outcome, output};

/// The function's timeout, `Timeout` in template.yaml.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(15);

/// Hides the project. With `--purge`, it also deletes the project for good.
pub async fn delete(deployment: &Deployment, arguments: DeleteProject) -> Outcome {
    let (project, state) = find(deployment, &arguments.which.get()).await?;
    let id = project.id;
    match state {
        ProjectState::Purging(_) if !arguments.purge => {
            return Err(deployment.explain(AdminError::Purging(id)));
        }
        ProjectState::Hidden(_) if !arguments.purge => {
            return output::line(&hidden_notice(&project));
        }
        _ => {}
    }
    if !arguments.yes {
        let locked = count_locked(deployment, id).await?;
        if arguments.purge {
            confirm_purge(&project, &locked)?;
        } else {
            confirm_hiding(&project, &locked)?;
        }
    }
    let stage = Cell::new(Stage::Hiding);
    let hide = async {
        let session = deployment.session();
        let hidden = session.projects().hide(id, SystemTime::now()).await;
        let hidden = hidden.map_err(|error| deployment.explain(error))?;
        if arguments.purge {
            return purge_hidden(deployment, hidden, arguments.wait, &stage).await;
        }
        report_hidden(deployment, &project)
    };
    tokio::select! {
        outcome = hide => outcome,
        () = interrupt() => Err(stage.get().interruption(id).into()),
    }
}

/// Deletes a hidden project for good. It can be interrupted at any point and run again.
pub async fn purge(deployment: &Deployment, arguments: PurgeProject) -> Outcome {
    let (project, state) = find(deployment, &arguments.which.get()).await?;
    let id = project.id;
    if state == ProjectState::Visible {
        return Err(format!(
            "project {id} is not hidden: run `project delete {id}` before you purge it"
        )
        .into());
    }
    if !arguments.yes {
        confirm_purge(&project, &count_locked(deployment, id).await?)?;
    }
    let stage = Cell::new(Stage::Waiting);
    let purge = async {
        let hidden = deployment.session().projects().hidden(id).await;
        let hidden = hidden.map_err(|error| deployment.explain(error))?;
        purge_hidden(deployment, hidden, arguments.wait, &stage).await
    };
    tokio::select! {
        outcome = purge => outcome,
        () = interrupt() => Err(stage.get().interruption(id).into()),
    }
}

/// The project, unless it is already deleted.
async fn find(
    deployment: &Deployment,
    which: &ProjectRef,
) -> Result<(Project, ProjectState), Failure> {
    let found = deployment.session().projects().find(which).await;
    let (project, state) = found.map_err(|error| deployment.explain(error))?;
    if let ProjectState::Deleted(deleted_at) = state {
        let id = project.id;
        return Err(deployment.explain(AdminError::Deleted { id, deleted_at }));
    }
    Ok((project, state))
}

/// The beginning of a question: how many of the project's releases are immutable, if some are.
async fn count_locked(deployment: &Deployment, id: ProjectId) -> Result<String, Failure> {
    let session = deployment.session();
    let locked = session.releases().count_locked(id).await;
    Ok(
        match locked.map_err(|error| deployment.explain_store(&error))? {
            0 => String::new(),
            1 => format!("1 release of project {id} is immutable. "),
            locked => format!("{locked} releases of project {id} are immutable. "),
        },
    )
}

fn confirm_hiding(project: &Project, locked: &str) -> Outcome {
    let id = project.id;
    let question = format!(
        "{locked}Hide {project} with all its releases and links? `project restore {id}` undoes \
         this."
    );
    output::confirm(&question, &format!("{project} was not hidden"))
}

fn confirm_purge(project: &Project, locked: &str) -> Outcome {
    let question = format!(
        "{locked}Purge {project}: delete all its releases and links, and the tokens' roles in it?"
    );
    output::confirm(&question, &format!("{project} was not purged"))
}

/// Says that the project is hidden now, and for whom it may not be yet.
fn report_hidden(deployment: &Deployment, project: &Project) -> Outcome {
    let (notice, delay) = (hidden_notice(project), deployment.delay_notice());
    output::line(&format!("{notice}{delay}"))?;
    match project.visibility {
        Visibility::Public => output::line(KEPT_NOTICE),
        Visibility::Private => Ok(()),
    }
}

/// The sentence after a project was hidden.
fn hidden_notice(project: &Project) -> String {
    let id = project.id;
    format!("{project} is hidden: `project restore {id}` brings it back until `project purge {id}`")
}

/// How far a deletion got.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Hiding,
    Waiting,
    Purging,
}

impl Stage {
    /// The sentence for an operator who interrupted the command.
    fn interruption(self, id: ProjectId) -> String {
        let rest = match self {
            Self::Hiding => {
                format!(
                    "may already be hidden: `project show {id}` shows the project if it is not, \
                     and says what to do if it is"
                )
            }
            Self::Waiting => format!(
                "is hidden, and this run has deleted none of its releases; run `project purge \
                 {id}` to finish the deletion, or `project restore {id}` to undo it"
            ),
            Self::Purging => format!(
                "is hidden, and some or all of its releases are deleted; run `project purge {id}` \
                 to finish the deletion"
            ),
        };
        format!("interrupted: project {id} {rest}")
    }
}

/// Waits, deletes the project's releases and grants, and marks it as deleted.
async fn purge_hidden(
    deployment: &Deployment,
    hidden: HiddenProject,
    wait: Option<Duration>,
    stage: &Cell<Stage>,
) -> Outcome {
    stage.set(Stage::Waiting);
    if !hidden.is_purging {
        let wait = wait.unwrap_or(deployment.identity_cache + FUNCTION_TIMEOUT);
        let left = remaining_wait(wait, hidden.since, SystemTime::now());
        wait_for_writes(left, "the project").await;
    }
    stage.set(Stage::Purging);
    let id = hidden.project.id;
    let removed = remove_all(deployment, &hidden).await;
    let removed = removed.map_err(|error| match error {
        error @ AdminError::Failed(_) => deployment
            .explain(error)
            .with_advice(&format!("run `project purge {id}` to finish the deletion")),
        error => deployment.explain(error),
    })?;
    let project = hidden.project;
    output::line(&format!(
        "deleted {project} and {removed} items of its releases"
    ))
}

/// Deletes everything that belongs to a hidden project, and returns the number of items.
async fn remove_all(deployment: &Deployment, hidden: &HiddenProject) -> Result<usize, AdminError> {
    let session = deployment.session();
    let begun = session.projects().begin_purge(hidden, SystemTime::now());
    let purge = begun.await?;
    let removed = remove_releases(deployment, &purge).await?;
    revoke_grants(deployment, hidden.project.id, &purge).await?;
    let session = deployment.session();
    let finished = session.projects().finish_purge(&purge, SystemTime::now());
    finished.await?;
    Ok(removed)
}

/// The rest of a wait that began when the project was hidden. If that time is in the future because
/// clocks differ, it is the whole wait.
fn remaining_wait(wait: Duration, since: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(since)
        .map_or(wait, |passed| wait.saturating_sub(passed))
}

/// Waits for functions that may still write to the project or the release, and that finish at any time
/// before their timeout.
pub async fn wait_for_writes(wait: Duration, what: &str) {
    let sentence =
        |left: u64| format!("waiting {left} s until no running function can write to {what}");
    let end = Instant::now() + wait;
    let mut left = round_up_to_seconds(wait);
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
fn round_up_to_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

async fn remove_releases(
    deployment: &Deployment,
    purge: &ProjectVersion,
) -> Result<usize, AdminError> {
    let progress = Progress::start("searching for releases");
    let note = |removed| progress.show(&format!("deleted {removed} items"));
    deployment.operator.remove_releases(purge, note).await
}

/// Removes the project from the tokens' grants. Expired tokens are skipped: they grant nothing, and
/// DynamoDB may already have removed one of their two items.
async fn revoke_grants(
    deployment: &Deployment,
    project: ProjectId,
    purge: &ProjectVersion,
) -> Result<(), AdminError> {
    for token in deployment.session().tokens().list().await? {
        let has_grant = token.settings.grants.projects.contains_key(&project);
        if has_grant && !token.is_expired(SystemTime::now()) {
            deployment
                .session()
                .tokens()
                .revoke_grant(token.id, purge)
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
            assert_eq!(remaining_wait(wait, since, now), rest);
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
