//! The pages of a project, and its feed.

use super::facts::{Content, Facts, Format, FormerPaths, Order, Query};
use super::params::{PAGE_FOR_PEOPLE, PROJECT_PATH, TAG_NAME};
use super::{Answer, Context, Operation};
use crate::authorization::{Access, ProjectGrant};
use crate::http::error::ApiError;
use crate::http::page::{self, Site};
use crate::http::params::{MAX_BODY_BYTES, Value};
use crate::http::request::Request;
use crate::http::{Method, paths};
use crate::page::{DEFAULT_PER_PAGE, Page};
use crate::release::TagName;
use crate::store::Room;
use crate::timestamp::Timestamp;

/// The page of a release.
pub struct ReleasePage(TagName);

impl Operation for ReleasePage {
    const FACTS: &'static Facts = &Facts {
        name: "release_page",
        method: Method::GET,
        path: paths::RELEASE_PAGE,
        access: Access::Read,
        order: Order::ParametersFirst,
        format: Format::Ignored,
        query: Query::Lenient,
        former_paths: Some(FormerPaths::Serve),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[PROJECT_PATH, TAG_NAME],
        statuses: &[200, 304, 400, 401, 404],
        content: Content::Html,
        summary: "Get the page of a release",
        description: "A page for people, with the files of the release and its description. It is \
                      `_links.self` of the release. Errors are pages too.",
        statements: &["R92"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        Ok(Self(request.tag()?))
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let key = grant.release(self.0);
        let shown = context.session.releases().show(&key, ROOM).await?;
        let site = site(&grant, context);
        Ok(Answer::Page(page::release(site, &shown, context.now)))
    }
}

/// The links that are read. Those that follow would never be on the page, because it shows no more
/// files, or because each text of a link takes at least its own size on it.
const ROOM: Room = Room {
    links: page::MAX_FILES,
    bytes: page::MAX_BYTES,
};

/// The page with the releases of a project.
pub struct ReleasesPage(Page);

impl Operation for ReleasesPage {
    const FACTS: &'static Facts = &Facts {
        name: "releases_page",
        method: Method::GET,
        path: paths::RELEASES_PAGE,
        access: Access::Read,
        order: Order::ParametersFirst,
        format: Format::Ignored,
        query: Query::Lenient,
        former_paths: Some(FormerPaths::Serve),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[PROJECT_PATH, PAGE_FOR_PEOPLE],
        statuses: &[200, 304, 401, 404],
        content: Content::Html,
        summary: "Get the page with the releases of a project",
        description: "A page for people, with 20 releases, the latest first. Errors are pages too.",
        statements: &["R92"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let number = match request.params.get(PAGE_FOR_PEOPLE.name) {
            Some(Value::Text(text)) => page_number(text),
            _ => 1,
        };
        Ok(Self(Page {
            number,
            per_page: DEFAULT_PER_PAGE,
        }))
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let releases = context.session.releases();
        let paged = releases.summaries(grant.project.id, self.0).await?;
        let (site, number) = (site(&grant, context), self.0.number);
        Ok(Answer::Page(page::releases(
            site,
            &paged,
            number,
            context.now,
        )))
    }
}

/// The number of a page; anything but digits counts as 1.
fn page_number(text: &str) -> u64 {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.unwrap_or(1).max(1)
}

/// The feed of a project.
pub struct Feed;

impl Operation for Feed {
    const FACTS: &'static Facts = &Facts {
        name: "feed",
        method: Method::GET,
        path: paths::FEED,
        access: Access::Read,
        order: Order::ParametersFirst,
        format: Format::Ignored,
        query: Query::Lenient,
        former_paths: Some(FormerPaths::Serve),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[PROJECT_PATH],
        statuses: &[200, 304, 401, 404],
        content: Content::Feed,
        summary: "Get the feed of a project's releases",
        description: "The 20 latest releases that are not upcoming, as an Atom feed. Errors are \
                      pages.",
        statements: &["R92"],
    };
    type Grant = ProjectGrant;

    fn parse(_request: &Request) -> Result<Self, ApiError> {
        Ok(Self)
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let now = Timestamp::from_clock(context.now);
        let releases = context.session.releases();
        let limits = (DEFAULT_PER_PAGE, MAX_DESCRIPTION_BYTES);
        let releases = releases.latest_until(grant.project.id, now, limits).await?;
        Ok(Answer::Page(page::feed(site(&grant, context), &releases)))
    }
}

/// The part of a description that a feed has, in bytes.
const MAX_DESCRIPTION_BYTES: usize = 32 * 1_024;

fn site<'a>(grant: &'a ProjectGrant, context: &Context<'a>) -> Site<'a> {
    Site {
        public_url: context.public_url(),
        project: &grant.project,
    }
}
