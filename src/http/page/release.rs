//! The page of a release.

use std::time::SystemTime;

use askama::Template;

use super::text::{Moment, Name, Text, grouped, json_bytes};
use super::{MAX_BYTES, Page, SCRIPT, STYLE, Site, rendered};
use crate::http::json::LinkUrls;
use crate::link::{Digest, Link, LinkType, Target, checksums};
use crate::markdown::{self, Budget};
use crate::page::MAX_COUNT;
use crate::project::Visibility;
use crate::store::ShownRelease;
use crate::visible::is_visible;

/// Largest number of files on a page.
pub const MAX_FILES: usize = 2_000;
/// More files than that push the notes out of sight.
const MANY_FILES: usize = 3;
/// The page without its files and its notes has at most this many bytes.
const FRAME_BYTES: usize = 60_000;

#[derive(Template)]
#[template(path = "release.html")]
struct ReleasePage<'a> {
    project: Text<'a>,
    home_url: &'a str,
    releases_url: &'a str,
    feed_url: &'a str,
    api_url: &'a str,
    title: Name<'a>,
    tag: Name<'a>,
    date: Moment,
    is_upcoming: bool,
    is_immutable: bool,
    commit: Option<Text<'a>>,
    groups: Vec<Group>,
    /// Whether the notes are far below.
    has_many_files: bool,
    more: Option<More>,
    /// Whether commands to copy read the visitor's token.
    needs_token: bool,
    checksums_url: Option<String>,
    notes: Option<Text<'a>>,
}

/// The files of a type.
struct Group {
    id: &'static str,
    title: &'static str,
    /// The HTML of each.
    files: Vec<String>,
}

/// What the page does not show.
struct More {
    /// A sentence.
    text: String,
    url: String,
}

#[derive(Template)]
#[template(path = "file.html")]
struct FilePart<'a> {
    name: Name<'a>,
    href: Option<Text<'a>>,
    host: Option<Text<'a>>,
    digest: Option<&'a str>,
    command: Option<String>,
}

/// The types of files in the order of the page.
const GROUPS: [(LinkType, &str, &str); 4] = [
    (LinkType::Package, "packages", "Packages"),
    (LinkType::Image, "images", "Images"),
    (LinkType::Runbook, "runbooks", "Runbooks"),
    (LinkType::Other, "other", "Other files"),
];

/// The page of a release. The files come before the notes, because most visitors want a file.
#[must_use]
pub fn release(site: Site<'_>, shown: &ShownRelease, now: SystemTime) -> Page {
    let Site {
        public_url,
        project,
    } = site;
    let release = &shown.release;
    let details = &release.details;
    let description = details.description.as_deref().unwrap_or_default();
    let notes = markdown::render(description, &mut Budget::new());
    // Definitions of links render to nothing, and a no-break space to an empty paragraph.
    let is_empty = description.trim().is_empty() || notes.as_str().trim().is_empty();
    let notes = Some(notes.as_str()).filter(|_| !is_empty);
    let room = MAX_BYTES.saturating_sub(FRAME_BYTES + notes.map_or(0, json_bytes));
    let (groups, number) = groups(site, shown, room);
    let template = ReleasePage {
        project: Text(project.path.as_str()),
        home_url: &public_url.home(),
        releases_url: &public_url.releases(project),
        feed_url: &public_url.feed(project),
        api_url: &public_url.release_in_api(project, release.tag.as_str()),
        title: Name(release.title()),
        tag: Name(release.tag.as_str()),
        date: release.released_at.into(),
        is_upcoming: release.is_upcoming(now),
        is_immutable: release.is_immutable(now),
        commit: details.commit.as_deref().map(Text),
        groups,
        has_many_files: number > MANY_FILES && notes.is_some(),
        more: More::of(site, shown, number),
        needs_token: needs_token(site, shown),
        checksums_url: checksums_url(site, shown),
        notes: notes.map(Text),
    };
    Page::html(&template, project.visibility)
}

fn needs_token(site: Site<'_>, shown: &ShownRelease) -> bool {
    let is_private = site.project.visibility == Visibility::Private;
    is_private && shown.links.iter().any(|link| link.filepath.is_some())
}

