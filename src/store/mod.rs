//! The store: links, releases, projects and tokens in one DynamoDB table. No other module calls
//! DynamoDB. What only the operator may change or call is in [`operator`].
//!
//! Everything that belongs to one life of a release has that life's number, its generation, in its
//! key. The release's item says which generation lives. So a creation, a deletion or a restore of a
//! release is a change of one item, and the items of another generation cannot be seen.
//!
//! The files build on each other in this order: the keys and kinds of items, single calls,
//! transactions and retries, reads of a release, its birth and the removal of what is dead, and then
//! the operations.

mod assets;
mod batch;
mod birth;
mod cause;
mod condition;
mod constraints;
mod cursor;
mod error;
mod generations;
mod idempotency;
mod identity;
mod items;
mod keys;
mod links;
mod list;
mod living;
pub mod operator;
mod partition;
mod purge;
mod range;
mod release_creation;
mod release_deletion;
mod release_order;
mod releases;
mod reservation;
mod rounds;
pub mod schema;
mod session;
mod shown;
mod table;
mod transaction;
mod work;
mod write_limit;
mod writing;

pub use assets::Asset;
pub use cause::{Cause, FailedCall, FailureKind};
pub use error::StoreError;
pub use links::{CreatedLink, Links};
pub use release_creation::CreatedRelease;
pub use releases::Releases;
pub use session::Usage;
pub use shown::{Beginning, Room, ShownRelease, Summary};
pub use writing::WriteSession;

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;

use session::Session;
use table::Table;

use crate::project::{Project, ProjectRef};
use crate::release::ReleaseKey;
use crate::token::{HashedToken, Token};
use crate::writer::Writer;

/// A handle on the table; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    table: Table,
}

impl Store {
    /// The table with this name. The timeouts and retries of the client are set here.
    #[must_use]
    pub fn new(sdk: aws_sdk_dynamodb::config::Builder, table: String) -> Self {
        Self {
            table: Table::new(sdk, table),
        }
    }

    /// Opens the connection to DynamoDB with the cheapest call that the function's policy allows,
    /// so that the first request does not wait for DNS, TCP and TLS. It waits for `time` or less;
    /// zero disables the call. A failure is ignored, because the first request meets it again and
    /// reports it.
    pub async fn warm_up(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        let session = Session::new(&self.table, time, SystemTime::now());
        let retries = RetryConfig::disabled();
        let call = self
            .table
            .client
            .get_item()
            .table_name(&self.table.name)
            .set_key(Some(keys::project_by_id(0)))
            .customize();
        let call = call
            .config_override(Config::builder().retry_config(retries))
            .send();
        if let Err(error) = session.send(Box::pin(call)).await {
            tracing::debug!(cause = %error, "the warm-up call failed");
        }
    }

    /// Starts the session of a request at this time, with this time limit for all its calls
    /// together.
    #[must_use]
    pub fn session(&self, time_left: Duration, now: SystemTime) -> StoreSession<'_> {
        StoreSession {
            session: Session::new(&self.table, time_left, now),
        }
    }
}

/// The store during one request.
#[derive(Debug)]
pub struct StoreSession<'a> {
    session: Session<'a>,
}

impl StoreSession<'_> {
    /// The usage so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.session.usage()
    }

    /// The releases, for reading.
    #[must_use]
    pub fn releases(&self) -> Releases<'_> {
        Releases::new(&self.session)
    }

    /// The links of this release, for reading.
    #[must_use]
    pub fn links<'s>(&'s self, release: &'s ReleaseKey) -> Links<'s> {
        Links::new(&self.session, release)
    }

    /// The releases and links of the writer's project, for changes.
    #[must_use]
    pub fn write_as<'s>(&'s self, writer: &'s Writer) -> WriteSession<'s> {
        WriteSession::new(&self.session, writer)
    }

    /// The token with this hash, and those of the named projects that exist, in the order of the
    /// names. A project that is being deleted, or was, does not exist (F9). One call reads all.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn identify(
        &self,
        token: Option<&HashedToken>,
        projects: &[ProjectRef],
    ) -> Result<(Option<Token>, Vec<Project>), StoreError> {
        self.session.identify(token, projects).await
    }
}
