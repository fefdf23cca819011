//! The operations that need a token and no project: its holder, its job, and the version of the API
//! (R73, R74).

use super::facts::{Content, Facts, Format, Order, Query};
use super::{Answer, Context, Operation};
use crate::authorization::{Access, TokenGrant};
use crate::http::error::ApiError;
use crate::http::json::View;
use crate::http::params::MAX_BODY_BYTES;
use crate::http::request::Request;
use crate::http::{Method, json, paths};

/// Returns the holder of the token.
pub struct CurrentUser;

impl Operation for CurrentUser {
    const FACTS: &'static Facts = &Facts {
        name: "current_user",
        method: Method::GET,
        path: paths::USER,
        access: Access::Token,
        order: Order::ParametersFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: None,
        max_body_bytes: MAX_BODY_BYTES,
        params: &[],
        statuses: &[200, 304, 401],
        content: Content::One(View::User),
        summary: "Get the holder of the token",
        description: "",
        statements: &["R4"],
    };
    type Grant = TokenGrant;

    fn parse(_request: &Request) -> Result<Self, ApiError> {
        Ok(Self)
    }

    async fn run(self, grant: TokenGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let body = json::user(context.public_url(), &grant.token);
        Ok(Answer::Json(body))
    }
}

/// Returns the job for which GitLab would have issued the token (R74).
pub struct CurrentJob;

impl Operation for CurrentJob {
    const FACTS: &'static Facts = &Facts {
        name: "current_job",
        method: Method::GET,
        path: paths::JOB,
        access: Access::JobToken,
        order: Order::ParametersFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: None,
        max_body_bytes: MAX_BODY_BYTES,
        params: &[],
        statuses: &[200, 304, 401, 404],
        content: Content::One(View::Job),
        summary: "Get the job of the job token",
        description: "Finds only a token that was sent as a job token.",
        statements: &["R74"],
    };
    type Grant = TokenGrant;

    fn parse(_request: &Request) -> Result<Self, ApiError> {
        Ok(Self)
    }

    async fn run(self, grant: TokenGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        if !grant.is_job_token {
            return Err(ApiError::JobNotFound);
        }
        let body = json::job(context.public_url(), &grant.token);
        Ok(Answer::Json(body))
    }
}

/// Returns the version of GitLab whose API the service implements (R73).
pub struct Version;

impl Operation for Version {
    const FACTS: &'static Facts = &Facts {
        name: "version",
        method: Method::GET,
        path: paths::VERSION,
        access: Access::Token,
        order: Order::ParametersFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: None,
        max_body_bytes: MAX_BODY_BYTES,
        params: &[],
        statuses: &[200, 304, 401],
        content: Content::One(View::Version),
        summary: "Get the version of the API",
        description: "",
        statements: &["R73"],
    };
    type Grant = TokenGrant;

    fn parse(_request: &Request) -> Result<Self, ApiError> {
        Ok(Self)
    }

    async fn run(self, _grant: TokenGrant, _context: &Context<'_>) -> Result<Answer, ApiError> {
        Ok(Answer::Json(json::version()))
    }
}

/// Returns the same as [`Version`], by GitLab's other path (R73).
pub struct Metadata;

impl Operation for Metadata {
    const FACTS: &'static Facts = &Facts {
        name: "metadata",
        method: Method::GET,
        path: paths::METADATA,
        access: Access::Token,
        order: Order::ParametersFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: None,
        max_body_bytes: MAX_BODY_BYTES,
        params: &[],
        statuses: &[200, 304, 401],
        content: Content::One(View::Version),
        summary: "Get the metadata of the API",
        description: "Returns the same as the version of the API.",
        statements: &["R73"],
    };
    type Grant = TokenGrant;

    fn parse(_request: &Request) -> Result<Self, ApiError> {
        Ok(Self)
    }

    async fn run(self, _grant: TokenGrant, _context: &Context<'_>) -> Result<Answer, ApiError> {
        Ok(Answer::Json(json::version()))
    }
}
