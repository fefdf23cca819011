//! Routes of a project, apart from its releases.

use lambda_http::http::Method;

use super::{ProjectEndpoint, Route, read_only, split_format};
use crate::http::error::ApiError;

/// Routes what follows `/api/v4/projects`. In a decoded path, the project has several segments: all
/// that precede a known tail.
pub(super) fn route(method: &Method, segments: &[&str]) -> Result<Route, ApiError> {
    // No project path has a segment `releases`, so this is an unknown path below a release.
    if segments.contains(&"releases") {
        return Err(ApiError::UnknownRoute);
    }
    let (project, endpoint) = match segments {
        [project @ .., "members", "all", user] if !project.is_empty() => {
            let user = split_format(user).0.to_owned();
            (project, ProjectEndpoint::Member(user))
        }
        [project @ .., "repository", branches]
            if !project.is_empty() && split_format(branches).0 == "branches" =>
        {
            let format = split_format(branches).1.map(str::to_owned);
            (project, ProjectEndpoint::ListBranches(format))
        }
        [] => return Err(ApiError::UnknownRoute),
        project => (project, ProjectEndpoint::Show),
    };
    // After an ID, more segments are an unknown path of the project.
    let is_id = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_digit());
    if project.len() > 1 && is_id(project[0]) {
        return Err(ApiError::UnknownRoute);
    }
    read_only(method, Route::Project(project.join("/"), endpoint))
}
