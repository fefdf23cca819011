//! `POST …/assets/links`: a new link, and the release if this is its first.

use super::link_input::read_new_link;
use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, ReleaseGrant};
use crate::http::error::ApiError;
use crate::http::params::{ParamError, ParamProblem};
use crate::http::response::Answer;
use crate::http::route::ReleaseName;
use crate::idempotency::IdempotencyKey;
use crate::link::LinkInput;
use crate::release::{Invalid, TagName};

/// Creates a link (A3), once for each idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateLink {
    input: LinkInput,
    key: Option<IdempotencyKey>,
}

impl Operation for CreateLink {
    const NAME: &'static str = "create_link";
    const ACCESS: Access = Access::Write;
    type Resource = ReleaseName;
    type Path = ();

    fn parse((): (), input: &Input<'_, ReleaseName>) -> Result<Self, ApiError> {
        input.check_format()?;
        if input.resource.tag.has_control_characters() {
            return Err(ParamError::new("tag_name", ParamProblem::Invalid).into());
        }
        let link = read_new_link(input.params)?;
        Ok(Self {
            input: link,
            key: input.idempotency_key()?,
        })
    }

    async fn run(
        self,
        grant: ReleaseGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let writer = grant.access.writer()?;
        TagName::parse_new(grant.release.tag.as_str()).map_err(Invalid::Tag)?;
        let link = self.input.into_new_link().map_err(ApiError::Invalid)?;
        let created = context
            .session
            .write_as(&writer)
            .create_link(&grant.release.tag, link, self.key.as_ref())
            .await?;
        Ok(Answer::Created {
            project: grant.access.project,
            link: created.link,
            is_replayed: created.is_replayed,
        })
    }
}
