//! The operations, each a straight line from what was asked to what is answered.

use std::time::SystemTime;

use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::utf8_percent_encode;

use crate::access::Access;
use crate::error::Error;
use crate::link::{LinkChanges, LinkId, NOT_IN_URI, NewLink, may_be_filepath};
use crate::operation::{Operation, Request};
use crate::page::{self, Page};
use crate::params::{Params, Value};
use crate::project::{Project, Visibility};
use crate::public_url::{PublicUrl, QUERY_VALUE};
use crate::route::ReleasePath;
use crate::store::Session;
use crate::token::Token;
use crate::view;

/// Marks the stored response to an `Idempotency-Key` that was used before.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What a handler answers, before the headers that every answer carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// JSON, with the headers of a list where it is one.
    Json(StatusCode, Vec<u8>, HeaderMap),
    /// A redirect to this url, from a project that everybody may see or from one that not everybody
    /// may.
    Redirect(String, Visibility),
    /// A permanent redirect to this URL of the API, because the request named the project by a
    /// former path (F3).
    Moved(String),
    /// The methods that a path answers.
    Options(&'static str),
}

/// What a handler works with besides the request itself.
#[derive(Debug)]
pub struct Context<'a> {
    /// The way to the table.
    pub session: &'a Session<'a>,
    /// The service's address as the client sees it.
    pub public_url: &'a PublicUrl,
    /// The request's parameters, for the `Link` header.
    pub params: &'a Params,
    /// The request's query string, for a redirect to the same URL.
    pub query: &'a str,
    /// The time of the request.
    pub now: SystemTime,
}

/// Carries the operation out.
///
/// # Errors
///
/// Those of the store, [`Error::Forbidden`] where the caller may only read, and [`Error::Invalid`]
/// where a link breaks a rule.
pub async fn run(
    context: &Context<'_>,
    access: &Access,
    request: Request,
) -> Result<Answer, Error> {
    let (session, tag, project) = (
        context.session,
        request.release.tag.as_str(),
        &access.project,
    );
    let mut headers = HeaderMap::new();
    let (status, link) = match request.operation {
        // Permanent URLs lead on under a former path; the API tells its clients the project's ID.
        Operation::Download(filepath) => {
            if !may_be_filepath(&filepath) {
                return Err(Error::NotFound);
            }
            let url = session.url_of_filepath(project.id, tag, &filepath).await?;
            return Ok(Answer::Redirect(url, project.visibility));
        }
        _ if access.moved_to().is_some() => return moved(context, project, &request),
        Operation::ListLinks(page) => return list(context, project, &request.release, page).await,
        Operation::GetLink(id) => (
            StatusCode::OK,
            session
                .get_link(project.id, tag, id.ok_or(Error::NotFound)?)
                .await?,
        ),
        Operation::CreateLink(input, key) => {
            access.require_write()?;
            let new = NewLink::parse(input).map_err(Error::Invalid)?;
            let once = key.map(|key| key.once(access.token, &new));
            let created = session
                .create_link(project.id, tag, new, once.as_ref(), context.now)
                .await?;
            if created.is_replayed {
                headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
            }
            (StatusCode::CREATED, created.link)
        }
        Operation::UpdateLink(id, input) => {
            let id = id.ok_or(Error::NotFound)?;
            let changes = LinkChanges::parse(input).map_err(Error::Invalid);
            let changes = permitted(session, access, tag, id, changes).await?;
            (
                StatusCode::OK,
                session.update_link(project.id, tag, id, &changes).await?,
            )
        }
        Operation::DeleteLink(id) => {
            let id = id.ok_or(Error::NotFound)?;
            permitted(session, access, tag, id, Ok(())).await?;
            (
                StatusCode::OK,
                session.delete_link(project.id, tag, id).await?,
            )
        }
    };
    let body = view::link(context.public_url, project, tag, &link);
    Ok(Answer::Json(status, body, headers))
}

/// The same URL with the project's ID, for a request that reads (F3).
fn moved(context: &Context<'_>, project: &Project, request: &Request) -> Result<Answer, Error> {
    if request.writes() {
        return Err(Error::ProjectMoved);
    }
    let mut url = context.public_url.links(&ReleasePath::new(
        project.id.to_string(),
        &request.release.tag,
    ));
    if let Some(Value::Text(link_id)) = context.params.get("link_id") {
        url = format!("{url}/{}", utf8_percent_encode(link_id, QUERY_VALUE));
    }
    if !context.query.is_empty() {
        url = format!("{url}?{}", utf8_percent_encode(context.query, NOT_IN_URI));
    }
    Ok(Answer::Moved(url))
}

async fn list(
    context: &Context<'_>,
    project: &Project,
    release: &ReleasePath,
    page: Page,
) -> Result<Answer, Error> {
    let paged = context
        .session
        .list_links(project.id, &release.tag, page)
        .await?;
    let list_url = context.public_url.links(release);
    let headers = page::headers(page, paged.counted, &list_url, context.params);
    let body = view::links(context.public_url, project, &release.tag, &paged.items);
    Ok(Answer::Json(StatusCode::OK, body, headers))
}

/// Who the token is.
#[must_use]
pub fn current_user(public_url: &PublicUrl, token: &Token) -> Answer {
    Answer::Json(
        StatusCode::OK,
        view::user(public_url, token),
        HeaderMap::new(),
    )
}

/// The changes, if the caller may make them. A link that is not there is reported before that the
/// caller may not change it, and that before a rule which the changes break (E4, E5); the link is
/// looked at only if there is such a refusal.
async fn permitted<T>(
    session: &Session<'_>,
    access: &Access,
    tag: &str,
    id: LinkId,
    changes: Result<T, Error>,
) -> Result<T, Error> {
    let permitted = access.require_write().and(changes);
    if permitted.is_err() {
        session.get_link(access.project.id, tag, id).await?;
    }
    permitted
}
