//! `PUT …/releases/:tag_name`: changes to a release.

use super::delete_release::forbidden_if_missing;
use super::release_input::{Milestones, release_attributes};
use super::{Input, Operation, OperationContext, release_context, response_size, tag_of};
use crate::authorization::{Access, ProjectGrant, ProjectName};
use crate::http::error::ApiError;
use crate::http::params::Checks;
use crate::http::response::Answer;
use crate::release::{ReleaseAttributes, ReleaseChanges, TagName};

/// Updates a release (R48).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRelease {
    tag: TagName,
    attributes: ReleaseAttributes,
    milestones: Milestones,
}

impl UpdateRelease {
    fn changes(self) -> Result<ReleaseChanges, ApiError> {
        if self.attributes == ReleaseAttributes::default() && !self.milestones.is_sent() {
            return Err(ApiError::Rejected("params is empty".to_owned()));
        }
        self.milestones.check()?;
        let changes = self.attributes.into_changes();
        changes.map_err(ApiError::InvalidRelease)
    }
}

impl Operation for UpdateRelease {
    const NAME: &'static str = "update_release";
    const ACCESS: Access = Access::Write;
    const CHECKS_ACCESS_FIRST: bool = true;
    type Resource = ProjectName;
    /// The tag.
    type Path = String;

    fn parse(tag: String, input: &Input<'_, ProjectName>) -> Result<Self, ApiError> {
        let mut checks = Checks::of(input.params);
        let [name, description] = ["name", "description"].map(|name| checks.text(name));
        let released_at = checks.date("released_at");
        let milestones = Milestones::read(&mut checks);
        checks.finish(())?;
        Ok(Self {
            tag: tag_of(&tag)?,
            attributes: release_attributes(name, description, released_at),
            milestones,
        })
    }

    async fn run(
        self,
        grant: ProjectGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let writer = grant.writer()?;
        let key = writer.release(&self.tag);
        let session = context.session;
        let size = response_size(&grant, context);
        let changes = match self.changes() {
            Ok(changes) => changes,
            // A missing release comes first (R48).
            Err(_) if !session.releases().exists(&key).await? => return Err(ApiError::Forbidden),
            Err(error) => return Err(error),
        };
        let updated = session
            .write_as(&writer)
            .update_release(&key.tag, &changes, size)
            .await;
        let updated = updated.map_err(forbidden_if_missing)?;
        let context = release_context(grant, context);
        Ok(Answer::Release(context, Box::new(updated)))
    }
}
