//! The JSON of releases (section R). The order of the fields is the order in the JSON.

use std::slice;
use std::time::SystemTime;

use serde::Serialize;

use super::link::{LinkUrls, LinkView};
use super::to_json;
use crate::http::public_url::PublicUrl;
use crate::markdown::{self, Budget};
use crate::project::Project;
use crate::release::{Author, Release, ReleaseWithLinks, ResponseSize};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

/// A release with its links (R34).
#[derive(Serialize)]
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "Release")
)]
pub(super) struct ReleaseView<'a> {
    /// The name of the release, or its tag.
    name: &'a str,
    /// The tag of the release.
    tag_name: &'a str,
    /// The description, in Markdown.
    description: Option<&'a str>,
    /// When the release was created.
    #[cfg_attr(feature = "schemas", schemars(extend("format" = "date-time")))]
    created_at: String,
    /// When the release was or will be published.
    #[cfg_attr(feature = "schemas", schemars(extend("format" = "date-time")))]
    released_at: String,
    /// Whether `released_at` is in the future.
    upcoming_release: bool,
    /// The description as HTML, only with `include_html_description=true` (R10).
    #[cfg_attr(feature = "schemas", schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    description_html: Option<&'a str>,
    /// The token that created the release, for callers with a role in the project (R4, R84).
    #[cfg_attr(feature = "schemas", schemars(with = "AuthorView<'_>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<AuthorView<'a>>,
    /// The commit of the release (R5).
    commit: CommitView<'a>,
    /// The links of the release.
    assets: AssetsView<'a>,
    /// Always empty (R7).
    evidences: [(); 0],
    /// When the release became or becomes immutable, only if it is locked (R90).
    #[cfg_attr(
        feature = "schemas",
        schemars(with = "String", extend("format" = "date-time"))
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    immutable_at: Option<&'a str>,
    /// Whether `immutable_at` has come. From then on, the links do not change (R90).
    #[cfg_attr(feature = "schemas", schemars(with = "bool"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    immutable: Option<bool>,
    /// The URLs of the release (R6).
    #[serde(rename = "_links")]
    links: ReleaseLinks,
}

/// The author of a release (R25).
#[derive(Serialize)]
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "Author")
)]
struct AuthorView<'a> {
    /// The ID of the token.
    #[cfg_attr(feature = "schemas", schemars(with = "u64"))]
    id: TokenId,
    /// `token_` and the ID.
    username: String,
    /// The label of the token at that time.
    name: &'a str,
    /// Always `active`.
    state: &'static str,
    /// Always null.
    avatar_url: Option<&'a str>,
    /// The URL of a page that does not exist here.
    web_url: String,
}

/// The commit of a release. Some clients need an object with dates (R78), so what is unknown is
/// blank (R79).
#[derive(Serialize)]
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "Commit")
)]
struct CommitView<'a> {
    /// The ID of the commit, or empty text.
    id: &'a str,
    /// The first eight characters of the ID.
    short_id: &'a str,
    /// The `created_at` of the release.
    #[cfg_attr(feature = "schemas", schemars(extend("format" = "date-time")))]
    created_at: &'a str,
    /// Always empty.
    parent_ids: [(); 0],
    /// Always empty.
    title: &'static str,
    /// Always empty.
    message: &'static str,
    /// Always empty.
    author_name: &'static str,
    /// Always empty.
    author_email: &'static str,
    /// The `created_at` of the release.
    #[cfg_attr(feature = "schemas", schemars(extend("format" = "date-time")))]
    authored_date: &'a str,
    /// Always empty.
    committer_name: &'static str,
    /// Always empty.
    committer_email: &'static str,
    /// The `created_at` of the release.
    #[cfg_attr(feature = "schemas", schemars(extend("format" = "date-time")))]
    committed_date: &'a str,
}

/// The assets of a release (R7, R8).
#[derive(Serialize)]
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "Assets")
)]
struct AssetsView<'a> {
    /// The number of links.
    count: usize,
    /// Always empty (R7).
    sources: [(); 0],
    /// The links, the newest first.
    links: Vec<LinkView<'a>>,
}

/// The URLs of a release.
#[derive(Serialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
struct ReleaseLinks {
    /// The URL of the page of the release (R92).
    #[serde(rename = "self")]
    this: String,
}

