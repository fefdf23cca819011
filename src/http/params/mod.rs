//! Parameters: query string, body and path become one set of named values (section C).
//!
//! The path takes precedence over the body, and the body over the query string (C2). Malformed
//! input is rejected here, before any value is checked (C7, C9).

mod checks;
mod json;
mod multipart;
mod nested;
mod urlencoded;

use std::collections::BTreeMap;

use lambda_http::http::{HeaderMap, Method, Request, header};
use lambda_http::{Body, http};

pub use super::param_error::{ParamError, ParamErrors, ParamProblem};
pub use checks::{Checks, Field};

use crate::http::error::ApiError;

/// Largest accepted body, in bytes. The limit is ours.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The value of one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// JSON's null, or a parameter without `=`.
    Null,
    /// Text; numbers and booleans of a JSON body are text too (C15).
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(BTreeMap<String, Value>),
    /// An uploaded file, which no parameter here accepts (C15).
    File,
}

/// All parameters of a request by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: BTreeMap<String, Value>,
}

impl Params {
    /// Reads the query string of the event and, if the method has one, the body.
    ///
    /// # Errors
    ///
    /// [`ApiError::Malformed`], [`ApiError::BodyTooLarge`], [`ApiError::UnsupportedContentType`] or
    /// [`ApiError::UnsupportedContentEncoding`].
    pub async fn read(request: &Request<Body>, query: &str) -> Result<Self, ApiError> {
        let mut params = Self {
            values: urlencoded::parse(query, "query string")?,
        };
        // GitLab ignores the body of a GET (C4).
        if !matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        ) && !request.body().is_empty()
        {
            params.values.extend(read_body(request).await?);
        }
        Ok(params)
    }

    /// The members of an object.
    #[must_use]
    pub fn of_object(members: BTreeMap<String, Value>) -> Self {
        Self { values: members }
    }

    /// Sets a parameter that the path has, which takes precedence over all others (C2).
    pub fn set(&mut self, name: &str, value: &str) {
        self.values
            .insert(name.to_owned(), Value::Text(value.to_owned()));
    }

    /// Takes a parameter out, so that no other stage sees it.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name)
    }

    /// The value of this parameter, if it was sent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// All parameters as flat pairs in alphabetical order, for the `Link` header (B14).
    pub fn pairs(&self) -> impl Iterator<Item = (String, String)> {
        let values = self.values.iter();
        values.flat_map(|(name, value)| nested::pairs(name, value))
    }
}

/// Reads the body by its media type (C1, C3).
async fn read_body(request: &http::Request<Body>) -> Result<BTreeMap<String, Value>, ApiError> {
    let body = request.body().as_ref();
    if body.len() > MAX_BODY_BYTES {
        return Err(ApiError::BodyTooLarge {
            limit: MAX_BODY_BYTES,
        });
    }
    if let Some(coding) = compression(request.headers()) {
        return Err(ApiError::UnsupportedContentEncoding(coding));
    }
    let Some(content_type) = request.headers().get(header::CONTENT_TYPE) else {
        return urlencoded::parse_bytes(body);
    };
    let content_type = String::from_utf8_lossy(content_type.as_bytes());
    let content_type = first_value(&content_type);
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    match media_type.to_ascii_lowercase().as_str() {
        "application/json" => json::parse(body),
        "application/x-www-form-urlencoded" => urlencoded::parse_bytes(body),
        "multipart/form-data" => multipart::parse(content_type, body.to_vec()).await,
        _ => Err(ApiError::UnsupportedContentType(media_type.to_owned())),
    }
}

/// The first coding that compresses the body. Clients also send values without effect, such as
/// `identity`, `utf-8` or an empty one; they are ignored.
fn compression(headers: &HeaderMap) -> Option<String> {
    const COMPRESSIONS: [&str; 7] = [
        "gzip",
        "x-gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "x-compress",
    ];
    let values = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut codings = values.flat_map(|value| value.split(',')).map(str::trim);
    codings
        .find(|coding| {
            COMPRESSIONS
                .iter()
                .any(|name| coding.eq_ignore_ascii_case(name))
        })
        .map(str::to_owned)
}

/// A gateway joins duplicate headers with a comma. A comma in quotes belongs to the value.
fn first_value(header: &str) -> &str {
    let mut is_quoted = false;
    let end = header.find(|c| {
        is_quoted ^= c == '"';
        c == ',' && !is_quoted
    });
    &header[..end.unwrap_or(header.len())]
}

/// Rejects a NUL byte, as GitLab does in any parameter (C9).
fn without_nul(text: String, place: &str) -> Result<String, ApiError> {
    if text.contains('\0') {
        Err(ApiError::Malformed(format!("the {place} holds a NUL byte")))
    } else {
        Ok(text)
    }
}
