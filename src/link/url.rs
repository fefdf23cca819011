//! GitLab's rules for URLs (D7 to D9).
//!
//! GitLab splits a URL as in RFC 3986, appendix B, and then checks its parts. It accepts much that
//! the WHATWG URL standard and the strict grammar of RFC 3986 reject (spaces in a path, port 99999,
//! `http:h`), so the crates for those cannot decide here. This module implements GitLab's checks
//! and nothing more.

use std::net::{IpAddr, Ipv6Addr};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Host;

use super::Violation;

const ALLOWED_SCHEMES: [&str; 3] = ["http", "https", "ftp"];

/// ASCII characters that no part of a URI may contain (RFC 3986, section 2). Brackets and `#` are
/// included, because they are allowed only as delimiters. `%` is excluded, because it starts an
/// escape.
pub const NOT_IN_URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
/// ASCII characters that user information may not contain.
const NOT_IN_USER: &AsciiSet = &NOT_IN_URI.add(b'@');
/// ASCII characters that a host name may not contain.
const NOT_IN_HOST: &AsciiSet = &NOT_IN_USER.add(b':');

/// Checks a url that is not blank and has no surrounding white space.
///
/// # Errors
///
/// The first rule that it breaks.
pub(super) fn check(url: &str) -> Result<(), Violation> {
    let parts = Parts::split(url);
    if !parts.is_valid() || has_control_characters(url, parts.scheme) {
        return Err(Violation::UrlUnparsable);
    }
    // GitLab also compares schemes case-sensitively (D7).
    if !parts
        .scheme
        .is_some_and(|scheme| ALLOWED_SCHEMES.contains(&scheme))
    {
        return Err(Violation::UrlScheme);
    }
    if !is_host(parts.host().unwrap_or_default()) {
        return Err(Violation::UrlHost);
    }
    Ok(())
}

/// Converts a URL that GitLab's rules accept into a URI. A `%` without two hexadecimal digits stays
/// as it is. Characters that RFC 3986 does not allow at their position are percent-encoded, and an
/// internationalized host becomes punycode. A valid URI is returned unchanged, byte for byte.
#[must_use]
pub fn to_uri(url: &str) -> String {
    let Parts {
        scheme,
        authority,
        path,
        query,
        fragment,
    } = Parts::split(url);
    let encode = |part| utf8_percent_encode(part, NOT_IN_URI);
    let mut uri = String::with_capacity(url.len());
    let mut push = |before: &str, part: String| uri.extend([before, &part]);
    if let Some(scheme) = scheme {
        push("", format!("{scheme}:"));
    }
    if let Some(authority) = authority {
        push("//", uri_authority(authority));
    }
    push("", encode(path).to_string());
    if let Some(query) = query {
        push("?", encode(query).to_string());
    }
    if let Some(fragment) = fragment {
        push("#", encode(fragment).to_string());
    }
    uri
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The URL, as a URI.
    pub uri: String,
    /// The host, with the port if there is one, but without user information.
    pub host: String,
}

impl Target {
    /// The target of a URL; `None` without a host, or with a scheme that no link may have. The
    /// table may have a link that was written before its rules.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        let uri = to_uri(url);
        let parts = Parts::split(&uri);
        parts
            .scheme
            .filter(|scheme| ALLOWED_SCHEMES.contains(scheme))?;
        parts.host().filter(|host| !host.is_empty())?;
        let host = parts.host_and_port()?.to_owned();
        Some(Self { uri, host })
    }
}

fn uri_authority(authority: &str) -> String {
    let (user, host_and_port) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{}@", utf8_percent_encode(user, NOT_IN_USER)), host),
        None => (String::new(), authority),
    };
    let (host, _) = split_port(host_and_port);
    let port = &host_and_port[host.len()..];
    let literal = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = if literal
        .is_some_and(|literal| literal.parse::<Ipv6Addr>().is_ok() || is_future_ip(literal))
    {
        host.to_owned()
    } else {
        let punycode = if host.is_ascii() {
            None
        } else {
            Host::parse(host).ok()
        };
        let name = if let Some(Host::Domain(punycode)) = &punycode {
            punycode
        } else {
            host
        };
        utf8_percent_encode(name, NOT_IN_HOST).to_string()
    };
    format!("{user}{host}{port}")
}

/// RFC 3986's `IPvFuture`, such as `v1.fe80::a`.
fn is_future_ip(text: &str) -> bool {
    let parts = text
        .strip_prefix(['v', 'V'])
        .and_then(|text| text.split_once('.'));
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte);
    parts.is_some_and(|(version, address)| {
        !version.is_empty()
            && version.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !address.is_empty()
            && address.bytes().all(is_allowed)
    })
}

