//! Authorization: the token of the caller, the project that the request names, and the caller's
//! access to it (section E).

mod authorizer;
mod grants;

pub use authorizer::Authorizer;
pub use grants::{
    MemberGrant, MemberName, ProjectGrant, ProjectName, ReleaseGrant, TokenGrant, TokenHolder,
};

use crate::cache::Moment;
use crate::http::credentials::Credential;
use crate::http::error::ApiError;
use crate::http::params::ParamError;
use crate::project::ProjectId;
use crate::store::StoreSession;
use crate::token::TokenId;

/// The access that an operation requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads: every scope and every role allows it.
    Read,
    /// Writes: it requires the scope `api` (E17) and the role developer or a higher one (E7).
    Write,
}

/// A resource that a caller needs access to, named by the request's path.
pub trait Resource: Sized + Send + Sync {
    /// The path that names it.
    type Path: Sync;
    /// The proof that the caller has access.
    type Grant: Send;

    /// Reads the path.
    ///
    /// # Errors
    ///
    /// [`ParamError`] for an invalid name.
    fn from_path(path: &Self::Path) -> Result<Self, ParamError>;

    /// Authenticates the caller and checks the access.
    ///
    /// # Errors
    ///
    /// [`ApiError::Unauthorized`], [`ApiError::Token`], [`ApiError::ProjectNotFound`],
    /// [`ApiError::Params`], [`ApiError::Unavailable`], [`ApiError::Corrupt`].
    fn authorize(
        &self,
        authorizer: &Authorizer,
        context: AuthorizationContext<'_>,
        access: Access,
    ) -> impl Future<Output = Result<Self::Grant, ApiError>> + Send;

    /// The ID of the caller's token, for the log.
    fn token(grant: &Self::Grant) -> Option<TokenId>;

    /// The project that the request names by a former path.
    fn moved_to(_grant: &Self::Grant) -> Option<ProjectId> {
        None
    }
}

/// The context of an authorization besides the resource.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationContext<'a> {
    /// The token, if the request has one.
    pub credential: Option<&'a Credential>,
    /// The store session of the request.
    pub session: &'a StoreSession<'a>,
    /// The time of the request.
    pub now: Moment,
}
