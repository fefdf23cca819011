//! The address of the instance from which `import` reads. The client never requests anything
//! outside it.

use std::fmt;

use url::{Host, Url};

/// Where an instance of GitLab is: an origin, and the prefix of its paths if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Reads the address. The reason for an error never contains a part of it, because that
    /// may be a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut url = Url::parse(text)
            .map_err(|_| "specify the URL of GitLab, such as https://gitlab.example.com")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("remove the user name, and pass a token with --token-file");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("remove the query and the fragment");
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err("use https: http would expose the token on the network"),
            _ => return Err("specify a URL that begins with https://"),
        }
        let prefix = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&prefix);
        Ok(Self(url))
    }

    /// The URL of an endpoint of the API; each segment is encoded.
    pub fn endpoint(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v4"]).extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Whether the URL is on this origin and below this prefix.
    pub fn contains(&self, url: &Url) -> bool {
        let is_anonymous = url.username().is_empty() && url.password().is_none();
        is_anonymous && url.origin() == self.0.origin() && url.path().starts_with(self.0.path())
    }

    /// Whether the URL leads to the same host, over whichever scheme and port.
    pub fn is_host_of(&self, url: &Url) -> bool {
        let host = |url: &Url| {
            url.host_str()
                .map(|host| host.trim_end_matches('.').to_owned())
        };
        host(url).is_some() && host(url) == host(&self.0)
    }

    /// Whether requests travel without TLS, which they do only on this machine.
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_origin_with_a_prefix() {
        for (text, shown) in [
            ("https://gitlab.example.com", "https://gitlab.example.com"),
            (
                "https://GitLab.example.com:443/",
                "https://gitlab.example.com",
            ),
            (
                "https://example.com/git/lab/",
                "https://example.com/git/lab",
            ),
            ("https://example.com/git//", "https://example.com/git"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1", "http://127.0.0.1"),
            ("http://0x7f.1", "http://127.0.0.1"),
            ("http://[::1]:3000/gitlab", "http://[::1]:3000/gitlab"),
        ] {
            let address = Address::parse(text).map(|address| address.to_string());
            assert_eq!(address.as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn an_address_that_could_leak_a_secret_is_refused() {
        let http = "use https: http would expose the token on the network";
        let user = "remove the user name, and pass a token with --token-file";
        let query = "remove the query and the fragment";
        let format = "specify the URL of GitLab, such as https://gitlab.example.com";
        for (text, reason) in [
            ("http://gitlab.example.com", http),
            ("http://localhost.", http),
            ("http://10.0.0.1", http),
            ("http://[::ffff:127.0.0.1]", http),
            ("https://user@gitlab.example.com", user),
            ("https://user:secret@gitlab.example.com", user),
            ("https://:secret@gitlab.example.com", user),
            ("https://gitlab.example.com?private_token=secret", query),
            ("https://gitlab.example.com/#top", query),
            ("gitlab.example.com", format),
            ("", format),
            (
                "ftp://gitlab.example.com",
                "specify a URL that begins with https://",
            ),
        ] {
            assert_eq!(Address::parse(text), Err(reason), "{text}");
        }
    }

    #[test]
    fn an_endpoint_is_below_the_prefix() {
        let address = Address::parse("https://example.com/gitlab").unwrap();
        let url = address.endpoint(&["projects", "group/app", "releases"], &[("page", "1")]);
        assert_eq!(
            url.as_str(),
            "https://example.com/gitlab/api/v4/projects/group%2Fapp/releases?page=1"
        );
        assert!(address.contains(&url));
    }

    #[test]
    fn another_origin_or_prefix_is_outside() {
        let address = Address::parse("https://example.com/gitlab").unwrap();
        for (url, is_inside) in [
            ("https://example.com/gitlab/api/v4/projects/1", true),
            ("https://example.com:443/gitlab/", true),
            ("https://example.com/gitlab", false),
            ("https://example.com/gitlabs/api", false),
            ("https://example.com/gitlab/%2e%2e/api", false),
            ("http://example.com/gitlab/api", false),
            ("https://example.com:8443/gitlab/api", false),
            ("https://example.com.evil.example/gitlab/api", false),
            ("https://example.com@evil.example/gitlab/api", false),
            ("https://user@example.com/gitlab/api", false),
        ] {
            assert_eq!(
                address.contains(&Url::parse(url).unwrap()),
                is_inside,
                "{url}"
            );
        }
    }
}
