//! The paths of the service. Each is written once, here; see [`Pattern`].

use super::pattern::Pattern;

/// The releases of a project.
pub const RELEASES: Pattern = Pattern::new("/api/v4/projects/{id}/releases{.format}");
/// The latest release of a project, and what is below it (R63).
pub const LATEST: Pattern =
    Pattern::new("/api/v4/projects/{id}/releases/permalink/latest/{suffix_path*}");
/// A release.
pub const RELEASE: Pattern = Pattern::new("/api/v4/projects/{id}/releases/{tag_name}");
/// The asset of a release with a filepath (R62).
pub const DOWNLOAD_ASSET: Pattern =
    Pattern::new("/api/v4/projects/{id}/releases/{tag_name}/downloads/{direct_asset_path+}");
/// The links of a release.
pub const LINKS: Pattern =
    Pattern::new("/api/v4/projects/{id}/releases/{tag_name}/assets/links{.format}");
/// A link.
pub const LINK: Pattern =
    Pattern::new("/api/v4/projects/{id}/releases/{tag_name}/assets/links/{link_id}{.format}");

/// A project (R70).
pub const PROJECT: Pattern = Pattern::new("/api/v4/projects/{id}");
/// A member of a project (R75).
pub const MEMBER: Pattern = Pattern::new("/api/v4/projects/{id}/members/all/{user_id}{.format}");
/// The branches of a project (R76).
pub const BRANCHES: Pattern = Pattern::new("/api/v4/projects/{id}/repository/branches{.format}");

/// The holder of the token.
pub const USER: Pattern = Pattern::new("/api/v4/user{.format}");
/// The job of a job token (R74).
pub const JOB: Pattern = Pattern::new("/api/v4/job{.format}");
/// The version of the API (R73).
pub const VERSION: Pattern = Pattern::new("/api/v4/version{.format}");
/// The version of the API and its components (R73).
pub const METADATA: Pattern = Pattern::new("/api/v4/metadata{.format}");

/// The description of the API.
pub const OPENAPI: Pattern = Pattern::new("/api/v4/openapi.json");

/// The latest release on the web, and what is below it (R68).
pub const LATEST_PAGE: Pattern = Pattern::new("/{id}/-/releases/permalink/latest/{suffix_path*}");
/// The permanent URL of a link (G2).
pub const DOWNLOAD: Pattern = Pattern::new("/{id}/-/releases/{tag_name}/downloads/{filepath+}");
/// The page of a release.
pub const RELEASE_PAGE: Pattern = Pattern::new("/{id}/-/releases/{tag_name}");
/// The page with the releases of a project.
pub const RELEASES_PAGE: Pattern = Pattern::new("/{id}/-/releases");
/// The feed of the releases of a project.
pub const FEED: Pattern = Pattern::new("/{id}/-/releases.atom");
/// The address of a project, which leads to the page with its releases.
pub const PROJECT_PAGE: Pattern = Pattern::new("/{id}");
/// The page about the service.
pub const HOME: Pattern = Pattern::new("/");
/// What crawlers may read.
pub const ROBOTS: Pattern = Pattern::new("/robots.txt");
/// The icon for which browsers ask.
pub const FAVICON: Pattern = Pattern::new("/favicon.ico");
