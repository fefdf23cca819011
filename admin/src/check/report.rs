//! What the command prints.

use release_links::http::paths;
use release_links::http::public_url::PublicUrl;
use release_links::project::Project;
use serde::Serialize;

use super::digests::Written;
use super::finding::{Finding, Verdict, shown};
use super::survey::{Survey, Use};
use crate::output::{or_dash, quantity};
use crate::{Outcome, output};

/// What is known of the links.
pub struct Report<'a> {
    pub survey: &'a Survey,
    pub public_url: Option<&'a PublicUrl>,
    /// What was found at each URL; `None` if it was not checked.
    pub findings: &'a [Option<Finding>],
    /// What became of the missing digest of each link.
    pub written: &'a [Option<Written>],
}

/// A link in the output of `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct LinkView {
    project_id: u64,
    project: String,
    tag: String,
    link_id: u64,
    name: String,
    url: String,
    permanent_url: Option<String>,
    result: Verdict,
    cause: Option<String>,
    status: Option<u16>,
    moved_to: Option<String>,
    in_use_since: String,
    file_digest: Option<String>,
    digest: String,
}

/// The whole output of `--json`.
#[derive(Serialize)]
struct ReportView<'a> {
    links: &'a [LinkView],
    urls: usize,
    is_complete: bool,
}

/// How many links have each result.
pub struct Summary {
    counts: [usize; Verdict::ALL.len()],
    links: usize,
    checked: usize,
    urls: usize,
    digests: [usize; 2],
}

impl Report<'_> {
    /// Prints all links as JSON, or a table of those that need attention.
    pub fn print(&self, json: bool) -> Outcome {
        let views = self.views();
        let is_complete = self.findings.iter().all(Option::is_some);
        if json {
            return output::json(&ReportView {
                links: &views,
                urls: self.findings.iter().flatten().count(),
                is_complete,
            });
        }
        let is_listed = |view: &&LinkView| view.result != Verdict::Ok || view.is_digest_missing();
        let rows: Vec<_> = views.iter().filter(is_listed).map(LinkView::row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let heading = [
            "PROJECT",
            "TAG",
            "LINK",
            "RESULT",
            "URL",
            "PERMANENT URL",
            "SINCE",
        ];
        output::table(heading, rows)
    }

    /// The links whose URL was checked.
    fn views(&self) -> Vec<LinkView> {
        let uses = self.survey.uses.iter().zip(self.written);
        let checked = uses.filter_map(|(found, written)| {
            let finding = self.findings[found.target].as_ref()?;
            Some(self.view(found, finding, *written))
        });
        checked.collect()
    }

    fn view(&self, found: &Use, finding: &Finding, written: Option<Written>) -> LinkView {
        let (project, link) = (&self.survey.projects[found.project], &found.link);
        let url = self.survey.targets[found.target].url.as_ref();
        let (result, cause) = judge(found, finding);
        let filepath = link.filepath.as_deref();
        LinkView {
            project_id: project.id.number(),
            project: project.path.to_string(),
            tag: found.tag.to_string(),
            link_id: link.id.number(),
            name: link.name.clone(),
            url: url.map_or_else(|| without_secrets(&link.url), shown),
            permanent_url: filepath.map(|path| self.permanent_url(project, found, path)),
            result,
            cause,
            status: finding.status,
            moved_to: finding.moved_to.clone(),
            in_use_since: found.since.to_string(),
            file_digest: finding.file.as_ref().map(|file| file.digest.to_string()),
            digest: match (written, &link.digest) {
                (Some(written), _) => written.sentence(),
                (None, Some(_)) => "known".to_owned(),
                (None, None) => "unknown".to_owned(),
            },
        }
    }

    /// The permanent URL, or its path if the URL of the service is unknown.
    fn permanent_url(&self, project: &Project, found: &Use, filepath: &str) -> String {
        let values = [
            ("id", project.path.as_str()),
            ("tag_name", found.tag.as_str()),
            ("filepath", filepath.strip_prefix('/').unwrap_or(filepath)),
        ];
        match self.public_url {
            Some(url) => url.endpoint(paths::DOWNLOAD, &values),
            None => paths::DOWNLOAD.fill(&values),
        }
    }

    /// How many links have each result.
    pub fn summary(&self) -> Summary {
        let views = self.views();
        let count = |verdict| views.iter().filter(|view| view.result == verdict).count();
        let written =
            |is: fn(&Written) -> bool| self.written.iter().flatten().filter(|w| is(w)).count();
        Summary {
            counts: Verdict::ALL.map(count),
            links: views.len(),
            checked: self.findings.iter().flatten().count(),
            urls: self.findings.len(),
            digests: [
                written(|written| *written == Written::Done),
                written(|written| *written != Written::Done),
            ],
        }
    }
}

