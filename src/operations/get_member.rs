//! `GET …/members/all/:user_id`: a member of a project.

use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, MemberGrant, MemberName};
use crate::http::error::ApiError;
use crate::http::response::Answer;

/// Returns the caller as a member of the project. Every other member is not found, so that nobody
/// can count the tokens (R75).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetMember;

impl Operation for GetMember {
    const NAME: &'static str = "get_member";
    const ACCESS: Access = Access::Read;
    type Resource = MemberName;
    type Path = ();

    fn parse((): (), input: &Input<'_, MemberName>) -> Result<Self, ApiError> {
        input.check_format()?;
        Ok(Self)
    }

    async fn run(
        self,
        grant: MemberGrant,
        _context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let token = grant
            .access
            .token
            .filter(|token| grant.user == token.id.0.into());
        match (token, grant.access.role) {
            (Some(token), Some(role)) => Ok(Answer::Member(token, role)),
            _ => Err(ApiError::NotFound),
        }
    }
}
