//! The size of a response about releases, which is known before the response is made. Lambda limits
//! it, so a change whose response would exceed the limit is refused before anything is written, and
//! reading stops where a response is full (R82).

use super::{Details, NewRelease, Release, TagName};
use crate::link::{Link, LinkId, NewLink};

/// Largest body, in bytes. Lambda's limit is 6 MB for the whole response (6,291,556 bytes), in which
/// the body is a JSON string.
pub const MAX_RESPONSE_BYTES: usize = 6_200_000;

/// The JSON of a release apart from its attributes and links: names, quotes and what is constant.
const RELEASE_BYTES: usize = 1_300;
/// The JSON of a link apart from its attributes, with the largest ID.
const LINK_BYTES: usize = 190;

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
    pub fn of_release(self, release: &Release) -> usize {
        self.details(&release.tag, &release.details)
    }

    fn details(self, tag: &TagName, details: &Details) -> usize {
        let author = details.author.as_ref();
        let texts = [
            Some(details.name.as_deref().unwrap_or(tag.as_str())),
            Some(tag.as_str()),
            details.description.as_deref(),
            author.map(|author| author.label.as_str()),
        ];
        let texts = texts.into_iter().flatten().map(in_response);
        RELEASE_BYTES + texts.sum::<usize>() + 2 * self.of_url(tag)
    }

    /// The size of a link, in bytes, or a little more.
    #[must_use]
    pub fn of_link(self, tag: &TagName, link: &Link) -> usize {
        // A link without a filepath shows its URL twice.
        let direct_asset_url = match &link.filepath {
            Some(filepath) => self.of_url(tag) + percent_encoded(filepath),
            None => in_response(&link.url),
        };
        let texts = link.shown_texts().map(in_response);
        LINK_BYTES + texts.sum::<usize>() + direct_asset_url
    }

    /// The size of a new release with its links, in bytes, or a little more.
    #[must_use]
    pub fn of_new_release(self, tag: &TagName, new: &NewRelease) -> usize {
        let link = |link: &NewLink| self.of_link(tag, &link.clone().with_id(LinkId::MAX));
        self.details(tag, &new.details) + new.links.iter().map(link).sum::<usize>()
    }

    /// The length of a release's web address with `/downloads`.
    fn of_url(self, tag: &TagName) -> usize {
        self.project_url + "/-/releases//downloads".len() + percent_encoded(tag.as_str())
    }
}

/// The size of a text within the JSON that Lambda's response contains as a JSON string, so that its
/// quotes, backslashes and control characters are escaped twice.
fn in_response(text: &str) -> usize {
    let sizes = text.chars().map(|c| match c {
        '"' | '\\' => 4,
        '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 3,
        c if c.is_ascii_control() => 7,
        c => c.len_utf8(),
    });
    sizes.sum()
}

/// The length of a text in a URL, in which its slashes may be encoded.
fn percent_encoded(text: &str) -> usize {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { 1 } else { 3 })
        .sum()
}
