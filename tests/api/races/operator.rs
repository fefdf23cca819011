//! The operator's command `release restore`, by the functions behind it.

use std::time::Duration;

use release_links::store::operator::{ReleaseBackup, RestoreInto, RestoreOutcome};
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
