//! Offset pagination: parameters to a page, and the headers of a list (section B).

use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::utf8_percent_encode;

use super::params::{Checks, ParamErrors, ParamProblem, Params};
use super::public_url::QUERY_VALUE;
use crate::page::{MAX_COUNT, Page};

const DEFAULT_PER_PAGE: u64 = 20;
/// A larger `per_page` is clamped to this value (B3).
const MAX_PER_PAGE: u64 = 100;

/// Reads `page` and `per_page` (B2 to B9).
///
/// # Errors
///
/// A value that is not an integer, or a `per_page` of 0.
pub fn parse(params: &Params) -> Result<Page, ParamErrors> {
    let mut checks = Checks::of(params);
    let page = read(&mut checks);
    checks.finish(page)
}

/// Reads `page` and `per_page` together with other parameters (B2 to B9).
pub fn read(checks: &mut Checks<'_>) -> Page {
    let number = checks.integer("page").unwrap_or(1).max(1);
    // GitLab crashes here, because its database has no larger offset.
    let number = u64::try_from(number)
        .ok()
        .filter(|number| i64::try_from(*number).is_ok());
    if number.is_none() {
        checks.fail("page", ParamProblem::Invalid);
    }
    let per_page = match checks.integer("per_page") {
        Some(0) => {
            checks.fail("per_page", ParamProblem::NotAllowed);
            DEFAULT_PER_PAGE
        }
        Some(requested) if requested > 0 => {
            u64::try_from(requested).map_or(MAX_PER_PAGE, |number| number.min(MAX_PER_PAGE))
        }
        Some(_) | None => DEFAULT_PER_PAGE,
    };
    Page {
        number: number.unwrap_or(1),
        per_page,
    }
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
    let last = is_total.then_some(total_pages);
    let relations = [
        ("prev", previous),
        ("next", next),
        ("first", Some(1)),
        ("last", last),
    ];
    headers.extend(link(relations, page, list_url, params).map(|value| (header::LINK, value)));
    headers
}

/// The `Link` header, with a URL for each relation that has a page (B13).
fn link(
    relations: [(&str, Option<u64>); 4],
    page: Page,
    list_url: &str,
    params: &Params,
) -> Option<HeaderValue> {
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
    HeaderValue::from_str(&links.collect::<Vec<_>>().join(", ")).ok()
}

/// Longest echoed query, in bytes. The header has up to four of them, and clients and gateways
/// limit its size.
const MAX_ECHOED_BYTES: usize = 2_048;
/// The parameters in the path of a list.
const PATH_PARAMETERS: [&str; 2] = ["id", "tag_name"];

/// All parameters of the request with this page, in alphabetical order (B14). If they are too long,
/// only the parameters of the path are echoed; if those are too long, only the page. GitLab also
/// echoes tokens; here [`super::credentials`] has removed them, because headers end up in logs.
fn query(params: &Params, page: Page) -> String {
    let pairs: Vec<(String, String)> = params.pairs().collect();
    let is_of_path = |name: &str| PATH_PARAMETERS.contains(&name);
    let echoed =
        |(name, value): &&(String, String)| is_of_path(name) || !may_hold_token(name, value);
    let all = query_of(pairs.iter().filter(echoed), page);
    if all.len() <= MAX_ECHOED_BYTES {
        return all;
    }
    let of_path = query_of(pairs.iter().filter(|(name, _)| is_of_path(name)), page);
    if of_path.len() <= MAX_ECHOED_BYTES {
        of_path
    } else {
        query_of(std::iter::empty(), page)
    }
}

/// Whether the parameter may be a token in a notation that [`super::credentials`] does not read, such
/// as `[private_token]=…` or `a=1;private_token=…`.
fn may_hold_token(name: &str, value: &str) -> bool {
    name.contains("token") || value.contains("token=")
}

fn query_of<'a>(parameters: impl Iterator<Item = &'a (String, String)>, page: Page) -> String {
    let mut pairs: Vec<(&str, String)> = parameters
        .filter(|(name, _)| name != "page" && name != "per_page")
        .map(|(name, value)| {
            (
                name.as_str(),
                utf8_percent_encode(value, QUERY_VALUE).to_string(),
            )
        })
        .collect();
    pairs.push(("page", page.number.to_string()));
    pairs.push(("per_page", page.per_page.to_string()));
    pairs.sort_by_key(|(name, _)| *name);
    let encoded = pairs
        .iter()
        .map(|(name, value)| format!("{}={value}", utf8_percent_encode(name, QUERY_VALUE)));
    encoded.collect::<Vec<_>>().join("&")
}
