//! What GitLab says about its API: `gitlab.json`, in types.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The operations of GitLab's description that this service has, and where ours differs from it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// GitLab's file, and its version.
    pub source: String,
    /// One row an operation.
    pub operations: Vec<Operation>,
    /// The objects in the bodies, by the names that the rows and other objects give them.
    pub objects: BTreeMap<String, Object>,
    /// Where ours differs, with the reason.
    pub exceptions: Vec<Exception>,
}

/// The row of an operation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The operation ID.
    pub id: String,
    /// The method, in lower case.
    pub method: String,
    /// The template of the path.
    pub path: String,
    /// The parameters of path and query.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// The object in the request.
    pub body: Option<String>,
    /// The type of the JSON in the response to a request that succeeds.
    pub response: Option<String>,
    /// The statuses; the first is that of success.
    pub statuses: Vec<u16>,
}

/// A parameter of path or query.
#[derive(Deserialize)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// `path` or `query`.
    #[serde(rename = "in")]
    pub place: String,
    /// Its type.
    #[serde(flatten)]
    pub value: Type,
}

/// A type, and the words to which a string is limited.
#[derive(Clone, Deserialize)]
pub struct Type {
    /// The type.
    #[serde(rename = "type")]
    pub name: String,
    /// The words, if there are any.
    #[serde(rename = "enum", default)]
    pub words: BTreeSet<String>,
}

/// An object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// The statement by which this service shows only some properties. The facts then have those
    /// alone.
    pub chosen: Option<String>,
    /// The properties that a request must have. GitLab does not say which ones a response has.
    pub required: Option<BTreeSet<String>>,
    /// The properties.
    pub properties: BTreeMap<String, Property>,
}

/// The type of a property.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Property {
    /// `string`, `array of string`, the name of an object, `array of` it, …
    Name(String),
    /// A string with few values.
    Type(Type),
}

impl Property {
    /// The type with its words.
    pub fn value(&self) -> Type {
        match self {
            Self::Name(name) => Type::named(name),
            Self::Type(value) => value.clone(),
        }
    }
}

impl Type {
    /// A type without words.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            words: BTreeSet::new(),
        }
    }
}

/// Where ours differs from GitLab's description, with the reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The operation ID, or the name of the object.
    pub of: String,
    /// `parameter NAME` or `status NUMBER` of an operation, or properties of an object.
    #[serde(default)]
    pub missing: BTreeSet<String>,
    /// Properties with our types.
    #[serde(default)]
    pub types: BTreeMap<String, String>,
    /// The code of a statement, or [`ERROR`].
    pub because: String,
}

/// The reason of an exception for which there is no statement.
pub const ERROR: &str = "error in GitLab's description";

impl Facts {
    /// The facts in the repository.
    pub fn read() -> Self {
        serde_json::from_str(include_str!("gitlab.json")).expect("gitlab.json has the facts")
    }

    /// The object that a type is, or of which it is an array.
    pub fn object(&self, kind: &str) -> Option<(&str, &Object)> {
        let name = kind.strip_prefix("array of ").unwrap_or(kind);
        let found = self.objects.get_key_value(name);
        found.map(|(name, object)| (name.as_str(), object))
    }

    /// A type in the words of JSON Schema, where every object is an object.
    pub fn plain(&self, kind: &str) -> String {
        match self.object(kind) {
            Some((name, _)) => format!("{}object", kind.strip_suffix(name).unwrap_or_default()),
            None => kind.to_owned(),
        }
    }
}
