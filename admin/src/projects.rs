//! `release-links-admin project …`.

use std::time::SystemTime;

use release_links::project::{Project, ProjectRef};
use release_links::store::operator::{FormerOwner, ProjectChanges, Takeover};
use serde::Serialize;

use crate::cli::ProjectCommand;
use crate::deletion::delete;
use crate::deployment::Deployment;
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

pub async fn run(deployment: &Deployment, command: ProjectCommand) -> Outcome {
    match command {
        ProjectCommand::Create {
            id,
            path,
            visibility,
            takeover,
        } => {
            let project = Project {
                id,
                path,
                visibility,
            };
            create(deployment, project, takeover.into()).await
        }
        ProjectCommand::List { json } => {
            let projects = deployment.session().projects().list().await;
            show(&projects.map_err(|error| deployment.explain(error))?, json)
        }
        ProjectCommand::Show { which, json } => {
            let project = deployment.session().projects().get(&which.get()).await;
            let project = project.map_err(|error| deployment.explain(error))?;
            if json {
                output::json(&ProjectView::new(&project))
            } else {
                show(&[project], false)
            }
        }
        ProjectCommand::Update {
            which,
            changes,
            takeover,
        } => update(deployment, &which.get(), changes.into(), takeover.into()).await,
        ProjectCommand::Delete { which, yes, wait } => {
            delete(deployment, &which.get(), yes, wait).await
        }
    }
}

async fn create(deployment: &Deployment, project: Project, takeover: Takeover) -> Outcome {
    let created = deployment
        .session()
        .projects()
        .create(&project, takeover)
        .await;
    let former = created.map_err(|error| deployment.explain(error))?;
    // Functions may have cached the project that had the path before.
    let lost = former.map(|former| loss(&project, &former) + &deployment.delay());
    let lost = lost.unwrap_or_default();
    output::line(&format!("created {project}{lost}"))
}

async fn update(
    deployment: &Deployment,
    which: &ProjectRef,
    changes: ProjectChanges,
    takeover: Takeover,
) -> Outcome {
    let now = SystemTime::now();
    let session = deployment.session();
    let updated = session
        .projects()
        .update(which, changes, takeover, now)
        .await;
    let (project, former) = updated.map_err(|error| deployment.explain(error))?;
    let lost = former.map(|former| loss(&project, &former));
    let (lost, delay) = (lost.unwrap_or_default(), deployment.delay());
    output::line(&format!("updated {project}{lost}{delay}"))
}

/// What a takeover does to the project that had the path before.
fn loss(project: &Project, former: &FormerOwner) -> String {
    let (path, id) = (&project.path, project.id);
    format!("; {path} {former}: its published download URLs now lead to project {id}")
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
