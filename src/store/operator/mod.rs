//! The operator's half of the store: projects, tokens, and the deletion of projects.
//!
//! Only the types in this module make the calls that the function's policy forbids, and the
//! function never uses these types.

mod backup;
mod check;
mod deletion;
mod digests;
mod error;
mod export;
mod import;
mod locks;
mod project_import;
mod project_items;
mod project_restore;
mod projects;
mod rebirth;
mod releases;
mod restore;
mod rounds;
mod scan;
mod server_clock;
mod tokens;

pub use backup::{ReleaseBackup, RestoreOutcome, RestoredLink, RestoredRelease};
pub use deletion::HiddenProject;
pub use digests::AddedDigest;
pub use error::{AdminError, FormerOwner};
pub use export::{
    BegunRelease, ExportedLink, ExportedProject, ExportedRelease, OrderPosition, Part,
};
pub use import::{ImportMode, ImportOutcome, ImportedLink, ImportedRelease, ReleaseImport};
pub use project_items::{ProjectChanges, ProjectState, ProjectVersion};
pub use project_restore::{RestoreFrom, RestoredPath, RestoredProject};
pub use projects::{Projects, Takeover};
pub use releases::{OperatorReleases, ReleaseEntry};
pub use restore::RestoreInto;
pub use scan::StoredTag;
pub use tokens::Tokens;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use server_clock::ServerClock;

use super::session::Session;
use super::table::{ServerTime, Table};
use super::write_limit::WriteLimit;

/// The operator's handle on the table; cheap to clone.
#[derive(Debug, Clone)]
pub struct Operator {
    table: Table,
}

impl Operator {
    /// The table with this name. The timeouts and retries of the client are set here.
    #[must_use]
    pub fn new(sdk: aws_sdk_dynamodb::config::Builder, table: String) -> Self {
        let server_time = ServerTime::default();
        let sdk = sdk.interceptor(ServerClock(server_time.clone()));
        let table = Table {
            server_time,
            ..Table::new(sdk, table)
        };
        Self { table }
    }

    /// Takes at most this number of write units a second, and waits while DynamoDB throttles it, so
    /// that a purge or a restore leaves some of the table's maximum to the service.
    #[must_use]
    pub fn with_write_limit(mut self, units_per_second: u32) -> Self {
        self.table.write_limit = Some(Arc::new(WriteLimit::new(units_per_second)));
        self
    }

    /// Starts a session with this time limit for all its calls together.
    #[must_use]
    pub fn session(&self, time_left: Duration) -> OperatorSession<'_> {
        OperatorSession {
            store: Session::new(&self.table, time_left, SystemTime::now()),
        }
    }
}

/// The table during one command, or a part of it.
#[derive(Debug)]
pub struct OperatorSession<'a> {
    store: Session<'a>,
}

impl OperatorSession<'_> {
    /// The releases.
    #[must_use]
    pub fn releases(&self) -> OperatorReleases<'_> {
        OperatorReleases::new(&self.store)
    }

    /// The projects.
    #[must_use]
    pub fn projects(&self) -> Projects<'_> {
        Projects::new(&self.store)
    }

    /// The tokens.
    #[must_use]
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens::new(&self.store)
    }
}
