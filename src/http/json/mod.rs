//! The JSON of what the API describes, one file per noun.

mod link;
mod project;
mod release;
mod token;
mod version;

pub use link::{link, links};
pub use project::{Viewer, project};
pub use release::ReleaseScope;
pub use token::{job, member, user};
pub use version::version;

use serde::Serialize;

/// The JSON of a value. Text, numbers and booleans always serialize; should a view ever contain
/// something else, the log says so.
pub(super) fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|error| {
        tracing::error!(cause = %error, "the response does not serialize");
        b"null".to_vec()
    })
}
