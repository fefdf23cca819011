//! The operations on a project, apart from its releases (R70 to R76).

use std::sync::Arc;

use super::facts::{Content, Facts, Format, FormerPaths, Order, Query};
use super::params::{ID, LICENSE, PAGE, PER_PAGE, STATISTICS, USER_ID, WITH_CUSTOM_ATTRIBUTES};
use super::{Answer, Context, Operation};
use crate::authorization::{Access, ProjectGrant};
use crate::http::error::ApiError;
use crate::http::json::View;
use crate::http::params::MAX_BODY_BYTES;
use crate::http::request::Request;
use crate::http::{Method, json, pagination, paths};
use crate::page::Page;
use crate::token::Token;

/// Returns a project, with the access of the caller (R70 to R72).
pub struct GetProject;

impl Operation for GetProject {
    const FACTS: &'static Facts = &Facts {
        name: "get_project",
        method: Method::GET,
        path: paths::PROJECT,
        access: Access::Read,
        order: Order::ParametersFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Redirect),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[ID, LICENSE, STATISTICS, WITH_CUSTOM_ATTRIBUTES],
        statuses: &[200, 304, 400, 401, 404],
        content: Content::One(View::Project),
        summary: "Get a project",
        description: "",
        statements: &["R70", "R71", "R72"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut checks = request.checks();
        // They add attributes in GitLab that do not exist here.
        for param in [LICENSE, STATISTICS, WITH_CUSTOM_ATTRIBUTES] {
            checks.boolean(&param);
        }
        Ok(checks.finish(Self)?)
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let viewer = match grant.token {
            None => json::Viewer::Anonymous,
            Some(_) => json::Viewer::Holder(grant.role),
        };
        let body = json::project(context.public_url(), &grant.project, viewer);
        Ok(Answer::Json(body))
    }
}

/// Returns the caller as a member of the project. Every other member is not found, so that nobody
/// can count the tokens (R75).
pub struct GetMember {
    /// The ID of the requested user. GitLab's IDs may exceed 64 bits here, because no user has such
    /// an ID.
    user: i128,
}

impl Operation for GetMember {
    const FACTS: &'static Facts = &Facts {
        name: "get_member",
        method: Method::GET,
        path: paths::MEMBER,
        access: Access::Token,
        order: Order::TokenFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Redirect),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[ID, USER_ID],
        statuses: &[200, 304, 400, 401, 404],
        content: Content::One(View::Member),
        summary: "Get a member of a project",
        description: "Finds only the holder of the token.",
        statements: &["R75"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut checks = request.checks();
        let user = request.captures.text(USER_ID.name).unwrap_or_default();
        let user = checks.integer_in(&USER_ID, &user).unwrap_or_default();
        Ok(checks.finish(Self { user })?)
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let is_caller = |token: &Arc<Token>| self.user == token.id.0.into();
        match (grant.token.filter(is_caller), grant.role) {
            (Some(token), Some(role)) => {
                let body = json::member(context.public_url(), &token, role);
                Ok(Answer::Json(body))
            }
            _ => Err(ApiError::NotFound),
        }
    }
}

/// Lists the branches of a project, of which there are none (R76).
pub struct ListBranches(Page);

impl Operation for ListBranches {
    const FACTS: &'static Facts = &Facts {
        name: "list_branches",
        method: Method::GET,
        path: paths::BRANCHES,
        access: Access::Read,
        order: Order::ParametersFirst,
        format: Format::JsonWithSuffix,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Redirect),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[ID, PAGE, PER_PAGE],
        statuses: &[200, 304, 400, 401, 404],
        content: Content::Page(View::Branch),
        summary: "List the branches of a project",
        description: "The list is always empty: there is no repository.",
        statements: &["R76"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        Ok(Self(pagination::parse(request.checks())?))
    }

    async fn run(self, _grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        Ok(context.list(b"[]".to_vec(), self.0, 0))
    }
}
