//! The check of tags and filepaths that may be created (R88).

use std::collections::BTreeMap;

use lambda_http::http::Method;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use release_links::http::error::ApiError;
use release_links::http::paths;

use release_links::http::pattern::{PATH, Pattern, QUERY_VALUE};
use release_links::link::NewLink;
use release_links::operations::{self, Found};
use release_links::release::TagName;
use url::Url;

/// The path prefix of a service behind a custom domain.
const PREFIX: &str = "/gl";

/// A tag and a filepath that may be created come out unchanged of the paths of all endpoints. The
/// first line of the input is the tag, and the rest is the filepath.
pub fn tag(data: &[u8]) {
    // No request can contain a NUL byte (C9).
    let text = String::from_utf8_lossy(data).replace('\0', "");
    let (tag, filepath) = text.split_once('\n').unwrap_or((&text, ""));
    let tag = TagName::parse_new(tag).map_or("v1", |_| tag);
    let link = NewLink::new("a", "https://example.com").map(|link| link.with_filepath(filepath));
    let filepath = match link {
        Ok(Ok(_)) => filepath,
        _ => "/bin/app",
    };
    for request in requests(tag, filepath) {
        assert!(request.arrives(), "{tag:?}, {filepath:?}: {request:?}");
    }
}

/// What a path names: the path's pattern and the texts of its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The pattern of the endpoint.
    pub pattern: Pattern,
    /// The parameters, without the format suffix.
    pub values: BTreeMap<&'static str, String>,
    /// The project without the prefix, if the first segments may be the prefix.
    pub project_without_prefix: Option<String>,
}

