//! `GET …/repository/branches`: the branches of a project.

use super::{Input, Operation, OperationContext};
use crate::authorization::{Access, ProjectGrant, ProjectName};
use crate::http::error::ApiError;
use crate::http::pagination;
use crate::http::response::Answer;
use crate::page::Page;

/// Lists the branches of a project, of which there are none (R76).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListBranches(Page);

impl Operation for ListBranches {
    const NAME: &'static str = "list_branches";
    const ACCESS: Access = Access::Read;
    type Resource = ProjectName;
    type Path = ();

    fn parse((): (), input: &Input<'_, ProjectName>) -> Result<Self, ApiError> {
        input.check_format()?;
        Ok(Self(pagination::parse(input.params)?))
    }

    async fn run(
        self,
        _grant: ProjectGrant,
        _context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        Ok(Answer::Branches(self.0))
    }
}
