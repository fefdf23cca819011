//! The route: a method and a raw path select an operation.
//!
//! A path arrives in encoded or in decoded form. Function URLs, load balancers and REST APIs pass
//! it on as the client encoded it. An HTTP API decodes it, so that
//! `/projects/group%2Fapp/releases/v1` becomes `/projects/group/app/releases/v1`. The path is split
//! at slashes first, and each segment is decoded once. If the segments do not match a route as they
//! are, a gateway has decoded them, and the project and the tag are found between fixed segments:
//! the first `releases` ends the project (no project path has such a segment), and the last
//! `assets/links` ends the tag. In a download, the first `downloads` after the first segment of the
//! tag ends the tag. Otherwise the rest of the path is the tag. Paths that more than one of these
//! rules fits are read as downloads, and no tag is created that such a path would name
//! ([`TagName::parse_new`]).

mod project;
mod release;
mod releases;
#[cfg(test)]
mod tests;

use lambda_http::http::Method;
use percent_encoding::percent_decode_str;

use super::error::ApiError;
use super::param_error::ParamError;
use super::params::{MAX_BODY_BYTES, MAX_RELEASE_BODY_BYTES};
use crate::project::ProjectRef;
use crate::release::TagName;

/// Longest accepted path and query together, in bytes (ours; API Gateway's own limit is below it).
pub const MAX_URI_BYTES: usize = 16 * 1024;

/// A release as the path names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasePath {
    /// `:id`, a project's ID or path.
    pub project: String,
    /// The project's path without the service's prefix. It is set if the first segments may be the
    /// prefix, and is used if the caller sees no project with the path `project`.
    pub project_without_prefix: Option<String>,
    /// `:tag_name`.
    pub tag: String,
}

impl ReleasePath {
    /// The release of this tag in this project.
    #[must_use]
    pub fn new(project: impl Into<String>, tag: impl Into<String>) -> Self {
        Self {
            project: project.into(),
            project_without_prefix: None,
            tag: tag.into(),
        }
    }
}

/// The release of a [`ReleasePath`] with valid names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseName {
    /// The possible names of the project; the first one that the caller sees is used. The list is
    /// empty if no project can have such a name.
    pub projects: Vec<ProjectRef>,
    /// The tag.
    pub tag: TagName,
}

impl TryFrom<&ReleasePath> for ReleaseName {
    type Error = ParamError;

    fn try_from(path: &ReleasePath) -> Result<Self, ParamError> {
        let names = std::iter::once(&path.project).chain(&path.project_without_prefix);
        let projects = names.filter_map(|name| ProjectRef::parse(name)).collect();
        let tag = path
            .tag
            .parse()
            .map_err(|error| ParamError::too_long("tag_name", error))?;
        Ok(Self { projects, tag })
    }
}

/// A route of the service, with the values of its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// A part of a release.
    Release(ReleasePath, Endpoint),
    /// A project, or a part of it other than a release. The project is `:id`, an ID or a path.
    Project(String, ProjectEndpoint),
    /// `GET /api/v4/user`: the holder of the token.
    CurrentUser,
    /// `GET /api/v4/job`: the job of a job token (R74).
    CurrentJob,
    /// `GET /api/v4/version` and `/metadata`: the version of the API (R73).
    Version,
    /// `OPTIONS` on a known path, with the methods that it supports (E3).
    Options(&'static str),
}

impl Route {
    /// Largest accepted body, in bytes (R82).
    #[must_use]
    pub fn max_body_bytes(&self) -> usize {
        match self {
            Self::Release(_, Endpoint::UpdateRelease)
            | Self::Project(_, ProjectEndpoint::CreateRelease) => MAX_RELEASE_BODY_BYTES,
            _ => MAX_BODY_BYTES,
        }
    }
}

/// A part of a release that a request is for. Link IDs are not checked yet (C16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET …/assets/links`; a format suffix becomes the parameter `format` (F6).
    ListLinks(Option<String>),
    /// `POST …/assets/links`.
    CreateLink,
    /// `GET …/assets/links/:link_id`.
    GetLink(String),
    /// `PUT …/assets/links/:link_id`.
    UpdateLink(String),
    /// `DELETE …/assets/links/:link_id`.
    DeleteLink(String),
    /// `GET /:project/-/releases/:tag/downloads/:filepath`, the filepath with its leading slash
    /// (G2).
    Download(String),
    /// `GET /:project/-/releases/permalink/latest`, with the segments that follow (R68). The path
    /// names no tag.
    LatestPage(Vec<String>),
    /// `GET …/releases/:tag_name` (R21).
    GetRelease,
    /// `PUT …/releases/:tag_name`.
    UpdateRelease,
    /// `DELETE …/releases/:tag_name`.
    DeleteRelease,
    /// `GET …/releases/:tag_name/downloads/:filepath` in the API, the filepath with its leading
    /// slash (R62).
    DownloadAsset(String),
}

