//! The pages of a list, one after the other.

use std::collections::HashSet;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use release_links::timestamp::Timestamp;
use reqwest::header::{DATE, HeaderMap, HeaderValue, LINK};
use serde_json::value::RawValue;
use url::Url;

use super::client::{Answer, Client};
use super::problem::Problem;

/// Elements of a page, the most that GitLab sends (B3).
const PER_PAGE: u64 = 100;
/// After this number of consecutive pages without anything new, the list counts as read.
const MAX_IDLE: u32 = 10;

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    /// Its elements, which are read one by one, so that one of them does not spoil the others.
    pub items: Vec<Box<RawValue>>,
    /// The number of elements of the whole list, if the response contains it.
    pub total: Option<u64>,
    /// When the other service has sent it.
    pub sent_at: Option<Timestamp>,
    /// Why the page lacks its only element, which is too large.
    pub missing: Option<String>,
}

/// The pages of a list that are still to be read.
pub struct Pages<'a> {
    client: &'a Client,
    /// What the list shows, for sentences.
    what: &'a str,
    next: Option<Url>,
    /// The queries of the pages so far, because the next one may be among them.
    read: HashSet<String>,
    idle: u32,
    /// Whether the list ended because its pages repeated, so that some may be missing.
    repeats: bool,
}

impl<'a> Pages<'a> {
    /// The pages of the list with this path and query.
    pub fn new(
        client: &'a Client,
        what: &'a str,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Self {
        let mut first = client.address().endpoint(segments, query);
        set(&mut first, &[("page", 1), ("per_page", PER_PAGE)]);
        Self {
            client,
            what,
            next: Some(first),
            read: HashSet::new(),
            idle: 0,
            repeats: false,
        }
    }

    /// Whether the list ended because its pages repeated, so that some may be missing.
    pub fn repeats(&self) -> bool {
        self.repeats
    }

    /// The next page.
    pub async fn next(&mut self) -> Result<Option<Page>, Problem> {
        while let Some(url) = self.next.take() {
            let is_new = self.read.insert(url.query().unwrap_or_default().to_owned());
            if !is_new || self.idle == MAX_IDLE {
                self.repeats = true;
                return Ok(None);
            }
            let answer = match self.client.get(&url, self.what).await {
                Ok(answer) => answer,
                Err(Problem::TooLarge(sentence)) => match halved(&url) {
                    Some(half) => {
                        self.next = Some(half);
                        continue;
                    }
                    None => return Ok(Some(self.skip(&url, sentence))),
                },
                Err(problem) => return Err(problem),
            };
            return self.page(&url, &answer).map(Some);
        }
        Ok(None)
    }

    /// Tells whether the page had anything that no page before it had.
    pub fn saw(&mut self, is_new: bool) {
        self.idle = if is_new { 0 } else { self.idle + 1 };
    }

    fn page(&mut self, url: &Url, answer: &Answer) -> Result<Page, Problem> {
        let items: Vec<Box<RawValue>> = serde_json::from_slice(&answer.body)
            .map_err(|error| self.client.asked(self.what).unreadable(&error))?;
        if !items.is_empty() {
            self.next = next(url, &answer.headers, items.len());
        }
        let total = number(&answer.headers, "x-total");
        Ok(Page {
            items,
            total,
            sent_at: date(&answer.headers),
            missing: None,
        })
    }

    /// The page of an element that is too large even alone.
    fn skip(&mut self, url: &Url, sentence: String) -> Page {
        self.next = page_number(url)
            .checked_add(1)
            .map(|page| with(url, &[("page", page)]));
        Page {
            items: Vec::new(),
            total: None,
            sent_at: None,
            missing: Some(sentence),
        }
    }
}

/// The URL of the next page: this one with the query that `Link` names, or with the page that
/// `X-Next-Page` names. Scheme, host and path stay, because a proxy may make others of them. If
/// neither header can be read, as behind a proxy that drops them, another page follows one that is
/// full.
fn next(url: &Url, headers: &HeaderMap, items: usize) -> Option<Url> {
    let target = relation(headers, "next").map(|target| url.join(&target));
    if let Some(Ok(target)) = target {
        let mut next = url.clone();
        next.set_query(target.query());
        return Some(next);
    }
    // GitLab names the first page on every page (B10).
    let is_last = target.is_none() && relation(headers, "first").is_some()
        || headers
            .get("x-next-page")
            .is_some_and(HeaderValue::is_empty);
    let page = number(headers, "x-next-page").or_else(|| {
        let is_full = items as u64 >= parameter(url, "per_page").unwrap_or(PER_PAGE);
        (!is_last && is_full).then_some(page_number(url).checked_add(1)?)
    });
    page.map(|page| with(url, &[("page", page)]))
}

