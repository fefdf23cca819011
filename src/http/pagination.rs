//! Offset pagination: parameters to a page, and the headers of a list (section B).

use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::utf8_percent_encode;

use super::credentials::may_contain_token;
use super::params::{Checks, Kind, Param, ParamErrors, ParamProblem, Params};
use super::pattern::QUERY_VALUE;
use crate::page::{DEFAULT_PER_PAGE, MAX_COUNT, MAX_PER_PAGE, Page};

/// The number of a page.
pub const PAGE: Param = Param::query(
    "page",
    Kind::Integer {
        min: 1,
        max: None,
        default: Some(1),
    },
    "The number of the page. A number below 1 counts as 1 (B6), and one beyond 63 bits is invalid \
     (B7).",
);
/// The size of a page.
pub const PER_PAGE: Param = Param::query(
    "per_page",
    Kind::Integer {
        min: 1,
        max: Some(MAX_PER_PAGE),
        default: Some(DEFAULT_PER_PAGE),
    },
    "The number of items on a page. A number above 100 counts as 100 (B3), and one below 0 as 20 \
     (B5). 0 is invalid (B4).",
);
/// Reads `page` and `per_page` (B2 to B9).
///
/// # Errors
///
/// A value that is not an integer, or a `per_page` of 0.
pub fn parse(mut checks: Checks<'_>) -> Result<Page, ParamErrors> {
    let page = read(&mut checks);
    checks.finish(page)
}

/// Reads `page` and `per_page` together with other parameters (B2 to B9).
pub fn read(checks: &mut Checks<'_>) -> Page {
    let number = checks.integer(&PAGE).unwrap_or(1).max(1);
    // GitLab crashes here, because its database has no larger offset.
    let number = u64::try_from(number)
        .ok()
        .filter(|number| i64::try_from(*number).is_ok());
    if number.is_none() {
        checks.fail(&PAGE, ParamProblem::Invalid);
    }
    let per_page = match checks.integer(&PER_PAGE) {
        Some(0) => {
            checks.fail(&PER_PAGE, ParamProblem::NotAllowed);
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
    let pairs: Vec<(String, String)> = params.pairs().collect();
    let url = |parameters: &[&(String, String)], number| {
        let query = query_of(parameters, Page { number, ..page });
        format!("{list_url}?{query}")
    };
    let is_short = |parameters: &Vec<_>| url(parameters, 1).len() <= MAX_URL_BYTES;
    let echoed = echoed(&pairs).into_iter().find(is_short);
    let echoed = echoed.unwrap_or_default();
    let links = relations.into_iter().filter_map(|(relation, number)| {
        let link = format!("<{}>; rel=\"{relation}\"", url(&echoed, number?));
        Some((relation, link))
    });
    let (relations, links): (Vec<_>, Vec<_>) = links.unzip();
    let mut header = links.join(", ");
    if header.len() > MAX_LINK_BYTES {
        // A long tag alone: clients follow the next page, and the rest is a convenience.
        let next = relations.iter().position(|relation| *relation == "next")?;
        header.clone_from(&links[next]);
    }
    HeaderValue::from_str(&header).ok()
}

/// Longest `Link` header, in bytes. Clients and gateways limit the size of headers.
const MAX_LINK_BYTES: usize = 8_192;
/// Longest URL that echoes parameters, in bytes: four of them fit, with their relations and with
/// more digits of the page.
const MAX_URL_BYTES: usize = 2_024;
/// The parameters in the path of a list.
const PATH_PARAMETERS: [&str; 2] = ["id", "tag_name"];

/// The parameters of the request that a URL may echo (B14): all of them or, if they are too long,
/// only those of the path. GitLab also echoes tokens; here [`super::credentials`] has removed them,
/// because headers end up in logs.
fn echoed(pairs: &[(String, String)]) -> [Vec<&(String, String)>; 2] {
    let is_of_path = |name: &str| PATH_PARAMETERS.contains(&name);
    let all =
        |(name, value): &&(String, String)| is_of_path(name) || !may_contain_token(name, value);
    let of_path = |(name, _): &&(String, String)| is_of_path(name);
    [
        pairs.iter().filter(all).collect(),
        pairs.iter().filter(of_path).collect(),
    ]
}

/// These parameters with this page, in alphabetical order.
fn query_of(parameters: &[&(String, String)], page: Page) -> String {
    let mut pairs: Vec<(&str, String)> = parameters
        .iter()
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
