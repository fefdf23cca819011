//! The operator's half of the store: projects, tokens, and the deletion of projects.
//!
//! The function never makes an [`Operator`]: what its policy forbids, only the types of this module
//! can call.

mod batch;
mod check;
mod deletion;
mod error;
mod projects;
mod rounds;
mod scan;
mod tokens;

pub use deletion::Deletion;
pub use error::{AdminError, FormerOwner};
pub use projects::{ProjectChanges, Projects, Takeover};
pub use tokens::Tokens;

use std::time::Duration;

use super::session::Session;
use super::table::Table;

/// The operator's handle on the table; cheap to clone.
#[derive(Debug, Clone)]
pub struct Operator {
    table: Table,
}

impl Operator {
    /// The table with this name. The timeouts and retries of the client are set here.
    #[must_use]
    pub fn new(sdk: aws_sdk_dynamodb::config::Builder, table: String) -> Self {
        Self {
            table: Table::new(sdk, table),
        }
    }

    /// Starts a session with this time limit for all its calls together.
    #[must_use]
    pub fn session(&self, time_left: Duration) -> OperatorSession<'_> {
        OperatorSession {
            store: Session::new(&self.table, time_left),
        }
    }
}

/// The table during one command, or a part of it.
#[derive(Debug)]
pub struct OperatorSession<'a> {
    store: Session<'a>,
}

impl<'a> OperatorSession<'a> {
    /// Links and releases, as requests change them.
    #[must_use]
    pub fn store(&self) -> &Session<'a> {
        &self.store
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
