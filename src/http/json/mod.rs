//! The JSON of what the API describes, one file per noun.

mod link;
mod project;
mod release;
mod token;
mod version;

pub(in crate::http) use link::LinkUrls;
pub use link::{link, links};
pub use project::{Viewer, project};
pub use release::ReleaseScope;
pub use token::{job, member, user};
pub use version::version;

use serde::Serialize;

/// An item that the JSON of a response shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// A branch. A project has none (R76).
    Branch,
    /// The job of a job token.
    Job,
    /// A link.
    Link,
    /// A member of a project.
    Member,
    /// A project.
    Project,
    /// A release with its links.
    Release,
    /// The holder of a token.
    User,
    /// The version of the API.
    Version,
}

#[cfg(feature = "schemas")]
impl View {
    /// The schema of the item. `generator` collects the schemas to which it refers.
    pub fn schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        match self {
            Self::Branch => schemars::json_schema!({ "type": "object" }),
            Self::Job => generator.subschema_for::<token::JobView<'_>>(),
            Self::Link => generator.subschema_for::<link::LinkView<'_>>(),
            Self::Member => generator.subschema_for::<token::MemberView<'_>>(),
            Self::Project => generator.subschema_for::<project::ProjectView<'_>>(),
            Self::Release => generator.subschema_for::<release::ReleaseView<'_>>(),
            Self::User => generator.subschema_for::<token::UserView<'_>>(),
            Self::Version => generator.subschema_for::<version::VersionView>(),
        }
    }
}

/// The JSON of a value. Text, numbers and booleans always serialize; should a view ever contain
/// something else, the log says so.
pub(super) fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|error| {
        tracing::error!(cause = %error, "the response does not serialize");
        b"null".to_vec()
    })
}
