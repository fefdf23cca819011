//! The check of one URL.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, HeaderMap, HeaderValue, RANGE, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode};
use tokio::time::timeout;
use url::Url;

use crate::http_client;

use super::address::Refuse;
use super::cause::explain;
use super::file::read;
use super::finding::Finding;
use super::gate::{Gate, Pass};
use super::private::{OwnService, may_hide};
use super::resolver::{Names, Resolver};
use super::trail::Trail;

/// The longest pause that the command grants.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How URLs are checked.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Time limit for a response, and for each part of a file.
    pub timeout: Duration,
    /// Which addresses are not requested.
    pub refuse: Refuse,
}

/// What to find out about a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether it works.
    Answers,
    /// The digest of the file.
    Digest,
}

/// How to request it.
#[derive(Debug, Clone, Copy)]
enum Way {
    Head,
    /// The first byte, for servers that refuse HEAD.
    FirstByte,
    Whole,
}

/// Checks URLs.
pub struct Prober {
    client: Client,
    gate: Gate,
    settings: Settings,
    own: OwnService,
}

/// A response, and the right to read it.
struct Answer {
    response: Response,
    _pass: Pass,
}

impl Prober {
    /// A prober that looks up names with `names`.
    ///
    /// # Errors
    ///
    /// The system's root certificates cannot be read.
    pub fn new(
        settings: Settings,
        names: Arc<dyn Names>,
        own: OwnService,
    ) -> Result<Self, reqwest::Error> {
        let resolver = Resolver {
            names,
            refuse: settings.refuse,
        };
        let client = http_client::builder()
            .dns_resolver(resolver)
            // A proxy would connect to an address that the command has not checked.
            .no_proxy()
            // A host may close an idle connection at any time. The next request over it would fail.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self {
            client,
            gate: Gate::new(),
            settings,
            own,
        })
    }

    /// Checks a URL.
    pub async fn check(&self, url: Url, question: Question) -> Finding {
        let mut trail = Trail::new(url);
        let finding = self.walk(&mut trail, question).await;
        let finding = finding.unwrap_or_else(|finding| finding);
        finding.moved(trail.moved_to())
    }

    /// Follows the redirects to the end. An error is a finding that ends the trail.
    async fn walk(&self, trail: &mut Trail, question: Question) -> Result<Finding, Finding> {
        loop {
            trail.check(self.settings.refuse)?;
            let answer = self.ask(trail.url(), question).await?;
            let response = &answer.response;
            if !trail.follow(response.status(), response.headers())? {
                return self.judge(trail.url(), answer, question).await;
            }
        }
    }

    /// Sends HEAD, and GET if the server refuses HEAD.
    async fn ask(&self, url: &Url, question: Question) -> Result<Answer, Finding> {
        if question == Question::Digest {
            return self.send(url, Way::Whole).await;
        }
        let answer = self.send(url, Way::Head).await?;
        match answer.response.status().as_u16() {
            400 | 403 | 404 | 405 | 500 | 501 => {
                drop(answer);
                self.send(url, Way::FirstByte).await
            }
            _ => Ok(answer),
        }
    }

    /// Sends a request, and retries it once after the pause that the host requests.
    async fn send(&self, url: &Url, way: Way) -> Result<Answer, Finding> {
        let answer = self.send_once(url, way).await?;
        if answer.response.status() != StatusCode::TOO_MANY_REQUESTS {
            return Ok(answer);
        }
        let host = host(url);
        match pause(answer.response.headers()) {
            Some(time) if time <= LONGEST_PAUSE && self.gate.pause(host, time) => {}
            _ => return Ok(answer),
        }
        drop(answer);
        let answer = self.send_once(url, way).await?;
        if answer.response.status() == StatusCode::TOO_MANY_REQUESTS {
            self.gate.give_up(host);
        }
        Ok(answer)
    }

    async fn send_once(&self, url: &Url, way: Way) -> Result<Answer, Finding> {
        let host = host(url);
        let pass = self.gate.enter(host).await;
        if self.gate.is_silent(host) {
            return Err(Finding::uncertain("no response to earlier requests"));
        }
        let method = match way {
            Way::Head => Method::HEAD,
            Way::FirstByte | Way::Whole => Method::GET,
        };
        // The digest is that of the file, not of what a server makes of it.
        let request = self.client.request(method, url.clone());
        let mut request = request.header(ACCEPT_ENCODING, "identity");
        if let Way::FirstByte = way {
            request = request.header(RANGE, "bytes=0-0");
        }
        let sent = timeout(self.settings.timeout, request.send()).await;
        self.gate.note(host, sent.is_ok());
        match sent {
            Ok(Ok(response)) => Ok(Answer {
                response,
                _pass: pass,
            }),
            Ok(Err(error)) => Err(explain(&error)),
            Err(_) => Err(Finding::uncertain("no response")),
        }
    }

    /// The finding for the last response of a trail.
    async fn judge(
        &self,
        url: &Url,
        answer: Answer,
        question: Question,
    ) -> Result<Finding, Finding> {
        let Answer { response, _pass } = answer;
        let status = response.status().as_u16();
        let cause = format!("status {status}");
        let finding = match status {
            200 if question == Question::Digest => {
                let file = read(response, url, self.settings.timeout).await;
                Finding::ok(status, Some(file.map_err(|lost| lost.with_status(status))?))
            }
            200..=299 => Finding::ok(status, None),
            404 if may_hide(url, response.headers(), &self.own) => {
                Finding::uncertain(cause + ", which may hide a private file")
            }
            404 | 410 => Finding::dead(cause),
            416 if is_empty(response.headers()) => Finding::ok(status, None),
            _ => Finding::uncertain(cause),
        };
        Ok(finding.with_status(status))
    }
}

/// The host of a URL, without the dot that may end its name.
pub fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_end_matches('.')
}

/// Whether the response to a request for the first byte says that there is none, because the file
/// is empty.
fn is_empty(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_RANGE) == Some(&HeaderValue::from_static("bytes */0"))
}

/// The pause that a response requests, in seconds or until a time.
fn pause(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::from_str(text, Format::HttpDate).ok()?;
    let left = until.secs() - DateTime::from(std::time::SystemTime::now()).secs();
    Some(Duration::from_secs(left.try_into().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_a_number_of_seconds_or_a_time() {
        let pause = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            super::pause(&headers)
        };
        assert_eq!(pause("0"), Some(Duration::ZERO));
        assert_eq!(pause(" 60 "), Some(Duration::from_secs(60)));
        let past = "Fri, 31 Dec 1999 23:59:59 GMT";
        assert_eq!(pause(past), Some(Duration::ZERO));
        let soon = DateTime::from(std::time::SystemTime::now() + Duration::from_secs(30));
        let soon = pause(&soon.fmt(Format::HttpDate).unwrap()).unwrap();
        assert!((25..=30).contains(&soon.as_secs()), "{soon:?}");
        for text in ["", "soon", "-1", "1.5"] {
            assert_eq!(pause(text), None, "{text}");
        }
    }
}
