//! Redirects: to the URL of a link (G3), to the latest release (R63, R68), to the page of a project
//! (R92), and to the ID of a project that has moved (F3).

use std::borrow::Cow;
use std::time::Duration;

use lambda_http::http::StatusCode;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use url::form_urlencoded;

use super::credentials::may_contain_token;
use super::error::ApiError;
use super::pattern::QUERY_VALUE;
use crate::link::{self, NOT_IN_URI};
use crate::project::Visibility;

/// A redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The status.
    pub status: StatusCode,
    /// Where to, as a URI.
    pub location: String,
    /// Who may cache the redirect, and how long.
    pub cache_control: String,
    /// The body, if there is one.
    pub text: Option<String>,
}

/// How long the redirects of a public project may be cached.
#[derive(Debug, Clone, Copy)]
pub struct MaxAges {
    /// To the URL of a link.
    pub download: MaxAge,
    /// To the latest release and to the page of a project, by anyone. The latest release changes
    /// without a change of the URL (R69), so shared caches keep them no longer.
    pub latest: Duration,
}

/// How long the answer to a request about a public project may be cached.
#[derive(Debug, Clone, Copy)]
pub struct MaxAge {
    /// By anyone.
    pub any: Duration,
    /// By caches that several clients share; without it, as long as by anyone.
    pub shared: Option<Duration>,
}

/// The `Cache-Control` of an answer that only the project's visibility keeps from others. A shared
/// cache must not serve an expired answer while the service fails, because a project that has been
/// made private would stay public for as long.
#[must_use]
pub fn cache_control(visibility: Visibility, max_age: MaxAge) -> String {
    let MaxAge { any, shared } = max_age;
    match visibility {
        Visibility::Public => {
            let shared = shared.map_or_else(String::new, |shared| {
                format!(", s-maxage={}", shared.as_secs())
            });
            let any = any.as_secs();
            format!("public, max-age={any}{shared}, stale-if-error=0")
        }
        Visibility::Private => NO_STORE.to_owned(),
    }
}

/// Longest `Location` that repeats parts of the request, in bytes. Clients and gateways limit the
/// size of headers.
const MAX_LOCATION_BYTES: usize = 8_192;
/// Longest location in a body, in bytes. The body stays below 8,192 bytes with GitLab's text.
const MAX_SHOWN_BYTES: usize = 8_000;

impl Redirect {
    /// With GitLab's text of a temporary redirect in the API: a JSON string, as plain text (R66).
    #[must_use]
    pub fn with_text(self) -> Self {
        let text = format!(
            "This resource has been moved temporarily to {}.",
            shorten(&self.location)
        );
        Self {
            text: Some(Value::String(text).to_string()),
            ..self
        }
    }

    fn temporary(location: String, visibility: Visibility, max_age: MaxAge) -> Self {
        Self {
            status: StatusCode::FOUND,
            location,
            cache_control: cache_control(visibility, max_age),
            text: None,
        }
    }
}

/// A redirect to a link's URL, of a project with this visibility. The stored URL may be an invalid
/// URI, so it is encoded.
#[must_use]
pub fn to_link(url: &str, visibility: Visibility, max_age: MaxAge) -> Redirect {
    Redirect::temporary(link::to_uri(url), visibility, max_age)
}

/// A redirect to another path of the service that passes the query of the request on, without
/// `order_by`: to the latest release, with the segments that follow `latest` in the path, and to
/// the page of a project. No cache may keep it if the query may have a token.
///
/// # Errors
///
/// [`ApiError::RedirectTooLong`].
pub fn passing_query_on(
    url: String,
    suffix: &[String],
    query: &str,
    visibility: Visibility,
    max_age: Duration,
) -> Result<Redirect, ApiError> {
    let mut location = url;
    for segment in suffix {
        location.push('/');
        location.extend(utf8_percent_encode(segment, QUERY_VALUE));
    }
    let (query, may_have_token) = query_to_repeat(query);
    if !query.is_empty() {
        location = format!("{location}?{query}");
    }
    check_length(&location)?;
    let visibility = if may_have_token {
        Visibility::Private
    } else {
        visibility
    };
    let max_age = MaxAge {
        any: max_age,
        shared: None,
    };
    Ok(Redirect::temporary(location, visibility, max_age))
}

/// The query of the request without `order_by`, and whether it may have a token (R64). Only
/// characters that no URI may contain are encoded.
fn query_to_repeat(query: &str) -> (String, bool) {
    let mut may_have_token = false;
    let pairs = query.split('&').filter(|pair| {
        let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
            return true;
        };
        may_have_token |= may_contain_token(&name, &value);
        name != "order_by"
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    let query = utf8_percent_encode(&query, NOT_IN_URI).to_string();
    (query, may_have_token)
}

/// A permanent redirect within the API, with GitLab's text (F3). It lasts until another project
/// takes the former path, and repeats a token in the query, so no cache may store it.
///
/// # Errors
///
/// [`ApiError::RedirectTooLong`].
pub fn to_project(url: String) -> Result<Redirect, ApiError> {
    check_length(&url)?;
    let text = format!(
        "This resource has been moved permanently to {}",
        shorten(&url)
    );
    Ok(Redirect {
        status: StatusCode::MOVED_PERMANENTLY,
        location: url,
        cache_control: NO_STORE.to_owned(),
        text: Some(text),
    })
}

fn check_length(location: &str) -> Result<(), ApiError> {
    if location.len() <= MAX_LOCATION_BYTES {
        Ok(())
    } else {
        Err(ApiError::RedirectTooLong {
            limit: MAX_LOCATION_BYTES,
        })
    }
}

/// The `Cache-Control` of what no cache may keep.
pub(super) const NO_STORE: &str = "private, no-store";

/// A location in a body. A URI is ASCII, so it can be cut at any byte.
fn shorten(location: &str) -> Cow<'_, str> {
    match location.get(..MAX_SHOWN_BYTES) {
        Some(start) if start.len() < location.len() => format!("{start}…").into(),
        _ => location.into(),
    }
}
