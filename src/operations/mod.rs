//! The operations: [`OPERATIONS`] lists them, and reads as the API. Each has its [`Facts`] beside its
//! code, which checks the parameters (`parse`) and performs the operation (`run`).

mod asset;
mod caller;
mod downloads;
mod facts;
mod find;
mod link_input;
mod links;
mod openapi;
mod pages;
pub mod params;
mod project;
mod release_input;
mod releases;
mod site;

pub use facts::{Content, Facts, Format, FormerPaths, Order, Query};
pub use find::{Endpoint, Found, find, parse_path};
pub use links::CreateLink;
pub use release_input::ReleaseInput;

use std::fmt;
use std::pin::Pin;
use std::time::SystemTime;

use caller::{CurrentJob, CurrentUser, Metadata, Version};
use downloads::{Download, DownloadAsset, Latest, LatestPage};
use links::{DeleteLink, GetLink, ListLinks, UpdateLink};
use openapi::OpenApi;
use pages::{Feed, ReleasePage, ReleasesPage};
use project::{GetMember, GetProject, ListBranches};
use releases::{CreateRelease, DeleteRelease, GetRelease, ListReleases, UpdateRelease};
use site::{Favicon, Home, ProjectPage, Robots};

use crate::authorization::{Grant, ProjectGrant, PublicGrant, TokenGrant};
use crate::http::error::ApiError;
use crate::http::pagination;
use crate::http::public_url::PublicUrl;
use crate::http::redirect::MaxAges;
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::page::Page;
use crate::store::StoreSession;

/// The operations, in the order in which they are tried: the first one with the method and
/// a matching path serves the request. Downloads precede links, because a filepath may end like the
/// path of a link, and the pages, whose tags may have any text. The address of a project may be nearly
/// any path, so it comes last.
pub static OPERATIONS: &[Row] = &[
    Row::for_project::<ListReleases>(),
    Row::for_project::<CreateRelease>(),
    Row::for_project::<Latest>(),
    Row::for_project::<DownloadAsset>(),
    Row::for_project::<ListLinks>(),
    Row::for_project::<CreateLink>(),
    Row::for_project::<GetLink>(),
    Row::for_project::<UpdateLink>(),
    Row::for_project::<DeleteLink>(),
    Row::for_project::<GetRelease>(),
    Row::for_project::<UpdateRelease>(),
    Row::for_project::<DeleteRelease>(),
    Row::for_project::<GetMember>(),
    Row::for_project::<ListBranches>(),
    Row::for_project::<GetProject>(),
    Row::for_caller::<CurrentUser>(),
    Row::for_caller::<CurrentJob>(),
    Row::for_caller::<Version>(),
    Row::for_caller::<Metadata>(),
    Row::for_anyone::<OpenApi>(),
    Row::for_project::<LatestPage>(),
    Row::for_project::<Download>(),
    Row::for_project::<ReleasePage>(),
    Row::for_project::<ReleasesPage>(),
    Row::for_project::<Feed>(),
    Row::for_anyone::<Home>(),
    Row::for_anyone::<Robots>(),
    Row::for_anyone::<Favicon>(),
    Row::for_anyone::<ProjectPage>(),
];

/// An operation: its facts, and the two halves of its code.
pub trait Operation: Sized + Send + 'static {
    /// The facts.
    const FACTS: &'static Facts;
    /// The proof of access that it requires.
    type Grant: Grant;

    /// Checks the parameters.
    ///
    /// # Errors
    ///
    /// [`ApiError::Params`].
    fn parse(request: &Request) -> Result<Self, ApiError>;

    /// Performs the operation.
    ///
    /// # Errors
    ///
    /// Those of the store, and the operation's own.
    fn run(
        self,
        grant: Self::Grant,
        context: &Context<'_>,
    ) -> impl Future<Output = Result<Answer, ApiError>> + Send;
}

/// A row of the table of operations.
pub struct Row {
    /// The facts of the operation.
    pub facts: &'static Facts,
    /// Checks the parameters of a request; the result performs the operation.
    pub parse: Parse,
}

/// Checks the parameters of a request. The pipeline is compiled once for each type of grant; once
/// for each operation, it would make the program larger.
#[derive(Clone, Copy)]
pub enum Parse {
    /// The operation needs a project that the caller sees.
    ForProject(ParseFor<ProjectGrant>),
    /// The operation needs a token.
    ForCaller(ParseFor<TokenGrant>),
    /// The operation is for anyone.
    ForAnyone(ParseFor<PublicGrant>),
}

/// Reads the parameters of a request for an operation that requires this grant.
pub type ParseFor<G> = fn(&Request) -> Result<Box<dyn Run<G>>, ApiError>;

/// An operation whose parameters are read.
pub trait Run<G>: Send {
    /// Performs the operation; see [`Operation::run`].
    fn run<'a>(self: Box<Self>, grant: G, context: &'a Context<'a>) -> Running<'a>;
}

/// An operation that runs.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Answer, ApiError>> + Send + 'a>>;

impl<O: Operation> Run<O::Grant> for O {
    fn run<'a>(self: Box<Self>, grant: O::Grant, context: &'a Context<'a>) -> Running<'a> {
        Box::pin(Operation::run(*self, grant, context))
    }
}

/// Reads the parameters of this operation.
fn parse<O: Operation>(request: &Request) -> Result<Box<dyn Run<O::Grant>>, ApiError> {
    Ok(Box::new(O::parse(request)?))
}

impl Row {
    const fn for_project<O: Operation<Grant = ProjectGrant>>() -> Self {
        Self {
            facts: O::FACTS,
            parse: Parse::ForProject(parse::<O>),
        }
    }

    const fn for_caller<O: Operation<Grant = TokenGrant>>() -> Self {
        Self {
            facts: O::FACTS,
            parse: Parse::ForCaller(parse::<O>),
        }
    }

    const fn for_anyone<O: Operation<Grant = PublicGrant>>() -> Self {
        Self {
            facts: O::FACTS,
            parse: Parse::ForAnyone(parse::<O>),
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { method, path, .. } = self.facts;
        write!(f, "{method} {path}")
    }
}

/// What an operation needs besides its grant and its parameters.
#[derive(Debug)]
pub struct Context<'a> {
    /// The request.
    pub request: &'a Request,
    /// The store session of the request.
    pub session: &'a StoreSession<'a>,
    /// The time of the request.
    pub now: SystemTime,
    /// How long redirects may be cached.
    pub max_ages: MaxAges,
}

impl<'a> Context<'a> {
    /// The service's address as the client sees it.
    fn public_url(&self) -> &'a PublicUrl {
        &self.request.public_url
    }

    /// The answer with a page of a list. `counted` is the number of items in the list.
    fn list(&self, body: Vec<u8>, page: Page, counted: u64) -> Answer {
        let (url, params) = (self.request.url(), self.request.echoed_params());
        Answer::List(body, pagination::headers(page, counted, &url, &params))
    }
}
