//! What a response shows of its request: its parameters and its URL.

use lambda_http::Request;
use percent_encoding::utf8_percent_encode;

use super::params::{Checks, Params, Value};
use super::public_url::{PATH, PublicUrl, QUERY_VALUE};
use super::route::{Endpoint, ProjectEndpoint, ReleasePath, Route};
use crate::link;
use crate::project::ProjectId;

/// The parts of a request on which its response depends.
#[derive(Debug)]
pub struct ResponseContext<'a> {
    /// The request, for its method and its conditional headers.
    pub request: &'a Request,
    /// The service's address as the client sees it.
    pub public_url: &'a PublicUrl,
    /// The route, for its release, link ID and format suffix.
    pub route: &'a Route,
    /// The query string.
    pub query: &'a str,
    /// The parameters without credentials.
    pub params: Params,
}

impl ResponseContext<'_> {
    /// The tag that the path names, or "".
    pub(super) fn tag(&self) -> &str {
        match self.route {
            Route::Release(release, _) => &release.tag,
            _ => "",
        }
    }

    /// The parameters with those of the path, which take precedence (B14, C2).
    pub(super) fn all_params(self) -> Params {
        let mut params = self.params;
        match self.route {
            Route::Release(release, _) => {
                params.set("id", &release.project);
                params.set("tag_name", &release.tag);
            }
            Route::Project(project, endpoint) => {
                params.set("id", project);
                if matches!(endpoint, ProjectEndpoint::ListReleases(_)) {
                    set_defaults(&mut params);
                }
            }
            Route::CurrentUser | Route::CurrentJob | Route::Version | Route::Options(_) => {}
        }
        if let Some(format) = self.route.format_suffix() {
            params.set("format", format);
        }
        params
    }

    /// The URL of the same request, with the project's ID if there is one, and without its query.
    pub(super) fn api_url(&self, id: Option<ProjectId>) -> String {
        let project = |path: &str| id.map_or_else(|| path.to_owned(), |id| id.to_string());
        match self.route {
            Route::Release(release, endpoint) => {
                let release = ReleasePath::new(project(&release.project), release.tag.clone());
                self.release_url(&release, endpoint)
            }
            Route::Project(path, endpoint) => self.project_url(&project(path), endpoint),
            Route::CurrentUser | Route::CurrentJob | Route::Version | Route::Options(_) => {
                String::new()
            }
        }
    }

    fn release_url(&self, release: &ReleasePath, endpoint: &Endpoint) -> String {
        let links = self.public_url.links(release);
        let url = self.public_url.release_api(&release.project, &release.tag);
        // A new endpoint does not compile until this decides where its requests move.
        match endpoint {
            Endpoint::GetRelease | Endpoint::UpdateRelease | Endpoint::DeleteRelease => url,
            Endpoint::DownloadAsset(filepath) => {
                format!("{url}/downloads{}", utf8_percent_encode(filepath, PATH))
            }
            Endpoint::GetLink(link) | Endpoint::UpdateLink(link) | Endpoint::DeleteLink(link) => {
                format!("{links}/{}", utf8_percent_encode(link, QUERY_VALUE))
            }
            Endpoint::ListLinks(_) | Endpoint::CreateLink => links,
            // These serve former paths, so their requests do not move.
            Endpoint::Download(_) | Endpoint::LatestPage(_) => String::new(),
        }
    }

    fn project_url(&self, project: &str, endpoint: &ProjectEndpoint) -> String {
        let project = self.public_url.project_api(project);
        match endpoint {
            ProjectEndpoint::Show => project,
            ProjectEndpoint::Member(user) => {
                let user = utf8_percent_encode(user, QUERY_VALUE);
                format!("{project}/members/all/{user}")
            }
            ProjectEndpoint::ListBranches(_) => format!("{project}/repository/branches"),
            ProjectEndpoint::ListReleases(_) | ProjectEndpoint::CreateRelease => {
                format!("{project}/releases")
            }
            ProjectEndpoint::Latest(suffix) => {
                let suffix = suffix.iter().map(|segment| format!("/{segment}"));
                let suffix = suffix.collect::<String>();
                let suffix = utf8_percent_encode(&suffix, PATH);
                format!("{project}/releases/permalink/latest{suffix}")
            }
        }
    }

    /// The URL of the same request with the project's ID (F3).
    pub(super) fn url_with_id(&self, id: ProjectId) -> String {
        let url = self.api_url(Some(id));
        if self.query.is_empty() {
            return url;
        }
        let query = utf8_percent_encode(self.query, link::NOT_IN_URI);
        format!("{url}?{query}")
    }
}

/// Sets the parameters of a list of releases that GitLab echoes with their defaults (R56).
fn set_defaults(params: &mut Params) {
    for (name, default) in [("order_by", "released_at"), ("sort", "desc")] {
        if !matches!(params.get(name), Some(Value::Text(_))) {
            params.set(name, default);
        }
    }
    let name = "include_html_description";
    if let Some(value) = Checks::of(params).boolean(name) {
        params.set(name, if value { "true" } else { "false" });
    }
}
