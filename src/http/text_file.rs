//! A file of plain text that the service makes itself: a checksum file (G10).

use lambda_http::http::{HeaderMap, Response, header};
use lambda_http::{Body, Request};

use super::headers::etag;
use super::redirect::{MaxAge, NO_STORE, cache_control};
use super::representation::{insert, representation};
use crate::project::Visibility;

const PLAIN: &str = "text/plain; charset=utf-8";

/// A shared cache may keep the file, but asks for each use of it, also while the service fails.
const REVALIDATE: &str = "public, max-age=0, must-revalidate, stale-if-error=0";

/// A file of plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// What is in it.
    pub text: String,
    /// Who may cache it, and how long.
    pub cache_control: String,
}

impl TextFile {
    /// A file of a project with this visibility. Without a `max_age`, every cache asks the service
    /// before it uses the file again.
    #[must_use]
    pub fn new(text: String, visibility: Visibility, max_age: Option<MaxAge>) -> Self {
        let cache_control = match (visibility, max_age) {
            (_, Some(max_age)) => cache_control(visibility, max_age),
            (Visibility::Public, None) => REVALIDATE.to_owned(),
            (Visibility::Private, None) => NO_STORE.to_owned(),
        };
        Self {
            text,
            cache_control,
        }
    }

    /// The response with the file.
    pub(super) fn response(self, request: &Request) -> Response<Body> {
        let mut headers = HeaderMap::new();
        insert(&mut headers, header::CACHE_CONTROL, &self.cache_control);
        let etag = etag(self.text.as_bytes());
        representation(request, headers, PLAIN, etag, || Body::Text(self.text))
    }
}
