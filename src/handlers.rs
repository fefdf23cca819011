//! The operations, each a straight line from what was asked to what is answered.

use std::time::SystemTime;

use lambda_http::http::{HeaderMap, StatusCode};

use crate::access::Access;
use crate::error::Error;
use crate::link::{LinkChanges, LinkId, NewLink};
use crate::operation::{Operation, Request};
use crate::page::{self, Page};
use crate::params::Params;
use crate::project::{Project, Visibility};
use crate::public_url::PublicUrl;
use crate::route::ReleasePath;
use crate::store::Session;
use crate::token::Token;
use crate::view;

/// What a handler answers, before the headers that every answer carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// JSON, with the headers of a list where it is one.
    Json(StatusCode, Vec<u8>, HeaderMap),
    /// A redirect to this url, from a project that everybody may see or from one that not everybody may.
    Redirect(String, Visibility),
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
    /// The time of the request.
    pub now: SystemTime,
}

/// Carries the operation out.
///
/// # Errors
///
/// Those of the store, [`Error::Forbidden`] where the caller may only read, and [`Error::Invalid`] where a link breaks a
/// rule.
pub async fn run(context: &Context<'_>, access: &Access, request: Request) -> Result<Answer, Error> {
    let (session, tag, project) = (context.session, request.release.tag.as_str(), &access.project);
    let (status, link) = match request.operation {
        Operation::ListLinks(page) => return list(context, project, &request.release, page).await,
        Operation::Download(filepath) => {
            let url = session.url_of_filepath(project.id, tag, &filepath).await?;
            return Ok(Answer::Redirect(url, project.visibility));
        }
        Operation::GetLink(id) => {
            (StatusCode::OK, session.get_link(project.id, tag, id.ok_or(Error::NotFound)?).await?)
        }
        Operation::CreateLink(input, key) => {
            access.require_write()?;
            let new = NewLink::parse(input).map_err(Error::Invalid)?;
            let once = key.map(|key| key.once(access.token, &new));
            (StatusCode::CREATED, session.create_link(project.id, tag, new, once.as_ref(), context.now).await?)
        }
        Operation::UpdateLink(id, input) => {
            let id = id.ok_or(Error::NotFound)?;
            let changes = LinkChanges::parse(input).map_err(Error::Invalid);
            let changes = permitted(session, access, tag, id, changes).await?;
            (StatusCode::OK, session.update_link(project.id, tag, id, &changes).await?)
        }
        Operation::DeleteLink(id) => {
            let id = id.ok_or(Error::NotFound)?;
            permitted(session, access, tag, id, Ok(())).await?;
            (StatusCode::OK, session.delete_link(project.id, tag, id).await?)
        }
    };
    let body = view::link(context.public_url, project, tag, &link);
    Ok(Answer::Json(status, body, HeaderMap::new()))
}

async fn list(context: &Context<'_>, project: &Project, release: &ReleasePath, page: Page) -> Result<Answer, Error> {
    let paged = context.session.list_links(project.id, &release.tag, page).await?;
    let list_url = context.public_url.links(release);
    let headers = page::headers(page, paged.counted, &list_url, context.params);
    let body = view::links(context.public_url, project, &release.tag, &paged.items);
    Ok(Answer::Json(StatusCode::OK, body, headers))
}

/// Who the token is.
#[must_use]
pub fn current_user(public_url: &PublicUrl, token: &Token) -> Answer {
    Answer::Json(StatusCode::OK, view::user(public_url, token), HeaderMap::new())
}

/// The changes, if the caller may make them. A link that is not there is reported before that the caller may not change
/// it, and that before a rule which the changes break (E4, E5); the link is looked at only if there is such a refusal.
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
