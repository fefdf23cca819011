//! The check of tags and filepaths that may be created (R88).

use lambda_http::http::Method;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use release_links::http::public_url::{PATH, QUERY_VALUE};
use release_links::http::route::{self, Endpoint, ProjectEndpoint, ReleasePath, Route};
use release_links::link::NewLink;
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

/// A request that names a tag or a filepath in its path.
#[derive(Debug, Clone)]
pub struct NamingRequest {
    /// The method.
    pub method: Method,
    /// The path as a client encodes it.
    pub path: String,
    /// The route to which the path leads, without a prefix.
    pub route: Route,
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
    let named = |endpoint| Route::Release(ReleasePath::new(project, tag), endpoint);
    let releases = encoded(project);
    let releases = format!("/api/v4/projects/{releases}/releases");
    let release = format!("{releases}/{}", encoded(tag));
    let mut requests = Vec::new();
    for (method, path, endpoint) in endpoints() {
        let path = format!("{release}{path}");
        requests.push(NamingRequest::new(method, path, named(endpoint)));
    }
    let [whole, with_slashes] = downloads(filepath);
    for path in [&whole, &with_slashes] {
        let download = named(Endpoint::DownloadAsset(filepath.to_owned()));
        requests.push(NamingRequest::get(format!("{release}{path}"), download));
    }
    let path = format!("{releases}/permalink/latest{with_slashes}");
    let latest = ProjectEndpoint::Latest(suffix(filepath));
    let latest = Route::Project(project.to_owned(), latest);
    requests.push(NamingRequest::get(path, latest));
    requests
}

fn requests_of_web(tag: &str, filepath: &str) -> Vec<NamingRequest> {
    let named = |tag, endpoint| Route::Release(ReleasePath::new("group/app", tag), endpoint);
    let releases = "/group/app/-/releases";
    let [whole, with_slashes] = downloads(filepath);
    let mut requests = Vec::new();
    for path in [&whole, &with_slashes] {
        let path = format!("{releases}/{}{path}", encoded(tag));
        let download = Endpoint::Download(filepath.to_owned());
        requests.push(NamingRequest::get(path, named(tag, download)));
    }
    let path = format!("{releases}/permalink/latest{with_slashes}");
    let latest = named("", Endpoint::LatestPage(suffix(filepath)));
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

/// The segments of a download's path after `latest`.
fn suffix(filepath: &str) -> Vec<String> {
    let segments = format!("downloads{filepath}");
    segments.split('/').map(str::to_owned).collect()
}

/// The endpoints of a release and of its links, with the path that follows the tag.
fn endpoints() -> [(Method, &'static str, Endpoint); 9] {
    let id = || "7".to_owned();
    let json = Some("json".to_owned());
    [
        (Method::GET, "", Endpoint::GetRelease),
        (Method::PUT, "", Endpoint::UpdateRelease),
        (Method::DELETE, "", Endpoint::DeleteRelease),
        (Method::GET, "/assets/links", Endpoint::ListLinks(None)),
        (Method::GET, "/assets/links.json", Endpoint::ListLinks(json)),
        (Method::POST, "/assets/links", Endpoint::CreateLink),
        (Method::GET, "/assets/links/7", Endpoint::GetLink(id())),
        (Method::PUT, "/assets/links/7", Endpoint::UpdateLink(id())),
        (
            Method::DELETE,
            "/assets/links/7",
            Endpoint::DeleteLink(id()),
        ),
    ]
}

impl NamingRequest {
    fn new(method: Method, path: String, route: Route) -> Self {
        Self {
            method,
            path,
            route,
        }
    }

    fn get(path: String, route: Route) -> Self {
        Self::new(Method::GET, path, route)
    }

    /// Whether the path leads to the route: encoded, with slashes as they are, and decoded, each
    /// with and without a prefix.
    #[must_use]
    pub fn arrives(&self) -> bool {
        let with_slashes = self.path.replace("%2F", "/");
        let sent = [&self.path, &with_slashes];
        let received = [&self.path, &with_slashes, &self.decoded()];
        sent.into_iter().all(|path| is_kept_by_clients(path))
            && received.into_iter().all(|path| self.is_routed(path))
    }

    fn is_routed(&self, path: &str) -> bool {
        let prefixed = format!("{PREFIX}{path}");
        route::find(&self.method, path, "").as_ref() == Ok(&self.route)
            && route::find(&self.method, path, PREFIX).as_ref() == Ok(&self.route)
            && route::find(&self.method, &prefixed, PREFIX) == Ok(self.behind_prefix())
    }

    /// The path as an HTTP API sends it: decoded, and cut at a `?`.
    #[must_use]
    pub fn decoded(&self) -> String {
        let decoded = percent_decode_str(&self.path).decode_utf8_lossy();
        let path = decoded.split('?').next();
        path.unwrap_or_default().to_owned()
    }

    /// The route of the path behind the prefix, which may be a part of the project's path on the
    /// web.
    fn behind_prefix(&self) -> Route {
        let mut route = self.route.clone();
        if let Route::Release(release, Endpoint::Download(_) | Endpoint::LatestPage(_)) = &mut route
        {
            let project = release.project.clone();
            release.project = format!("{}/{project}", &PREFIX[1..]);
            release.project_without_prefix = Some(project);
        }
        route
    }
}

/// Whether a client sends the path as it is. It removes segments of dots (RFC 3986, 5.2.4).
fn is_kept_by_clients(path: &str) -> bool {
    let url = Url::parse(&format!("https://links.example.com{path}"));
    url.is_ok_and(|url| url.path() == path)
}
