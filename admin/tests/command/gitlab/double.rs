//! A double of GitLab: its answers to the requests of an import, in its words. It is not GitLab
//! itself, so that it can also break off, be slow or change between two pages.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::form_urlencoded;

/// The address in the recorded answers, in whose place comes that of the double.
const RECORDED: &str = "https://gitlab.example.com";

/// A request, as the double received it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its number, from 1 on.
    pub number: usize,
    /// The address of the double.
    pub base: String,
    /// The encoded path.
    pub path: String,
    /// The query.
    pub query: BTreeMap<String, String>,
    /// The method, the path and, if there is one, the token.
    pub line: String,
    /// The token.
    pub token: Option<String>,
}

impl Asked {
    /// A whole number in the query.
    pub fn number_of(&self, name: &str, default: usize) -> usize {
        let value = self.query.get(name);
        value
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    }
}

type Answer = Arc<dyn Fn(&Asked) -> Response + Send + Sync>;

/// A double that listens on a port of its own.
pub struct Double {
    /// Its address.
    pub base: String,
    shared: Arc<Shared>,
}

struct Shared {
    base: String,
    answer: Answer,
    requests: Mutex<Vec<Asked>>,
}

impl Double {
    /// Starts a double that answers like this.
    pub async fn start(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let base = format!("http://{address}");
        let (answer, requests): (Answer, _) = (Arc::new(answer), Mutex::default());
        let shared = Arc::new(Shared {
            base: base.clone(),
            answer,
            requests,
        });
        let router = Router::new()
            .fallback(respond)
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, shared }
    }

    /// The requests so far: method, path with query, and the token if there was one.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.shared.requests.lock().unwrap();
        requests.iter().map(|asked| asked.line.clone()).collect()
    }
}

async fn respond(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let target = request.uri().path_and_query().unwrap().to_string();
    let token = request.headers().get("private-token");
    let token = token.map(|token| token.to_str().unwrap().to_owned());
    let asked = {
        let mut requests = shared.requests.lock().unwrap();
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let shown = token
            .as_ref()
            .map_or_else(String::new, |token| format!(" {token}"));
        let asked = Asked {
            number: requests.len() + 1,
            base: shared.base.clone(),
            path: request.uri().path().to_owned(),
            query: form_urlencoded::parse(query).into_owned().collect(),
            line: format!("{} {target}{shown}", request.method()),
            token,
        };
        requests.push(asked.clone());
        asked
    };
    (shared.answer)(&asked)
}

/// An instance of GitLab with projects, their releases and groups of them.
#[derive(Debug, Clone, Default)]
pub struct Instance {
    /// The prefix of its paths.
    pub prefix: &'static str,
    /// The token without which private projects do not exist.
    pub token: Option<&'static str>,
    /// The projects.
    pub projects: Vec<Value>,
    /// The releases of each project.
    pub releases: BTreeMap<u64, Vec<Value>>,
    /// The groups.
    pub groups: BTreeMap<&'static str, Vec<Value>>,
}

impl Instance {
    /// A recorded instance with one project.
    pub fn recorded(file: &str) -> Self {
        let recorded: Value = serde_json::from_str(file).unwrap();
        let releases = recorded["releases"].as_array().unwrap().clone();
        Self::with(recorded["project"].clone(), releases)
    }

    /// An instance with one project.
    pub fn with(project: Value, releases: Vec<Value>) -> Self {
        let id = project["id"].as_u64().unwrap();
        Self {
            projects: vec![project],
            releases: [(id, releases)].into(),
            ..Self::default()
        }
    }

    /// An instance with the project 24, `group/app`, and these releases.
    pub fn of(releases: Vec<Value>) -> Self {
        Self::with(project(24, "group/app"), releases)
    }

