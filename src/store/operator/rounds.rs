//! Changes that begin again if the data has changed after it was read.

use crate::store::operator::error::AdminError;
use crate::store::session::Session;

/// Reads and writes until a round ends. A round that returns `None` found that the data had changed
/// after it was read.
pub(super) async fn in_rounds<T>(
    store: &Session<'_>,
    mut round: impl AsyncFnMut() -> Result<Option<T>, AdminError>,
) -> Result<T, AdminError> {
    let mut changes = store.changes();
    while changes.next().await {
        if let Some(done) = round().await? {
            return Ok(done);
        }
    }
    Err(AdminError::Changed)
}
