//! `GET /version` and `GET /metadata`: the version of the API.

use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, TokenGrant, TokenHolder};
use crate::http::error::ApiError;
use crate::http::response::Answer;

/// Returns the version of GitLab whose API the service implements (R73).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version;

impl Operation for Version {
    const NAME: &'static str = "version";
    const ACCESS: Access = Access::Read;
    type Resource = TokenHolder;
    type Path = ();

    fn parse((): (), input: &Input<'_, TokenHolder>) -> Result<Self, ApiError> {
        input.check_format()?;
        Ok(Self)
    }

    async fn run(
        self,
        _grant: TokenGrant,
        _context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        Ok(Answer::Version)
    }
}
