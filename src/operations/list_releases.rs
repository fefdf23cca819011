//! `GET …/releases`: a page of a project's releases.

use super::{Input, Operation, OperationContext, release_context, response_size};
use crate::authorization::{Access, ProjectGrant, ProjectName};
use crate::http::error::ApiError;
use crate::http::pagination;
use crate::http::params::Checks;
use crate::http::response::Answer;
use crate::page::Page;
use crate::release::{Order, OrderBy};

/// Lists the releases of a project with all their links (R56).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListReleases {
    page: Page,
    order: Order,
}

impl Operation for ListReleases {
    const NAME: &'static str = "list_releases";
    const ACCESS: Access = Access::Read;
    const CHECKS_ACCESS_FIRST: bool = true;
    type Resource = ProjectName;
    type Path = ();

    fn parse((): (), input: &Input<'_, ProjectName>) -> Result<Self, ApiError> {
        let mut checks = Checks::of(input.params);
        let page = pagination::read(&mut checks);
        let by = match checks.word("order_by", ["released_at", "created_at"]) {
            "created_at" => OrderBy::CreatedAt,
            _ => OrderBy::ReleasedAt,
        };
        let is_ascending = checks.word("sort", ["desc", "asc"]) == "asc";
        checks.boolean("include_html_description");
        let order = Order { by, is_ascending };
        Ok(checks.finish(Self { page, order })?)
    }

    async fn run(
        self,
        grant: ProjectGrant,
        context: &OperationContext<'_>,
    ) -> Result<Answer, ApiError> {
        let project = grant.project.id;
        let size = response_size(&grant, context);
        let paged = context
            .session
            .releases()
            .list(project, self.order, self.page, size)
            .await?;
        let context = release_context(grant, context);
        Ok(Answer::Releases(context, self.page, paged))
    }
}
