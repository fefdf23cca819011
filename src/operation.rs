//! The operation: a route whose parameters have passed GitLab's first checks (C11 to C18).

use lambda_http::http::HeaderMap;

use crate::error::Error;
use crate::idempotency::IdempotencyKey;
use crate::link::{LinkId, LinkInput};
use crate::page::Page;
use crate::params::{Checks, Params, Value};
use crate::route::{Endpoint, ReleasePath};

/// Longest tag, in bytes (ours): it is part of a DynamoDB key, which may have 2,048.
const MAX_TAG_BYTES: usize = 1_024;

/// What to do, with everything that it takes except who asks for it.
///
/// A link id of `None` is a number that no link can have, such as -1; it is not found like any
/// other missing link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Show a page of a release's links.
    ListLinks(Page),
    /// Show one link.
    GetLink(Option<LinkId>),
    /// Add a link to a release, once for each key.
    CreateLink(LinkInput, Option<IdempotencyKey>),
    /// Change a link.
    UpdateLink(Option<LinkId>, LinkInput),
    /// Remove a link.
    DeleteLink(Option<LinkId>),
    /// Lead a permanent URL to the url of the link with this filepath.
    Download(String),
}

/// An operation and the release that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The release, in the client's spelling.
    pub release: ReleasePath,
    /// What to do with it.
    pub operation: Operation,
}

impl Request {
    /// Checks the parameters of a release's endpoint. The path's own values are added to `params`,
    /// over all others (C2).
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedFormat`] and [`Error::InvalidParams`].
    pub fn parse(
        release: ReleasePath,
        endpoint: Endpoint,
        params: &mut Params,
        headers: &HeaderMap,
    ) -> Result<Self, Error> {
        params.set("id", &release.project);
        params.set("tag_name", &release.tag);
        if let Endpoint::GetLink(id) | Endpoint::UpdateLink(id) | Endpoint::DeleteLink(id) =
            &endpoint
        {
            params.set("link_id", id);
        }
        if let Endpoint::ListLinks(Some(format)) = &endpoint {
            params.set("format", format);
        } else {
            check_format(params)?;
        }
        Ok(Self {
            operation: operation(endpoint, params, headers)?,
            release,
        })
    }

    /// Whether it changes something, which takes a token of scope `api` (E17).
    #[must_use]
    pub fn writes(&self) -> bool {
        match self.operation {
            Operation::CreateLink(..) | Operation::UpdateLink(..) | Operation::DeleteLink(_) => {
                true
            }
            Operation::ListLinks(_) | Operation::GetLink(_) | Operation::Download(_) => false,
        }
    }
}

fn operation(endpoint: Endpoint, params: &Params, headers: &HeaderMap) -> Result<Operation, Error> {
    let mut checks = Checks::of(params);
    if !matches!(&params.get("tag_name"), Some(Value::Text(tag)) if tag.len() <= MAX_TAG_BYTES) {
        checks.fail(format!(
            "tag_name is too long (maximum is {MAX_TAG_BYTES} bytes)"
        ));
    }
    Ok(match endpoint {
        Endpoint::ListLinks(_) => {
            Operation::ListLinks(checks.finish(()).and_then(|()| Page::parse(params))?)
        }
        Endpoint::CreateLink => {
            // Git refuses control characters in a tag's name, such as the CR of a script with CRLF
            // line endings.
            if matches!(&params.get("tag_name"), Some(Value::Text(tag)) if tag.contains(char::is_control))
            {
                checks.fail("tag_name is invalid".to_owned());
            }
            let input = checks
                .finish(())
                .and_then(|()| LinkInput::for_create(params))?;
            Operation::CreateLink(input, IdempotencyKey::read(headers)?)
        }
        Endpoint::GetLink(_) => {
            let id = link_id(&mut checks);
            Operation::GetLink(checks.finish(id)?)
        }
        Endpoint::UpdateLink(_) => {
            let id = link_id(&mut checks);
            Operation::UpdateLink(id, LinkInput::for_update(checks)?)
        }
        Endpoint::DeleteLink(_) => {
            let id = link_id(&mut checks);
            Operation::DeleteLink(checks.finish(id)?)
        }
        Endpoint::Download(filepath) => Operation::Download(checks.finish(filepath)?),
    })
}

fn link_id(checks: &mut Checks<'_>) -> Option<LinkId> {
    checks.integer("link_id").and_then(LinkId::new)
}

/// JSON is the only format; a format that a suffix names is ignored, one that the query names is
/// not (C6, F6).
///
/// # Errors
///
/// [`Error::UnsupportedFormat`].
pub fn check_format(params: &Params) -> Result<(), Error> {
    match params.get("format") {
        Some(Value::Text(format)) if !format.is_empty() && format != "json" => {
            Err(Error::UnsupportedFormat(format.clone()))
        }
        _ => Ok(()),
    }
}