/// What the JSON of a release needs besides the release.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseScope<'a> {
    /// The service's address as the client sees it.
    pub public_url: &'a PublicUrl,
    /// The project.
    pub project: &'a Project,
    /// Whether the caller has a role in the project, and so may see the author (R84).
    pub shows_author: bool,
    /// Whether the caller asks for the descriptions as HTML, too (R10).
    pub shows_html: bool,
    /// The time of the request.
    pub now: SystemTime,
}

impl ReleaseScope<'_> {
    /// The JSON of one release.
    #[must_use]
    pub fn release(&self, release: &ReleaseWithLinks) -> Vec<u8> {
        let mut budget = self.html_budget(slice::from_ref(release));
        let texts = Texts::new(&release.release, budget.as_mut());
        to_json(&self.view(release, &texts))
    }

    /// The JSON of a list of releases.
    #[must_use]
    pub fn releases(&self, releases: &[ReleaseWithLinks]) -> Vec<u8> {
        let mut budget = self.html_budget(releases);
        let texts: Vec<_> = releases
            .iter()
            .map(|found| Texts::new(&found.release, budget.as_mut()))
            .collect();
        let views = releases.iter().zip(&texts);
        to_json(
            &views
                .map(|(release, texts)| self.view(release, texts))
                .collect::<Vec<_>>(),
        )
    }

    /// What the descriptions of the response may take as HTML, if it shows them so.
    fn html_budget(&self, releases: &[ReleaseWithLinks]) -> Option<Budget> {
        let size = ResponseSize::new(&self.public_url.project(self.project));
        let budget = || Budget::of_response(size.room_for_html(releases));
        self.shows_html.then(budget)
    }

    fn view<'a>(&self, found: &'a ReleaseWithLinks, texts: &'a Texts) -> ReleaseView<'a> {
        let ReleaseWithLinks { release, links } = found;
        let tag = release.tag.as_str();
        let details = &release.details;
        let author = details.author.as_ref().filter(|_| self.shows_author);
        let urls = LinkUrls::new(self.public_url, self.project, tag);
        ReleaseView {
            name: details.name.as_deref().unwrap_or(tag),
            tag_name: tag,
            description: details.description.as_deref(),
            created_at: texts.created_at.clone(),
            released_at: texts.released_at.clone(),
            upcoming_release: release.is_upcoming(self.now),
            description_html: texts.description_html.as_deref(),
            author: author.map(|author| self.author(author)),
            commit: commit(details.commit.as_deref(), &texts.created_at),
            assets: AssetsView {
                count: links.len(),
                sources: [],
                links: links
                    .iter()
                    .map(|link| LinkView::new(&urls, link))
                    .collect(),
            },
            evidences: [],
            immutable_at: texts.immutable_at.as_deref(),
            immutable: release.immutable_at.map(|_| release.is_immutable(self.now)),
            links: ReleaseLinks {
                this: self.public_url.release(self.project, tag),
            },
        }
    }

    fn author<'a>(&self, author: &'a Author) -> AuthorView<'a> {
        let username = author.id.username();
        AuthorView {
            id: author.id,
            web_url: self.public_url.user(&username),
            username,
            name: &author.label,
            state: "active",
            avatar_url: None,
        }
    }
}

/// What the JSON of a release shows of it in another form.
struct Texts {
    description_html: Option<String>,
    created_at: String,
    released_at: String,
    immutable_at: Option<String>,
}

impl Texts {
    fn new(release: &Release, html: Option<&mut Budget>) -> Self {
        let description = release.details.description.as_deref().unwrap_or_default();
        Self {
            description_html: html
                .map(|budget| markdown::render(description, budget).into_string()),
            created_at: release.created_at.to_milliseconds_text(),
            released_at: release.released_at.to_milliseconds_text(),
            immutable_at: release.immutable_at.map(Timestamp::to_milliseconds_text),
        }
    }
}

/// The first characters of a commit's ID, as GitLab shows them.
const SHORT_ID: usize = 8;

fn commit<'a>(id: Option<&'a str>, date: &'a str) -> CommitView<'a> {
    let id = id.unwrap_or_default();
    CommitView {
        id,
        short_id: id.get(..SHORT_ID).unwrap_or_default(),
        created_at: date,
        parent_ids: [],
        title: "",
        message: "",
        author_name: "",
        author_email: "",
        authored_date: date,
        committer_name: "",
        committer_email: "",
        committed_date: date,
    }
}

#[cfg(test)]
mod tests;
