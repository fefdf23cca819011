//! Routes of a project's releases.

use lambda_http::http::Method;

use super::release::{links, release, tag_and_filepath};
use super::{Endpoint, ProjectEndpoint, Route, read_only, split_format};
use crate::http::error::ApiError;

/// Routes the releases of a project, from what follows `/api/v4/projects`. `None` means that the
/// path has no segment `releases` after the project.
pub(super) fn route(method: &Method, segments: &[&str]) -> Option<Result<Route, ApiError>> {
    let last = segments.len().checked_sub(1)?;
    let end_of_project = (1..=last).find(|&index| {
        let segment = segments[index];
        segment == "releases" || (index == last && split_format(segment).0 == "releases")
    })?;
    let (project, rest) = segments.split_at(end_of_project);
    Some(match &rest[1..] {
        [] => list(method, project.join("/"), split_format(rest[0]).1),
        ["permalink", "latest", suffix @ ..] => {
            let suffix = suffix.iter().map(|&segment| segment.to_owned()).collect();
            let latest = ProjectEndpoint::Latest(suffix);
            read_only(method, Route::Project(project.join("/"), latest))
        }
        rest => {
            let links = || links(method, segments);
            let download = || download(method, project, rest);
            // A filepath may end like a path to links. Only links are written, though.
            let route = if matches!(method.as_str(), "POST" | "PUT" | "DELETE") {
                links().or_else(download)
            } else {
                download().or_else(links)
            };
            route.unwrap_or_else(|| below(method, project, rest))
        }
    })
}

/// Routes the download of an asset. `None` means that the path does not lead to one.
fn download(method: &Method, project: &[&str], rest: &[&str]) -> Option<Result<Route, ApiError>> {
    let (tag, filepath) = tag_and_filepath(rest)?;
    let route = Route::Release(release(project, tag), Endpoint::DownloadAsset(filepath));
    Some(read_only(method, route))
}

fn list(method: &Method, project: String, format: Option<&str>) -> Result<Route, ApiError> {
    let endpoint = match method.as_str() {
        "GET" | "HEAD" => ProjectEndpoint::ListReleases(format.map(str::to_owned)),
        "POST" => ProjectEndpoint::CreateRelease,
        "OPTIONS" => return Ok(Route::Options("OPTIONS, GET, POST, HEAD")),
        _ => return Err(ApiError::UnknownRoute),
    };
    Ok(Route::Project(project, endpoint))
}

/// Routes a release. The rest of the path is the tag, unless it ends like a path below a release.
fn below(method: &Method, project: &[&str], rest: &[&str]) -> Result<Route, ApiError> {
    let tail = &rest[1..];
    let is_assets = tail.ends_with(&["assets"]) || rest.windows(2).any(|pair| pair == LINKS);
    if is_assets || tail.ends_with(&["downloads"]) {
        return Err(ApiError::UnknownRoute);
    }
    let endpoint = match method.as_str() {
        "GET" | "HEAD" => Endpoint::GetRelease,
        "PUT" => Endpoint::UpdateRelease,
        "DELETE" => Endpoint::DeleteRelease,
        "OPTIONS" => return Ok(Route::Options("OPTIONS, GET, PUT, DELETE, HEAD")),
        _ => return Err(ApiError::UnknownRoute),
    };
    Ok(Route::Release(release(project, rest), endpoint))
}

/// The end of a path to links. With more segments than a link's ID, it leads nowhere.
const LINKS: [&str; 2] = ["assets", "links"];
