//! The feed of a project's releases (RFC 4287).

use askama::Template;
use sha2::{Digest, Sha256};
use uuid::Builder;

use super::text::{Name, Text, json_bytes};
use super::{MAX_BYTES, Page, Site};
use crate::markdown::{self, Budget};
use crate::release::Release;
use crate::store::Beginning;
use crate::timestamp::Timestamp;

/// What the feed of a project without releases says.
const NEVER: &str = "1970-01-01T00:00:00Z";

/// The end of a description that is cut.
const REST: &str = "<p>The rest is on the page of the release.</p>";

#[derive(Template)]
#[template(path = "feed.xml")]
struct Feed<'a> {
    id: String,
    project: Text<'a>,
    updated: String,
    url: String,
    page_url: String,
    entries: Vec<String>,
}

#[derive(Template)]
#[template(path = "entry.xml")]
struct Entry<'a> {
    id: String,
    title: Name<'a>,
    updated: String,
    url: String,
    content: Option<Text<'a>>,
}

/// The feed with these releases, the latest first.
#[must_use]
pub fn feed(site: Site<'_>, releases: &[Beginning]) -> Page {
    let Site {
        public_url,
        project,
    } = site;
    let (mut room, mut budget) = (MAX_BYTES, Budget::new());
    let entries = releases.iter().map(|Beginning { release, is_cut }| {
        let description = release.details.description.as_deref();
        let content = description.map(|text| {
            let html = markdown::render(text, &mut budget).into_string();
            if *is_cut { html + REST } else { html }
        });
        let with_content = entry(site, release, content.as_deref());
        let (text, bytes) = match json_bytes(&with_content) {
            bytes if bytes <= room => (with_content, bytes),
            _ => (entry(site, release, None), 0),
        };
        room -= bytes;
        text
    });
    let latest = releases.first().map(|latest| latest.release.released_at);
    let template = Feed {
        id: urn(&[&project.id.to_string()]),
        project: Text(project.path.as_str()),
        updated: latest.map_or(NEVER.to_owned(), Timestamp::to_seconds_text),
        url: public_url.feed(project),
        page_url: public_url.releases(project),
        entries: entries.collect(),
    };
    Page::feed(&template, project.visibility)
}

fn entry(site: Site<'_>, release: &Release, content: Option<&str>) -> String {
    let tag = release.tag.as_str();
    super::rendered(&Entry {
        id: urn(&[
            &release.project.to_string(),
            tag,
            &release.created_at.to_string(),
        ]),
        title: Name(release.title()),
        updated: release.released_at.to_seconds_text(),
        url: site.public_url.release(site.project, tag),
        content: content.map(Text),
    })
}

/// An ID that only these values determine. It survives another path of the project and another
/// address of the service, and a release that is deleted and made anew has another one.
fn urn(values: &[&str]) -> String {
    // No ID and no time has a NUL, and a tag is between two of them.
    let digest = Sha256::digest(values.join("\0"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes)
        .into_uuid()
        .urn()
        .to_string()
}
