//! The description of the API in the format OpenAPI, which `make openapi` writes.

use super::facts::{Content, Facts, Format, Order, Query};
use super::{Answer, Context, Operation};
use crate::authorization::{Access, PublicGrant};
use crate::http::error::ApiError;
use crate::http::params::MAX_BODY_BYTES;
use crate::http::request::Request;
use crate::http::{Method, paths};

/// Returns the description of the API.
pub struct OpenApi;

impl Operation for OpenApi {
    const FACTS: &'static Facts = &Facts {
        name: "openapi",
        method: Method::GET,
        path: paths::OPENAPI,
        access: Access::Public,
        order: Order::ParametersFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: None,
        max_body_bytes: MAX_BODY_BYTES,
        params: &[],
        statuses: &[200, 304],
        content: Content::OpenApi,
        summary: "Get the description of the API",
        description: "Returns the description of the API in the format OpenAPI 3.1, with gzip if \
                      the client accepts it. Anyone may keep it for an hour.",
        statements: &[],
    };
    type Grant = PublicGrant;

    fn parse(_request: &Request) -> Result<Self, ApiError> {
        Ok(Self)
    }

    async fn run(self, _grant: PublicGrant, _context: &Context<'_>) -> Result<Answer, ApiError> {
        Ok(Answer::OpenApi)
    }
}