impl Endpoint {
    /// Whether it is outside the API.
    fn is_web(&self) -> bool {
        matches!(self, Self::Download(_) | Self::LatestPage(_))
    }
}

/// A part of a project that a request is for. User IDs are not checked yet (R75).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectEndpoint {
    /// `GET /projects/:id` (R70).
    Show,
    /// `GET /projects/:id/members/all/:user_id` (R75).
    Member(String),
    /// `GET /projects/:id/repository/branches` (R76), with the format suffix.
    ListBranches(Option<String>),
    /// `GET /projects/:id/releases` (R21), with the format suffix.
    ListReleases(Option<String>),
    /// `POST /projects/:id/releases`.
    CreateRelease,
    /// `GET /projects/:id/releases/permalink/latest`, with the segments that follow (R63).
    Latest(Vec<String>),
}

impl Route {
    /// The format suffix of a list, which takes precedence over the parameter `format` (C2, F6).
    #[must_use]
    pub fn format_suffix(&self) -> Option<&str> {
        match self {
            Self::Release(_, Endpoint::ListLinks(format))
            | Self::Project(
                _,
                ProjectEndpoint::ListReleases(format) | ProjectEndpoint::ListBranches(format),
            ) => format.as_deref(),
            _ => None,
        }
    }
}

/// Finds the route of a raw path. The path may or may not carry the service's prefix, such as
/// `/links`, depending on the gateway. A prefix may equal `api` or the name of a group, so the path
/// is tried as received first.
///
/// # Errors
///
/// As [`parse`].
pub fn find(method: &Method, path: &str, prefix: &str) -> Result<Route, ApiError> {
    let received = parse(method, path);
    let without_prefix = path
        .strip_prefix(prefix)
        .filter(|rest| !prefix.is_empty() && rest.starts_with('/'));
    let Some(without_prefix) = without_prefix else {
        return received;
    };
    match received {
        Err(ApiError::UnknownRoute) => parse(method, without_prefix),
        Ok(Route::Release(mut release, endpoint)) if endpoint.is_web() => {
            if let Ok(Route::Release(other, _)) = parse(method, without_prefix) {
                release.project_without_prefix = Some(other.project);
            }
            Ok(Route::Release(release, endpoint))
        }
        received => received,
    }
}

/// Finds the route of a raw path without the service's prefix.
///
/// # Errors
///
/// [`ApiError::Malformed`] for a path that is not UTF-8 or contains a NUL byte (C9),
/// [`ApiError::ApiV3`], and [`ApiError::UnknownRoute`] for everything else, including a wrong
/// method (E2).
pub fn parse(method: &Method, path: &str) -> Result<Route, ApiError> {
    let segments: Vec<String> = path
        .split('/')
        .filter(|piece| !piece.is_empty())
        .map(decode)
        .collect::<Result<_, _>>()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["api", "v3", ..] => Err(ApiError::ApiV3),
        ["api", "v4", "projects", rest @ ..] => {
            releases::route(method, rest).unwrap_or_else(|| project::route(method, rest))
        }
        ["api", "v4", name] => match split_format(name).0 {
            "user" => read_only(method, Route::CurrentUser),
            "job" => read_only(method, Route::CurrentJob),
            "version" | "metadata" => read_only(method, Route::Version),
            _ => Err(ApiError::UnknownRoute),
        },
        ["api", ..] => Err(ApiError::UnknownRoute),
        _ => release::web(method, &segments),
    }
}

/// Decodes one segment once. A `%` without a valid escape is literal, because a gateway has already
/// decoded the path.
fn decode(piece: &str) -> Result<String, ApiError> {
    let decoded = percent_decode_str(piece)
        .decode_utf8()
        .map_err(|_| ApiError::Malformed("the path is not UTF-8 once it is decoded".to_owned()))?;
    if decoded.contains('\0') {
        return Err(ApiError::Malformed(
            "the path contains a NUL byte".to_owned(),
        ));
    }
    Ok(decoded.into_owned())
}

/// A route that supports only GET and HEAD.
fn read_only(method: &Method, route: Route) -> Result<Route, ApiError> {
    match *method {
        Method::GET | Method::HEAD => Ok(route),
        Method::OPTIONS => Ok(Route::Options("OPTIONS, GET, HEAD")),
        _ => Err(ApiError::UnknownRoute),
    }
}

/// Splits off a format suffix, as in `links.json` or `1.json` (C17, F6).
fn split_format(segment: &str) -> (&str, Option<&str>) {
    match segment.rsplit_once('.') {
        Some((name, format)) if !name.is_empty() && !format.is_empty() => (name, Some(format)),
        _ => (segment, None),
    }
}
