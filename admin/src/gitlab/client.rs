//! The client: GET requests to one instance, retried after temporary failures.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use release_links::token::PlainToken;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{ClientBuilder, StatusCode};
use tokio::time::{sleep, timeout};
use url::Url;

use crate::failure::{Failure, cut};
use crate::http_client;
use crate::output;
use crate::patience::Note;
use crate::roots;

use super::address::Address;
use super::problem::{Asked, Problem};
use super::waits::Waits;

/// Time limit for a connection, for the headers of a response and for each part of its body.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Time limit for a whole response; the largest requires 2.7 Mbit/s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);
/// Largest body of a response.
const MAX_BODY: usize = 100 * 1024 * 1024;
/// Redirects of one request; GitLab needs one (F3).
const MAX_REDIRECTS: usize = 5;
/// The shortest wait that the command mentions.
const MENTIONED: Duration = Duration::from_secs(3);
/// Longest address in a sentence.
const MAX_ADDRESS: usize = 60;
/// The header in which GitLab expects the token (E14).
const PRIVATE_TOKEN: HeaderName = HeaderName::from_static("private-token");

/// The response to a request, after redirects.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Vec<u8>,
}

/// Why an attempt got no response.
enum Broken {
    TimedOut,
    TooLarge,
    Failed(reqwest::Error),
}

/// The client of one instance.
pub struct Client {
    http: reqwest::Client,
    address: Address,
    /// The address in sentences.
    base: String,
    has_token: bool,
    /// Whether the instance has responded yet. If the first connection fails, it is not retried.
    has_answered: AtomicBool,
}

