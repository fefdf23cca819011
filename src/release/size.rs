//! The size of a response about releases, which is known before the response is made. Lambda limits
//! it, so a change whose response would exceed the limit is refused before anything is written, and
//! reading stops where a response is full (R82).

use super::{Details, NewRelease, Release, ReleaseWithLinks, TagName};
use crate::link::{Link, LinkId, NewLink};
use crate::markdown::CUT;

/// Largest body, in bytes. Lambda's limit is 6 MB for the whole response (6,291,556 bytes), in which
/// the body is a JSON string.
pub const MAX_RESPONSE_BYTES: usize = 6_200_000;

/// The JSON of a release apart from its attributes and links: names, quotes and what is constant.
const RELEASE_BYTES: usize = 1_300;
/// The JSON of a link apart from its attributes, with the largest ID.
const LINK_BYTES: usize = 190;
/// The name and the quotes of the digest of a link that has one.
const DIGEST_BYTES: usize = 16;
/// The field with the description as HTML, apart from the HTML.
const HTML_BYTES: usize = "\\\"description_html\\\":\\\"\\\",".len() + CUT.len();
/// How many bytes of the response a byte of HTML takes at most: a quote and a backslash. Control
/// characters, which take more, are replaced.
const MAX_ESCAPED: usize = 4;

/// Measures the JSON of releases and links in Lambda's response.
#[derive(Debug, Clone, Copy)]
pub struct ResponseSize {
    /// The length of the project's web address, which every permanent URL repeats.
    project_url: usize,
}

impl ResponseSize {
    /// For the releases of the project with this web address.
    #[must_use]
    pub fn new(project_url: &str) -> Self {
        Self {
            project_url: project_url.len(),
        }
    }

    /// The size of a release without its links, in bytes, or a little more.
    #[must_use]
    pub fn release_bytes(self, release: &Release) -> usize {
        self.details_bytes(&release.tag, &release.details)
    }

    fn details_bytes(self, tag: &TagName, details: &Details) -> usize {
        // A new attribute does not compile until this decides whether clients see it. The commit
        // has a limited size.
        let Details {
            name,
            description,
            commit: _,
            author,
        } = details;
        let author = author.as_ref();
        let texts = [
            Some(name.as_deref().unwrap_or(tag.as_str())),
            Some(tag.as_str()),
            description.as_deref(),
            author.map(|author| author.label.as_str()),
        ];
        let texts = texts.into_iter().flatten().map(escaped_bytes);
        RELEASE_BYTES + texts.sum::<usize>() + 2 * self.url_bytes(tag)
    }

    /// The size of a link, in bytes, or a little more.
    #[must_use]
    pub fn link_bytes(self, tag: &TagName, link: &Link) -> usize {
        // A link without a filepath shows its URL twice.
        let direct_asset_url = match &link.filepath {
            Some(filepath) => self.url_bytes(tag) + percent_encoded_bytes(filepath),
            None => escaped_bytes(&link.url),
        };
        let texts = link.shown_texts().map(escaped_bytes);
        let digest_bytes = link.digest.as_ref().map_or(0, |_| DIGEST_BYTES);
        LINK_BYTES + digest_bytes + texts.sum::<usize>() + direct_asset_url
    }

    /// How many bytes of HTML fit into the response to a request for these releases and their
    /// descriptions as HTML. It is the HTML that is cut, so the response is never refused for it.
    #[must_use]
    pub fn room_for_html(self, releases: &[ReleaseWithLinks]) -> usize {
        let bytes = releases.iter().map(|ReleaseWithLinks { release, links }| {
            let links = links.iter().map(|link| self.link_bytes(&release.tag, link));
            self.release_bytes(release) + links.sum::<usize>() + HTML_BYTES
        });
        MAX_RESPONSE_BYTES.saturating_sub(bytes.sum()) / MAX_ESCAPED
    }

    /// The size of a new release with its links, in bytes, or a little more.
    #[must_use]
    pub fn new_release_bytes(self, tag: &TagName, new: &NewRelease) -> usize {
        let link = |link: &NewLink| self.link_bytes(tag, &link.clone().with_id(LinkId::MAX));
        self.details_bytes(tag, &new.details) + new.links.iter().map(link).sum::<usize>()
    }

    /// The length of a release's web address with `/downloads`.
    fn url_bytes(self, tag: &TagName) -> usize {
        self.project_url + "/-/releases//downloads".len() + percent_encoded_bytes(tag.as_str())
    }
}

/// The size of a text within the JSON that Lambda's response contains as a JSON string, so that its
/// quotes, backslashes and control characters are escaped twice.
fn escaped_bytes(text: &str) -> usize {
    let sizes = text.chars().map(|c| match c {
        '"' | '\\' => 4,
        '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 3,
        c if c.is_ascii_control() => 7,
        c => c.len_utf8(),
    });
    sizes.sum()
}

/// The length of a text in a URL, in which its slashes may be encoded.
fn percent_encoded_bytes(text: &str) -> usize {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { 1 } else { 3 })
        .sum()
}
