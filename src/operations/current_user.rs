//! `GET /user`: the holder of the token.

use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, TokenGrant, TokenHolder};
use crate::http::error::ApiError;
use crate::http::response::Answer;

/// Returns the holder of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentUser;

impl Operation for CurrentUser {
    const NAME: &'static str = "current_user";
    const ACCESS: Access = Access::Read;
    type Resource = TokenHolder;
    type Path = ();

    fn parse((): (), input: &Input<'_, TokenHolder>) -> Result<Self, ApiError> {
        input.check_format()?;
        Ok(Self)
    }

    async fn run(
        self,
        grant: TokenGrant,
        _context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        Ok(Answer::User(grant.token))
    }
}
