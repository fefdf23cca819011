//! What the service shows outside of projects, and the address of a project.

use super::facts::{Content, Facts, Format, FormerPaths, Order, Query};
use super::params::PROJECT_PATH;
use super::{Answer, Context, Operation};
use crate::authorization::{Access, PublicGrant};
use crate::http::error::ApiError;
use crate::http::params::MAX_BODY_BYTES;
use crate::http::request::Request;
use crate::http::{Method, page, paths, redirect};
use crate::project::Visibility;

/// The page about the service.
pub struct Home;

impl Operation for Home {
    const FACTS: &'static Facts = &Facts {
        name: "home",
        method: Method::GET,
        path: paths::HOME,
        access: Access::Public,
        order: Order::ParametersFirst,
        format: Format::Ignored,
        query: Query::Lenient,
        former_paths: None,
        max_body_bytes: MAX_BODY_BYTES,
        params: &[],
        statuses: &[200, 304],
        content: Content::Html,
        summary: "Get the page about the service",
        description: "It has the address of the API and of its description, and names no project.",
        statements: &["R92"],
    };
    type Grant = PublicGrant;

    fn parse(_request: &Request) -> Result<Self, ApiError> {
        Ok(Self)
    }

    async fn run(self, _grant: PublicGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        Ok(Answer::Page(page::home(context.public_url())))
    }
}

/// What crawlers may read: everything that is public.
pub struct Robots;

impl Operation for Robots {
    const FACTS: &'static Facts = &Facts {
        name: "robots",
        method: Method::GET,
        path: paths::ROBOTS,
        access: Access::Public,
        order: Order::ParametersFirst,
        format: Format::Ignored,
        query: Query::Lenient,
        former_paths: None,
        max_body_bytes: MAX_BODY_BYTES,
        params: &[],
        statuses: &[200],
        content: Content::Robots,
        summary: "Get what crawlers may read",
        description: "Crawlers may read everything. Anyone may keep the answer for a day.",
        statements: &["R92"],
    };
    type Grant = PublicGrant;

    fn parse(_request: &Request) -> Result<Self, ApiError> {
        Ok(Self)
    }

    async fn run(self, _grant: PublicGrant, _context: &Context<'_>) -> Result<Answer, ApiError> {
        Ok(Answer::Fixed(Some("User-agent: *\nDisallow:\n")))
    }
}

/// No icon: pages name an empty one.
pub struct Favicon;

impl Operation for Favicon {
    const FACTS: &'static Facts = &Facts {
        name: "favicon",
        method: Method::GET,
        path: paths::FAVICON,
        access: Access::Public,
        order: Order::ParametersFirst,
        format: Format::Ignored,
        query: Query::Lenient,
        former_paths: None,
        max_body_bytes: MAX_BODY_BYTES,
        params: &[],
        statuses: &[204],
        content: Content::Empty,
        summary: "Get the icon",
        description: "There is none. Anyone may keep the answer for a day.",
        statements: &["R92"],
    };
    type Grant = PublicGrant;

    fn parse(_request: &Request) -> Result<Self, ApiError> {
        Ok(Self)
    }

    async fn run(self, _grant: PublicGrant, _context: &Context<'_>) -> Result<Answer, ApiError> {
        Ok(Answer::Fixed(None))
    }
}

/// Redirects the address of a project to the page with its releases. It does not look for the
/// project, so that it tells nothing about it.
pub struct ProjectPage(String);

impl Operation for ProjectPage {
    const FACTS: &'static Facts = &Facts {
        name: "project_page",
        method: Method::GET,
        path: paths::PROJECT_PAGE,
        access: Access::Public,
        order: Order::ParametersFirst,
        format: Format::Ignored,
        query: Query::Lenient,
        former_paths: Some(FormerPaths::Serve),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[PROJECT_PATH],
        statuses: &[302, 404],
        content: Content::Redirect,
        summary: "Get the page of a project",
        description: "Redirects `web_url` of a project to the page with its releases, whether \
                      there is such a project or not. It passes the query on.",
        statements: &["R92"],
    };
    type Grant = PublicGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let path = request.captures.text(PROJECT_PATH.name);
        Ok(Self(path.unwrap_or_default()))
    }

    async fn run(self, _grant: PublicGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let url = context.public_url().releases_of(&self.0);
        let (query, max_age) = (&context.request.query, context.max_ages.latest);
        let redirect = redirect::passing_query_on(url, &[], query, Visibility::Public, max_age)?;
        Ok(Answer::Redirect(redirect))
    }
}
