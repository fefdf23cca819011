//! Which urls a link may lead to: GitLab's rules D7 to D9.
//!
//! GitLab splits a url as RFC 3986 appendix B does and then looks at the pieces. It accepts much that the WHATWG URL
//! standard and the strict grammar of RFC 3986 refuse (spaces in a path, port 99999, `http:h`), so neither of the
//! well-kept crates for those can decide here; what follows is GitLab's own check and nothing more.

use std::net::IpAddr;

use super::Violation;

const ALLOWED_SCHEMES: [&str; 3] = ["http", "https", "ftp"];

/// Checks a url that is not blank and has no surrounding white space.
///
/// # Errors
///
/// The first rule that it breaks.
pub(super) fn check(url: &str) -> Result<(), Violation> {
    let parts = Parts::split(url);
    if !parts.is_valid() || breaks_lines(url, parts.scheme) {
        return Err(Violation::UrlUnparsable);
    }
    // The comparison is case-sensitive, as GitLab's is (D7).
    if !parts.scheme.is_some_and(|scheme| ALLOWED_SCHEMES.contains(&scheme)) {
        return Err(Violation::UrlScheme);
    }
    if !is_host(parts.host().unwrap_or_default()) {
        return Err(Violation::UrlHost);
    }
    Ok(())
}

/// The pieces of a url by RFC 3986, appendix B.
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn split(url: &'a str) -> Self {
        let (scheme, rest) = match url.find([':', '/', '?', '#']) {
            Some(colon) if colon > 0 && url[colon..].starts_with(':') => (Some(&url[..colon]), &url[colon + 1..]),
            _ => (None, url),
        };
        let (authority, rest) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                (Some(&rest[..end]), &rest[end..])
            }
            None => (None, rest),
        };
        let path = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
        Self { scheme, authority, path }
    }

    /// Host and port without the user information.
    fn host_and_port(&self) -> Option<&'a str> {
        self.authority.map(|authority| authority.rsplit_once('@').map_or(authority, |(_, host)| host))
    }

    fn host(&self) -> Option<&'a str> {
        self.host_and_port().map(|host| split_port(host).0)
    }

    fn port(&self) -> Option<&'a str> {
        self.host_and_port().and_then(|host| split_port(host).1)
    }

    fn is_valid(&self) -> bool {
        let leads_somewhere = !self.path.is_empty() || self.host().is_some_and(|host| !host.is_empty());
        let port_is_number = self.port().is_none_or(|port| port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()));
        self.scheme.is_none_or(is_scheme)
            && (leads_somewhere || self.scheme.is_none())
            && port_is_number
            && self.host().is_none_or(has_host_characters)
    }
}

/// The port is what follows the last colon, unless that colon belongs to an IPv6 address in brackets.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port).filter(|port| !port.is_empty())),
        _ => (host, None),
    }
}

/// RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn has_host_characters(host: &str) -> bool {
    !host.chars().any(|c| c.is_whitespace() || r#"<>{}/\?#@""#.contains(c))
}

/// A line break could forge a header or a log line. GitLab lets an encoded one pass in http and https, where signed
/// storage URLs have them, and so does this.
fn breaks_lines(url: &str, scheme: Option<&str>) -> bool {
    let encoded = || {
        let lower = url.to_ascii_lowercase();
        lower.contains("%0a") || lower.contains("%0d")
    };
    let is_http =
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"));
    url.contains(char::is_control) || (!is_http && encoded())
}

/// An address, or a name that starts with a letter or a digit of any script (D9).
fn is_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.is_empty() || bare.parse::<IpAddr>().is_ok() || bare.starts_with(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D8's list of what GitLab lets pass.
    #[test]
    fn urls_that_gitlab_accepts_are_accepted() {
        for url in [
            "http://192.168.10.15:3000",
            "https://example.com/a b",
            "https://münchen.example/ü",
            "http:///x",
            "http:h",
            "http://localhost",
            "http://127.0.0.1",
            "http://[::1]",
            "http://[::1]:8080/x",
            "https://user:secret@example.com/x",
            "http://example.com:99999",
            "https://example.com/%0a",
            "ftp://example.com/file",
            "https://example.com?x=a:b@c",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn schemes_other_than_http_https_and_ftp_are_blocked_in_any_case() {
        for url in [
            "hoge",
            "//h/x",
            "torrent:x",
            "javascript:alert(1)",
            "data:text/html,x",
            "mailto:a@b",
            "HTTP://x",
            "Https://x",
        ] {
            assert_eq!(check(url), Err(Violation::UrlScheme), "{url}");
        }
    }

    #[test]
    fn urls_that_cannot_be_parsed_are_invalid() {
        for url in [
            "http://",
            "http:",
            "https://x y/z",
            "http://h:abc/",
            "http://h:123456/",
            "http://h/a\nb",
            "http://h/a\rb",
            "ftp://h/%0a",
            "ftp://h/%0D",
            "http://<h>/",
            "1http://h",
        ] {
            assert_eq!(check(url), Err(Violation::UrlUnparsable), "{url}");
        }
    }

    #[test]
    fn hosts_that_start_with_neither_letter_nor_digit_are_blocked() {
        for url in ["http://-bad", "http://_x.com", "http://.h"] {
            assert_eq!(check(url), Err(Violation::UrlHost), "{url}");
        }
    }
}
