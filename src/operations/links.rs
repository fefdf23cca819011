//! The operations on the links of a release (section A).

use super::facts::{Content, Facts, Format, FormerPaths, Order, Query};
use super::link_input::{CREATE_LINK_PARAMS, UPDATE_LINK_PARAMS, read_link_update, read_new_link};
use super::params::{ID, LINK_ID, PAGE, PER_PAGE, TAG_NAME};
use super::{Answer, Context, Operation};
use crate::authorization::{Access, ProjectGrant};
use crate::http::error::ApiError;
use crate::http::json::View;
use crate::http::params::{Checks, MAX_BODY_BYTES, ParamError, ParamProblem};
use crate::http::request::Request;
use crate::http::{Method, json, pagination, paths};
use crate::idempotency::IdempotencyKey;
use crate::link::{LinkId, LinkInput, NewLink};
use crate::page::Page;
use crate::release::{Invalid, TagName};
use crate::store::StoreError;
use crate::writer::Writer;

/// Lists the links of a release (A1).
pub struct ListLinks {
    tag: TagName,
    page: Page,
}

impl Operation for ListLinks {
    const FACTS: &'static Facts = &Facts {
        name: "list_links",
        method: Method::GET,
        path: paths::LINKS,
        access: Access::Read,
        order: Order::ParametersFirst,
        format: Format::JsonWithSuffix,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Redirect),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[ID, TAG_NAME, PAGE, PER_PAGE],
        statuses: &[200, 304, 400, 401, 404],
        content: Content::Page(View::Link),
        summary: "List the links of a release",
        description: "The newest link comes first.",
        statements: &["A1"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        Ok(Self {
            tag: request.tag()?,
            page: pagination::parse(request.checks())?,
        })
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let release = grant.release(self.tag);
        let paged = context.session.links(&release).list(self.page).await?;
        let tag = release.tag.as_str();
        let body = json::links(context.public_url(), &grant.project, tag, &paged.items);
        Ok(context.list(body, self.page, paged.counted))
    }
}

/// Reads one link (A2).
pub struct GetLink(LinkName);

impl Operation for GetLink {
    const FACTS: &'static Facts = &Facts {
        name: "get_link",
        method: Method::GET,
        path: paths::LINK,
        access: Access::Read,
        order: Order::ParametersFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Redirect),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[ID, TAG_NAME, LINK_ID],
        statuses: &[200, 304, 400, 401, 404],
        content: Content::One(View::Link),
        summary: "Get a link",
        description: "",
        statements: &["A2"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        Ok(Self(LinkName::parse_alone(request)?))
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let id = self.0.id()?;
        let release = grant.release(self.0.tag);
        let link = context.session.links(&release).get(id).await?;
        let tag = release.tag.as_str();
        let body = json::link(context.public_url(), &grant.project, tag, &link);
        Ok(Answer::Json(body))
    }
}

/// Creates a link, and the release if this is its first one (A3); once for each idempotency key.
pub struct CreateLink {
    tag: TagName,
    input: LinkInput,
    key: Option<IdempotencyKey>,
}

impl Operation for CreateLink {
    const FACTS: &'static Facts = &Facts {
        name: "create_link",
        method: Method::POST,
        path: paths::LINKS,
        access: Access::Write,
        order: Order::ParametersFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Reject),
        max_body_bytes: MAX_BODY_BYTES,
        params: CREATE_LINK_PARAMS,
        statuses: &[201, 400, 401, 403, 404, 422],
        content: Content::Created(View::Link),
        summary: "Create a link",
        description: "If the release does not exist, it is created, with its tag as its name (R11).",
        statements: &["A3", "D2", "E5", "R11", "R88"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let tag = request.tag()?;
        if tag.has_control_characters() {
            return Err(ParamError::new("tag_name", ParamProblem::Invalid).into());
        }
        Ok(Self {
            tag,
            input: read_new_link(request.checks())?,
            key: request.idempotency_key()?,
        })
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let writer = grant.writer()?;
        let Self { tag, input, key } = self;
        let link = match read_new(&tag, input) {
            Ok(link) => link,
            // A rule that the link breaks comes after what the caller may not write (E4).
            Err(error) => {
                let release = writer.release(&tag);
                let is_locked = context.session.releases().is_locked(&release).await?;
                return Err(match is_locked {
                    Some(true) => ApiError::Immutable(tag),
                    _ => error,
                });
            }
        };
        let session = context.session.write_as(&writer);
        let created = session.create_link(&tag, link, key.as_ref()).await?;
        let tag = tag.as_str();
        let body = json::link(context.public_url(), &grant.project, tag, &created.link);
        Ok(Answer::Created(body, created.is_replayed))
    }
}

