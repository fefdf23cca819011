//! The operation that a request asks for, as the service finds it.

use std::fmt;

use lambda_http::request::LambdaRequest;
use lambda_http::{Request, RequestExt};
use release_links::http::params::Place;
use release_links::http::public_url::PublicUrl;
use release_links::http::{Method, event};
use release_links::operations::{self, Endpoint, Found};
use serde::Deserialize;
use serde_json::Value;

/// The method of a request, and the path of the description that it names.
pub(crate) struct Asked {
    /// The method.
    pub(crate) method: Method,
    /// The path, such as `/api/v4/projects/{id}`. Without one, no operation has the request's
    /// method and path, or the service has not looked for one.
    pub(crate) path: Option<String>,
}

impl Asked {
    /// Reads the event as the pipeline does. `public_url` is the setting of the service.
    pub(crate) fn read(event: &Value, public_url: Option<&PublicUrl>) -> Self {
        let event = LambdaRequest::deserialize(event);
        let mut event = event.expect("the event has the shape of a gateway event");
        let target = event::normalize(&mut event);
        let http: Request = event.into();
        let method = http.method().clone();
        let path = target.ok().and_then(|target| {
            let context = http.request_context_ref();
            let event_url = || PublicUrl::from_event(context, http.headers(), &target.path);
            let public_url = public_url.cloned().unwrap_or_else(event_url);
            path(&method, &target.path, public_url.prefix())
        });
        Self { method, path }
    }
}

/// Prints the operation.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self
            .path
            .as_deref()
            .unwrap_or("a path without an operation");
        write!(f, "{} {path}", self.method)
    }
}

fn path(method: &Method, raw_path: &str, prefix: &str) -> Option<String> {
    match operations::find(method, raw_path, prefix).ok()? {
        Found::Endpoint(endpoint) => Some(path_of(&endpoint)),
        // OPTIONS has no row of its own. Each path has one for GET.
        Found::Options(_) => path(&Method::GET, raw_path, prefix),
    }
}

/// The path of a row, without the end that the request has left out.
fn path_of(endpoint: &Endpoint) -> String {
    let facts = endpoint.row.facts;
    let optional = facts.params.iter();
    let optional = optional.filter(|param| param.place == Place::Path && !param.is_required);
    optional.fold(facts.path.to_string(), |path, param| {
        let text = endpoint.captures.text(param.name);
        if text.is_some_and(|text| !text.is_empty()) {
            path
        } else {
            path.replace(&format!("/{{{}}}", param.name), "")
        }
    })
}
