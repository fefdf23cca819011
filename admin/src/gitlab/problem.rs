//! Why something could not be read, with what to do about it.

use std::error::Error;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use rustls::CertificateError;
use serde_json::Value;

use crate::failure::{Failure, causes, innermost_cause, quote};

use super::client::Answer;

/// Why something could not be read.
#[derive(Debug)]
pub enum Problem {
    /// It concerns only the requested project or group.
    Part(String),
    /// The response is larger than the reader accepts, or than the other service can send. A
    /// smaller page may help.
    TooLarge(String),
    /// Every other request would fail, too.
    Whole(String),
    /// What was read could not be written.
    NotWritten(Failure),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::NotWritten(failure)
    }
}

/// What a request is for, so that messages can name it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The address of the instance.
    pub base: &'a str,
    /// What the request would have shown, such as `project group/app`.
    pub what: &'a str,
    /// Whether a token was sent.
    pub has_token: bool,
}

impl Asked<'_> {
    /// The response, if it is a successful one of GitLab.
    pub fn check(self, answer: Answer) -> Result<Answer, Problem> {
        let Self { base, what, .. } = self;
        let status = answer.status;
        if is_html(&answer) && status != StatusCode::NOT_FOUND {
            return Err(Problem::Whole(format!(
                "{base} returns a web page, such as the sign-in page of a proxy: use a URL at \
                 which /api/v4 works without a browser"
            )));
        }
        if status == StatusCode::OK {
            return Ok(answer);
        }
        match (status, error_text(&answer)) {
            (StatusCode::UNAUTHORIZED, _) => Err(Problem::Whole(self.unauthorized())),
            (StatusCode::FORBIDDEN, Some(error)) => Err(self.forbidden(&error)),
            (StatusCode::NOT_FOUND, Some(_)) => Err(Problem::Part(self.not_found())),
            (StatusCode::BAD_REQUEST, Some(error)) if error.contains(TOO_LARGE) => {
                Err(Problem::TooLarge(too_large(&error)))
            }
            (StatusCode::BAD_REQUEST, Some(error)) => {
                let error = quote(&error);
                Err(Problem::Part(format!(
                    "{base} rejects the request for {what}: {error}"
                )))
            }
            (status, _) => Err(Problem::Whole(format!(
                "{base} does not answer as GitLab does (HTTP {}): check --from",
                status.as_u16()
            ))),
        }
    }

    fn unauthorized(self) -> String {
        let Self { base, what, .. } = self;
        if self.has_token {
            format!(
                "{base} does not accept the token: it may have expired or been revoked; the token \
                 needs the scope read_api"
            )
        } else {
            format!(
                "{base} shows {what} only with a token: pass --token-file; the token needs the \
                 scope read_api"
            )
        }
    }

    fn forbidden(self, error: &str) -> Problem {
        let Self { base, what, .. } = self;
        if error.contains("insufficient_scope") {
            return Problem::Whole(format!(
                "{base} rejects the token: it needs the scope read_api"
            ));
        }
        Problem::Part(format!(
            "{base} does not show {what} ({}): the token needs the scope read_api and the \
             Reporter role",
            quote(error)
        ))
    }

    fn not_found(self) -> String {
        let Self { base, what, .. } = self;
        let remedy = if self.has_token {
            "check the name; for a private project, the token needs the Reporter role"
        } else {
            "check the name; without --token-file, only public projects are read"
        };
        format!("{base} does not show {what}: {remedy}")
    }

    /// The sentence about JSON that GitLab does not send.
    pub fn unreadable(self, error: &serde_json::Error) -> Problem {
        let Self { base, what, .. } = self;
        let error = explain(error);
        Problem::Part(format!(
            "{base} returns {what} in an unexpected form: {error}"
        ))
    }

    /// What is wrong with the certificate, if it is the cause.
    fn explain_certificate(self, error: &reqwest::Error) -> Option<String> {
        let base = self.base;
        let mut causes = causes(error).filter_map(<dyn Error>::downcast_ref);
        let certificate = causes.find_map(|cause| match cause {
            rustls::Error::InvalidCertificate(problem) => Some(problem),
            _ => None,
        })?;
        Some(match certificate {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
                "the certificate of {base} is not trusted: set SSL_CERT_FILE to the root \
                 certificates that it chains to"
            ),
            problem => {
                let problem = quote(&problem.to_string());
                format!("the certificate of {base} is not valid ({problem}): check --from")
            }
        })
    }

    /// The message about a request without a response.
    pub fn unanswered(self, error: &reqwest::Error) -> Problem {
        let Self { base, what, .. } = self;
        if let Some(sentence) = self.explain_certificate(error) {
            return Problem::Whole(sentence);
        }
        let causes: Vec<String> = causes(error).map(ToString::to_string).collect();
        let cause = innermost_cause(&causes);
        Problem::Whole(if error.is_connect() {
            format!("cannot connect to {base} ({cause}): check --from, the network and the proxy")
        } else {
            format!(
                "the connection to {base} broke during the response for {what} ({cause}): \
                 check the network"
            )
        })
    }
}

/// What is wrong with JSON. It leaves out the line and column, because the text is not shown.
pub fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    quote(text.split(" at line ").next().unwrap_or_default())
}

/// What the other service says about a page or a release that does not fit into a response (R82).
const TOO_LARGE: &str = "larger than a response can be";

/// The beginning of what it says, which names the release, and the remedy.
fn too_large(error: &str) -> String {
    let problem = quote(error.split(", list its links").next().unwrap_or_default());
    format!("{problem}: `export` there and `import --file` here take it over")
}

fn is_html(answer: &Answer) -> bool {
    let start = answer.body.iter().find(|byte| !byte.is_ascii_whitespace());
    media_type(&answer.headers).contains("html") || start == Some(&b'<')
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_ascii_lowercase()
}

/// Largest body of an error, which GitLab's never reach. As values, JSON takes many times its size.
const MAX_ERROR: usize = 64 * 1024;

/// The text of an error in GitLab's JSON, whose members are `message` or `error`.
fn error_text(answer: &Answer) -> Option<String> {
    if answer.body.len() > MAX_ERROR {
        return None;
    }
    let json: Value = serde_json::from_slice(&answer.body).ok()?;
    let members = json.as_object()?;
    let members = ["message", "error", "error_description"].map(|name| members.get(name));
    let texts: Vec<String> = members.into_iter().flatten().map(text).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_is_larger_than_any_of_gitlab_is_not_read() {
        let asked = Asked {
            base: "BASE",
            what: "project 24",
            has_token: false,
        };
        let check = |length: usize| {
            let body = format!("{{\"message\":\"{}\"}}", "a".repeat(length));
            let checked = asked.check(Answer {
                status: StatusCode::NOT_FOUND,
                headers: HeaderMap::new(),
                body: body.into_bytes(),
            });
            match checked.map(drop) {
                Err(Problem::Part(sentence) | Problem::Whole(sentence)) => sentence,
                _ => String::new(),
            }
        };
        let missing = "BASE does not show project 24: check the name; without --token-file, only \
                       public projects are read";
        assert_eq!(check(60_000), missing);
        let other = "BASE does not answer as GitLab does (HTTP 404): check --from";
        assert_eq!(check(70_000), other);
    }
}
