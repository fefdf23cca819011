//! The JSON of links. The order of the fields is the order in the JSON.

use serde::Serialize;

use super::to_json;
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
    direct_asset_url: String,
    link_type: LinkType,
}

impl<'a> LinkView<'a> {
    pub(super) fn new(
        public_url: &PublicUrl,
        project: &Project,
        tag: &str,
        link: &'a Link,
    ) -> Self {
        // A new attribute of a link does not compile until this decides whether clients see it.
        let Link {
            id,
            name,
            url,
            filepath: _,
            link_type,
        } = link;
        Self {
            id: *id,
            name,
            url,
            // GitLab also compares prefixes as plain text (H1).
            external: !url.starts_with(&public_url.project(project)),
            direct_asset_url: public_url.direct_asset(project, tag, link),
            link_type: *link_type,
        }
    }
}

/// The JSON of one link.
#[must_use]
pub fn link(public_url: &PublicUrl, project: &Project, tag: &str, link: &Link) -> Vec<u8> {
    to_json(&LinkView::new(public_url, project, tag, link))
}

/// The JSON of a list of links.
#[must_use]
pub fn links(public_url: &PublicUrl, project: &Project, tag: &str, links: &[Link]) -> Vec<u8> {
    to_json(
        &links
            .iter()
            .map(|link| LinkView::new(public_url, project, tag, link))
            .collect::<Vec<_>>(),
    )
}