/// The parts of a URL by RFC 3986, appendix B.
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn split(url: &'a str) -> Self {
        let (scheme, rest) = match url.find([':', '/', '?', '#']) {
            Some(colon) if colon > 0 && url[colon..].starts_with(':') => {
                (Some(&url[..colon]), &url[colon + 1..])
            }
            _ => (None, url),
        };
        let (authority, rest) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                (Some(&rest[..end]), &rest[end..])
            }
            None => (None, rest),
        };
        let (rest, fragment) = split_at(rest, '#');
        let (path, query) = split_at(rest, '?');
        Self {
            scheme,
            authority,
            path,
            query,
            fragment,
        }
    }

    /// Host and port without the user information.
    fn host_and_port(&self) -> Option<&'a str> {
        self.authority.map(|authority| {
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host)
        })
    }

    fn host(&self) -> Option<&'a str> {
        self.host_and_port().map(|host| split_port(host).0)
    }

    fn port(&self) -> Option<&'a str> {
        self.host_and_port().and_then(|host| split_port(host).1)
    }

    fn is_valid(&self) -> bool {
        let has_target = !self.path.is_empty() || self.host().is_some_and(|host| !host.is_empty());
        let port_is_number = self
            .port()
            .is_none_or(|port| port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()));
        self.scheme.is_none_or(is_scheme)
            && (has_target || self.scheme.is_none())
            && port_is_number
            && self.host().is_none_or(has_host_characters)
    }
}

/// The text before and after the first delimiter.
fn split_at(text: &str, delimiter: char) -> (&str, Option<&str>) {
    text.split_once(delimiter)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

/// The port is the text after the last colon, unless that colon belongs to an IPv6 address in
/// brackets.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            (host, Some(port).filter(|port| !port.is_empty()))
        }
        _ => (host, None),
    }
}

/// RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn has_host_characters(host: &str) -> bool {
    !host
        .chars()
        .any(|c| c.is_whitespace() || r#"<>{}/\?#@""#.contains(c))
}

/// Whether the URL contains a control character, such as a line break, which could forge a header
/// or a log line. Like GitLab, this allows an encoded line break in http and https, where presigned
/// URLs have them.
fn has_control_characters(url: &str, scheme: Option<&str>) -> bool {
    let encoded = || {
        let lower = url.to_ascii_lowercase();
        lower.contains("%0a") || lower.contains("%0d")
    };
    let is_http = scheme.is_some_and(|scheme| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    });
    url.contains(char::is_control) || (!is_http && encoded())
}

/// An address, or a name that starts with a letter or a digit of any script (D9).
fn is_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.is_empty() || is_ip(bare) || bare.starts_with(char::is_alphanumeric)
}

fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The URLs that D8 lists as accepted.
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

    #[test]
    fn characters_that_a_uri_cannot_contain_are_encoded() {
        for (url, uri) in [
            ("https://e.com/a b", "https://e.com/a%20b"),
            (
                r#"https://e.com/"<>[]\^{|}`?"<>[]\^{|}`#"<>[]\^{|}`#"#,
                "https://e.com/%22%3C%3E%5B%5D%5C%5E%7B%7C%7D%60?%22%3C%3E%5B%5D%5C%5E%7B%7C%7D%60#%22%3C%3E%5B%5D%5C%5E%7B%7C%7D%60%23",
            ),
            (
                "https://münchen.example/x",
                "https://xn--mnchen-3ya.example/x",
            ),
            (
                "https://user@MÜNCHEN.example:8080/ü",
                "https://user@xn--mnchen-3ya.example:8080/%C3%BC",
            ),
            ("http://a@b:[@e.com/", "http://a%40b:%5B@e.com/"),
            ("http://e[x].com/", "http://e%5Bx%5D.com/"),
            ("http://e[::1]/", "http://e%5B%3A%3A1%5D/"),
            ("http://[127.0.0.1]/", "http://%5B127.0.0.1%5D/"),
            ("https://e.com/%zz", "https://e.com/%zz"),
            ("http:a b", "http:a%20b"),
        ] {
            assert_eq!(to_uri(url), uri, "{url}");
        }
    }

    #[test]
    fn a_valid_uri_stays_byte_for_byte() {
        for url in [
            "https://e.com/a?x=%0a&X-Amz-Signature=a%2Fb+c'()*!$,;:@/?#frag?ment",
            "http://[2001:DB8::1]:8080/x",
            "http://[v1.fe80::a]/x",
            "https://user:pass@EXAMPLE.com:/~a-b_c.d//e;v=1,2?",
            "http:///x",
            "ftp://e.com",
            "https://xn--mnchen-3ya.example/%C3%BC#",
            "http://e.com:99999",
        ] {
            assert_eq!(to_uri(url), url);
        }
    }
}
