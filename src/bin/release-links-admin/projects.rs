//! `release-links-admin project …`.

use std::io::{IsTerminal, Write, stderr, stdin};
use std::time::{Duration, SystemTime};

use indicatif::ProgressBar;
use release_links::project::{Project, ProjectRef};
use release_links::store::ProjectChanges;
use serde::Serialize;

use crate::cli::ProjectCommand;
use crate::{Operator, Outcome, output};

/// A project as `--json` shows it.
#[derive(Serialize)]
struct ProjectView<'a> {
    id: u64,
    path: &'a str,
    visibility: &'static str,
}

impl<'a> ProjectView<'a> {
    fn of(project: &'a Project) -> Self {
        Self { id: project.id.number(), path: project.path.as_str(), visibility: project.visibility.as_str() }
    }
}

pub async fn run(operator: &Operator, command: ProjectCommand) -> Outcome {
    let session = operator.session();
    let explain = |refused| operator.explain(refused);
    match command {
        ProjectCommand::Create { id, path, visibility } => {
            let project = Project { id, path, visibility };
            session.create_project(&project).await.map_err(explain)?;
            output::print(&format!("{} is created\n", describe(&project)))
        }
        ProjectCommand::List { json } => {
            let projects = session.projects().await.map_err(explain)?;
            if json { output::json(&projects.iter().map(ProjectView::of).collect::<Vec<_>>()) } else { list(&projects) }
        }
        ProjectCommand::Show { which, json } => {
            let project = session.project(&which.get()).await.map_err(explain)?;
            if json { output::json(&ProjectView::of(&project)) } else { list(&[project]) }
        }
        ProjectCommand::Update { which, changes } => {
            let changes = ProjectChanges { path: changes.path, visibility: changes.visibility };
            let project = session.update_project(&which.get(), changes).await.map_err(explain)?;
            output::print(&format!("{} is changed{}\n", describe(&project), operator.delay()))
        }
        ProjectCommand::Delete { which, yes } => delete(operator, &which.get(), yes).await,
    }
}

fn describe(project: &Project) -> String {
    format!("project {} ({}, {})", project.id, project.path, project.visibility.as_str())
}

fn list(projects: &[Project]) -> Outcome {
    let row =
        |project: &Project| [project.id.to_string(), project.path.to_string(), project.visibility.as_str().to_owned()];
    output::table(["ID", "PATH", "VISIBILITY"], projects.iter().map(row))
}

/// In an order that may be interrupted anywhere: first nobody sees the project any more, last its number is free.
async fn delete(operator: &Operator, which: &ProjectRef, yes: bool) -> Outcome {
    let explain = |refused| operator.explain(refused);
    if !yes && stdin().is_terminal() && stderr().is_terminal() {
        ask(which)?;
    }
    let project = operator.session().hide_project(which, SystemTime::now()).await.map_err(explain)?;
    let progress = ProgressBar::new_spinner();
    progress.enable_steady_tick(Duration::from_millis(100));
    progress.set_message("looking for releases");
    let note = |deleted| progress.set_message(format!("{deleted} items of its releases deleted"));
    let purged = operator.store.purge_releases(project.id, note).await;
    progress.finish_and_clear();
    let unfinished = |sentence: String| format!("{sentence}; `project delete {}` finishes the deletion", project.id);
    let purged = purged.map_err(|error| unfinished(operator.explain(error.into())))?;
    for token in operator.session().tokens().await.map_err(explain)? {
        if token.settings.grants.projects.contains_key(&project.id) {
            operator.session().revoke_grant(token.id, project.id).await.map_err(explain)?;
        }
    }
    operator.session().forget_project(&project).await.map_err(explain)?;
    let what = describe(&project);
    output::print(&format!("{what} is deleted, and {purged} items of its releases{}\n", operator.delay()))
}

fn ask(which: &ProjectRef) -> Outcome {
    let fail = |error: std::io::Error| format!("the question cannot be asked: {error}");
    write!(stderr(), "Delete project {which} with all its releases and links? Type yes: ").map_err(fail)?;
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(fail)?;
    if answer.trim() == "yes" { Ok(()) } else { Err("nothing was deleted".to_owned()) }
}
