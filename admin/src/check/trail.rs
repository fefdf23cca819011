//! The redirects that lead from a URL to its file.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue, LOCATION};
use url::Url;

use super::address::{Refuse, literal};
use super::finding::Finding;

/// Largest number of redirects.
const MAX_REDIRECTS: usize = 10;
/// The end of the path of GitLab's sign-in page, to which GitLab redirects clients that may not
/// see a file.
const SIGN_IN: &str = "/users/sign_in";

/// The URLs that were requested, including the last one.
#[derive(Debug)]
pub struct Trail {
    urls: Vec<Url>,
    /// The target of the permanent redirects with which the trail begins.
    moved_to: Option<usize>,
}

impl Trail {
    /// A trail that begins at this URL.
    pub fn new(mut url: Url) -> Self {
        url.set_fragment(None);
        Self {
            urls: vec![url],
            moved_to: None,
        }
    }

    /// The URL to request.
    pub fn url(&self) -> &Url {
        &self.urls[self.urls.len() - 1]
    }

    /// Where the first URL has moved to.
    pub fn moved_to(&self) -> Option<&Url> {
        self.moved_to.map(|index| &self.urls[index])
    }

    /// Whether the URL may be requested.
    pub fn check(&self, refuse: Refuse) -> Result<(), Finding> {
        let url = self.url();
        let refused = match url.scheme() {
            "http" | "https" => literal(url)
                .and_then(refuse)
                .map(|kind| format!("{kind} address")),
            scheme => Some(scheme.to_owned()),
        };
        match refused {
            None => Ok(()),
            Some(what) if self.urls.len() == 1 => Err(Finding::skipped(what)),
            Some(what) => Err(Finding::skipped(format!("redirects to {what}"))),
        }
    }

    /// Follows the redirect of a response. `false` means that it is not a redirect.
    pub fn follow(&mut self, status: StatusCode, headers: &HeaderMap) -> Result<bool, Finding> {
        let is_permanent = match status.as_u16() {
            301 | 308 => true,
            302 | 303 | 307 => false,
            _ => return Ok(false),
        };
        let stop = |cause: &str| Err(Finding::uncertain(cause).with_status(status.as_u16()));
        let target = headers.get(LOCATION).map(HeaderValue::as_bytes);
        let target =
            target.and_then(|target| self.url().join(&String::from_utf8_lossy(target)).ok());
        let Some(mut target) = target.filter(Url::has_host) else {
            return stop("redirects to an invalid URL");
        };
        target.set_fragment(None);
        if target.path().ends_with(SIGN_IN) {
            return stop("redirects to a sign-in page");
        }
        if self.urls.contains(&target) {
            return Err(Finding::dead("redirect loop").with_status(status.as_u16()));
        }
        if self.urls.len() > MAX_REDIRECTS {
            return stop("more than 10 redirects");
        }
        let last = self.urls.len() - 1;
        if is_permanent && self.moved_to.unwrap_or(0) == last {
            self.moved_to = Some(last + 1);
        }
        self.urls.push(target);
        Ok(true)
    }
}