/// The result for a link, and its cause: the digest of the link says what the URL should lead to.
fn judge(found: &Use, finding: &Finding) -> (Verdict, Option<String>) {
    let (Some(known), Some(file)) = (&found.link.digest, &finding.file) else {
        return (finding.verdict, finding.cause.clone());
    };
    match file.doubt {
        _ if *known == file.digest => (finding.verdict, finding.cause.clone()),
        None => (Verdict::Changed, Some("digest differs".to_owned())),
        Some(doubt) => {
            let cause = format!("digest differs, but {doubt}");
            (Verdict::Uncertain, Some(cause))
        }
    }
}

/// An invalid URL, without what may be a secret.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if scheme.is_empty() {
        format!("{host}{path}")
    } else {
        format!("{scheme}://{host}{path}")
    }
}

impl LinkView {
    fn is_digest_missing(&self) -> bool {
        self.digest.starts_with("not written")
    }

    fn row(&self) -> [String; 7] {
        let mut result = self.result.as_str().to_owned();
        if let Some(cause) = &self.cause {
            result.push_str(&format!(": {cause}"));
        }
        if let Some(target) = &self.moved_to {
            result.push_str(&format!(" to {target}"));
        }
        if self.is_digest_missing() {
            result.push_str(&format!("; digest {}", self.digest));
        }
        [
            self.project.clone(),
            self.tag.clone(),
            format!("{} {}", self.link_id, self.name),
            result,
            self.url.clone(),
            or_dash(self.permanent_url.as_ref()),
            self.in_use_since.clone(),
        ]
    }
}

impl Summary {
    /// The number of links with this result.
    pub fn count(&self, verdict: Verdict) -> usize {
        let place = Verdict::ALL.iter().position(|other| *other == verdict);
        place.map_or(0, |place| self.counts[place])
    }

    /// The summary in one sentence.
    pub fn sentence(&self) -> String {
        if self.urls == 0 {
            return "there are no links to check".to_owned();
        }
        let urls = if self.checked < self.urls {
            format!("{} of {}", self.checked, quantity(self.urls, "URL"))
        } else {
            quantity(self.urls, "URL")
        };
        let counts = Verdict::ALL.iter().zip(self.counts);
        let counts = counts.filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(verdict, count)| format!("{count} {}", verdict.as_str()))
            .collect();
        let links = quantity(self.links, "link");
        let mut sentence = format!("checked {urls} of {links}");
        if !counts.is_empty() {
            sentence.push_str(&format!(": {}", counts.join(", ")));
        }
        match self.digests {
            [0, 0] => {}
            [written, 0] => sentence.push_str(&format!("; wrote {}", quantity(written, "digest"))),
            [written, left] => sentence.push_str(&format!(
                "; wrote {}, and left out {left}",
                quantity(written, "digest")
            )),
        }
        sentence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown_of_a_url_that_programs_cannot_read() {
        for (url, shown) in [
            ("http://e.com:99999/a@b?signature", "http://e.com:99999/a@b"),
            ("http://user:p@ss@e.com:99999", "http://e.com:99999"),
            ("http://[v1.a]/b#c", "http://[v1.a]/b"),
            ("user:secret@e.com/a", "e.com/a"),
        ] {
            assert_eq!(without_secrets(url), shown, "{url}");
        }
    }
}
