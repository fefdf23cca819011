//! Downloads of an asset, and redirects to the latest release, in the API and on the web (sections G
//! and R).

use super::asset::{Asset, reject_parent};
use super::facts::{Content, Facts, Format, FormerPaths, Order, Query};
use super::params::{ASSET_PATH, DOWNLOAD_PATH, ID, PROJECT_PATH, SUFFIX_PATH, TAG_NAME};
use super::{Answer, Context, Operation};
use crate::authorization::{Access, ProjectGrant};
use crate::http::error::ApiError;
use crate::http::params::MAX_BODY_BYTES;
use crate::http::redirect;
use crate::http::request::Request;
use crate::http::{Method, paths};
use crate::store::StoreError;

const DOWNLOAD: &str = "Redirects to the URL of the link with this filepath. If there is none, `<filepath>.sha256` is \
     the checksum file of the link with that filepath, and `SHA256SUMS` that of the release, as \
     `sha256sum --check` reads them (G10).";

/// Redirects a permanent URL to the URL of the link with this filepath (G2, G3).
pub struct Download(Asset);

impl Operation for Download {
    const FACTS: &'static Facts = &Facts {
        name: "download",
        method: Method::GET,
        path: paths::DOWNLOAD,
        access: Access::Read,
        order: Order::ParametersFirst,
        format: Format::Ignored,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Serve),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[PROJECT_PATH, TAG_NAME, DOWNLOAD_PATH],
        statuses: &[200, 302, 304, 400, 401, 404],
        content: Content::Download,
        summary: "Download an asset by its permanent URL",
        description: DOWNLOAD,
        statements: &["G2", "G3", "G10"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        Ok(Self(Asset::parse(request, &DOWNLOAD_PATH)?))
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        match self.0.find(&grant, context).await {
            // Only the API distinguishes a missing release from a missing link (R54).
            Err(StoreError::ReleaseNotFound) => Err(ApiError::NotFound),
            found => Ok(found?.answer(&grant, context)),
        }
    }
}

/// Redirects to the URL of the link with this filepath, in the API (R62).
pub struct DownloadAsset(Asset);

impl Operation for DownloadAsset {
    const FACTS: &'static Facts = &Facts {
        name: "download_asset",
        method: Method::GET,
        path: paths::DOWNLOAD_ASSET,
        access: Access::Read,
        order: Order::AccessFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Redirect),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[ID, TAG_NAME, ASSET_PATH],
        statuses: &[200, 302, 304, 400, 401, 404],
        content: Content::Download,
        summary: "Download an asset",
        description: DOWNLOAD,
        statements: &["R62", "R66", "G3", "G10"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let filepath = request.captures.text(ASSET_PATH.name).unwrap_or_default();
        reject_parent(&ASSET_PATH, filepath.split('/'))?;
        Ok(Self(Asset::parse(request, &ASSET_PATH)?))
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let found = self.0.find(&grant, context).await?;
        Ok(match found.answer(&grant, context) {
            Answer::Redirect(redirect) => Answer::Redirect(redirect.with_text()),
            file => file,
        })
    }
}

/// Redirects to the latest release in the API (R63).
pub struct Latest(Suffix);

impl Operation for Latest {
    const FACTS: &'static Facts = &Facts {
        name: "latest",
        method: Method::GET,
        path: paths::LATEST,
        access: Access::Read,
        order: Order::AccessFirst,
        format: Format::Json,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Redirect),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[ID, SUFFIX_PATH],
        statuses: &[302, 400, 401, 404],
        content: Content::Redirect,
        summary: "Get the latest release",
        description: "Redirects to the release with the newest `released_at`, which may be in the \
                      future (R60). It keeps the rest of the path, and the query, including a token \
                      in it, but not `order_by` (R64).",
        statements: &["R63", "R64", "R65", "R66"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        let suffix = Suffix::parse(request);
        reject_parent(&SUFFIX_PATH, suffix.0.iter().map(String::as_str))?;
        Ok(Self(suffix))
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let tag = context.session.releases().latest(grant.project.id).await?;
        let id = grant.project.id.to_string();
        let values = [("id", id.as_str()), ("tag_name", tag.as_str())];
        // There is no host, so that clients keep their credentials.
        let url = context.public_url().path(paths::RELEASE, &values);
        let redirect = self.0.redirect(url, &grant, context)?;
        Ok(Answer::Redirect(redirect.with_text()))
    }
}

/// Redirects to the web address of the latest release (R68).
pub struct LatestPage(Suffix);

impl Operation for LatestPage {
    const FACTS: &'static Facts = &Facts {
        name: "latest_page",
        method: Method::GET,
        path: paths::LATEST_PAGE,
        access: Access::Read,
        order: Order::ParametersFirst,
        format: Format::Ignored,
        query: Query::Strict,
        former_paths: Some(FormerPaths::Serve),
        max_body_bytes: MAX_BODY_BYTES,
        params: &[PROJECT_PATH, SUFFIX_PATH],
        statuses: &[302, 401, 404],
        content: Content::Redirect,
        summary: "Get the latest release by its permanent URL",
        description: "Redirects as the operation of the API does, to an address on the web.",
        statements: &["R68"],
    };
    type Grant = ProjectGrant;

    fn parse(request: &Request) -> Result<Self, ApiError> {
        Ok(Self(Suffix::parse(request)))
    }

    async fn run(self, grant: ProjectGrant, context: &Context<'_>) -> Result<Answer, ApiError> {
        let tag = context.session.releases().latest(grant.project.id).await?;
        let url = context.public_url().release(&grant.project, tag.as_str());
        Ok(Answer::Redirect(self.0.redirect(url, &grant, context)?))
    }
}

/// The segments of a path after `latest`, which the redirect repeats.
struct Suffix(Vec<String>);

impl Suffix {
    fn parse(request: &Request) -> Self {
        let segments = request.captures.segments(SUFFIX_PATH.name);
        Self(segments.unwrap_or_default().to_vec())
    }

    fn redirect(
        &self,
        url: String,
        grant: &ProjectGrant,
        context: &Context<'_>,
    ) -> Result<redirect::Redirect, ApiError> {
        let (query, max_age) = (&context.request.query, context.max_ages.latest);
        redirect::passing_query_on(url, &self.0, query, grant.project.visibility, max_age)
    }
}
