//! The search for the operation of a method and a raw path.

use super::{OPERATIONS, Row};
use crate::http::Method;
use crate::http::error::ApiError;
use crate::http::params::MAX_BODY_BYTES;
use crate::http::paths;
use crate::http::pattern::{self, Captures};
use crate::http::response::ErrorFormat;

/// The operation that a method and a path name, with the parameters of the path.
#[derive(Debug)]
pub struct Endpoint {
    /// The row of the operation.
    pub row: &'static Row,
    /// The parameters of the path.
    pub captures: Captures,
    /// The project's path without the service's prefix, if the first segments of a path of the web
    /// may be the prefix.
    pub project_without_prefix: Option<String>,
}

/// What belongs to a method and a path.
#[derive(Debug)]
pub enum Found {
    /// An operation.
    Endpoint(Endpoint),
    /// `OPTIONS` on a path of the API, with the methods that it supports (E3).
    Options(String),
}

/// Finds the operation of a raw path. The path may or may not have the service's prefix, such as
/// `/links`, depending on the gateway. A prefix may equal `api` or the name of a group, so the path
/// is tried as received first. The address of a project may be any path, so it comes last.
///
/// # Errors
///
/// Those of [`parse_path`].
pub fn find(method: &Method, path: &str, prefix: &str) -> Result<Found, ApiError> {
    let received = parse_path(method, path);
    let without_prefix = path
        .strip_prefix(prefix)
        .filter(|rest| !prefix.is_empty() && (rest.is_empty() || rest.starts_with('/')));
    let Some(without_prefix) = without_prefix else {
        return received;
    };
    match received {
        Err(ApiError::UnknownRoute) => parse_path(method, without_prefix),
        Ok(Found::Endpoint(endpoint)) if endpoint.row.facts.path == paths::PROJECT_PAGE => {
            match parse_path(method, without_prefix) {
                Err(ApiError::UnknownRoute) if is_of_api(without_prefix) => {
                    Err(ApiError::UnknownRoute)
                }
                Err(ApiError::UnknownRoute) => Ok(Found::Endpoint(endpoint)),
                other => other,
            }
        }
        Ok(Found::Endpoint(endpoint)) if endpoint.row.facts.path.is_web() => {
            let other = parse_path(method, without_prefix);
            Ok(Found::Endpoint(Endpoint {
                project_without_prefix: other.ok().and_then(|found| found.project()),
                ..endpoint
            }))
        }
        received => received,
    }
}

/// Whether a raw path is one of the API, whose clients do not understand the page of a project.
fn is_of_api(path: &str) -> bool {
    let segments = pattern::segments(path).unwrap_or_default();
    segments.first().is_some_and(|first| first == "api")
}

/// Finds the operation of a raw path without the service's prefix.
///
/// # Errors
///
/// [`ApiError::Malformed`] for a path that is not UTF-8 or contains a NUL byte (C9),
/// [`ApiError::ApiV3`], and [`ApiError::UnknownRoute`] for everything else, including a wrong
/// method (E2).
pub fn parse_path(method: &Method, path: &str) -> Result<Found, ApiError> {
    let segments = pattern::segments(path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if segments.starts_with(&["api", "v3"]) {
        return Err(ApiError::ApiV3);
    }
    if *method == Method::OPTIONS {
        return options(&segments).map(Found::Options);
    }
    let method = if *method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let mut rows = OPERATIONS.iter().filter(|row| row.facts.method == *method);
    let found = rows.find_map(|row| Some((row, row.facts.path.captures(&segments)?)));
    let (row, captures) = found.ok_or(ApiError::UnknownRoute)?;
    Ok(Found::Endpoint(Endpoint {
        row,
        captures,
        project_without_prefix: None,
    }))
}

/// The methods of the first path that fits. The web has no `OPTIONS`.
fn options(segments: &[&str]) -> Result<String, ApiError> {
    let mut rows = OPERATIONS.iter().map(|row| row.facts);
    let fits = rows.find(|facts| facts.path.captures(segments).is_some());
    let path = fits.map(|facts| facts.path).filter(|path| !path.is_web());
    let path = path.ok_or(ApiError::UnknownRoute)?;
    let rows = OPERATIONS.iter().filter(|row| row.facts.path == path);
    let methods = rows.map(|row| row.facts.method.as_str());
    let methods: Vec<&str> = methods.collect();
    Ok(format!("OPTIONS, {}, HEAD", methods.join(", ")))
}

impl Found {
    /// Largest accepted body, in bytes (R82).
    #[must_use]
    pub fn max_body_bytes(&self) -> usize {
        match self {
            Self::Endpoint(endpoint) => endpoint.row.facts.max_body_bytes,
            Self::Options(_) => MAX_BODY_BYTES,
        }
    }

    /// In which format the errors of the request are.
    #[must_use]
    pub fn error_format(&self) -> ErrorFormat {
        match self {
            Self::Endpoint(endpoint) => endpoint.row.facts.error_format(),
            Self::Options(_) => ErrorFormat::Json,
        }
    }

    /// The project that the path names.
    fn project(&self) -> Option<String> {
        match self {
            Self::Endpoint(endpoint) => endpoint.captures.text("id"),
            Self::Options(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
