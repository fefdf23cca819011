//! A request whose endpoint is known, as the operations read it.

use percent_encoding::utf8_percent_encode;

use super::error::ApiError;
use super::param_error::ParamError;
use super::params::{Checks, Kind, Param, Params, Value};
use super::pattern::{Captures, Pattern};
use super::public_url::PublicUrl;
use crate::excerpt::excerpt;
use crate::idempotency::{self, IdempotencyKey};
use crate::link::NOT_IN_URI;
use crate::project::{ProjectId, ProjectRef};
use crate::release::TagName;

/// A request: the parts of its path, its parameters, and the address that the client sees.
#[derive(Debug, Clone)]
pub struct Request {
    /// The path of its endpoint.
    pub pattern: Pattern,
    /// The parameters that the endpoint reads.
    pub declared: &'static [Param],
    /// The parameters of the path.
    pub captures: Captures,
    /// The project's path without the service's prefix. It is set if the first segments may be the
    /// prefix, and is used if the caller sees no project with the captured path.
    pub project_without_prefix: Option<String>,
    /// The query string.
    pub query: String,
    /// The parameters of query string and body, without credentials.
    pub params: Params,
    /// The value of the header `Idempotency-Key`.
    pub idempotency_key: Option<Vec<u8>>,
    /// The service's address as the client sees it.
    pub public_url: PublicUrl,
    /// The address at which a download arrived, if `PUBLIC_URL` may name another one.
    pub received_url: Option<PublicUrl>,
}

impl Request {
    /// The possible names of the project; the first one that the caller sees is used. There is none
    /// if no project can have such a name, or if the path names no project.
    #[must_use]
    pub fn projects(&self) -> Vec<ProjectRef> {
        projects(&self.captures, self.project_without_prefix.as_deref())
    }

    /// The addresses of the service that this request knows.
    pub fn addresses(&self) -> impl Iterator<Item = &PublicUrl> {
        [&self.public_url].into_iter().chain(&self.received_url)
    }

    /// The tag that the path names, or the empty tag.
    ///
    /// # Errors
    ///
    /// [`ParamError`] for a tag that is too long.
    pub fn tag(&self) -> Result<TagName, ParamError> {
        let tag = self.captures.text("tag_name").unwrap_or_default();
        tag.parse()
            .map_err(|error| ParamError::too_long("tag_name", error))
    }

    /// Starts to read the parameters.
    #[must_use]
    pub fn checks(&self) -> Checks<'_> {
        Checks::new(&self.params, self.declared)
    }

    /// The client's idempotency key, if it sent one.
    ///
    /// # Errors
    ///
    /// [`ParamError`] for a key that is too long.
    pub fn idempotency_key(&self) -> Result<Option<IdempotencyKey>, ParamError> {
        let key = self.idempotency_key.as_deref().map(IdempotencyKey::parse);
        let key = key
            .transpose()
            .map_err(|error| ParamError::too_long(idempotency::NAME, error))?;
        Ok(key.flatten())
    }

    /// Checks that the request is for JSON, the only format (C6).
    ///
    /// # Errors
    ///
    /// [`ApiError::UnsupportedFormat`].
    pub fn check_format(&self) -> Result<(), ApiError> {
        match self.params.get("format") {
            Some(Value::Text(format)) if !format.is_empty() && format != "json" => {
                Err(ApiError::UnsupportedFormat(excerpt(format).into_owned()))
            }
            _ => Ok(()),
        }
    }

    /// The URL of the same request without its query.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_with(None)
    }

    fn url_with(&self, id: Option<ProjectId>) -> String {
        let texts: Vec<_> = self.captures.iter().collect();
        let id = id.map(|id| id.to_string());
        let id = id.iter().map(|id| ("id", id.as_str()));
        let captured = texts.iter().map(|(name, text)| (*name, text.as_str()));
        let values: Vec<_> = id.chain(captured).collect();
        self.public_url.endpoint(self.pattern, &values)
    }

    /// The URL of the same request with the project's ID (F3).
    #[must_use]
    pub fn url_with_id(&self, id: ProjectId) -> String {
        let url = self.url_with(Some(id));
        if self.query.is_empty() {
            return url;
        }
        let query = utf8_percent_encode(&self.query, NOT_IN_URI);
        format!("{url}?{query}")
    }

    /// The parameters with those of the path, which take precedence, and with the defaults that
    /// GitLab adds (B14, C2, R56).
    #[must_use]
    pub fn echoed_params(&self) -> Params {
        let mut params = self.params.clone();
        for param in self.declared {
            set_default(&mut params, param);
        }
        for (name, text) in self.captures.iter() {
            params.set(name, &text);
        }
        params
    }
}

/// The possible names of the project in a path, the first one that the caller sees first.
#[must_use]
pub fn projects(captures: &Captures, without_prefix: Option<&str>) -> Vec<ProjectRef> {
    let captured = captures.text("id");
    let names = captured.as_deref().into_iter().chain(without_prefix);
    names.filter_map(ProjectRef::parse).collect()
}

/// Sets the parameter as GitLab reads it.
fn set_default(params: &mut Params, param: &Param) {
    match param.kind {
        Kind::Word(words) if !matches!(params.get(param.name), Some(Value::Text(_))) => {
            params.set(param.name, words[0]);
        }
        Kind::Boolean => {
            if let Some(value) = Checks::new(params, std::slice::from_ref(param)).boolean(param) {
                params.set(param.name, if value { "true" } else { "false" });
            }
        }
        _ => {}
    }
}
