//! The cases of pages for people, of the feed, and of what surrounds them.

use super::table::{IDENTIFY, READ, get};
use super::{Case, Given, Links};

/// A request whose answer does not depend on the table.
const FIXED: Case = Case {
    name: "",
    given: Given::NoRelease,
    calls: &[],
    leaves: Links::Named(&[]),
    cost: "the description of the API",
    ..READ
};

pub const RELEASE_PAGE: Case = Case {
    name: "release_page",
    request: |subject| get(subject.web(&subject.tag)),
    calls: &[IDENTIFY, "Query"],
    cost: "show the page of a release",
    ..READ
};

pub const RELEASES_PAGE: Case = Case {
    name: "releases_page",
    request: |subject| get(subject.web("")),
    calls: &[IDENTIFY, "Query", "Query"],
    reads_every_release: true,
    cost: "show the list of releases",
    ..READ
};

pub const FEED: Case = Case {
    name: "feed",
    request: |subject| get(format!("/{}/-/releases.atom", subject.path)),
    calls: &[IDENTIFY, "Query", "Query"],
    reads_every_release: true,
    cost: "show the feed",
    ..READ
};

pub const HOME: Case = Case {
    name: "home",
    request: |_| get("/"),
    ..FIXED
};

pub const ROBOTS: Case = Case {
    name: "robots",
    request: |_| get("/robots.txt"),
    ..FIXED
};

pub const FAVICON: Case = Case {
    name: "favicon",
    request: |_| get("/favicon.ico"),
    success: 204,
    ..FIXED
};

pub const PROJECT_PAGE: Case = Case {
    name: "project_page",
    request: |subject| get(format!("/{}", subject.path)),
    success: 302,
    ..FIXED
};
