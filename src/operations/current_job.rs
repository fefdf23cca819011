//! `GET /job`: the job of a job token.

use std::sync::Arc;

use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, JobToken};
use crate::http::error::ApiError;
use crate::http::response::Answer;
use crate::token::Token;

/// Returns the job for which GitLab would have issued the token (R74).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentJob;

impl Operation for CurrentJob {
    const NAME: &'static str = "current_job";
    const ACCESS: Access = Access::Read;
    type Resource = JobToken;
    type Path = ();

    fn parse((): (), input: &Input<'_, JobToken>) -> Result<Self, ApiError> {
        input.check_format()?;
        Ok(Self)
    }

    async fn run(
        self,
        token: Arc<Token>,
        _context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        Ok(Answer::Job(token))
    }
}
