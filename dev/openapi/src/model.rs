//! The parts of an OpenAPI document that this API needs, in the order in which they are written.
//! Names and meanings are those of the OpenAPI Specification 3.1.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::json::Json;

/// A map that keeps its order.
pub type Map<T> = IndexMap<String, T>;

/// The OpenAPI object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The version of the format.
    pub openapi: String,
    /// About the API.
    pub info: Info,
    /// Where the API is.
    pub servers: Vec<Server>,
    /// The groups of operations.
    pub tags: Vec<Tag>,
    /// The operations by path.
    pub paths: Map<PathItem>,
    /// What the operations share.
    pub components: Components,
}

/// The info object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// The name of the API.
    pub title: String,
    /// The version of release-links.
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// What applies to every operation, in Markdown.
    pub description: String,
    /// The license.
    pub license: License,
}

/// The license object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct License {
    /// Its name.
    pub name: String,
    /// Its SPDX identifier.
    pub identifier: String,
}

/// The server object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// The URL, relative to that of the document.
    pub url: String,
    /// What it is.
    pub description: String,
}

/// The tag object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// The name.
    pub name: String,
    /// What its operations are about.
    pub description: String,
}

/// The operations of a path by method, in lower case.
pub type PathItem = Map<Operation>;

/// The operation object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// The groups to which it belongs.
    pub tags: Vec<String>,
    /// What it does, as a heading.
    pub summary: String,
    /// More about it, in Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// GitLab's operation ID, or one of the same form.
    pub operation_id: String,
    /// What differs from GitLab.
    #[serde(
        rename = "x-gitlab-difference",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub differences: Vec<Difference>,
    /// Parameters of path, query and header.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<RefOr<Parameter>>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<RequestBody>,
    /// The responses by status.
    pub responses: Map<RefOr<Response>>,
    /// The alternatives of security requirements.
    pub security: Vec<Map<Vec<String>>>,
}

/// The extension `x-gitlab-difference`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The code of the statement.
    pub statement: String,
    /// What this service does.
    pub service: String,
    /// What GitLab does.
    pub gitlab: String,
}

/// The reference object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// A pointer into the document.
    #[serde(rename = "$ref")]
    pub target: String,
}

impl Reference {
    /// A reference to a component.
    #[must_use]
    pub fn to(kind: &str, name: &str) -> Self {
        Self {
            target: format!("#/components/{kind}/{name}"),
        }
    }

    /// The name of the component.
    #[must_use]
    pub fn name(&self) -> &str {
        self.target.rsplit('/').next().unwrap_or_default()
    }
}

/// A component or a reference to one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RefOr<T> {
    /// The reference.
    Reference(Reference),
    /// The component.
    Item(T),
}

/// The parameter object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// `path`, `query` or `header`.
    #[serde(rename = "in")]
    pub place: String,
    /// What it means.
    pub description: String,
    /// Whether it may not be left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// What differs from GitLab.
    #[serde(
        rename = "x-gitlab-difference",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub differences: Vec<Difference>,
    /// Its type and limits.
    pub schema: Json,
    /// An example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Json>,
}

/// The request body object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestBody {
    /// The largest size.
    pub description: String,
    /// Whether it may not be left out.
    pub required: bool,
    /// The representations by media type.
    pub content: Map<MediaType>,
}

/// The response object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// What it means.
    pub description: String,
    /// The headers by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub headers: Map<RefOr<Header>>,
    /// The representations by media type.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub content: Map<MediaType>,
    /// What can be done with the result, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub links: Map<Link>,
}

/// The media type object.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MediaType {
    /// The schema.
    pub schema: Json,
    /// An example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Json>,
    /// Examples by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub examples: Map<Example>,
}

impl Default for Json {
    fn default() -> Self {
        Self::Object(Map::new())
    }
}

/// The example object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The example.
    pub value: Json,
}

/// The link object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The operation.
    pub operation_id: String,
    /// The values of its parameters, as runtime expressions.
    pub parameters: Map<String>,
}

/// The header object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// What it means.
    pub description: String,
    /// Whether every response with which it is listed has it.
    pub required: bool,
    /// What differs from GitLab.
    #[serde(
        rename = "x-gitlab-difference",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub differences: Vec<Difference>,
    /// Its type.
    pub schema: Json,
    /// An example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Json>,
}

/// The security scheme object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecurityScheme {
    /// `apiKey` or `http`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is for.
    pub description: String,
    /// The name of the header or parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `header` or `query`.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The scheme of the header `Authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
}

/// The components object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Components {
    /// The types of bodies.
    pub schemas: Map<Json>,
    /// The responses that several operations have.
    pub responses: Map<Response>,
    /// The parameters.
    pub parameters: Map<Parameter>,
    /// The headers of responses.
    pub headers: Map<Header>,
    /// The ways to send a token.
    pub security_schemes: Map<SecurityScheme>,
}
