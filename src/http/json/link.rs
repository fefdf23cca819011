//! The JSON of links. The order of the fields is the order in the JSON.

use std::borrow::Cow;

use percent_encoding::utf8_percent_encode;
use serde::Serialize;

use super::to_json;
use crate::http::pattern::PATH;
use crate::http::public_url::PublicUrl;
use crate::link::{Digest, Link, LinkId, LinkType};
use crate::project::Project;

/// A link of a release (A6, A7).
#[derive(Serialize)]
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "Link")
)]
pub(super) struct LinkView<'a> {
    /// The ID of the link, unique in its release (K1).
    #[cfg_attr(feature = "schemas", schemars(with = "u64"))]
    id: LinkId,
    /// The name of the link, unique in its release.
    name: &'a str,
    /// The URL of the link, unique in its release.
    url: &'a str,
    /// Whether the URL is outside the project (H1).
    external: bool,
    /// The permanent URL of a link with a filepath, or the URL of a link without one (G1).
    direct_asset_url: Cow<'a, str>,
    /// The kind of asset at the URL (C14).
    #[cfg_attr(
        feature = "schemas",
        schemars(with = "String", extend("enum" = <LinkType as strum::VariantNames>::VARIANTS))
    )]
    link_type: LinkType,
    /// The SHA-256 of the file at the URL, in hexadecimal after `sha256:`. It is absent where it is
    /// unknown (D16).
    #[cfg_attr(
        feature = "schemas",
        schemars(with = "String", extend("pattern" = "^sha256:[0-9a-f]{64}$"))
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
}

/// The beginnings of the URLs of a release's links, which are the same for all of them.
pub(in crate::http) struct LinkUrls {
    project: String,
    downloads: String,
}

impl LinkUrls {
    pub(in crate::http) fn new(public_url: &PublicUrl, project: &Project, tag: &str) -> Self {
        Self {
            project: public_url.project(project),
            downloads: public_url.downloads(project, tag),
        }
    }

    /// The permanent URL of a link with a filepath, or the URL of a link without one (A7, G1).
    pub(in crate::http) fn direct_asset<'a>(
        &self,
        url: &'a str,
        filepath: Option<&str>,
    ) -> Cow<'a, str> {
        match filepath {
            None => Cow::Borrowed(url),
            Some(filepath) => {
                let filepath = utf8_percent_encode(filepath, PATH);
                Cow::Owned(format!("{}{filepath}", self.downloads))
            }
        }
    }
}

impl<'a> LinkView<'a> {
    pub(super) fn new(urls: &LinkUrls, link: &'a Link) -> Self {
        // A new attribute of a link does not compile until this decides whether clients see it.
        let Link {
            id,
            name,
            url,
            filepath,
            link_type,
            digest,
        } = link;
        Self {
            id: *id,
            name,
            url,
            // GitLab also compares prefixes as plain text (H1).
            external: !url.starts_with(&urls.project),
            direct_asset_url: urls.direct_asset(url, filepath.as_deref()),
            link_type: *link_type,
            digest: digest.as_ref().map(Digest::as_str),
        }
    }
}

/// The JSON of one link.
#[must_use]
pub fn link(public_url: &PublicUrl, project: &Project, tag: &str, link: &Link) -> Vec<u8> {
    let urls = LinkUrls::new(public_url, project, tag);
    to_json(&LinkView::new(&urls, link))
}

/// The JSON of a list of links.
#[must_use]
pub fn links(public_url: &PublicUrl, project: &Project, tag: &str, links: &[Link]) -> Vec<u8> {
    let urls = LinkUrls::new(public_url, project, tag);
    let views = links.iter().map(|link| LinkView::new(&urls, link));
    to_json(&views.collect::<Vec<_>>())
}
