//! `POST …/releases`: a new release with its links.

use super::{Input, Operation, OperationContext, ReleaseInput, release_context, response_size};
use crate::authorization::{Access, ProjectGrant, ProjectName};
use crate::http::error::ApiError;
use crate::http::response::Answer;
use crate::idempotency::IdempotencyKey;
use crate::release::{MAX_RESPONSE_BYTES, NewRelease, ResponseSize, TagName};
use crate::store::StoreError;

/// Creates a release (R40), once for each idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRelease {
    input: ReleaseInput,
    key: Option<IdempotencyKey>,
}

impl Operation for CreateRelease {
    const NAME: &'static str = "create_release";
    const ACCESS: Access = Access::Write;
    const CHECKS_ACCESS_FIRST: bool = true;
    type Resource = ProjectName;
    type Path = ();

    fn parse((): (), input: &Input<'_, ProjectName>) -> Result<Self, ApiError> {
        Ok(Self {
            input: ReleaseInput::read(input.params)?,
            key: input.idempotency_key()?,
        })
    }

    async fn run(
        self,
        grant: ProjectGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let writer = grant.writer()?;
        let key = writer.release(&self.input.tag);
        let size = response_size(&grant, context);
        let new = self.input.into_new_release(writer.author().clone());
        let new = match new.and_then(|new| answerable(new, &key.tag, size)) {
            Ok(new) => new,
            // A release that exists comes before everything that is wrong with the new one (R41).
            Err(_) if context.session.releases().exists(&key).await? => {
                return Err(ApiError::ReleaseExists);
            }
            Err(error) => return Err(error),
        };
        let created = context
            .session
            .write_as(&writer)
            .create_release(&key.tag, &new, self.key.as_ref())
            .await?;
        let context = release_context(grant, context);
        Ok(Answer::CreatedRelease(context, Box::new(created)))
    }
}

/// The release, unless it would be larger than a response can be.
fn answerable(new: NewRelease, tag: &TagName, size: ResponseSize) -> Result<NewRelease, ApiError> {
    if size.new_release_bytes(tag, &new) > MAX_RESPONSE_BYTES {
        return Err(StoreError::ChangeTooLarge.into());
    }
    Ok(new)
}
