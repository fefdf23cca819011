//! `GET …/releases/:tag_name`: a release with its links.

use super::{
    Input, Operation, OperationContext, release_context, release_key, response_size, tag_of,
};
use crate::authorization::{Access, ProjectGrant, ProjectName};
use crate::http::error::ApiError;
use crate::http::params::Checks;
use crate::http::response::Answer;
use crate::release::TagName;

/// Returns a release (R21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetRelease(TagName);

impl Operation for GetRelease {
    const NAME: &'static str = "get_release";
    const ACCESS: Access = Access::Read;
    const CHECKS_ACCESS_FIRST: bool = true;
    type Resource = ProjectName;
    /// The tag.
    type Path = String;

    fn parse(tag: String, input: &Input<'_, ProjectName>) -> Result<Self, ApiError> {
        let mut checks = Checks::of(input.params);
        // There is no renderer, so the attribute stays away (R10).
        checks.boolean("include_html_description");
        checks.finish(())?;
        Ok(Self(tag_of(&tag)?))
    }

    async fn run(
        self,
        grant: ProjectGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let key = release_key(&grant, &self.0);
        let size = response_size(&grant, context);
        let release = context.session.releases().get(&key, size).await?;
        let context = release_context(grant, context);
        Ok(Answer::Release(context, Box::new(release)))
    }
}
