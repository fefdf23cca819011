//! The check of tags and filepaths that may be created (R88).

use std::collections::BTreeMap;

use lambda_http::http::Method;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use release_links::http::error::ApiError;
use release_links::http::paths;

use release_links::http::pattern::{PATH, Pattern, QUERY_VALUE};
use release_links::link::NewLink;
use release_links::operations::{self, Found, OPERATIONS};
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

/// The requests to all operations whose path has the tag or the filepath.
#[must_use]
pub fn requests(tag: &str, filepath: &str) -> Vec<NamingRequest> {
    let mut requests = Vec::new();
    for facts in OPERATIONS.iter().map(|row| row.facts) {
        let mut names = facts.path.names();
        if !names.any(|name| name != "id" && name != "user_id") {
            continue;
        }
        let is_web = facts.path.is_web();
        let projects = if is_web {
            &["group/app"][..]
        } else {
            &["24", "group/app"]
        };
        for project in projects {
            let named = named(facts.path, project, tag, filepath);
            requests.extend(requests_of(&facts.method, &named));
        }
    }
    requests
}

/// What the path names with these values.
fn named(pattern: Pattern, project: &str, tag: &str, filepath: &str) -> Named {
    let suffix = format!("downloads{filepath}");
    let values = pattern.names().map(|name| match name {
        "id" => (name, project),
        "tag_name" => (name, tag),
        "suffix_path" => (name, suffix.as_str()),
        "direct_asset_path" | "filepath" => (name, &filepath[1..]),
        // The ID of a link.
        _ => (name, "7"),
    });
    Named::new(pattern, &values.collect::<Vec<_>>())
}

/// The requests with this method to what is named: with a format suffix if the path may have one,
/// and with a filepath as one segment.
fn requests_of(method: &Method, named: &Named) -> Vec<NamingRequest> {
    let values = named.values.iter();
    let values: Vec<_> = values
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let path = named.pattern.fill(&values);
    let mut paths = vec![path.clone()];
    if named.pattern == paths::LINKS {
        paths.push(format!("{path}.json"));
    }
    for name in ["direct_asset_path", "filepath"] {
        if let Some(filepath) = named.values.get(name) {
            let whole = utf8_percent_encode(filepath, QUERY_VALUE);
            let with_slashes = utf8_percent_encode(filepath, PATH).to_string();
            let start = path.strip_suffix(&with_slashes).unwrap_or(&path);
            paths.insert(0, format!("{start}{whole}"));
        }
    }
    let request = |path| NamingRequest {
        method: method.clone(),
        path,
        named: named.clone(),
    };
    paths.into_iter().map(request).collect()
}

impl NamingRequest {
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
