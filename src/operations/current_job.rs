//! `GET /job`: the job of a job token.

use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, TokenGrant, TokenHolder};
use crate::http::error::ApiError;
use crate::http::response::Answer;

/// Returns the job for which GitLab would have issued the token (R74).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentJob;

impl Operation for CurrentJob {
    const NAME: &'static str = "current_job";
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
        if grant.is_job_token {
            Ok(Answer::Job(grant.token))
        } else {
            Err(ApiError::JobNotFound)
        }
    }
}
