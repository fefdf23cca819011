//! `release-links-admin project …`.

use std::time::SystemTime;

use release_links::project::{Project, ProjectRef};
use release_links::store::ProjectChanges;
use serde::Serialize;

use crate::cli::ProjectCommand;
use crate::deletion::delete;
use crate::operator::Operator;
use crate::{Outcome, output};

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
            let project = Project {
                id,
                path,
                visibility,
            };
            create(operator, project).await
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
    output::line(&format!("created {}", describe(&project)))
}

async fn update(operator: &Operator, which: &ProjectRef, changes: ProjectChanges) -> Outcome {
    let updated = operator
        .session()
        .update_project(which, changes, SystemTime::now())
        .await;
    let project = updated.map_err(|error| operator.explain(error))?;
    output::line(&format!(
        "updated {}{}",
        describe(&project),
        operator.delay()
    ))
}

pub fn describe(project: &Project) -> String {
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
