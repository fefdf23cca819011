//! Authorization: the token of the caller, the project that the request names, and the caller's
//! access to it (section E).

mod authorizer;
mod grants;

pub use authorizer::{Authorizer, Caller, Identity};
pub use grants::{Grant, ProjectGrant, PublicGrant, TokenGrant};

use crate::cache::Moment;
use crate::http::credentials::Credential;
use crate::project::ProjectRef;
use crate::store::StoreSession;

/// The access that an operation requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads what is no secret. The service does not look up the token, so it makes no call.
    Public,
    /// Reads a project: every scope and every role allows it, and a public project needs no token.
    Read,
    /// Reads something about the caller, so it needs a token.
    Token,
    /// Reads the job of a job token, so it needs a token that was sent as one (R74).
    JobToken,
    /// Writes: it requires the scope `api` (E17) and the role developer or a higher one (E7).
    Write,
}

/// Whom a request comes from, and the project that it names.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationContext<'a> {
    /// The token, if the request has one.
    pub credential: Option<&'a Credential>,
    /// The possible names of the project; none for an operation without a project.
    pub projects: &'a [ProjectRef],
    /// The store session of the request.
    pub session: &'a StoreSession<'a>,
    /// The time of the request.
    pub now: Moment,
}
