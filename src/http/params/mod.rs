//! Parameters: the query string and the body become one set of named values (section C).
//!
//! The body takes precedence over the query string (C2); the parameters of the path are
//! [`Captures`](super::pattern::Captures). Malformed input is rejected here, before any value is
//! checked (C7, C9).

mod checks;
mod json;
mod limits;
mod multipart;
mod nested;
mod param;
mod urlencoded;
mod value;

use lambda_http::http::{HeaderMap, Method, Request, header};
use lambda_http::{Body, http};
use url::form_urlencoded;

pub use super::param_error::{ParamError, ParamErrors, ParamProblem, TooComplex};
pub use checks::Checks;
pub use param::{Kind, Length, Param, Place};
pub use value::{Object, Value};

use crate::excerpt::excerpt;
use crate::http::error::ApiError;
use limits::Limits;

/// Largest accepted body of most requests, in bytes. The limit is ours.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Largest accepted body of a request that writes the description of a release, in bytes (R82).
pub const MAX_RELEASE_BODY_BYTES: usize = 512 * 1024;

/// All parameters of a request by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: Object,
    too_complex: Option<TooComplex>,
}

impl Params {
    /// Reads the query string of the event and, if the method has one, the body of at most
    /// `max_body_bytes` bytes. What exceeds the other limits is left out; see [`Self::check_limits`].
    ///
    /// # Errors
    ///
    /// [`ApiError::Malformed`], [`ApiError::BodyTooLarge`], [`ApiError::UnsupportedContentType`] or
    /// [`ApiError::UnsupportedContentEncoding`].
    pub async fn read(
        request: &Request<Body>,
        query: &str,
        max_body_bytes: usize,
    ) -> Result<Self, ApiError> {
        let mut limits = Limits::default();
        let mut values = Object::default();
        urlencoded::parse(query, "query string", &mut values, &mut limits)?;
        // GitLab ignores the body of a GET (C4).
        if !matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        ) && !request.body().is_empty()
        {
            values.extend(read_body(request, max_body_bytes, &mut limits).await?);
        }
        Ok(Self {
            values,
            too_complex: limits.exceeded,
        })
    }

    /// Reads the query string of a page. Nothing in it is an error: of equal names the last one
    /// counts, a name with brackets is a name like any other, and what is not UTF-8 is replaced.
    #[must_use]
    pub fn read_leniently(query: &str) -> Self {
        let mut values = Object::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            values.insert(name.into_owned(), Value::Text(value.into_owned()));
        }
        Self::from_object(values)
    }

    /// The members of an object.
    #[must_use]
    pub fn from_object(members: Object) -> Self {
        Self {
            values: members,
            too_complex: None,
        }
    }

    /// Checks the limits of levels and values.
    ///
    /// # Errors
    ///
    /// [`TooComplex`]. Some parameters were left out.
    pub fn check_limits(&self) -> Result<(), TooComplex> {
        self.too_complex.map_or(Ok(()), Err)
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
async fn read_body(
    request: &http::Request<Body>,
    max_bytes: usize,
    limits: &mut Limits,
) -> Result<Object, ApiError> {
    let body = request.body().as_ref();
    if body.len() > max_bytes {
        return Err(ApiError::BodyTooLarge { limit: max_bytes });
    }
    if let Some(coding) = compression(request.headers()) {
        return Err(ApiError::UnsupportedContentEncoding(coding));
    }
    let Some(content_type) = request.headers().get(header::CONTENT_TYPE) else {
        return urlencoded::parse_bytes(body, limits);
    };
    let content_type = String::from_utf8_lossy(content_type.as_bytes());
    let content_type = first_value(&content_type);
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    match media_type.to_ascii_lowercase().as_str() {
        "application/json" => json::parse(body, limits),
        "application/x-www-form-urlencoded" => urlencoded::parse_bytes(body, limits),
        "multipart/form-data" => multipart::parse(content_type, body.to_vec(), limits).await,
        _ => {
            let media_type = excerpt(media_type).into_owned();
            Err(ApiError::UnsupportedContentType(media_type))
        }
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
        Err(ApiError::Malformed(format!(
            "the {place} contains a NUL byte"
        )))
    } else {
        Ok(text)
    }
}
