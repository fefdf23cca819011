//! What is at a filepath of a release: a link, or a checksum file (G2, G10).

use url::Url;

use super::releases::response_size;
use super::{Answer, Context, Endpoint, Found, find};
use crate::authorization::ProjectGrant;
use crate::http::error::ApiError;
use crate::http::params::{Param, ParamError, ParamProblem};
use crate::http::redirect;
use crate::http::request::{Request, projects};
use crate::http::text_file::TextFile;
use crate::http::{Method, paths};
use crate::link::checksums::{self, ChecksumFile};
use crate::link::may_be_filepath;
use crate::release::{ReleaseKey, TagName, is_immutable};
use crate::store::{self, StoreError};

/// An asset as the path names it.
pub(super) struct Asset {
    tag: TagName,
    filepath: String,
}

/// What is there.
pub(super) enum Target {
    /// A link with this URL.
    Link(String),
    /// A checksum file.
    Checksums {
        text: String,
        /// Whether the release is immutable.
        is_final: bool,
    },
}

impl Target {
    pub(super) fn answer(self, grant: &ProjectGrant, context: &Context<'_>) -> Answer {
        let (visibility, max_age) = (grant.project.visibility, context.max_ages.download);
        match self {
            Self::Link(url) => Answer::Redirect(redirect::to_link(&url, visibility, max_age)),
            Self::Checksums { text, is_final } => {
                let max_age = is_final.then_some(max_age);
                Answer::TextFile(TextFile::new(text, visibility, max_age))
            }
        }
    }
}

impl Asset {
    pub(super) fn parse(request: &Request, filepath: &Param) -> Result<Self, ApiError> {
        let filepath = request.captures.text(filepath.name).unwrap_or_default();
        Ok(Self {
            tag: request.tag()?,
            filepath: format!("/{filepath}"),
        })
    }

    /// What the release has at this filepath. A link takes precedence over a checksum file.
    pub(super) async fn find(
        &self,
        grant: &ProjectGrant,
        context: &Context<'_>,
    ) -> Result<Target, StoreError> {
        let release = grant.release(self.tag.clone());
        let checksums = ChecksumFile::named(&self.filepath);
        let found = self.read(&release, checksums, context).await?;
        if let Some(url) = found.url
            && (checksums.is_none() || !self.is_at(&url, grant, context).await?)
        {
            return Ok(Target::Link(url));
        }
        let (text, immutable_at) = match checksums {
            Some(ChecksumFile::OfFile(file)) => {
                let digest = found.digest.ok_or(StoreError::NotFound)?;
                (checksums::of_file(&digest, file), found.immutable_at)
            }
            Some(ChecksumFile::OfRelease) => {
                let releases = context.session.releases();
                let found = releases
                    .get(&release, response_size(grant, context))
                    .await?;
                let text = checksums::of_release(&found.links);
                (text, found.release.immutable_at)
            }
            None => return Err(StoreError::NotFound),
        };
        if text.is_empty() {
            return Err(StoreError::NotFound);
        }
        let is_final = is_immutable(immutable_at, context.now);
        Ok(Target::Checksums { text, is_final })
    }

    async fn read(
        &self,
        release: &ReleaseKey,
        checksums: Option<ChecksumFile<'_>>,
        context: &Context<'_>,
    ) -> Result<store::Asset, StoreError> {
        let links = context.session.links(release);
        match checksums {
            Some(ChecksumFile::OfFile(file)) => links.asset_or_digest(&self.filepath, file).await,
            _ if may_be_filepath(&self.filepath) => links.asset(&self.filepath).await,
            _ => Err(missing_link(release, context).await?),
        }
    }

    /// Whether a URL leads to this asset again, by whatever name of the project. A redirect to it
    /// would never end.
    async fn is_at(
        &self,
        url: &str,
        grant: &ProjectGrant,
        context: &Context<'_>,
    ) -> Result<bool, StoreError> {
        let endpoint = endpoint_of(url, context.request);
        let Some(endpoint) = endpoint.filter(|endpoint| self.is_named_by(endpoint)) else {
            return Ok(false);
        };
        let without_prefix = endpoint.project_without_prefix.as_deref();
        let names = projects(&endpoint.captures, without_prefix);
        if names.iter().any(|name| name.matches(&grant.project)) {
            return Ok(true);
        }
        if names.is_empty() {
            return Ok(false);
        }
        // Only a former path is left.
        let (_, found) = context.session.identify(None, &names).await?;
        Ok(found.iter().any(|project| project.id == grant.project.id))
    }

    /// Whether the path of an endpoint has this tag and this filepath. The latest release may be
    /// this one.
    fn is_named_by(&self, endpoint: &Endpoint) -> bool {
        let (path, text) = (endpoint.row.facts.path, |name| endpoint.captures.text(name));
        let is_tag = || text("tag_name").is_some_and(|tag| tag == self.tag.as_str());
        let filepath = &self.filepath[1..];
        match path {
            paths::DOWNLOAD => is_tag() && text("filepath").is_some_and(|path| path == filepath),
            paths::DOWNLOAD_ASSET => {
                is_tag() && text("direct_asset_path").is_some_and(|path| path == filepath)
            }
            paths::LATEST | paths::LATEST_PAGE => {
                let suffix = text("suffix_path").unwrap_or_default();
                suffix.strip_prefix("downloads/") == Some(filepath)
            }
            _ => false,
        }
    }
}

/// The endpoint of this service that a URL names.
fn endpoint_of(url: &str, request: &Request) -> Option<Endpoint> {
    let url = Url::parse(url).ok()?;
    request.addresses().find_map(|address| {
        let path = address.path_of(&url)?;
        match find(&Method::GET, path, address.base_path()).ok()? {
            Found::Endpoint(endpoint) => Some(endpoint),
            Found::Options(_) => None,
        }
    })
}

/// The error of a filepath that no link can have.
async fn missing_link(
    release: &ReleaseKey,
    context: &Context<'_>,
) -> Result<StoreError, StoreError> {
    if context.request.pattern.is_web() || context.session.releases().exists(release).await? {
        Ok(StoreError::NotFound)
    } else {
        Ok(StoreError::ReleaseNotFound)
    }
}

/// Rejects a path with the name `..`, as GitLab does in the API (R62).
pub(super) fn reject_parent<'a>(
    param: &Param,
    mut names: impl Iterator<Item = &'a str>,
) -> Result<(), ParamError> {
    if names.any(|name| name == "..") {
        return Err(ParamError::new(param.name, ParamProblem::NotAFilePath));
    }
    Ok(())
}