/// The address of the checksum file of a release with digests. A link with this filepath would be the
/// answer instead, and is among the files.
fn checksums_url(site: Site<'_>, shown: &ShownRelease) -> Option<String> {
    let links = &shown.links;
    let has_digests = links.iter().any(|link| link.digest.is_some());
    let of_release = Some(checksums::OF_RELEASE);
    let is_taken = links
        .iter()
        .any(|link| link.filepath.as_deref() == of_release);
    let urls = LinkUrls::new(site.public_url, site.project, shown.release.tag.as_str());
    let url = urls.direct_asset("", of_release);
    (has_digests && !is_taken).then(|| url.into_owned())
}

/// The files that fit, and their number.
fn groups(site: Site<'_>, shown: &ShownRelease, mut room: usize) -> (Vec<Group>, usize) {
    let tag = shown.release.tag.as_str();
    let urls = LinkUrls::new(site.public_url, site.project, tag);
    let is_private = site.project.visibility == Visibility::Private;
    let mut groups = GROUPS.map(|(_, id, title)| Group {
        id,
        title,
        files: Vec::new(),
    });
    // A name is easier to find in their order than in that of their publication.
    let mut links: Vec<&Link> = shown.links.iter().take(MAX_FILES).collect();
    links.sort_by_key(|link| &link.name);
    let mut number = 0;
    for link in links {
        let html = file(&urls, link, is_private);
        let Some(left) = room.checked_sub(json_bytes(&html)) else {
            break;
        };
        room = left;
        number += 1;
        let index = GROUPS.iter().position(|(of, ..)| *of == link.link_type);
        if let Some(group) = index.and_then(|index| groups.get_mut(index)) {
            group.files.push(html);
        }
    }
    let groups = groups.into_iter().filter(|group| !group.files.is_empty());
    (groups.collect(), number)
}

impl More {
    fn of(site: Site<'_>, shown: &ShownRelease, number: usize) -> Option<Self> {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        let more = shown.counted.saturating_sub(number);
        // Beyond GitLab's limit, nobody has counted all of them.
        let at_least = if shown.counted > MAX_COUNT {
            "at least "
        } else {
            ""
        };
        let text = if more == 1 {
            "There is 1 more file.".to_owned()
        } else {
            format!("There are {at_least}{} more files.", grouped(more))
        };
        let url = site
            .public_url
            .links(site.project, shown.release.tag.as_str());
        (more > 0).then_some(Self { text, url })
    }
}

/// The HTML of a file.
fn file(urls: &LinkUrls, link: &Link, is_private: bool) -> String {
    let target = Target::of(&link.url);
    let filepath = link.filepath.as_deref();
    let permanent_url = filepath.map(|path| urls.direct_asset(&link.url, Some(path)));
    let permanent_url = permanent_url.as_deref();
    let digest = link.digest.as_ref().map(Digest::hexadecimal);
    let segment = filepath.and_then(|path| path.rsplit('/').next());
    let command = permanent_url
        .zip(segment)
        .and_then(|(url, segment)| command(url, segment, digest, is_private));
    let uri = target.as_ref().map(|target| target.uri.as_str());
    rendered(&FilePart {
        name: Name(&link.name),
        href: permanent_url.or(uri).map(Text),
        host: target.as_ref().map(|target| Text(&target.host)),
        digest,
        command,
    })
}

/// The command that downloads a file and, if its digest is known, checks it. There is none for a name
/// that would not arrive in a terminal as it is, or of which a reader would not see all.
fn command(url: &str, segment: &str, digest: Option<&str>, is_private: bool) -> Option<String> {
    if !segment.chars().all(|c| c == ' ' || is_visible(c)) {
        return None;
    }
    // What begins with a hyphen would be an option.
    let name = if segment.starts_with('-') {
        format!("./{segment}")
    } else {
        segment.to_owned()
    };
    // The header `PRIVATE-TOKEN` would go to the host of the file, too.
    let token = if is_private {
        "--oauth2-bearer \"$TOKEN\" "
    } else {
        ""
    };
    let (quoted, url) = (shlex::try_quote(&name).ok()?, shlex::try_quote(url).ok()?);
    let mut command = format!("curl -fL {token}-o {quoted} {url}");
    // sha256sum reads a backslash as the beginning of an escape.
    if let Some(digest) = digest.filter(|_| !segment.contains('\\')) {
        let line = format!("{digest}  {name}");
        let line = shlex::try_quote(&line).ok()?;
        // A download that failed leaves nothing to check.
        command = format!("{command} &&\necho {line} | sha256sum -c");
    }
    Some(command)
}