impl Client {
    /// A client that sends the token with each of its requests.
    pub fn new(address: Address, token: Option<&PlainToken>) -> Result<Self, Failure> {
        let mut headers =
            HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(token.reveal())
                .map_err(|_| "the file of --token-file does not contain a token")?;
            value.set_sensitive(true);
            headers.insert(PRIVATE_TOKEN, value);
        }
        let mut builder = http_client::builder()
            .default_headers(headers)
            .retry(reqwest::retry::never())
            .connect_timeout(READ_TIMEOUT);
        if address.is_plain() {
            builder = on_this_machine(builder);
        }
        let http = builder.build().map_err(|_| roots::MISSING)?;
        let base = cut(&address.to_string(), MAX_ADDRESS);
        Ok(Self {
            http,
            address,
            base,
            has_token: token.is_some(),
            has_answered: false.into(),
        })
    }

    /// The address of the instance.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What a request is for, so that messages can name it.
    pub fn asked<'a>(&'a self, what: &'a str) -> Asked<'a> {
        let (base, has_token) = (self.base.as_str(), self.has_token);
        Asked {
            base,
            what,
            has_token,
        }
    }

    /// The response to a request for this URL, after redirects.
    pub async fn get(&self, url: &Url, what: &str) -> Result<Answer, Problem> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.answered(&url, what).await?;
            match self.redirect(&url, &answer)? {
                Some(next) => url = next,
                None => return self.asked(what).check(answer),
            }
        }
        let base = &self.base;
        Err(Problem::Part(format!(
            "{base} redirects the request for {what} in a loop: check --from"
        )))
    }

    /// The target of a redirect. It gets the token, so it must be below the address.
    fn redirect(&self, from: &Url, answer: &Answer) -> Result<Option<Url>, Problem> {
        let target = answer
            .headers
            .get(LOCATION)
            .and_then(|target| target.to_str().ok());
        let Some(target) = target.filter(|_| answer.status.is_redirection()) else {
            return Ok(None);
        };
        let base = &self.base;
        match from.join(target) {
            Ok(url) if self.address.contains(&url) => Ok(Some(url)),
            Ok(url) => {
                let origin = cut(&url.origin().ascii_serialization(), MAX_ADDRESS);
                Err(Problem::Whole(format!(
                    "{base} redirects to another address, on {origin}, where the command sends no \
                     token: pass the URL without redirects to --from"
                )))
            }
            Err(_) => Err(Problem::Whole(format!(
                "{base} redirects to an invalid URL: check --from"
            ))),
        }
    }

    /// The first response that is not a temporary failure.
    async fn answered(&self, url: &Url, what: &str) -> Result<Answer, Problem> {
        let mut waits = Waits::default();
        loop {
            let (wait, problem) = match self.send(url).await {
                Ok(answer) if answer.status == StatusCode::TOO_MANY_REQUESTS => {
                    let wait = waits.after_limit(&answer.headers, SystemTime::now());
                    (wait, self.limited())
                }
                Ok(answer) if answer.status.is_server_error() => (
                    waits.after_failure(&answer.headers),
                    self.failing(answer.status),
                ),
                Ok(answer) => return Ok(answer),
                Err(Broken::TooLarge) => return Err(self.too_large(what)),
                Err(broken) => self.broken(broken, what, &mut waits),
            };
            let wait = wait.ok_or(problem)?;
            if wait >= MENTIONED {
                let (base, seconds) = (&self.base, wait.as_secs());
                output::note(&format!(
                    "{base} is not available now: trying again in {seconds} s"
                ));
            }
            sleep(wait).await;
        }
    }

    /// The wait after an attempt without a response, and the problem if there is no further
    /// attempt.
    fn broken(&self, broken: Broken, what: &str, waits: &mut Waits) -> (Option<Duration>, Problem) {
        let wait = waits.after_failure(&HeaderMap::new());
        match broken {
            Broken::Failed(error) => {
                let may_pass = self.has_answered.load(Ordering::Relaxed) || !error.is_connect();
                let problem = self.asked(what).unanswered(&error);
                (wait.filter(|_| may_pass), problem)
            }
            Broken::TimedOut | Broken::TooLarge => (wait, self.silent(what)),
        }
    }

    /// Sends the request once.
    async fn send(&self, url: &Url) -> Result<Answer, Broken> {
        let _note = Note::about(&self.base);
        let answer = timeout(ANSWER_TIMEOUT, self.read(url)).await;
        answer.unwrap_or(Err(Broken::TimedOut))
    }

    async fn read(&self, url: &Url) -> Result<Answer, Broken> {
        let timed_out = |_| Broken::TimedOut;
        let sent = timeout(READ_TIMEOUT, self.http.get(url.clone()).send()).await;
        let mut response = sent.map_err(timed_out)?.map_err(Broken::Failed)?;
        self.has_answered.store(true, Ordering::Relaxed);
        let is_too_large = response
            .content_length()
            .is_some_and(|length| length > MAX_BODY as u64);
        if is_too_large {
            return Err(Broken::TooLarge);
        }
        let mut body = Vec::new();
        loop {
            let chunk = timeout(READ_TIMEOUT, response.chunk())
                .await
                .map_err(timed_out)?;
            let Some(chunk) = chunk.map_err(Broken::Failed)? else {
                let (status, headers) = (response.status(), response.headers().clone());
                return Ok(Answer {
                    status,
                    headers,
                    body,
                });
            };
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Broken::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
    }

    fn limited(&self) -> Problem {
        let base = &self.base;
        Problem::Whole(format!(
            "{base} has a rate limit that lasts for more than an hour, or begins again after each \
             wait: try again later"
        ))
    }

    fn failing(&self, status: StatusCode) -> Problem {
        let (base, status) = (&self.base, status.as_u16());
        Problem::Whole(format!("{base} fails with HTTP {status}: try again later"))
    }

    fn silent(&self, what: &str) -> Problem {
        let (base, read, whole) = (&self.base, READ_TIMEOUT.as_secs(), ANSWER_TIMEOUT.as_secs());
        Problem::Whole(format!(
            "{base} does not respond for {what} within {read} s, or does not finish within \
             {whole} s: check the network and the instance"
        ))
    }

    fn too_large(&self, what: &str) -> Problem {
        let base = &self.base;
        Problem::TooLarge(format!(
            "the response of {base} for {what} is larger than 100 MB, so it is not GitLab's: \
             check --from"
        ))
    }
}

/// Requests without TLS stay on this machine, and need no certificates.
fn on_this_machine(builder: ClientBuilder) -> ClientBuilder {
    let loopback = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    let loopback = loopback.map(|address| SocketAddr::new(address, 0));
    let builder = builder.no_proxy().tls_certs_only([]);
    builder.resolve_to_addrs("localhost", &loopback)
}

#[cfg(test)]
mod tests;
