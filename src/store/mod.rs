//! The store: links, releases, projects and tokens in one DynamoDB table. The only place that names the SDK's operations.
//!
//! Each step of a [`Session`] is one DynamoDB call or one transaction, and nothing is written on the strength of an
//! earlier read without a condition that the read still holds.

mod identity;
mod item;
mod keys;
mod links;
mod projects;
mod purge;
mod refused;
mod session;
mod tokens;
mod transaction;

pub use projects::ProjectChanges;
pub use refused::Refused;
pub use session::{Session, Usage};

use std::time::Duration;

use aws_sdk_dynamodb::Client;

/// How long the start of the function may wait for its connection.
const WARM_UP_TIME: Duration = Duration::from_secs(3);

/// A handle on the table; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// The table of this name behind this client.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Opens the connection to DynamoDB with the cheapest call that the function's policy allows, so that the first
    /// request does not wait for DNS, TCP and TLS. A failure is ignored: that request will meet it again and say so.
    pub async fn warm_up(&self) {
        let session = self.session(WARM_UP_TIME);
        if let Err(error) = session.get_item(keys::project_by_id(0)).await {
            tracing::debug!(cause = error.cause(), "the warm-up call failed");
        }
    }
}
