//! `release-links-admin release …`.

use std::time::Duration;

use release_links::project::ProjectRef;
use release_links::release::{InvalidTagName, ReleaseKey, TagName};
use release_links::store::{AdminError, ReleaseBackup, RestoreOutcome, RestoredLink};

use crate::cli::ReleaseCommand;
use crate::{Operator, Outcome, output};

/// Time limit for reading and writing a whole release.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(60 * 60);

pub async fn run(operator: &Operator, command: ReleaseCommand) -> Outcome {
    let ReleaseCommand::Restore {
        tag,
        project,
        from,
        dry_run,
    } = command;
    TagName::parse_new(tag.as_str()).map_err(refusal)?;
    let (release, backup) = back_up(operator, tag, &project, from).await?;
    let session = operator.store.session(RELEASE_TIMEOUT);
    let explain = |error| operator.explain(AdminError::Failed(error));
    if dry_run {
        let links = session.compare_release(&release, &backup).await;
        return show(&links.map_err(explain)?);
    }
    let links = session
        .restore_release(&release, &backup)
        .await
        .map_err(explain)?;
    show(&links)?;
    check(&links)
}

/// A restore may create the release, so it takes only tags that a request may create, too (R88).
fn refusal(reason: InvalidTagName) -> String {
    format!("Tag name invalid: the tag {reason}, so create the release under another tag")
}

/// Reads the release from the other table.
async fn back_up(
    operator: &Operator,
    tag: TagName,
    project: &ProjectRef,
    from: String,
) -> Result<(ReleaseKey, ReleaseBackup), String> {
    let project = operator.session().project(project).await;
    let project = project.map_err(|error| operator.explain(error))?.id;
    let release = ReleaseKey { project, tag };
    let source = operator.other_table(from.clone());
    let source = source.session(RELEASE_TIMEOUT);
    let backup = source
        .back_up_release(&release)
        .await
        .map_err(|error| format!("cannot read the table {from}: {error}"))?;
    if backup.is_empty() {
        let tag = &release.tag;
        return Err(format!(
            "the table {from} has no links of release {tag} in project {project}: check the tag and the table"
        ));
    }
    Ok((release, backup))
}

fn show(links: &[RestoredLink]) -> Outcome {
    let row = |restored: &RestoredLink| {
        let result = match &restored.outcome {
            RestoreOutcome::Missing => "missing".to_owned(),
            RestoreOutcome::Restored => "restored".to_owned(),
            RestoreOutcome::Exists => "exists".to_owned(),
            RestoreOutcome::Differs => "differs from the link with this ID".to_owned(),
            RestoreOutcome::Taken(violations) => {
                let messages: Vec<String> = violations.iter().map(ToString::to_string).collect();
                format!("not restored: {}", messages.join(", "))
            }
        };
        let link = &restored.link;
        [link.id.to_string(), link.name.clone(), result]
    };
    output::table(["ID", "NAME", "RESULT"], links.iter().map(row))
}

/// A restore fails if other links stand in its way.
fn check(links: &[RestoredLink]) -> Outcome {
    let is_blocked = |link: &&RestoredLink| {
        matches!(
            link.outcome,
            RestoreOutcome::Differs | RestoreOutcome::Taken(_)
        )
    };
    match links.iter().filter(is_blocked).count() {
        0 => Ok(()),
        count => Err(format!(
            "could not restore {count} of {} links, because other links have their ID, name, URL or \
             filepath: change or delete those, and run the command again",
            links.len()
        )),
    }
}