/// The target of the first entry with this relation in the headers `Link` (RFC 8288).
fn relation(headers: &HeaderMap, relation: &str) -> Option<String> {
    let values = headers.get_all(LINK).iter();
    let entries = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split('<'));
    let mut entries = entries.filter_map(|entry| entry.split_once('>'));
    let has_relation = |parameters: &str| {
        parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel")
                && relations.any(|name| name.eq_ignore_ascii_case(relation))
        })
    };
    let (target, _) = entries.find(|(_, parameters)| has_relation(parameters))?;
    Some(target.to_owned())
}

/// The URL of the page of half the size with the same beginning. With an odd size, it begins
/// earlier, and what was read before is read again.
fn halved(url: &Url) -> Option<Url> {
    let half = parameter(url, "per_page").unwrap_or(PER_PAGE) / 2;
    let page = page_number(url).checked_mul(2)?.checked_sub(1)?;
    (half > 0).then(|| with(url, &[("page", page), ("per_page", half)]))
}

fn page_number(url: &Url) -> u64 {
    parameter(url, "page").unwrap_or(1)
}

fn parameter(url: &Url, name: &str) -> Option<u64> {
    let mut pairs = url.query_pairs();
    pairs.find(|(key, _)| key == name)?.1.parse().ok()
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = DateTime::from_str(text, Format::HttpDate).ok()?;
    SystemTime::try_from(date).ok().map(Timestamp::from_clock)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The URL with these parameters in place of others of these names.
fn with(url: &Url, parameters: &[(&str, u64)]) -> Url {
    let mut url = url.clone();
    set(&mut url, parameters);
    url
}

fn set(url: &mut Url, parameters: &[(&str, u64)]) {
    let is_kept = |name: &str| parameters.iter().all(|(set, _)| *set != name);
    let pairs = url.query_pairs().into_owned();
    let kept: Vec<(String, String)> = pairs.filter(|(name, _)| is_kept(name)).collect();
    let mut pairs = url.query_pairs_mut();
    pairs.clear().extend_pairs(kept);
    for (name, value) in parameters {
        pairs.append_pair(name, &value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "https://example.com/gl/api/v4/projects/24/releases?page=2&per_page=50";

    fn next_of(headers: &[(&'static str, &'static str)], items: usize) -> Option<String> {
        let url = Url::parse(LIST).unwrap();
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        next(&url, &headers.collect(), items).map(|url| url.to_string())
    }

    #[test]
    fn the_next_page_is_on_the_address_of_this_one() {
        let start = "https://example.com/gl/api/v4/projects/24/releases";
        for link in [
            "<https://example.com/gl/api/v4/projects/24/releases?page=3&sort=asc>; rel=\"next\"",
            "<http://evil.example/x?page=3&sort=asc>; rel=\"next\"",
            "<http://example.com/?page=1>; rel=\"first\", </y?page=3&sort=asc>; rel=next",
            "<?page=3&sort=asc>; title=\"a, b\"; REL=\"prefetch Next\"",
        ] {
            let expected = format!("{start}?page=3&sort=asc");
            assert_eq!(next_of(&[("link", link)], 50), Some(expected), "{link}");
        }
    }

    #[test]
    fn x_next_page_stands_in_for_link() {
        let third = "https://example.com/gl/api/v4/projects/24/releases?per_page=50&page=3";
        let first = ("link", "<https://example.com/?page=1>; rel=\"first\"");
        assert_eq!(next_of(&[("x-next-page", "3")], 50).as_deref(), Some(third));
        assert_eq!(
            next_of(&[first, ("x-next-page", "3")], 50).as_deref(),
            Some(third)
        );
        assert_eq!(next_of(&[("x-next-page", "")], 50), None);
        assert_eq!(next_of(&[first], 50), None);
        assert_eq!(next_of(&[], 50).as_deref(), Some(third));
        assert_eq!(next_of(&[], 49), None);
        for garbage in [
            ("x-next-page", "three"),
            ("link", "three"),
            ("link", "<http://[>; rel=next"),
        ] {
            assert_eq!(
                next_of(&[garbage], 50).as_deref(),
                Some(third),
                "{garbage:?}"
            );
            assert_eq!(next_of(&[garbage], 49), None, "{garbage:?}");
        }
    }

    #[test]
    fn a_page_is_halved_until_it_has_one_element() {
        let mut url = Url::parse(LIST).unwrap();
        let mut pages = Vec::new();
        while let Some(half) = halved(&url) {
            url = half;
            pages.push((
                parameter(&url, "page").unwrap(),
                parameter(&url, "per_page").unwrap(),
            ));
        }
        assert_eq!(pages, [(3, 25), (5, 12), (9, 6), (17, 3), (33, 1)]);
        // No page begins after the one that it replaces, so that nothing is left out.
        let starts: Vec<u64> = pages.iter().map(|(page, size)| (page - 1) * size).collect();
        assert_eq!(starts, [50, 48, 48, 48, 32]);
        let huge = Url::parse(&format!("https://example.com/?page={}", u64::MAX)).unwrap();
        assert_eq!(halved(&huge), None);
    }
}