/// The new link, if it obeys the rules and a release of the tag may be created.
fn read_new(tag: &TagName, input: LinkInput) -> Result<NewLink, ApiError> {
    TagName::parse_new(tag.as_str()).map_err(Invalid::Tag)?;
    input.into_new_link().map_err(ApiError::Invalid)
}

/// Updates a link (A4).
pub struct UpdateLink {
    name: LinkName,
    input: LinkInput,
}

impl Operation for UpdateLink {
    const FACTS: &'static Facts = &Facts {
        name: "update_link",
        method: Method::PUT,
        path: paths::LINK,
        access: Access::Write,
        order: Order::ParametersFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Reject),
        max_body_bytes: MAX_BODY_BYTES,
        params: UPDATE_LINK_PARAMS,
        statuses: &[200, 400, 401, 403, 404],
        content: Content::One(View::Link),
        summary: "Update a link",
        description: "Changes the attributes that are sent: at least the name (C13), the URL or the \
                      digest (D16).",
        statements: &["A4", "D2", "I1"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut checks = request.checks();
        let name = LinkName::parse(request, &mut checks)?;
        Ok(Self {
            name,
            input: read_link_update(checks)?,
        })
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let id = self.name.id()?;
        let tag = self.name.tag;
        let writer = writer_for_link(context, &grant, &tag, id).await?;
        let session = context.session.write_as(&writer);
        let link = session.update_link(&tag, id, &self.input).await?;
        let body = json::link(context.public_url(), &grant.project, tag.as_str(), &link);
        Ok(Answer::Json(body))
    }
}

/// Deletes a link and returns it (A5).
pub struct DeleteLink(LinkName);

impl Operation for DeleteLink {
    const FACTS: &'static Facts = &Facts {
        name: "delete_link",
        method: Method::DELETE,
        path: paths::LINK,
        access: Access::Write,
        order: Order::ParametersFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Reject),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[ID, TAG_NAME, LINK_ID],
        statuses: &[200, 400, 401, 403, 404],
        content: Content::One(View::Link),
        summary: "Delete a link",
        description: "Returns the deleted link.",
        statements: &["A5"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        Ok(Self(LinkName::parse_alone(request)?))
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let id = self.0.id()?;
        let tag = self.0.tag;
        let writer = writer_for_link(context, &grant, &tag, id).await?;
        let session = context.session.write_as(&writer);
        let link = session.delete_link(&tag, id).await?;
        let body = json::link(context.public_url(), &grant.project, tag.as_str(), &link);
        Ok(Answer::Json(body))
    }
}

/// A link as the path names it.
struct LinkName {
    tag: TagName,
    /// `None` is a number that no link can have, such as -1.
    id: Option<LinkId>,
}

impl LinkName {
    /// The link of an operation that reads no other parameters.
    fn parse_alone(request: &Request) -> Result<Self, ApiError> {
        let mut checks = request.checks();
        let name = Self::parse(request, &mut checks)?;
        Ok(checks.finish(name)?)
    }

    /// The link. An ID that is not an integer is an error of `checks` (C16).
    fn parse(request: &Request, checks: &mut Checks<'_>) -> Result<Self, ApiError> {
        let id = request.captures.text(LINK_ID.name).unwrap_or_default();
        Ok(Self {
            tag: request.tag()?,
            id: checks.integer_in(&LINK_ID, &id).and_then(LinkId::new),
        })
    }

    /// The link's ID. A number that no link can have is not found, like any other missing link
    /// (C16).
    fn id(&self) -> Result<LinkId, StoreError> {
        self.id.ok_or(StoreError::NotFound)
    }
}

/// The right to change a link. GitLab reports a missing link before missing write access, and that
/// before a rule that the changes break (E4, E5), which the store finds after it has read the link.
async fn writer_for_link(
    context: &Context<'_>,
    grant: &ProjectGrant,
    tag: &TagName,
    id: LinkId,
) -> Result<Writer, ApiError> {
    let writer = grant.writer();
    if writer.is_err() {
        let release = grant.release(tag.clone());
        context.session.links(&release).get(id).await?;
    }
    writer
}
