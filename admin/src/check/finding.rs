//! What the check of a URL finds.

use release_links::link::Digest;
use serde::Serialize;
use url::Url;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The URL works.
    Ok,
    /// The URL redirects permanently to another one, which works.
    Moved,
    /// The URL returns another file than the one that was released.
    Changed,
    /// The URL certainly does not work.
    Dead,
    /// Only a browser or a member may be able to tell.
    Uncertain,
    /// The URL was not requested.
    Skipped,
}

impl Verdict {
    /// All results, in the order in which the summary names them.
    pub const ALL: [Self; 6] = [
        Self::Ok,
        Self::Moved,
        Self::Changed,
        Self::Dead,
        Self::Uncertain,
        Self::Skipped,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Moved => "moved",
            Self::Changed => "changed",
            Self::Dead => "dead",
            Self::Uncertain => "uncertain",
            Self::Skipped => "skipped",
        }
    }
}

/// What the check of a URL found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The result.
    pub verdict: Verdict,
    /// Why it is the result; `None` if the URL works.
    pub cause: Option<String>,
    /// The status of the last response.
    pub status: Option<u16>,
    /// Where the URL has moved to, as it is shown.
    pub moved_to: Option<String>,
    /// What was read of the file.
    pub file: Option<File>,
}

/// A file that was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its digest.
    pub digest: Digest,
    /// Why it may not be the file that was released, or not all of it, if so.
    pub doubt: Option<&'static str>,
}

impl Finding {
    fn new(verdict: Verdict, cause: impl Into<String>) -> Self {
        Self {
            verdict,
            cause: Some(cause.into()),
            status: None,
            moved_to: None,
            file: None,
        }
    }

    /// The URL works.
    pub fn ok(status: u16, file: Option<File>) -> Self {
        Self {
            verdict: Verdict::Ok,
            cause: None,
            status: Some(status),
            moved_to: None,
            file,
        }
    }

    /// The URL certainly does not work.
    pub fn dead(cause: impl Into<String>) -> Self {
        Self::new(Verdict::Dead, cause)
    }

    /// Only a browser or a member may be able to tell.
    pub fn uncertain(cause: impl Into<String>) -> Self {
        Self::new(Verdict::Uncertain, cause)
    }

    /// The URL was not requested.
    pub fn skipped(cause: impl Into<String>) -> Self {
        Self::new(Verdict::Skipped, cause)
    }

    /// The finding after a response with this status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        let status = Some(status);
        Self { status, ..self }
    }

    /// The finding for a URL that redirects permanently to this one.
    #[must_use]
    pub fn moved(self, target: Option<&Url>) -> Self {
        match target {
            Some(target) if self.verdict == Verdict::Ok => Self {
                verdict: Verdict::Moved,
                moved_to: Some(shown(target)),
                ..self
            },
            _ => self,
        }
    }
}

/// The URL as it is shown: the query may be a signature, and the user information a password.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Neither fails for a URL that has a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_query_nor_user_information_is_shown() {
        let url = "https://user:secret@e.com:8443/a%20b/?signature=secret#part";
        assert_eq!(
            shown(&Url::parse(url).unwrap()),
            "https://e.com:8443/a%20b/"
        );
        let url = "ftp://user@e.com/a;type=i";
        assert_eq!(shown(&Url::parse(url).unwrap()), "ftp://e.com/a;type=i");
    }
}
