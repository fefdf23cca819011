//! `GET /projects/:id`: a project, with the access of the caller.

use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, ProjectGrant, ProjectName};
use crate::http::error::ApiError;
use crate::http::params::Checks;
use crate::http::response::Answer;

/// Returns a project (R70 to R72).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetProject;

impl Operation for GetProject {
    const NAME: &'static str = "get_project";
    const ACCESS: Access = Access::Read;
    type Resource = ProjectName;
    type Path = ();

    fn parse((): (), input: &Input<'_, ProjectName>) -> Result<Self, ApiError> {
        input.check_format()?;
        let mut checks = Checks::of(input.params);
        // They add attributes in GitLab that do not exist here.
        for name in ["license", "statistics", "with_custom_attributes"] {
            checks.boolean(name);
        }
        Ok(checks.finish(Self)?)
    }

    async fn run(
        self,
        grant: ProjectGrant,
        _context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let role = grant.token.map(|_| grant.role);
        Ok(Answer::Project(grant.project, role))
    }
}
