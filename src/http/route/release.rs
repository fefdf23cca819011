//! Routes below a release: its links, and their permanent URLs.

use lambda_http::http::Method;

use super::{Endpoint, ReleasePath, Route, split_format};
use crate::http::error::ApiError;

/// Routes the links of a release, from what follows `/api/v4/projects`. `None` means that the path
/// does not lead to links.
pub(super) fn links(method: &Method, segments: &[&str]) -> Option<Result<Route, ApiError>> {
    let (release, rest) = match segments {
        [project, "releases", tag, "assets", rest @ ..] if is_links(rest) => {
            (release(&[project], &[tag]), rest)
        }
        _ => decoded_links(segments)?,
    };
    Some(link_endpoint(method, release, rest))
}

fn link_endpoint(method: &Method, release: ReleasePath, rest: &[&str]) -> Result<Route, ApiError> {
    let endpoint = match (method.as_str(), rest) {
        ("GET" | "HEAD", [list]) => Endpoint::ListLinks(split_format(list).1.map(str::to_owned)),
        ("POST", [_]) => Endpoint::CreateLink,
        ("GET" | "HEAD", [_, link]) => Endpoint::GetLink(split_format(link).0.to_owned()),
        ("PUT", [_, link]) => Endpoint::UpdateLink(split_format(link).0.to_owned()),
        ("DELETE", [_, link]) => Endpoint::DeleteLink(split_format(link).0.to_owned()),
        ("OPTIONS", [_]) => return Ok(Route::Options("OPTIONS, GET, POST, HEAD")),
        ("OPTIONS", [_, _]) => return Ok(Route::Options("OPTIONS, GET, PUT, DELETE, HEAD")),
        _ => return Err(ApiError::UnknownRoute),
    };
    Ok(Route::Release(release, endpoint))
}

/// Finds the project and the tag in a decoded path: the last `assets` before the links ends the
/// tag, and the first `releases` ends the project.
fn decoded_links<'a, 'b>(segments: &'b [&'a str]) -> Option<(ReleasePath, &'b [&'a str])> {
    let (project_and_tag, links) = [1, 2].into_iter().find_map(|length| {
        let (before, links) = segments.split_at(segments.len().checked_sub(length)?);
        let (assets, project_and_tag) = before.split_last()?;
        (*assets == "assets" && is_links(links)).then_some((project_and_tag, links))
    })?;
    let mut inner = project_and_tag.iter().skip(1);
    let end_of_project = 1 + inner.position(|segment| *segment == "releases")?;
    let (project, tag) = project_and_tag.split_at(end_of_project);
    let tag = &tag[1..];
    (!tag.is_empty()).then(|| (release(project, tag), links))
}

/// `links` or `links/:link_id`; the list alone may carry a format suffix.
fn is_links(segments: &[&str]) -> bool {
    match segments {
        [list] => split_format(list).0 == "links",
        [list, _link] => *list == "links",
        _ => false,
    }
}

/// Routes the paths outside the API: the permanent URL of a link (G2) and the permalink to the
/// latest release (R68).
pub(super) fn web(method: &Method, segments: &[&str]) -> Result<Route, ApiError> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(ApiError::UnknownRoute);
    }
    // No project path has a segment `releases`, so a path that has one before is a path of the API
    // behind the service's prefix.
    let releases = segments.iter().position(|segment| *segment == "releases");
    let end_of_project = releases.and_then(|releases| releases.checked_sub(1));
    let end_of_project = end_of_project
        .filter(|at| *at > 0 && segments[*at] == "-")
        .ok_or(ApiError::UnknownRoute)?;
    let (project, rest) = segments.split_at(end_of_project);
    let rest = &rest[2..];
    if let ["permalink", "latest", suffix @ ..] = rest {
        let suffix = suffix.iter().map(|&segment| segment.to_owned()).collect();
        return Ok(Route::Release(
            release(project, &[]),
            Endpoint::LatestPage(suffix),
        ));
    }
    let (tag, filepath) = tag_and_filepath(rest).ok_or(ApiError::UnknownRoute)?;
    let endpoint = Endpoint::Download(filepath);
    Ok(Route::Release(release(project, tag), endpoint))
}

/// The tag and the filepath of a download: the first `downloads` after the first segment of the tag
/// ends the tag. The filepath has a leading slash.
pub(super) fn tag_and_filepath<'a, 'b>(segments: &'b [&'a str]) -> Option<(&'b [&'a str], String)> {
    let after_first = segments.iter().skip(1);
    let end_of_tag = 1 + after_first
        .into_iter()
        .position(|segment| *segment == "downloads")?;
    let (tag, downloads) = segments.split_at(end_of_tag);
    let filepath = downloads.get(1..).filter(|filepath| !filepath.is_empty())?;
    Some((tag, format!("/{}", filepath.join("/"))))
}

pub(super) fn release(project: &[&str], tag: &[&str]) -> ReleasePath {
    ReleasePath::new(project.join("/"), tag.join("/"))
}
