//! The hosts that answer 404 to whoever may not see a file, so that nobody but a member knows
//! whether it is there.

use release_links::http::public_url::PublicUrl;
use release_links::project::{Project, Visibility};
use reqwest::header::HeaderMap;
use url::Url;

/// Hosts of which this is known, with those below them.
const KNOWN: [&str; 3] = ["github.com", "githubusercontent.com", "gitlab.com"];
/// A header of every response of GitLab, wherever it runs.
const GITLAB: &str = "x-gitlab-meta";

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

/// Whether a 404 of this URL may hide a file from whoever has not signed in.
pub fn may_hide(url: &Url, headers: &HeaderMap, own: &OwnService) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let is_known = KNOWN.iter().any(|known| {
        let sub = host.strip_suffix(known);
        sub.is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
    });
    is_known || headers.contains_key(GITLAB) || own.hides(url)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

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
        for (url, expected) in [
            ("https://github.com/a/b", true),
            ("https://api.github.com/a", true),
            ("https://github.com./a", true),
            ("https://raw.githubusercontent.com/a", true),
            ("https://gitlab.com/a/b", true),
            ("https://notgithub.com/a", false),
            ("https://github.com.e.com/a", false),
            (
                "https://links.e.com/prefix/group/secret/-/releases/v1/downloads/a",
                true,
            ),
            (
                "http://links.e.com/prefix/unknown/-/releases/v1/downloads/a",
                true,
            ),
            (
                "https://links.e.com/prefix/group/app/-/releases/v1/downloads/a",
                false,
            ),
            (
                "https://e.com/prefix/group/secret/-/releases/v1/downloads/a",
                false,
            ),
        ] {
            assert_eq!(hides(url, &HeaderMap::new()), expected, "{url}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(GITLAB, HeaderValue::from_static("{\"version\":\"1\"}"));
        assert!(hides("https://git.e.com/a", &headers));
    }
}
