//! `release-links-admin project …`.

use std::io::{IsTerminal, Write, stderr, stdin};
use std::time::{Duration, Instant, SystemTime};

use indicatif::{ProgressBar, ProgressStyle};
use release_links::project::{Project, ProjectId, ProjectRef};
use release_links::store::{AdminError, ProjectChanges};
use serde::Serialize;

use crate::cli::ProjectCommand;
use crate::{Operator, Outcome, output};

/// The function's timeout, `Timeout` in template.yaml.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(15);

/// A project in the output of `--json`.
#[derive(Serialize)]
struct ProjectView<'a> {
    id: u64,
    path: &'a str,
    visibility: &'static str,
}

impl<'a> ProjectView<'a> {
    fn new(project: &'a Project) -> Self {
        Self {
            id: project.id.number(),
            path: project.path.as_str(),
            visibility: project.visibility.as_str(),
        }
    }
}

pub async fn run(operator: &Operator, command: ProjectCommand) -> Outcome {
    match command {
        ProjectCommand::Create {
            id,
            path,
            visibility,
        } => {
            create(
                operator,
                Project {
                    id,
                    path,
                    visibility,
                },
            )
            .await
        }
        ProjectCommand::List { json } => {
            let projects = operator.session().projects().await;
            show(&projects.map_err(|error| operator.explain(error))?, json)
        }
        ProjectCommand::Show { which, json } => {
            let project = operator.session().project(&which.get()).await;
            let project = project.map_err(|error| operator.explain(error))?;
            if json {
                output::json(&ProjectView::new(&project))
            } else {
                show(&[project], false)
            }
        }
        ProjectCommand::Update { which, changes } => {
            update(operator, &which.get(), changes.into()).await
        }
        ProjectCommand::Delete { which, yes, wait } => {
            delete(operator, &which.get(), yes, wait).await
        }
    }
}

async fn create(operator: &Operator, project: Project) -> Outcome {
    let created = operator.session().create_project(&project).await;
    created.map_err(|error| operator.explain(error))?;
    output::print(&format!("created {}\n", describe(&project)))
}

async fn update(operator: &Operator, which: &ProjectRef, changes: ProjectChanges) -> Outcome {
    let updated = operator
        .session()
        .update_project(which, changes, SystemTime::now())
        .await;
    let project = updated.map_err(|error| operator.explain(error))?;
    output::print(&format!(
        "updated {}{}\n",
        describe(&project),
        operator.delay()
    ))
}

fn describe(project: &Project) -> String {
    format!(
        "project {} ({}, {})",
        project.id,
        project.path,
        project.visibility.as_str()
    )
}

fn show(projects: &[Project], json: bool) -> Outcome {
    if json {
        return output::json(&projects.iter().map(ProjectView::new).collect::<Vec<_>>());
    }
    let row = |project: &Project| {
        let visibility = project.visibility.as_str().to_owned();
        [project.id.to_string(), project.path.to_string(), visibility]
    };
    output::table(["ID", "PATH", "VISIBILITY"], projects.iter().map(row))
}

/// Hides the project, waits, deletes its releases and grants, and marks it as deleted. The command
/// can be interrupted at any point and run again.
async fn delete(
    operator: &Operator,
    which: &ProjectRef,
    yes: bool,
    wait: Option<Duration>,
) -> Outcome {
    let explain = |error| operator.explain(error);
    let project = operator
        .session()
        .project_to_delete(which)
        .await
        .map_err(explain)?;
    if !yes {
        confirm(&project)?;
    }
    let now = SystemTime::now();
    let deletion = operator
        .session()
        .begin_deletion(project.id, now)
        .await
        .map_err(explain)?;
    let wait = wait.unwrap_or(operator.identity_cache + FUNCTION_TIMEOUT);
    wait_for_writes(remaining(wait, deletion.since, SystemTime::now())).await;
    let what = describe(&deletion.project);
    let deleted = delete_contents(operator, deletion.project.id)
        .await
        .map_err(|error| {
            format!(
                "{}; run `project delete {}` again to finish the deletion",
                explain(error),
                project.id
            )
        })?;
    output::print(&format!(
        "deleted {what} and {deleted} items of its releases\n"
    ))
}

/// Deletes everything that belongs to a hidden project, and returns the number of items.
async fn delete_contents(operator: &Operator, project: ProjectId) -> Result<usize, AdminError> {
    let deleted = delete_releases(operator, project).await?;
    revoke_grants(operator, project).await?;
    operator
        .session()
        .finish_deletion(project, SystemTime::now())
        .await?;
    Ok(deleted)
}

fn confirm(project: &Project) -> Outcome {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        let what = describe(project);
        return Err(format!(
            "{what} was not deleted: without a terminal, pass --yes to confirm the deletion"
        ));
    }
    let fail = |error: std::io::Error| format!("cannot ask for confirmation: {error}");
    write!(
        stderr(),
        "Delete {} with all its releases and links? Type yes to confirm: ",
        describe(project)
    )
    .map_err(fail)?;
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(fail)?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err("nothing was deleted: the deletion was not confirmed".to_owned())
    }
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
    if wait.is_zero() {
        return;
    }
    let seconds = wait.as_secs_f64().ceil();
    let sentence =
        format!("waiting {seconds} s until no running function can write to the project");
    if !stderr().is_terminal() {
        eprintln!("{sentence}");
    }
    let progress = ProgressBar::new(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    progress.set_style(
        ProgressStyle::with_template("{msg} {bar:40} {eta}").expect("the template is valid"),
    );
    progress.set_message(sentence);
    let end = Instant::now() + wait;
    while let Some(left) = end
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        tokio::time::sleep(left.min(Duration::from_millis(100))).await;
        progress.set_position(u64::try_from((wait - left).as_millis()).unwrap_or(u64::MAX));
    }
    progress.finish_and_clear();
}

async fn delete_releases(operator: &Operator, project: ProjectId) -> Result<usize, AdminError> {
    let progress = ProgressBar::new_spinner();
    progress.enable_steady_tick(Duration::from_millis(100));
    progress.set_message("searching for releases");
    let note = |deleted| progress.set_message(format!("deleted {deleted} items"));
    let deleted = operator.store.delete_releases(project, note).await;
    progress.finish_and_clear();
    Ok(deleted?)
}

/// Removes the project from the tokens' grants. Expired tokens are skipped: they grant nothing, and
/// DynamoDB may already have removed one of their two items.
async fn revoke_grants(operator: &Operator, project: ProjectId) -> Result<(), AdminError> {
    for token in operator.session().tokens().await? {
        let has_grant = token.settings.grants.projects.contains_key(&project);
        if has_grant && !token.is_expired(SystemTime::now()) {
            operator.session().revoke_grant(token.id, project).await?;
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
