//! The restore of releases from another table, such as a restored copy of this one.

use release_links::project::{ProjectId, ProjectRef, Role};
use release_links::release::{InvalidTagName, ReleaseKey, TagName};
use release_links::store::operator::{
    self as store, AdminError, Operator, ProjectState, ProjectVersion, ReleaseBackup, RestoreInto,
    RestoreOutcome, RestoredLink, StoredTag,
};
use release_links::token::HashedToken;

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::interrupt::interrupt;
use crate::output::Progress;
use crate::releases::immutable;
use crate::{Outcome, output};

/// A table that has releases of a project.
pub struct Backup<'a> {
    deployment: &'a Deployment,
    operator: Operator,
    table: String,
    project: ProjectId,
    /// The version of a project that was purged, which nobody may change during the restore. Neither
    /// its link IDs nor its generations may be assigned again.
    purged: Option<ProjectVersion>,
}

impl<'a> Backup<'a> {
    pub fn new(deployment: &'a Deployment, table: String, project: ProjectId) -> Self {
        Self {
            deployment,
            operator: deployment.other_table(table.clone()),
            table,
            project,
            purged: None,
        }
    }

    /// The same releases of a project that was purged since, which has this version now.
    pub fn with_purged_project(self, version: ProjectVersion) -> Self {
        Self {
            purged: Some(version),
            ..self
        }
    }

    fn explain(&self, error: AdminError) -> Failure {
        self.deployment.explain_other_table(&self.table, error)
    }

    /// Fails unless the table has the project with all its releases.
    pub async fn check(&self) -> Outcome {
        let session = self.deployment.session_for(&self.operator);
        let found = session.projects().find(&ProjectRef::Id(self.project)).await;
        match found {
            Ok((_, ProjectState::Visible | ProjectState::Hidden(_))) => Ok(()),
            Ok(_) | Err(AdminError::UnknownProject(_)) => {
                let (table, id) = (&self.table, self.project);
                Err(format!(
                    "the table {table} does not have project {id} with all its releases: check \
                     --from, or restore the table to a moment at which the project existed and its \
                     purge had not begun"
                )
                .into())
            }
            Err(error) => Err(self.explain(error)),
        }
    }

    /// The hashes of the tokens that have a role in the project, and their roles.
    pub async fn roles(&self) -> Result<Vec<(HashedToken, Role)>, Failure> {
        let session = self.deployment.session_for(&self.operator);
        let roles = session.tokens().roles_in(self.project).await;
        roles.map_err(|error| self.explain(error))
    }

    async fn tags(&self) -> Result<Vec<StoredTag>, Failure> {
        let tags = self.operator.tags(self.project).await;
        tags.map_err(|error| self.explain(error.into()))
    }

    async fn release(&self, key: &ReleaseKey) -> Result<ReleaseBackup, Failure> {
        let session = self.deployment.release_session(&self.operator);
        let backup = session.releases().back_up(key).await;
        backup.map_err(|error| self.explain(error.into()))
    }

    /// Restores a release, or with `dry_run` only compares its links.
    async fn restore(
        &self,
        key: &ReleaseKey,
        backup: &ReleaseBackup,
        dry_run: bool,
    ) -> Result<store::RestoredRelease, Failure> {
        let session = self.deployment.release_session(&self.deployment.operator);
        let releases = session.releases();
        if dry_run {
            let compared = releases.compare(key, backup).await;
            return compared.map_err(|error| self.deployment.explain_store(&error));
        }
        let into = match &self.purged {
            Some(version) => RestoreInto::Purged(version.clone()),
            None => RestoreInto::Active(self.project),
        };
        let restored = releases.restore(key, backup, &into).await;
        restored.map_err(|error| self.deployment.explain(error))
    }

    /// Before the restore of a tag of a purged project, prevents that its numbers are assigned again.
    async fn raise_counters(&self, key: &ReleaseKey, backup: &ReleaseBackup) -> Outcome {
        if self.purged.is_some() {
            let session = self.deployment.release_session(&self.deployment.operator);
            let raised = session.releases().raise_counters(key, backup).await;
            raised.map_err(|error| self.deployment.explain_store(&error))?;
        }
        Ok(())
    }

    /// The advice to an operator after links were not restored because of others. A project that was
    /// purged is visible by then, so it cannot be restored again.
    fn next_step(&self) -> String {
        if self.purged.is_some() {
            let (table, id) = (&self.table, self.project);
            format!("run `release restore --all --project {id} --from {table}`")
        } else {
            "run the command again".to_owned()
        }
    }

    fn key(&self, tag: TagName) -> ReleaseKey {
        let project = self.project;
        ReleaseKey { project, tag }
    }
}

/// Restores one release, and prints the outcome for each link.
pub async fn restore(backup: &Backup<'_>, tag: TagName, dry_run: bool) -> Outcome {
    TagName::parse_new(tag.as_str()).map_err(explain_tag)?;
    let key = backup.key(tag);
    let release = backup.release(&key).await?;
    let (tag, project) = (&key.tag, key.project);
    if !release.has_release() {
        let table = &backup.table;
        return Err(format!(
            "the table {table} has no release {tag} in project {project}: check the tag and the \
             table"
        )
        .into());
    }
    let store::RestoredRelease { was_missing, links } =
        backup.restore(&key, &release, dry_run).await?;
    if !dry_run && is_refused(&links) {
        return Err(immutable(tag).into());
    }
    if links.is_empty() {
        let what = match (was_missing, dry_run) {
            (false, _) => "exists",
            (true, false) => "is restored",
            (true, true) => "is missing",
        };
        return output::line(&format!(
            "release {tag} of project {project} {what}; it has no links in {}",
            backup.table
        ));
    }
    print_links(&links)?;
    if dry_run {
        Ok(())
    } else {
        check_links(backup, &links)
    }
}

