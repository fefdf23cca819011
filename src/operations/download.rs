//! The permanent URL of a link, `GET /:project/-/releases/:tag/downloads/:filepath`, and the same
//! below a release in the API.

use super::{Input, Operation, OperationContext, release_key, tag_of};
use crate::authorization::{Access, ProjectGrant, ProjectName, ReleaseGrant};
use crate::http::error::ApiError;
use crate::http::params::{ParamError, ParamProblem};
use crate::http::response::{Answer, Redirect};
use crate::http::route::ReleaseName;
use crate::link::may_be_filepath;
use crate::project::Project;
use crate::release::{ReleaseKey, TagName};
use crate::store::StoreError;

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
        match redirect(
            context,
            &grant.access.project,
            &grant.release,
            &self.0,
            false,
        )
        .await
        {
            Err(StoreError::ReleaseNotFound) => Err(ApiError::NotFound),
            redirect => Ok(redirect?),
        }
    }
}

/// Redirects to the URL of the link with this filepath, in the API (R62).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadAsset {
    tag: TagName,
    filepath: String,
}

impl Operation for DownloadAsset {
    const NAME: &'static str = "download_asset";
    const ACCESS: Access = Access::Read;
    const CHECKS_ACCESS_FIRST: bool = true;
    type Resource = ProjectName;
    /// The tag, and the filepath with its leading slash.
    type Path = (String, String);

    fn parse(
        (tag, filepath): (String, String),
        _input: &Input<'_, ProjectName>,
    ) -> Result<Self, ApiError> {
        if filepath.split('/').any(|segment| segment == "..") {
            return Err(ParamError::new("direct_asset_path", ParamProblem::NotAFilePath).into());
        }
        let tag = tag_of(&tag)?;
        Ok(Self { tag, filepath })
    }

    async fn run(
        self,
        grant: ProjectGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let key = release_key(&grant, &self.tag);
        Ok(redirect(context, &grant.project, &key, &self.filepath, true).await?)
    }
}

async fn redirect(
    context: &OperationContext<'_>,
    project: &Project,
    release: &ReleaseKey,
    filepath: &str,
    is_api: bool,
) -> Result<Answer, StoreError> {
    let session = context.session;
    if !may_be_filepath(filepath) {
        // Only the API distinguishes a missing release from a missing link (R54).
        let is_missing = is_api && !session.releases().exists(release).await?;
        return Err(if is_missing {
            StoreError::ReleaseNotFound
        } else {
            StoreError::NotFound
        });
    }
    let url = session.links(release).url_of_filepath(filepath).await?;
    Ok(Answer::Redirect(Redirect {
        url,
        visibility: project.visibility,
        is_api,
    }))
}
