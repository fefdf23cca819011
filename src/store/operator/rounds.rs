//! Changes that begin again if the data has changed after it was read.

use crate::store::operator::error::AdminError;
use crate::store::transaction::MAX_ROUNDS;

/// Reads and writes until a round ends. A round that returns `None` found that the data had changed
/// after it was read.
pub(super) async fn in_rounds<T>(
    mut round: impl AsyncFnMut() -> Result<Option<T>, AdminError>,
) -> Result<T, AdminError> {
    for _ in 0..MAX_ROUNDS {
        if let Some(done) = round().await? {
            return Ok(done);
        }
    }
    Err(AdminError::Changed)
}
