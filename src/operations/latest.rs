//! `…/releases/permalink/latest`: a redirect to the latest release, in the API and on the web.

use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, ProjectGrant, ProjectName, ReleaseGrant};
use crate::http::error::ApiError;
use crate::http::params::{ParamError, ParamProblem};
use crate::http::response::{Answer, LatestRedirect};
use crate::http::route::ReleaseName;

/// Redirects to the latest release in the API (R63).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest(Vec<String>);

impl Operation for Latest {
    const NAME: &'static str = "latest";
    const ACCESS: Access = Access::Read;
    const CHECKS_ACCESS_FIRST: bool = true;
    type Resource = ProjectName;
    /// The segments after `latest`.
    type Path = Vec<String>;

    fn parse(suffix: Vec<String>, _input: &Input<'_, ProjectName>) -> Result<Self, ApiError> {
        if suffix.iter().any(|segment| segment == "..") {
            return Err(ParamError::new("suffix_path", ParamProblem::NotAFilePath).into());
        }
        Ok(Self(suffix))
    }

    async fn run(
        self,
        grant: ProjectGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let tag = context.session.releases().latest(grant.project.id).await?;
        Ok(Answer::Latest(LatestRedirect {
            project: grant.project,
            tag,
            suffix: self.0,
            is_api: true,
        }))
    }
}

/// Redirects to the web address of the latest release (R68).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestPage(Vec<String>);

impl Operation for LatestPage {
    const NAME: &'static str = "latest_page";
    const ACCESS: Access = Access::Read;
    const SERVES_FORMER_PATHS: bool = true;
    type Resource = ReleaseName;
    /// The segments after `latest`.
    type Path = Vec<String>;

    /// The parameter `format` has a meaning only in the API (E20).
    fn parse(suffix: Vec<String>, _input: &Input<'_, ReleaseName>) -> Result<Self, ApiError> {
        Ok(Self(suffix))
    }

    async fn run(
        self,
        grant: ReleaseGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let project = grant.access.project;
        let tag = context.session.releases().latest(project.id).await?;
        Ok(Answer::Latest(LatestRedirect {
            project,
            tag,
            suffix: self.0,
            is_api: false,
        }))
    }
}
