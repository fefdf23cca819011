//! The JSON of links. The order of the fields is the order in the JSON.

use std::borrow::Cow;

use percent_encoding::utf8_percent_encode;
use serde::Serialize;

use super::to_json;
use crate::http::pattern::PATH;
use crate::http::public_url::PublicUrl;
use crate::link::{Link, LinkId, LinkType};
use crate::project::Project;

/// A link as clients see it (A6, A7).
#[derive(Serialize)]
pub(super) struct LinkView<'a> {
    id: LinkId,
    name: &'a str,
    url: &'a str,
    external: bool,
    direct_asset_url: Cow<'a, str>,
    link_type: LinkType,
}

/// The beginnings of the URLs of a release's links, which are the same for all of them.
pub(super) struct LinkUrls {
    project: String,
    downloads: String,
}

impl LinkUrls {
    pub(super) fn new(public_url: &PublicUrl, project: &Project, tag: &str) -> Self {
        Self {
            project: public_url.project(project),
            downloads: public_url.downloads(project, tag),
        }
    }

    /// The permanent URL of a link with a filepath, or the URL of a link without one (A7, G1).
    fn direct_asset<'a>(&self, url: &'a str, filepath: Option<&str>) -> Cow<'a, str> {
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
        } = link;
        Self {
            id: *id,
            name,
            url,
            // GitLab also compares prefixes as plain text (H1).
            external: !url.starts_with(&urls.project),
            direct_asset_url: urls.direct_asset(url, filepath.as_deref()),
            link_type: *link_type,
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
