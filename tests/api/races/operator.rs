//! The operator's commands `release restore` and `import`, by the functions behind them.

use std::time::Duration;

use release_links::link::{LinkId, NewLink};
use release_links::release::{Details, Release};
use release_links::store::operator::{
    ImportMode, ImportedRelease, ReleaseBackup, ReleaseImport, RestoreInto, RestoreOutcome,
};
use release_links::timestamp::Timestamp;
use testkit::usage;

use super::world::Process;

/// Time limit for reading and writing a whole release.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// A release of the tag `v1` as a copy of the table has it.
#[derive(Clone)]
pub(super) struct Backup(ReleaseBackup);

/// Reads the release as the table has it now, which stands for a table restored to this time.
pub(super) async fn back_up(process: &Process) -> Backup {
    let session = process.operator.session(RELEASE_TIMEOUT);
    let backup = session.releases().back_up(&usage::release("v1")).await;
    Backup(backup.unwrap())
}

/// Restores the release, and returns for each link whether it was restored or exists. Fails with
/// the message of the command.
pub(super) async fn restore(process: &Process, backup: &Backup) -> Result<Vec<bool>, String> {
    let session = process.operator.session(RELEASE_TIMEOUT);
    let (releases, release) = (session.releases(), usage::release("v1"));
    let into = RestoreInto::Active(release.project);
    let restored = releases.restore(&release, &backup.0, &into).await;
    let restored = restored.map_err(|error| error.to_string())?;
    let is_there = |outcome: &RestoreOutcome| {
        matches!(outcome, RestoreOutcome::Restored | RestoreOutcome::Exists)
    };
    let links = restored.links.iter();
    Ok(links.map(|link| is_there(&link.outcome)).collect())
}

/// A release of the tag `v1` that another system has, with links of these IDs.
pub(super) fn foreign(ids: impl IntoIterator<Item = u64>) -> ReleaseImport {
    let key = usage::release("v1");
    let time: Timestamp = "2020-01-02T03:04:05Z".parse().unwrap();
    let release = Release {
        project: key.project,
        tag: key.tag,
        details: Details::default(),
        created_at: time,
        released_at: time,
        immutable_at: None,
    };
    let link = |id: u64| {
        let (name, url) = (format!("n{id}"), format!("https://e.com/n{id}"));
        let link = NewLink::new(name, url).unwrap();
        let link = link.with_filepath(format!("/bin/n{id}")).unwrap();
        (link.with_id(LinkId::new(id.into()).unwrap()), time)
    };
    ReleaseImport::new(release, ids.into_iter().map(link).collect(), 0)
}

/// Imports the release. Fails with the message of the command.
pub(super) async fn import(
    process: &Process,
    release: &ReleaseImport,
    recreates: bool,
) -> Result<ImportedRelease, String> {
    let session = process.operator.session(RELEASE_TIMEOUT);
    let into = RestoreInto::Active(usage::release("v1").project);
    let mode = ImportMode {
        recreates,
        is_trial: false,
    };
    let imported = session.releases().import(release, mode, &into).await;
    imported.map_err(|error| error.to_string())
}
