//! `POST …/releases`: a new release with its links.

use super::{
    Input, Operation, OperationContext, ReleaseInput, release_context, release_key, response_size,
};
use crate::authorization::{Access, ProjectGrant, ProjectName};
use crate::http::error::ApiError;
use crate::http::response::Answer;
use crate::idempotency::IdempotencyKey;
use crate::release::{Author, MAX_RESPONSE_BYTES, NewRelease, ResponseSize, TagName};
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
        grant.require_write()?;
        let key = release_key(&grant, &self.input.tag);
        let author = grant.token.as_deref().map(Author::from);
        let size = response_size(&grant, context);
        let new = self.input.into_new_release(author);
        let new = match new.and_then(|new| answerable(new, &key.tag, size)) {
            Ok(new) => new,
            // A release that exists comes before everything that is wrong with the new one (R41).
            Err(_) if context.session.releases().exists(&key).await? => {
                return Err(ApiError::ReleaseExists);
            }
            Err(error) => return Err(error),
        };
        let request = self.key.map(|key| key.for_creation(grant.token_id(), &new));
        let created = context
            .session
            .releases()
            .create(&key, &new, request.as_ref())
            .await?;
        let context = release_context(grant, context);
        Ok(Answer::CreatedRelease(context, Box::new(created)))
    }
}

/// The release, unless it would be larger than a response can be.
fn answerable(new: NewRelease, tag: &TagName, size: ResponseSize) -> Result<NewRelease, ApiError> {
    if size.of_new_release(tag, &new) > MAX_RESPONSE_BYTES {
        return Err(StoreError::ChangeTooLarge.into());
    }
    Ok(new)
}