/// A restore may create the release, so it takes only tags that a request may create, too (R88).
fn explain_tag(reason: InvalidTagName) -> String {
    format!("Tag name invalid: the tag {reason}, so create the release under another tag")
}

/// A release of the other table, and the outcome of its restore.
pub struct RestoredRelease {
    pub tag: TagName,
    /// Whether this table did not have it.
    pub was_missing: bool,
    /// Its links, unless a path cannot name the tag.
    pub links: Result<Vec<RestoredLink>, InvalidTagName>,
}

/// Restores all releases of the project, one after the other, and the last link IDs of tags whose
/// release was deleted. With `dry_run`, it only compares the links. It can be interrupted and run
/// again.
pub async fn restore_releases(
    backup: &Backup<'_>,
    dry_run: bool,
) -> Result<Vec<RestoredRelease>, Failure> {
    let progress = Progress::start("searching for releases");
    let tags = backup.tags().await?;
    let (count, verb) = (tags.len(), if dry_run { "compared" } else { "restored" });
    let mut restored = Vec::new();
    for (done, StoredTag { tag, has_release }) in tags.into_iter().enumerate() {
        progress.show(&format!("{verb} {done} of {count} tags"));
        let (was_missing, links) = match TagName::parse_new(tag.as_str()) {
            Err(reason) => (false, Err(reason)),
            Ok(_) if dry_run && !has_release => continue,
            Ok(_) => {
                let key = backup.key(tag.clone());
                let release = backup.release(&key).await?;
                let again = |error: Failure| error.with_advice("run the command again to go on");
                let raised = backup.raise_counters(&key, &release).await;
                raised.map_err(again)?;
                if !release.has_release() {
                    continue;
                }
                let restored = backup.restore(&key, &release, dry_run).await;
                let restored = restored.map_err(again)?;
                (restored.was_missing, Ok(restored.links))
            }
        };
        if has_release {
            restored.push(RestoredRelease {
                tag,
                was_missing,
                links,
            });
        }
    }
    Ok(restored)
}

/// Restores all releases of the project, and prints the outcome for each.
pub async fn restore_all(backup: &Backup<'_>, dry_run: bool) -> Outcome {
    backup.check().await?;
    let releases = tokio::select! {
        releases = restore_releases(backup, dry_run) => releases?,
        () = interrupt() => {
            return Err("interrupted: run the command again to restore the other releases".into());
        }
    };
    let row = |release: &RestoredRelease| {
        let (count, result) = match &release.links {
            Ok(links) => {
                let result = match (links.is_empty(), release.was_missing) {
                    (false, _) => summary(links),
                    (true, false) => "no links".to_owned(),
                    (true, true) if dry_run => "release missing".to_owned(),
                    (true, true) => "release restored".to_owned(),
                };
                (links.len().to_string(), result)
            }
            Err(reason) => ("-".to_owned(), format!("not restored: the tag {reason}")),
        };
        [release.tag.to_string(), count, result]
    };
    output::table(["TAG", "LINKS", "RESULT"], releases.iter().map(row))?;
    if dry_run {
        Ok(())
    } else {
        check_all(backup, &releases)
    }
}

/// How many links had each outcome.
fn summary(links: &[RestoredLink]) -> String {
    let count = |is_counted: fn(&RestoreOutcome) -> bool| {
        links
            .iter()
            .filter(|link| is_counted(&link.outcome))
            .count()
    };
    let parts = [
        (
            count(|outcome| *outcome == RestoreOutcome::Missing),
            "missing",
        ),
        (
            count(|outcome| *outcome == RestoreOutcome::Restored),
            "restored",
        ),
        (
            count(|outcome| *outcome == RestoreOutcome::Exists),
            "existing",
        ),
        (count(is_blocked), "not restored"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    parts.join(", ")
}

fn print_links(links: &[RestoredLink]) -> Outcome {
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

/// Whether other links prevented the restore of a link.
fn is_blocked(outcome: &RestoreOutcome) -> bool {
    matches!(outcome, RestoreOutcome::Differs | RestoreOutcome::Taken(_))
}

/// Fails if other links prevented the restore of some links.
fn check_links(backup: &Backup<'_>, links: &[RestoredLink]) -> Outcome {
    match links
        .iter()
        .filter(|link| is_blocked(&link.outcome))
        .count()
    {
        0 => Ok(()),
        count => Err(format!(
            "could not restore {count} of {} links, because other links have their ID, name, URL \
             or filepath: change or delete those, and {}",
            links.len(),
            backup.next_step()
        )
        .into()),
    }
}

/// Whether a restore has left links missing, which it does only in an immutable release.
fn is_refused(links: &[RestoredLink]) -> bool {
    links
        .iter()
        .any(|link| link.outcome == RestoreOutcome::Missing)
}

/// Fails as [`check_links`] does, and also if releases are immutable, or if a path cannot name the tag
/// of one.
pub fn check_all(backup: &Backup<'_>, releases: &[RestoredRelease]) -> Outcome {
    let links = releases
        .iter()
        .filter_map(|release| release.links.as_ref().ok());
    let refused = links.clone().filter(|links| is_refused(links)).count();
    check_links(backup, &links.flatten().cloned().collect::<Vec<_>>())?;
    if refused > 0 {
        return Err(format!(
            "could not restore {refused} of {} releases, because they are immutable: unlock them \
             first",
            releases.len()
        )
        .into());
    }
    match releases
        .iter()
        .filter(|release| release.links.is_err())
        .count()
    {
        0 => Ok(()),
        count => Err(format!(
            "could not restore {count} of {} releases, because a path cannot name their tags: \
             create them under other tags",
            releases.len()
        )
        .into()),
    }
}
