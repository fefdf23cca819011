//! `DELETE …/releases/:tag_name`: deletes a release with its links.

use super::{Input, Operation, OperationContext, release_context, tag_of};
use crate::authorization::{Access, ProjectGrant, ProjectName};
use crate::http::error::ApiError;
use crate::http::response::Answer;
use crate::release::TagName;
use crate::store::StoreError;

/// Deletes a release and returns it without links (R21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRelease(TagName);

impl Operation for DeleteRelease {
    const NAME: &'static str = "delete_release";
    const ACCESS: Access = Access::Write;
    const CHECKS_ACCESS_FIRST: bool = true;
    type Resource = ProjectName;
    /// The tag.
    type Path = String;

    fn parse(tag: String, _input: &Input<'_, ProjectName>) -> Result<Self, ApiError> {
        Ok(Self(tag_of(&tag)?))
    }

    async fn run(
        self,
        grant: ProjectGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let writer = grant.writer()?;
        let session = context.session.write_as(&writer);
        let deleted = session.delete_release(&self.0).await;
        let deleted = deleted.map_err(forbidden_if_missing)?;
        let context = release_context(grant, context);
        Ok(Answer::Release(context, Box::new(deleted)))
    }
}

/// GitLab forbids a change to a release that does not exist (R51).
pub(super) fn forbidden_if_missing(error: StoreError) -> ApiError {
    match error {
        StoreError::ReleaseNotFound => ApiError::Forbidden,
        error => error.into(),
    }
}
