//! `release-links-admin release …`.

use std::time::{Duration, SystemTime};

use release_links::project::ProjectRef;
use release_links::release::{ReleaseKey, TagName};
use release_links::store::{AdminError, RestoreOutcome, RestoredLink};

use crate::cli::ReleaseCommand;
use crate::{Operator, Outcome, output};

/// Time limit for reading and writing a whole release.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(60 * 60);

pub async fn run(operator: &Operator, command: ReleaseCommand) -> Outcome {
    let ReleaseCommand::Restore { tag, project, from } = command;
    restore(operator, tag, &project, from).await
}

async fn restore(operator: &Operator, tag: TagName, project: &ProjectRef, from: String) -> Outcome {
    let project = operator.session().project(project).await;
    let project = project.map_err(|error| operator.explain(error))?;
    let release = ReleaseKey {
        project: project.id,
        tag,
    };
    let source = operator.other_table(from.clone());
    let source = source.session(RELEASE_TIMEOUT);
    let backup = source
        .back_up_release(&release)
        .await
        .map_err(|error| format!("cannot read the table {from}: {error}"))?;
    if backup.is_empty() {
        let (tag, id) = (&release.tag, project.id);
        return Err(format!(
            "the table {from} has no links of release {tag} in project {id}: check the tag and the table"
        ));
    }
    let session = operator.store.session(RELEASE_TIMEOUT);
    let links = session
        .restore_release(&release, &backup, SystemTime::now())
        .await
        .map_err(|error| operator.explain(AdminError::Failed(error)))?;
    output::table(["ID", "NAME", "RESULT"], links.iter().map(row))?;
    let is_missing = |link: &&RestoredLink| {
        matches!(
            link.outcome,
            RestoreOutcome::Differs | RestoreOutcome::Taken(_)
        )
    };
    match links.iter().filter(is_missing).count() {
        0 => Ok(()),
        count => Err(format!(
            "could not restore {count} of {} links, because other links have their ID, name, URL or \
             filepath: change or delete those, and run the command again",
            links.len()
        )),
    }
}

fn row(restored: &RestoredLink) -> [String; 3] {
    let result = match &restored.outcome {
        RestoreOutcome::Restored => "restored".to_owned(),
        RestoreOutcome::Exists => "exists".to_owned(),
        RestoreOutcome::Differs => "not restored: the link with this ID differs".to_owned(),
        RestoreOutcome::Taken(violations) => {
            let messages: Vec<String> = violations.iter().map(ToString::to_string).collect();
            format!("not restored: {}", messages.join(", "))
        }
    };
    let link = &restored.link;
    [link.id.to_string(), link.name.clone(), result]
}
