//! `PUT …/assets/links/:link_id`: changes to a link.

use super::link_input::read_link_update;
use super::{Input, Operation, OperationContext, found, link_id, writer_for_link};
use crate::authorization::{Access, ReleaseGrant};
use crate::http::error::ApiError;
use crate::http::params::Checks;
use crate::http::response::Answer;
use crate::http::route::ReleaseName;
use crate::link::{LinkId, LinkInput};

/// Updates a link (A4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateLink {
    id: Option<LinkId>,
    input: LinkInput,
}

impl Operation for UpdateLink {
    const NAME: &'static str = "update_link";
    const ACCESS: Access = Access::Write;
    type Resource = ReleaseName;
    /// The link's ID.
    type Path = String;

    fn parse(id: String, input: &Input<'_, ReleaseName>) -> Result<Self, ApiError> {
        input.check_format()?;
        let mut checks = Checks::of(input.params);
        let id = link_id(&mut checks, &id);
        Ok(Self {
            id,
            input: read_link_update(checks)?,
        })
    }

    async fn run(
        self,
        grant: ReleaseGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let id = found(self.id)?;
        let writer = writer_for_link(context, &grant, id).await?;
        let link = context
            .session
            .write_as(&writer)
            .update_link(&grant.release.tag, id, &self.input)
            .await?;
        Ok(Answer::Link(grant.access.project, link))
    }
}
