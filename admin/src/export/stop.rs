//! Why an export ends early.

use release_links::store::StoreError;

use crate::failure::Failure;

/// Why an export ends before its last line.
#[derive(Debug)]
pub enum Stop {
    /// The reader has closed the pipe.
    Closed,
    /// The table could not be read.
    Store(StoreError),
    /// Anything else.
    Failed(Failure),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
