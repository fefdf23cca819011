//! `GET …/assets/links`: a page of a release's links.

use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, ReleaseGrant};
use crate::http::error::ApiError;
use crate::http::pagination;
use crate::http::response::Answer;
use crate::http::route::ReleaseName;
use crate::page::Page;

/// Lists the links of a release (A1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListLinks(Page);

impl Operation for ListLinks {
    const NAME: &'static str = "list_links";
    const ACCESS: Access = Access::Read;
    type Resource = ReleaseName;
    type Path = ();

    fn parse((): (), input: &Input<'_, ReleaseName>) -> Result<Self, ApiError> {
        input.check_format()?;
        Ok(Self(pagination::parse(input.params)?))
    }

    async fn run(
        self,
        grant: ReleaseGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let paged = context.session.links(&grant.release).list(self.0).await?;
        Ok(Answer::Links(grant.access.project, self.0, paged))
    }
}
