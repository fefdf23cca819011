//! Routes of a project, apart from its releases.

use lambda_http::http::Method;

use super::{ProjectEndpoint, Route, read_only, split_format};
use crate::http::error::ApiError;

/// Routes what follows `/api/v4/projects`. In a decoded path, the project has several segments: all
/// that precede a known tail.
pub(super) fn route(method: &Method, segments: &[&str]) -> Result<Route, ApiError> {
    let (project, endpoint) = match segments {
        [project @ .., "members", "all", user] if !project.is_empty() => {
            let user = split_format(user).0.to_owned();
            (project, ProjectEndpoint::Member(user))
        }
        [project @ .., "repository", branches]
            if !project.is_empty() && split_format(branches).0 == "branches" =>
        {
            (project, ProjectEndpoint::ListBranches)
        }
        [] => return Err(ApiError::UnknownRoute),
        // No project path has a segment `releases`, so this is an unknown path below it.
        _ if segments.contains(&"releases") => return Err(ApiError::UnknownRoute),
        project => (project, ProjectEndpoint::Show),
    };
    read_only(method, Route::Project(project.join("/"), endpoint))
}