    /// The answer to a request.
    pub fn answer(&self, asked: &Asked) -> Response {
        let path = asked.path.strip_prefix(self.prefix).unwrap_or_default();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            ["api", "v4", "projects", name] => match self.project(asked, name) {
                Some(project) => answer(asked, project),
                None => error(404, "404 Project Not Found"),
            },
            ["api", "v4", "projects", name, "releases"] => match self.project(asked, name) {
                Some(project) => {
                    let id = project["id"].as_u64().unwrap();
                    page(asked, self.releases.get(&id).map_or(&[], Vec::as_slice))
                }
                None => error(404, "404 Project Not Found"),
            },
            ["api", "v4", "groups", name, "projects"] => match self.groups.get(*name) {
                Some(projects) => page(asked, projects),
                None => error(404, "404 Group Not Found"),
            },
            _ => error(404, "404 Not Found"),
        }
    }

    fn project(&self, asked: &Asked, name: &str) -> Option<&Value> {
        let name = name.replace("%2F", "/");
        let all = self.projects.iter().chain(self.groups.values().flatten());
        let mut named = all.filter(|project| {
            project["id"] == name.parse::<u64>().unwrap_or_default()
                || project["path_with_namespace"] == *name
        });
        let is_known = asked.token.is_some() && asked.token.as_deref() == self.token;
        named.find(|project| project["visibility"] == "public" || is_known)
    }
}

/// A public project.
pub fn project(id: u64, path: &str) -> Value {
    json!({"id": id, "path_with_namespace": path, "archived": false, "visibility": "public"})
}

/// A release of current GitLab with these links.
pub fn release(tag: &str, links: Vec<Value>) -> Value {
    let time = "2024-05-06T07:08:09.123Z";
    json!({
        "name": tag, "tag_name": tag, "description": null, "created_at": time,
        "released_at": time, "upcoming_release": false, "commit": null,
        "assets": {"count": links.len(), "sources": [], "links": links}, "evidences": [],
    })
}

/// A link of current GitLab without a filepath.
pub fn link(id: i64, name: &str) -> Value {
    let url = format!("https://files.example.com/{name}");
    json!({"id": id, "name": name, "url": url, "direct_asset_url": url, "link_type": "other"})
}

/// A page of a list with GitLab's headers (B10 to B14).
pub fn page(asked: &Asked, list: &[Value]) -> Response {
    let (page, size) = (
        asked.number_of("page", 1),
        asked.number_of("per_page", 20).min(100),
    );
    let pages = list.len().div_ceil(size).max(1);
    let items = list
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .cloned()
        .collect();
    let target = |page: usize| {
        let mut query = asked.query.clone();
        query.extend([
            ("page".into(), page.to_string()),
            ("per_page".into(), size.to_string()),
        ]);
        let query: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        format!("<{}{}?{query}>", asked.base, asked.path)
    };
    let next = if page < pages {
        (page + 1).to_string()
    } else {
        String::new()
    };
    let mut links: Vec<String> = Vec::new();
    if !next.is_empty() {
        links.push(format!("{}; rel=\"next\"", target(page + 1)));
    }
    links.push(format!("{}; rel=\"first\"", target(1)));
    let mut response = answer(asked, &Value::Array(items));
    let mut set = |name: &'static str, value: String| {
        response.headers_mut().insert(name, value.parse().unwrap());
    };
    set("x-per-page", size.to_string());
    set("x-page", page.to_string());
    set("x-next-page", next);
    set("link", links.join(", "));
    if list.len() <= 10_000 {
        set("x-total", list.len().to_string());
        set("x-total-pages", pages.to_string());
    }
    response
}

/// An answer with JSON as Rails writes it (A8).
pub fn answer(asked: &Asked, value: &Value) -> Response {
    let text = value.to_string().replace(RECORDED, &asked.base);
    let text = text
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e");
    json_text(text)
}

/// An answer with this text as JSON.
pub fn json_text(text: impl Into<Body>) -> Response {
    ([("content-type", "application/json")], text.into()).into_response()
}

/// An error of GitLab's API.
pub fn error(status: u16, message: &str) -> Response {
    let body = json!({"message": message}).to_string();
    let mut response = json_text(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// An answer with a status, a header and a text that is no JSON.
pub fn plain(status: u16, header: (&'static str, &str), text: &str) -> Response {
    let mut response = text.to_owned().into_response();
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
        .headers_mut()
        .insert(header.0, header.1.parse().unwrap());
    response
}
