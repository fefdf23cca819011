//! The route: a method and a raw path select an operation.
//!
//! A path arrives in encoded or in decoded form. Function URLs, load balancers and REST APIs pass
//! it on as the client encoded it. An HTTP API decodes it, so that
//! `/projects/group%2Fapp/releases/v1` becomes `/projects/group/app/releases/v1`. The path is split
//! at slashes first, and each segment is decoded once. If the segments do not match a route as they
//! are, a gateway has decoded them, and the project and the tag are found between fixed segments:
//! the first `releases` ends the project (no project path has such a segment), and the last
//! `assets/links` ends the tag. In a download, the first `downloads` after the first segment of the
//! tag ends the tag.

mod project;
mod release;

use lambda_http::http::Method;
use percent_encoding::percent_decode_str;

use super::error::ApiError;
use super::param_error::ParamError;
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
    /// prefix, and is used if there is no project with the path `project`.
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
    /// The possible names of the project; the first one that exists is used. The list is empty if
    /// no project can have such a name.
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
}

/// A part of a project that a request is for. User IDs are not checked yet (R75).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectEndpoint {
    /// `GET /projects/:id` (R70).
    Show,
    /// `GET /projects/:id/members/all/:user_id` (R75).
    Member(String),
    /// `GET /projects/:id/repository/branches` (R76).
    ListBranches,
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
        Ok(Route::Release(mut release, Endpoint::Download(filepath))) => {
            if let Ok(Route::Release(other, Endpoint::Download(_))) = parse(method, without_prefix)
            {
                release.project_without_prefix = Some(other.project);
            }
            Ok(Route::Release(release, Endpoint::Download(filepath)))
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
            release::links(method, rest).unwrap_or_else(|| project::route(method, rest))
        }
        ["api", "v4", name] => match split_format(name).0 {
            "user" => read_only(method, Route::CurrentUser),
            "job" => read_only(method, Route::CurrentJob),
            "version" | "metadata" => read_only(method, Route::Version),
            _ => Err(ApiError::UnknownRoute),
        },
        ["api", ..] => Err(ApiError::UnknownRoute),
        _ => release::download(method, &segments),
    }
}

/// Decodes one segment once. A `%` without a valid escape is literal, because a gateway has already
/// decoded the path.
fn decode(piece: &str) -> Result<String, ApiError> {
    let decoded = percent_decode_str(piece)
        .decode_utf8()
        .map_err(|_| ApiError::Malformed("the path is not UTF-8 once it is decoded".to_owned()))?;
    if decoded.contains('\0') {
        return Err(ApiError::Malformed("the path holds a NUL byte".to_owned()));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn release_of(project: &str, tag: &str) -> ReleasePath {
        ReleasePath::new(project, tag)
    }

    fn get(path: &str) -> Result<Route, ApiError> {
        parse(&Method::GET, path)
    }

    #[test]
    fn encoded_and_decoded_paths_have_the_same_route() {
        for path in [
            "/api/v4/projects/a%2Fb%2Fc/releases/rel%2F1.0%20x/assets/links",
            "/api/v4/projects/a/b/c/releases/rel/1.0 x/assets/links",
            "/api/v4//projects/a%2Fb%2fc/releases/rel%2F1%2E0%20x/assets/links/",
        ] {
            let list = Route::Release(release_of("a/b/c", "rel/1.0 x"), Endpoint::ListLinks(None));
            assert_eq!(get(path), Ok(list), "{path}");
        }
    }

    #[test]
    fn tags_with_special_characters_are_not_split() {
        for (path, tag) in [
            ("24/releases/v1+b/assets/links", "v1+b"),
            ("24/releases/v1.json/assets/links", "v1.json"),
            ("24/releases/100%/assets/links", "100%"),
            ("24/releases/%C3%A9/assets/links", "é"),
            ("24/releases/../assets/links", ".."),
            ("24/releases/a/releases/b/assets/links", "a/releases/b"),
            (
                "24/releases/a/assets/links/b/assets/links",
                "a/assets/links/b",
            ),
            ("24/releases/a?b#c\\d/assets/links", "a?b#c\\d"),
        ] {
            assert_eq!(
                get(&format!("/api/v4/projects/{path}")),
                Ok(Route::Release(
                    release_of("24", tag),
                    Endpoint::ListLinks(None)
                )),
                "{path}"
            );
        }
    }

    #[test]
    fn a_format_suffix_is_not_part_of_the_link_id() {
        let link = |link: &str| {
            Ok(Route::Release(
                release_of("24", "v1"),
                Endpoint::GetLink(link.to_owned()),
            ))
        };
        assert_eq!(
            get("/api/v4/projects/24/releases/v1/assets/links/1.json"),
            link("1")
        );
        assert_eq!(
            get("/api/v4/projects/24/releases/v1/assets/links/1.5"),
            link("1")
        );
        assert_eq!(
            get("/api/v4/projects/24/releases/v1/assets/links.json"),
            Ok(Route::Release(
                release_of("24", "v1"),
                Endpoint::ListLinks(Some("json".to_owned()))
            ))
        );
    }

    #[test]
    fn a_download_names_project_tag_and_filepath() {
        let download = |tag: &str| {
            Ok(Route::Release(
                release_of("group/app", tag),
                Endpoint::Download("/bin/x.exe".to_owned()),
            ))
        };
        assert_eq!(
            get("/group/app/-/releases/v0.1/downloads/bin/x.exe"),
            download("v0.1")
        );
        assert_eq!(
            get("/group/app/-/releases/rel%2F1/downloads/bin/x.exe"),
            download("rel/1")
        );
        assert_eq!(
            get("/group/app/-/releases/rel/1/downloads/bin/x.exe"),
            download("rel/1")
        );
    }

    #[test]
    fn unsupported_paths_and_methods_are_unknown_routes() {
        for path in [
            "/",
            "/api/v4",
            "/api/v4/projects",
            "/api/v4/projects/24/releases/v1/assets",
            "/api/v5/projects/24/releases/v1/assets/links",
            "/api/v4/projects/releases/v1/assets/links",
            "/api/v4/projects/24/releases/assets/links",
            "/api/v4/projects/24/releases/v1/assets/links/1/2",
            "/group/app/-/releases/v1/downloads/",
            "/-/releases/v1/downloads/x",
        ] {
            assert_eq!(get(path), Err(ApiError::UnknownRoute), "{path}");
        }
        assert_eq!(
            parse(
                &Method::PATCH,
                "/api/v4/projects/24/releases/v1/assets/links/1"
            ),
            Err(ApiError::UnknownRoute)
        );
        assert_eq!(get("/api/v3/projects"), Err(ApiError::ApiV3));
    }

    #[test]
    fn paths_with_invalid_utf8_or_nul_bytes_are_malformed() {
        for path in ["/api/v4/projects/%ff/releases", "/api/v4/%00"] {
            assert!(matches!(get(path), Err(ApiError::Malformed(_))), "{path}");
        }
    }
}
