//! The pages for people and the feed, from the templates beside this file. askama compiles them, and
//! escapes everything that is not marked as safe.
//!
//! A page is one document. Its style and its script are in it, and the policy in its headers allows
//! these two and no other request.

mod error;
mod feed;
mod home;
mod release;
mod releases;
mod text;

pub use error::error;
pub use feed::feed;
pub use home::home;
pub use release::{MAX_FILES, release};
pub use releases::releases;

use askama::Template;
use lambda_http::http::{HeaderMap, HeaderValue, Response, header};
use lambda_http::{Body, Request};

use super::headers::etag;
use super::public_url::PublicUrl;
use super::redirect::NO_STORE;
use super::representation::{REVALIDATE, representation};
use crate::project::{Project, Visibility};

/// The media type of a page.
pub const HTML: &str = "text/html";

/// Size up to which a page has files, and a feed descriptions, in bytes of Lambda's response. The
/// response may have 6 MB.
pub const MAX_BYTES: usize = 5_000_000;

/// The style of every page.
const STYLE: &str = include_str!("page.css");
/// The script of every page. Nothing needs it to be read or downloaded.
const SCRIPT: &str = include_str!("page.js");
/// The policy, with the hashes of style and script, which the build computes.
const POLICY: &str = include_str!(concat!(env!("OUT_DIR"), "/policy.txt"));

/// A page or a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The document.
    pub text: String,
    kind: Kind,
    /// Whether no cache may keep it.
    is_private: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Html,
    Feed,
}

/// What a page about a project needs besides what it shows.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The service's address as the client sees it.
    pub public_url: &'a PublicUrl,
    /// The project.
    pub project: &'a Project,
}

impl Page {
    fn html(template: &impl Template, visibility: Visibility) -> Self {
        Self::new(template, visibility, Kind::Html)
    }

    fn feed(template: &impl Template, visibility: Visibility) -> Self {
        Self::new(template, visibility, Kind::Feed)
    }

    fn new(template: &impl Template, visibility: Visibility, kind: Kind) -> Self {
        Self {
            text: rendered(template),
            kind,
            is_private: visibility == Visibility::Private,
        }
    }

    /// The value of `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self.kind {
            Kind::Html => "text/html; charset=utf-8",
            Kind::Feed => "application/atom+xml; charset=utf-8",
        }
    }

    /// The other headers of the page.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let cache_control = if self.is_private {
            NO_STORE
        } else {
            REVALIDATE
        };
        // The address may have a token, and links lead to other hosts.
        let headers = [
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, cache_control),
        ];
        let policy = (header::CONTENT_SECURITY_POLICY, POLICY);
        let policy = Some(policy).filter(|_| self.kind == Kind::Html);
        let headers = headers.into_iter().chain(policy);
        headers
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect()
    }

    /// The response with the page.
    pub(super) fn response(self, request: &Request) -> Response<Body> {
        let (headers, content_type) = (self.headers(), self.content_type());
        let etag = etag(self.text.as_bytes());
        representation(request, headers, content_type, etag, || {
            Body::Text(self.text)
        })
    }
}

/// The text of a template. It cannot fail: writing to a string does not, the values in our
/// templates are texts, numbers and [`text`]'s types, which only pass on an error of the writer,
/// and no template uses a filter that may fail.
fn rendered(template: &impl Template) -> String {
    template.render().unwrap_or_else(|error| {
        tracing::error!(cause = %error, "a page cannot be written");
        String::new()
    })
}
