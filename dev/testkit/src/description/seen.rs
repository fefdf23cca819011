//! What the requests and responses of a test have shown of the description.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// The parts of the description that were seen, as texts such as `GET /api/v4/user, status 401`.
/// Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<Mutex<BTreeSet<String>>>);

impl Seen {
    /// Adds parts.
    pub fn add(&self, parts: impl IntoIterator<Item = String>) {
        self.0.lock().unwrap().extend(parts);
    }

    /// The parts.
    #[must_use]
    pub fn parts(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().clone()
    }
}
