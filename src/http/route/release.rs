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

/// Routes the permanent URL of a link (G2).
pub(super) fn download(method: &Method, segments: &[&str]) -> Result<Route, ApiError> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(ApiError::UnknownRoute);
    }
    let parts = || {
        let end_of_project = segments
            .windows(2)
            .position(|pair| pair == ["-", "releases"])
            .filter(|at| *at > 0)?;
        let tag_and_path = &segments[end_of_project + 2..];
        let end_of_tag = tag_and_path
            .iter()
            .skip(1)
            .position(|segment| *segment == "downloads")?
            + 1;
        let filepath = tag_and_path
            .get(end_of_tag + 1..)
            .filter(|filepath| !filepath.is_empty())?;
        let release = release(&segments[..end_of_project], &tag_and_path[..end_of_tag]);
        Some(Route::Release(
            release,
            Endpoint::Download(format!("/{}", filepath.join("/"))),
        ))
    };
    parts().ok_or(ApiError::UnknownRoute)
}

fn release(project: &[&str], tag: &[&str]) -> ReleasePath {
    ReleasePath::new(project.join("/"), tag.join("/"))
}
