//! `release-links-admin project …`.

use std::time::SystemTime;

use humantime::format_rfc3339_seconds;
use release_links::project::{Project, ProjectRef, Visibility};
use release_links::store::operator::{ProjectChanges, ProjectState, Takeover};
use serde::Serialize;

use crate::cli::ProjectCommand;
use crate::deletion::{delete, purge};
use crate::deployment::{Deployment, KEPT_NOTICE};
use crate::project_restore::restore;
use crate::takeover::describe_loss;
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

/// A hidden project in the output of `--json`; the time is RFC 3339 in UTC.
#[derive(Serialize)]
struct HiddenView<'a> {
    #[serde(flatten)]
    project: ProjectView<'a>,
    state: &'static str,
    since: String,
}

impl<'a> HiddenView<'a> {
    fn new((project, state): &'a (Project, ProjectState)) -> Option<Self> {
        let (state, since) = match state {
            ProjectState::Hidden(since) => ("hidden", since),
            ProjectState::Purging(since) => ("purging", since),
            ProjectState::Visible | ProjectState::Deleted(_) => return None,
        };
        Some(Self {
            project: ProjectView::new(project),
            state,
            since: format_rfc3339_seconds(*since).to_string(),
        })
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
        ProjectCommand::List {
            hidden: false,
            json,
        } => list(deployment, json).await,
        ProjectCommand::List { hidden: true, json } => list_hidden(deployment, json).await,
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
        ProjectCommand::Delete(arguments) => delete(deployment, arguments).await,
        ProjectCommand::Purge(arguments) => purge(deployment, arguments).await,
        ProjectCommand::Restore(arguments) => restore(deployment, arguments).await,
    }
}

async fn list(deployment: &Deployment, json: bool) -> Outcome {
    let projects = deployment.session().projects().list().await;
    let projects = projects.map_err(|error| deployment.explain(error))?;
    let visible = projects
        .into_iter()
        .filter(|(_, state)| *state == ProjectState::Visible);
    let visible: Vec<Project> = visible.map(|(project, _)| project).collect();
    show(&visible, json)
}

async fn list_hidden(deployment: &Deployment, json: bool) -> Outcome {
    let projects = deployment.session().projects().list().await;
    let projects = projects.map_err(|error| deployment.explain(error))?;
    let views = projects.iter().filter_map(HiddenView::new);
    if json {
        return output::json(&views.collect::<Vec<_>>());
    }
    let row = |view: HiddenView<'_>| {
        let ProjectView {
            id,
            path,
            visibility,
        } = view.project;
        let (id, path, visibility) = (id.to_string(), path.to_owned(), visibility.to_owned());
        [id, path, visibility, view.state.to_owned(), view.since]
    };
    let heading = ["ID", "PATH", "VISIBILITY", "STATE", "SINCE"];
    output::table(heading, views.map(row))
}

async fn create(deployment: &Deployment, project: Project, takeover: Takeover) -> Outcome {
    let created = deployment
        .session()
        .projects()
        .create(&project, takeover)
        .await;
    let former = created.map_err(|error| deployment.explain(error))?;
    // Functions may have cached the project that had the path before.
    let lost = former.map(|former| describe_loss(&project, &former) + &deployment.delay_notice());
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
    let (is_hidden, is_renamed) = (
        changes.visibility == Some(Visibility::Private),
        changes.path.is_some(),
    );
    let updated = session
        .projects()
        .update(which, changes, takeover, now)
        .await;
    let (project, former) = updated.map_err(|error| deployment.explain(error))?;
    let lost = former.map(|former| describe_loss(&project, &former));
    let (lost, delay) = (lost.unwrap_or_default(), deployment.delay_notice());
    output::line(&format!("updated {project}{lost}{delay}"))?;
    if is_hidden || (is_renamed && project.visibility == Visibility::Public) {
        return output::line(KEPT_NOTICE);
    }
    Ok(())
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
