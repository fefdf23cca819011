//! `DELETE …/assets/links/:link_id`: deletes a link.

use super::{Input, Operation, OperationContext, found, link_id_alone, writer_for_link};
use crate::authorization::{Access, ReleaseGrant};
use crate::http::error::ApiError;
use crate::http::response::Answer;
use crate::http::route::ReleaseName;
use crate::link::LinkId;

/// Deletes a link and returns it (A5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteLink(Option<LinkId>);

impl Operation for DeleteLink {
    const NAME: &'static str = "delete_link";
    const ACCESS: Access = Access::Write;
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
        let id = found(self.0)?;
        let writer = writer_for_link(context, &grant, id).await?;
        let session = context.session.write_as(&writer);
        let link = session.delete_link(&grant.release.tag, id).await?;
        Ok(Answer::Link(grant.access.project, link))
    }
}
