//! The links to files on the old host, which stop working with it.

use strum::{IntoStaticStr, VariantArray};
use url::Url;

use super::address::Address;

/// What a URL on the old host leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    /// A file that was attached to a text.
    Uploads,
    /// A file in the package registry.
    Packages,
    /// A file that a job made; most of them expire.
    #[strum(serialize = "job artifacts")]
    JobArtifacts,
    /// The source code as an archive.
    Archives,
    /// Something else, such as a page.
    Other,
}

impl Kind {
    /// The kind of a link's URL, if its host is the old one.
    pub fn of(url: &str, old: &Address) -> Option<Self> {
        let url = Url::parse(url.trim())
            .ok()
            .filter(|url| old.is_host_of(url))?;
        Some(Self::of_path(url.path()))
    }

    fn of_path(path: &str) -> Self {
        let has = |part: &str| path.contains(part);
        if has("/-/package_files/") || (has("/api/v4/") && has("/packages/")) {
            Self::Packages
        } else if has("/artifacts") && (has("/jobs/") || has("/builds/")) {
            Self::JobArtifacts
        } else if has("/-/archive/") || has("/repository/archive") {
            Self::Archives
        } else if has("/uploads/") {
            Self::Uploads
        } else {
            Self::Other
        }
    }

    /// Its name in the report.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// URLs, and the kind of each in brackets.
    const URLS: &str = "\
[uploads] https://gitlab.example.com/group/app/uploads/0123456789abcdef0123456789abcdef/app.zip
[uploads] https://gitlab.example.com/-/project/24/uploads/0a/app.zip
[uploads] https://gitlab.example.com/-/group/3/uploads/0a/app.zip
[packages] https://gitlab.example.com/api/v4/projects/24/packages/generic/app/1.0/app.zip
[packages] https://gitlab.example.com/group/app/-/package_files/7/download
[job artifacts] https://gitlab.example.com/group/app/-/jobs/7/artifacts/raw/a
[job artifacts] https://gitlab.example.com/g/a/-/jobs/artifacts/main/raw/a
[job artifacts] https://gitlab.example.com/g/a/builds/7/artifacts/download
[job artifacts] https://gitlab.example.com/api/v4/projects/24/jobs/7/artifacts
[archives] https://gitlab.example.com/group/app/-/archive/v1/app-v1.zip
[other] http://GITLAB.example.com.:8080/group/app/wikis/home
[other]   https://gitlab.example.com/group/app 
[none] https://files.example.com/uploads/app.zip
[none] https://gitlab.example.com.evil.example/uploads/
[none] https://[::1]/uploads/
[none] nonsense";

    #[test]
    fn links_to_the_old_host_are_told_apart_by_their_path() {
        let old = Address::parse("https://gitlab.example.com").unwrap();
        for line in URLS.lines() {
            let (kind, url) = line[1..].split_once("] ").unwrap();
            let found = Kind::of(url, &old).map_or("none", Kind::name);
            assert_eq!(found, kind, "{url}");
        }
    }
}
