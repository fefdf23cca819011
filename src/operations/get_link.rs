//! `GET …/assets/links/:link_id`: one link.

use super::{Input, Operation, OperationContext, found, link_id_alone};
use crate::authorization::{Access, ReleaseGrant};
use crate::http::error::ApiError;
use crate::http::response::Answer;
use crate::http::route::ReleaseName;
use crate::link::LinkId;

/// Reads one link (A2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetLink(Option<LinkId>);

impl Operation for GetLink {
    const NAME: &'static str = "get_link";
    const ACCESS: Access = Access::Read;
    type Resource = ReleaseName;
    /// The link's ID.
    type Path = String;

    fn parse(id: String, input: &Input<'_, ReleaseName>) -> Result<Self, ApiError> {
        Ok(Self(link_id_alone(&id, input)?))
    }

    async fn run(
        self,
        grant: ReleaseGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let link = context
            .session
            .links(&grant.release)
            .get(found(self.0)?)
            .await?;
        Ok(Answer::Link(grant.access.project, link))
    }
}
