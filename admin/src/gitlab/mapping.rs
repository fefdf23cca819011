//! What becomes of GitLab's releases and links here.

use percent_encoding::percent_decode_str;
use pulldown_cmark::{Event, Parser, Tag};
use release_links::release::{Details, MAX_DESCRIPTION_BYTES};
use url::{ParseError, Url};

use crate::record::{LinkRecord, ReleaseRecord};

use super::json::{Link, Release};

/// What GitLab shows of a release and this service does not have.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    pub milestones: usize,
    pub evidences: usize,
    pub sources: usize,
    pub relative_links: usize,
}

impl Dropped {
    /// What is dropped of this release.
    pub fn of(release: &Release) -> Self {
        let count = |list: &Option<Vec<_>>| list.as_ref().map_or(0, Vec::len);
        let description = release.description.as_deref().unwrap_or_default();
        Self {
            milestones: count(&release.milestones),
            evidences: count(&release.evidences),
            sources: release
                .assets
                .as_ref()
                .map_or(0, |assets| assets.sources.len()),
            relative_links: relative_links(description),
        }
    }
}

/// The number of links and images in a description that lead nowhere without GitLab. A description
/// that is too long is left out with its release.
fn relative_links(description: &str) -> usize {
    if description.len() > MAX_DESCRIPTION_BYTES {
        return 0;
    }
    let events = Parser::new(description);
    let destinations = events.filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url),
        _ => None,
    });
    destinations
        .filter(|destination| is_relative(destination))
        .count()
}

fn is_relative(destination: &str) -> bool {
    let has_host = destination.starts_with("//");
    let is_within_text = destination.is_empty() || destination.starts_with('#');
    let parsed = Url::parse(destination);
    !has_host && !is_within_text && parsed == Err(ParseError::RelativeUrlWithoutBase)
}

/// The release, or its tag and why it cannot be one.
pub fn release(
    release: Release,
    tag: String,
    project: u64,
) -> Result<ReleaseRecord, (String, &'static str)> {
    let Some(created_at) = release.created_at().map(str::to_owned) else {
        return Err((tag, "it has no creation time"));
    };
    let commit = release.commit.and_then(|commit| commit.id);
    // A release without a name is shown with its tag (R43), which may be longer than a name.
    let name = release.name.filter(|name| *name != tag);
    Ok(ReleaseRecord {
        project,
        tag,
        details: Details {
            name,
            description: release.description,
            // Another release-links shows an empty ID in place of an unknown one (R5).
            commit: commit.filter(|commit| !commit.is_empty()),
            // Authors here are tokens.
            author: None,
        },
        released_at: release.released_at.unwrap_or_else(|| created_at.clone()),
        created_at,
        immutable_at: release.immutable_at,
        // It is unknown; the import makes it at least the highest ID of a link.
        last_link_id: 0,
        links: None,
    })
}

/// The link of a release, which GitLab created at an unknown time.
pub fn link(link: Link, project: u64, tag: &str, created_at: &str) -> LinkRecord {
    let url = link.url.unwrap_or_default();
    let permanent = link.direct_asset_url.filter(|permanent| *permanent != url);
    LinkRecord {
        project,
        tag: tag.to_owned(),
        id: link.id,
        name: link.name.unwrap_or_default(),
        filepath: permanent.and_then(|permanent| filepath(&permanent, tag)),
        url,
        link_type: link.link_type.unwrap_or_default(),
        created_at: created_at.to_owned(),
        digest: link.digest,
    }
}

/// The filepath in a permanent URL (G1). The tag in front of it must be the one of the release; it
/// may itself contain what separates the two.
fn filepath(permanent: &str, tag: &str) -> Option<String> {
    let path = permanent.split(['?', '#']).next()?;
    let (_, rest) = path.split_once("/-/releases/")?;
    let mut ends = rest.match_indices("/downloads/");
    let is_tag = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .is_ok_and(|text| text == tag)
    };
    let (end, separator) = ends.find(|(end, _)| is_tag(&rest[..*end]))?;
    let filepath = percent_decode_str(&rest[end + separator.len()..])
        .decode_utf8()
        .ok()?;
    Some(format!("/{filepath}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filepath_is_what_follows_the_tag_in_a_permanent_url() {
        let start = "https://gitlab.example.com/group/app/-/releases";
        for (rest, tag, expected) in [
            ("v1/downloads/bin/app", "v1", Some("/bin/app")),
            ("v1/downloads/bin%2Fapp", "v1", Some("/bin/app")),
            ("v1/downloads/bin%252Fapp", "v1", Some("/bin%2Fapp")),
            ("v1/downloads/app?a=b#c", "v1", Some("/app")),
            (
                "v1/downloads/bin/downloads/app",
                "v1",
                Some("/bin/downloads/app"),
            ),
            ("release%2F1.0/downloads/app", "release/1.0", Some("/app")),
            ("release/1.0/downloads/app", "release/1.0", Some("/app")),
            ("a/downloads/b/downloads/app", "a/downloads/b", Some("/app")),
            ("v1%2B2/downloads/app", "v1+2", Some("/app")),
            ("v1/downloads/", "v1", Some("/")),
            ("v1/downloads/%FF", "v1", None),
            ("v2/downloads/app", "v1", None),
            ("v1/app", "v1", None),
            ("v1", "v1", None),
        ] {
            let found = filepath(&format!("{start}/{rest}"), tag);
            assert_eq!(found.as_deref(), expected, "{rest}");
        }
        for anywhere in [
            "http://old.example.org:8080/prefix/a/b/c/-/releases/v1/downloads/app",
            "/a/b/-/releases/v1/downloads/app",
        ] {
            assert_eq!(
                filepath(anywhere, "v1").as_deref(),
                Some("/app"),
                "{anywhere}"
            );
        }
        assert_eq!(
            filepath("https://example.com/releases/v1/downloads/app", "v1"),
            None
        );
    }

    #[test]
    fn only_links_that_need_gitlab_count_as_relative() {
        let text = "[a](/uploads/0a/a.png) ![b](../b.png) [c](docs/c.md \"t\") [d][d]\n\n\
                    [e](https://example.com/e) [f](//example.com/f) [g](#g) [h](mailto:h@example.com)\n\n\
                    `[i](/uploads/i)` <https://example.com/j> [k]()\n\n[d]: /uploads/d";
        assert_eq!(relative_links(text), 4);
        assert_eq!(
            relative_links(&format!("[a](/a){}", " ".repeat(MAX_DESCRIPTION_BYTES))),
            0
        );
    }
}
