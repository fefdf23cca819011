//! Offset pagination: `page` and `per_page` in, a window on the list and the headers out (section
//! B).

use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::utf8_percent_encode;

use crate::error::Error;
use crate::params::{Checks, Params};
use crate::public_url::QUERY_VALUE;

const DEFAULT_PER_PAGE: u64 = 20;
/// A larger `per_page` is clamped to this without a word (B3).
const MAX_PER_PAGE: u64 = 100;
/// Beyond this many links GitLab stops counting and leaves the totals out (B16).
pub const MAX_COUNT: u64 = 10_000;

/// Which part of a list the client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The number of the page, from 1.
    pub number: u64,
    /// Links on a page, 1 to 100.
    pub per_page: u64,
}

impl Page {
    /// Reads `page` and `per_page` (B2 to B9).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParams`] where either is not a whole number, or `per_page` is 0.
    pub fn parse(params: &Params) -> Result<Self, Error> {
        let mut checks = Checks::of(params);
        let number = checks.integer("page").unwrap_or(1).max(1);
        // GitLab's own answer to such a page is a crash: its database has no offset so large.
        let number = u64::try_from(number)
            .ok()
            .filter(|number| i64::try_from(*number).is_ok());
        if number.is_none() {
            checks.fail("page is invalid".to_owned());
        }
        let per_page = match checks.integer("per_page") {
            Some(0) => {
                checks.fail("per_page has a value not allowed".to_owned());
                DEFAULT_PER_PAGE
            }
            Some(asked) if asked > 0 => {
                u64::try_from(asked).map_or(MAX_PER_PAGE, |asked| asked.min(MAX_PER_PAGE))
            }
            Some(_) | None => DEFAULT_PER_PAGE,
        };
        checks.finish(Self {
            number: number.unwrap_or(1),
            per_page,
        })
    }

    /// How many links come before the page; saturates, for there are never so many.
    #[must_use]
    pub fn offset(self) -> u64 {
        (self.number - 1).saturating_mul(self.per_page)
    }
}

/// A page of a list, cut out of a whole of which the size is known, or known to be beyond
/// [`MAX_COUNT`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    /// What stands on the page.
    pub items: Vec<T>,
    /// Size of the whole list, as far as it was counted.
    pub counted: u64,
}

/// The headers of a list (B10 to B16). `list_url` is the absolute URL of the list without its
/// query.
#[must_use]
pub fn headers(page: Page, counted: u64, list_url: &str, params: &Params) -> HeaderMap {
    let total_pages = counted.div_ceil(page.per_page).max(1);
    let in_range = page.offset() < counted;
    let previous = (page.number > 1 && in_range).then(|| page.number - 1);
    let next = (page.number < total_pages).then(|| page.number + 1);
    let is_total = counted <= MAX_COUNT;

    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: Option<u64>| {
        let value = value.map_or(HeaderValue::from_static(""), HeaderValue::from);
        headers.insert(HeaderName::from_static(name), value);
    };
    set("x-per-page", Some(page.per_page));
    set("x-page", Some(page.number));
    set("x-next-page", next);
    set("x-prev-page", previous);
    if is_total {
        set("x-total", Some(counted));
        set("x-total-pages", Some(total_pages));
    }
    let relations = [
        ("prev", previous),
        ("next", next),
        ("first", Some(1)),
        ("last", is_total.then_some(total_pages)),
    ];
    let links = relations.into_iter().filter_map(|(relation, number)| {
        let query = query(
            params,
            Page {
                number: number?,
                ..page
            },
        );
        Some(format!("<{list_url}?{query}>; rel=\"{relation}\""))
    });
    if let Ok(value) = HeaderValue::from_str(&links.collect::<Vec<_>>().join(", ")) {
        headers.insert(header::LINK, value);
    }
    headers
}

/// Longest query that is echoed, in bytes. The header has up to four of them, and clients and
/// gateways limit its size.
const MAX_ECHOED_BYTES: usize = 2_048;
/// Parameters that the path of a list of links has.
const PATH_PARAMETERS: [&str; 2] = ["id", "tag_name"];

/// All parameters of the request with this page in them, in alphabetical order (B14); if they are
/// too long, only those of the path, and if these are too long, only the page. The tokens among
/// them, which GitLab echoes, have been taken out by [`crate::auth`]: a header ends up in logs.
fn query(params: &Params, page: Page) -> String {
    let all = query_of(params.pairs(), page);
    if all.len() <= MAX_ECHOED_BYTES {
        return all;
    }
    let of_path = query_of(
        params
            .pairs()
            .filter(|(name, _)| PATH_PARAMETERS.contains(name)),
        page,
    );
    if of_path.len() <= MAX_ECHOED_BYTES {
        of_path
    } else {
        query_of(std::iter::empty(), page)
    }
}

fn query_of<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>, page: Page) -> String {
    let mut pairs: Vec<(&str, String)> = parameters
        .filter(|(name, _)| *name != "page" && *name != "per_page")
        .map(|(name, value)| (name, utf8_percent_encode(value, QUERY_VALUE).to_string()))
        .collect();
    pairs.push(("page", page.number.to_string()));
    pairs.push(("per_page", page.per_page.to_string()));
    pairs.sort_by_key(|(name, _)| *name);
    let encoded = pairs
        .iter()
        .map(|(name, value)| format!("{}={value}", utf8_percent_encode(name, QUERY_VALUE)));
    encoded.collect::<Vec<_>>().join("&")
}
