//! The store: links, releases and projects in one DynamoDB table. The only place that names the SDK's operations.
//!
//! Each step of a [`Session`] is one DynamoDB call or one transaction, and nothing is written on the strength of an
//! earlier read without a condition that the read still holds.

mod item;
mod keys;
mod links;
mod projects;
mod session;
mod transaction;

pub use session::{Session, Usage};

use aws_sdk_dynamodb::Client;

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
        let read = self.client.get_item().table_name(&self.table).set_key(Some(keys::project_by_id(0))).send();
        if let Err(error) = read.await {
            tracing::debug!(cause = %aws_sdk_dynamodb::error::DisplayErrorContext(error), "the warm-up call failed");
        }
    }
}
