//! `GET /:project/-/releases/:tag/downloads/:filepath`: the permanent URL of a link.

use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, ReleaseGrant};
use crate::http::error::ApiError;
use crate::http::response::Answer;
use crate::http::route::ReleaseName;
use crate::link::may_be_filepath;

/// Redirects a permanent URL to the URL of the link with this filepath (G2, G3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download(String);

impl Operation for Download {
    const NAME: &'static str = "download";
    const ACCESS: Access = Access::Read;
    const SERVES_FORMER_PATHS: bool = true;
    type Resource = ReleaseName;
    /// The filepath with its leading slash.
    type Path = String;

    /// The parameter `format` has a meaning only in the API (E20, G2).
    fn parse(filepath: String, _input: &Input<'_, ReleaseName>) -> Result<Self, ApiError> {
        Ok(Self(filepath))
    }

    async fn run(
        self,
        grant: ReleaseGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        if !may_be_filepath(&self.0) {
            return Err(ApiError::NotFound);
        }
        let url = context
            .session
            .url_of_filepath(&grant.release, &self.0)
            .await?;
        Ok(Answer::Redirect {
            url,
            visibility: grant.access.project.visibility,
        })
    }
}
