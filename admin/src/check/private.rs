//! The hosts that return 404 to clients that may not see a file, so that only members know whether
//! the file exists.

use release_links::http::public_url::PublicUrl;
use release_links::project::{Project, Visibility};
use reqwest::header::{HeaderMap, SET_COOKIE};
use url::Url;

/// Hosts of which this is known, with those below them.
const KNOWN: [&str; 3] = ["github.com", "githubusercontent.com", "gitlab.com"];
/// A header of every response of GitLab, wherever it runs.
const GITLAB: &str = "x-gitlab-meta";
/// The cookie that versions of GitLab without that header set.
const GITLAB_COOKIE: &[u8] = b"_gitlab_session=";

/// What is known of this service, whose own private projects are hidden as GitLab's are.
#[derive(Debug, Default)]
pub struct OwnService {
    public_url: Option<PublicUrl>,
    /// What the paths of the public projects' downloads begin with, in lower case.
    public: Vec<String>,
}

impl OwnService {
    /// The service at this address, if it is known, with these projects.
    pub fn new<'a>(
        public_url: Option<PublicUrl>,
        projects: impl Iterator<Item = &'a Project>,
    ) -> Self {
        let prefix = public_url.as_ref().map_or("", PublicUrl::base_path);
        let public = projects.filter(|project| project.visibility == Visibility::Public);
        let public = public.map(|project| format!("{prefix}/{}/-/", project.path).to_lowercase());
        Self {
            public: public.collect(),
            public_url,
        }
    }

    fn hides(&self, url: &Url) -> bool {
        let path = self.public_url.as_ref().and_then(|own| own.path_of(url));
        path.is_some_and(|path| {
            let path = path.to_lowercase();
            !self.public.iter().any(|public| path.starts_with(public))
        })
    }
}

/// Whether a 404 from this URL may hide a file from clients that have not signed in.
pub fn may_hide(url: &Url, headers: &HeaderMap, own: &OwnService) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let is_known = KNOWN.iter().any(|known| {
        let sub = host.strip_suffix(known);
        sub.is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
    });
    is_known || is_gitlab(headers) || own.hides(url)
}

fn is_gitlab(headers: &HeaderMap) -> bool {
    let mut cookies = headers.get_all(SET_COOKIE).iter();
    headers.contains_key(GITLAB)
        || cookies.any(|cookie| cookie.as_bytes().starts_with(GITLAB_COOKIE))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    const HIDING: &str = "\
https://github.com/a/b
https://api.github.com/a
https://github.com./a
https://raw.githubusercontent.com/a
https://gitlab.com/a/b
https://links.e.com/prefix/group/secret/-/releases/v1/downloads/a
http://links.e.com/prefix/unknown/-/releases/v1/downloads/a";
    const OPEN: &str = "\
https://notgithub.com/a
https://github.com.e.com/a
https://links.e.com/prefix/group/app/-/releases/v1/downloads/a
https://e.com/prefix/group/secret/-/releases/v1/downloads/a";

    #[test]
    fn hosts_that_hide_private_files_are_known_by_name_header_or_address() {
        let project = |path: &str, visibility| Project {
            id: release_links::project::ProjectId::new(24).unwrap(),
            path: release_links::project::ProjectPath::parse(path).unwrap(),
            visibility,
        };
        let projects = [
            project("Group/App", Visibility::Public),
            project("group/secret", Visibility::Private),
        ];
        let address = PublicUrl::parse("https://links.e.com/prefix").unwrap();
        let own = OwnService::new(Some(address), projects.iter());
        let hides =
            |url: &str, headers: &HeaderMap| may_hide(&Url::parse(url).unwrap(), headers, &own);
        for (urls, expected) in [(HIDING, true), (OPEN, false)] {
            for url in urls.lines() {
                assert_eq!(hides(url, &HeaderMap::new()), expected, "{url}");
            }
        }
        for (name, value, expected) in [
            (GITLAB, "{\"version\":\"1\"}", true),
            ("set-cookie", "_gitlab_session=1; path=/", true),
            ("set-cookie", "session=1; path=/", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(hides("https://git.e.com/a", &headers), expected, "{value}");
        }
    }
}