impl Named {
    fn new(pattern: Pattern, values: &[(&'static str, &str)]) -> Self {
        let values = values
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Self {
            pattern,
            values: values.collect(),
            project_without_prefix: None,
        }
    }

    /// What this method and this path name, if it is an endpoint.
    pub(crate) fn find(found: Result<Found, ApiError>) -> Option<Self> {
        let Ok(Found::Endpoint(endpoint)) = found else {
            return None;
        };
        let values = endpoint.captures.iter();
        Some(Self {
            pattern: endpoint.row.facts.path,
            values: values.filter(|(name, _)| *name != "format").collect(),
            project_without_prefix: endpoint.project_without_prefix,
        })
    }
}

/// A request that names a tag or a filepath in its path.
#[derive(Debug, Clone)]
pub struct NamingRequest {
    /// The method.
    pub method: Method,
    /// The path as a client encodes it.
    pub path: String,
    /// What the path names, without a prefix.
    pub named: Named,
}

/// The requests to all endpoints whose path has the tag or the filepath.
#[must_use]
pub fn requests(tag: &str, filepath: &str) -> Vec<NamingRequest> {
    let of_api = |project| requests_of_api(project, tag, filepath);
    [
        of_api("24"),
        of_api("group/app"),
        requests_of_web(tag, filepath),
    ]
    .concat()
}

fn requests_of_api(project: &str, tag: &str, filepath: &str) -> Vec<NamingRequest> {
    let releases = encoded(project);
    let releases = format!("/api/v4/projects/{releases}/releases");
    let release = format!("{releases}/{}", encoded(tag));
    let mut requests = Vec::new();
    for (method, path, pattern) in endpoints() {
        let mut values = vec![("id", project), ("tag_name", tag)];
        values.extend(path.ends_with("/7").then_some(("link_id", "7")));
        let path = format!("{release}{path}");
        requests.push(NamingRequest::new(
            method,
            path,
            Named::new(pattern, &values),
        ));
    }
    let [whole, with_slashes] = downloads(filepath);
    for path in [&whole, &with_slashes] {
        let asset = ("direct_asset_path", &filepath[1..]);
        let values = [("id", project), ("tag_name", tag), asset];
        let download = Named::new(paths::DOWNLOAD_ASSET, &values);
        requests.push(NamingRequest::get(format!("{release}{path}"), download));
    }
    let path = format!("{releases}/permalink/latest{with_slashes}");
    let suffix = format!("downloads{filepath}");
    let latest = [("id", project), ("suffix_path", &suffix)];
    let latest = Named::new(paths::LATEST, &latest);
    requests.push(NamingRequest::get(path, latest));
    requests
}

fn requests_of_web(tag: &str, filepath: &str) -> Vec<NamingRequest> {
    let id = ("id", "group/app");
    let releases = "/group/app/-/releases";
    let [whole, with_slashes] = downloads(filepath);
    let mut requests = Vec::new();
    for path in [&whole, &with_slashes] {
        let path = format!("{releases}/{}{path}", encoded(tag));
        let values = [id, ("tag_name", tag), ("filepath", &filepath[1..])];
        requests.push(NamingRequest::get(
            path,
            Named::new(paths::DOWNLOAD, &values),
        ));
    }
    let path = format!("{releases}/permalink/latest{with_slashes}");
    let suffix = format!("downloads{filepath}");
    let latest = Named::new(paths::LATEST_PAGE, &[id, ("suffix_path", &suffix)]);
    requests.push(NamingRequest::get(path, latest));
    requests
}

/// The text as one segment of a path.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY_VALUE).to_string()
}

/// The end of a download's path: with the filepath as one segment, and with its slashes.
fn downloads(filepath: &str) -> [String; 2] {
    let with_slashes = utf8_percent_encode(filepath, PATH);
    [
        format!("/downloads/{}", encoded(&filepath[1..])),
        format!("/downloads{with_slashes}"),
    ]
}

/// The endpoints of a release and of its links, with the path that follows the tag.
fn endpoints() -> [(Method, &'static str, Pattern); 9] {
    [
        (Method::GET, "", paths::RELEASE),
        (Method::PUT, "", paths::RELEASE),
        (Method::DELETE, "", paths::RELEASE),
        (Method::GET, "/assets/links", paths::LINKS),
        (Method::GET, "/assets/links.json", paths::LINKS),
        (Method::POST, "/assets/links", paths::LINKS),
        (Method::GET, "/assets/links/7", paths::LINK),
        (Method::PUT, "/assets/links/7", paths::LINK),
        (Method::DELETE, "/assets/links/7", paths::LINK),
    ]
}

impl NamingRequest {
    fn new(method: Method, path: String, named: Named) -> Self {
        Self {
            method,
            path,
            named,
        }
    }

    fn get(path: String, named: Named) -> Self {
        Self::new(Method::GET, path, named)
    }

    /// Whether the path names what it should: encoded, with slashes as they are, and decoded, each
    /// with and without a prefix.
    #[must_use]
    pub fn arrives(&self) -> bool {
        let with_slashes = self.path.replace("%2F", "/");
        let sent = [&self.path, &with_slashes];
        let received = [&self.path, &with_slashes, &self.decoded()];
        sent.into_iter().all(|path| is_kept_by_clients(path))
            && received.into_iter().all(|path| self.is_found(path))
    }

    fn is_found(&self, path: &str) -> bool {
        let prefixed = format!("{PREFIX}{path}");
        let find = |path, prefix| Named::find(operations::find(&self.method, path, prefix));
        find(path, "").as_ref() == Some(&self.named)
            && find(path, PREFIX).as_ref() == Some(&self.named)
            && find(&prefixed, PREFIX) == Some(self.behind_prefix())
    }

    /// The path as an HTTP API sends it: decoded, and cut at a `?`.
    #[must_use]
    pub fn decoded(&self) -> String {
        let decoded = percent_decode_str(&self.path).decode_utf8_lossy();
        let path = decoded.split('?').next();
        path.unwrap_or_default().to_owned()
    }

    /// What the path behind the prefix names. On the web, the prefix may be a part of the project's
    /// path.
    fn behind_prefix(&self) -> Named {
        let mut named = self.named.clone();
        if named.pattern.is_web()
            && let Some(project) = named.values.get_mut("id")
        {
            named.project_without_prefix = Some(project.clone());
            *project = format!("{}/{project}", &PREFIX[1..]);
        }
        named
    }
}

/// Whether a client sends the path as it is. It removes segments of dots (RFC 3986, 5.2.4).
fn is_kept_by_clients(path: &str) -> bool {
    let url = Url::parse(&format!("https://links.example.com{path}"));
    url.is_ok_and(|url| url.path() == path)
}
