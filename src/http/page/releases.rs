//! The page with the releases of a project.

use std::time::SystemTime;

use askama::Template;

use super::text::{Moment, Name, Text, files};
use super::{Page, SCRIPT, STYLE, Site};
use crate::page::{DEFAULT_PER_PAGE, Paged};
use crate::store::Summary;

#[derive(Template)]
#[template(path = "releases.html")]
struct ReleasesPage<'a> {
    project: Text<'a>,
    home_url: String,
    releases_url: &'a str,
    feed_url: String,
    api_url: String,
    items: Vec<Item<'a>>,
    /// Whether there is a latest release, as far as this page can know.
    has_latest: bool,
    newer: Option<String>,
    older: Option<String>,
}

struct Item<'a> {
    title: Name<'a>,
    tag: Name<'a>,
    url: String,
    date: Moment,
    files: String,
    is_upcoming: bool,
    is_immutable: bool,
}

/// A page of the list of releases.
#[must_use]
pub fn releases(site: Site<'_>, paged: &Paged<Summary>, number: u64, now: SystemTime) -> Page {
    let pages = paged.counted.div_ceil(DEFAULT_PER_PAGE).max(1);
    let url = site.public_url.releases(site.project);
    let url_of = |number| format!("{url}?page={number}");
    // A page after the last one leads back to it.
    let newer = (number > 1).then(|| url_of((number - 1).min(pages)));
    let older = (number < pages).then(|| url_of(number + 1));
    let items = paged.items.iter().map(|item| Item::new(site, item, now));
    let items: Vec<_> = items.collect();
    let template = ReleasesPage {
        project: Text(site.project.path.as_str()),
        home_url: site.public_url.home(),
        releases_url: &url,
        feed_url: site.public_url.feed(site.project),
        api_url: site.public_url.releases_in_api(site.project),
        has_latest: newer.is_some()
            || older.is_some()
            || items.iter().any(|item| !item.is_upcoming),
        items,
        newer,
        older,
    };
    Page::html(&template, site.project.visibility)
}

impl<'a> Item<'a> {
    fn new(site: Site<'_>, summary: &'a Summary, now: SystemTime) -> Self {
        let release = &summary.release;
        Self {
            title: Name(release.title()),
            tag: Name(release.tag.as_str()),
            url: site.public_url.release(site.project, release.tag.as_str()),
            date: release.released_at.into(),
            files: files(summary.links),
            is_upcoming: release.is_upcoming(now),
            is_immutable: release.is_immutable(now),
        }
    }
}
