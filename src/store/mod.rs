//! The store: links, releases, projects and tokens in one DynamoDB table. No other module calls
//! DynamoDB. What only the operator may change or call is in [`operator`].
//!
//! A [`StoreSession`] sends single calls and transactions. Every write that depends on an earlier
//! read has a condition that the item is unchanged.

mod batch;
mod cause;
mod entities;
mod error;
mod idempotency;
mod identity;
mod keys;
mod links;
mod list;
pub mod operator;
mod release_creation;
mod release_deletion;
mod release_order;
mod releases;
mod reservation;
mod restore;
mod session;
mod table;
mod transaction;
mod uniqueness;

pub use cause::{Cause, FailedCall, FailureKind};
pub use error::StoreError;
pub use links::CreatedLink;
pub use release_creation::CreatedRelease;
pub use release_order::ReleaseEntry;
pub use restore::{ReleaseBackup, RestoreOutcome, RestoredLink};
pub use session::{Session as StoreSession, Usage};

use std::time::Duration;

use aws_sdk_dynamodb::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;

use table::Table;

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
        if let Err(error) = self.session(time).send(Box::pin(call)).await {
            tracing::debug!(cause = %error, "the warm-up call failed");
        }
    }

    /// Starts a session with this time limit for all its calls together.
    #[must_use]
    pub fn session(&self, time_left: Duration) -> StoreSession<'_> {
        StoreSession::new(&self.table, time_left)
    }
}
