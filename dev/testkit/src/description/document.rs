//! The description, as it is in the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use release_links::http::Method;
use serde_json::Value;

use super::asked::Asked;
use super::parameters::Parameter;
use super::read;
use super::response::Response;
use super::schema::Schema;
use super::seen::Seen;
use crate::reply::Reply;

static DOCUMENT: LazyLock<Document> = LazyLock::new(read::document);

/// The responses where no operation is known, by status.
const COMMON: [(u64, &str); 5] = [
    (400, "BadRequest"),
    (404, "NotFound"),
    (410, "Gone"),
    (413, "ContentTooLarge"),
    (414, "UriTooLong"),
];

/// The description.
#[derive(Debug)]
pub(super) struct Document {
    /// The operations.
    pub(super) operations: Vec<Operation>,
    /// The responses that several operations have.
    pub(super) responses: BTreeMap<String, Arc<Response>>,
    /// The properties of the bodies of responses.
    pub(super) properties: BTreeSet<String>,
    /// The examples of bodies and parameters.
    pub(super) examples: Vec<Example>,
}

/// An example of a body or a parameter.
#[derive(Debug)]
pub(super) struct Example {
    /// What it is an example of.
    pub(super) place: String,
    /// The example.
    pub(super) value: Value,
    /// The schema that allows it.
    pub(super) schema: Arc<Schema>,
}

/// An operation of the description.
#[derive(Debug)]
pub struct Operation {
    /// The method, in capitals.
    pub method: String,
    /// The path, such as `/api/v4/projects/{id}`.
    pub path: String,
    /// The parameters.
    pub parameters: Vec<Parameter>,
    pub(super) responses: BTreeMap<u64, Arc<Response>>,
}

impl Operation {
    /// The method and the path.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether the description has this status.
    #[must_use]
    pub fn has_status(&self, status: u64) -> bool {
        self.responses.contains_key(&status)
    }

    /// The status as a part of the description.
    #[must_use]
    pub fn status(&self, status: u64) -> String {
        format!("{}, status {status}", self.name())
    }

    /// The parameter as a part of the description.
    #[must_use]
    pub fn parameter(&self, parameter: &Parameter) -> String {
        format!("{}, {}", self.name(), parameter.part())
    }

    fn parts(&self) -> impl Iterator<Item = String> {
        let statuses = self.responses.keys().map(|status| self.status(*status));
        let parameters = self.parameters.iter().map(|one| self.parameter(one));
        let responses = self.responses.values().flat_map(|one| one.parts());
        statuses.chain(parameters).chain(responses)
    }
}

/// The operations.
pub fn operations() -> &'static [Operation] {
    &DOCUMENT.operations
}

/// All parts of the description that a test can see: the operations with their statuses, their
/// parameters and the headers of their responses, and the properties of responses.
#[must_use]
pub fn documented() -> BTreeSet<String> {
    let operations = DOCUMENT.operations.iter().flat_map(Operation::parts);
    let common = DOCUMENT.responses.values().flat_map(|one| one.parts());
    let properties = DOCUMENT.properties.iter().cloned();
    operations.chain(common).chain(properties).collect()
}

/// The examples of the description that its schemas do not allow, each with the reason.
#[must_use]
pub fn wrong_examples() -> Vec<String> {
    let wrong = DOCUMENT.examples.iter().filter_map(|example| {
        let problem = example.schema.check(&example.value).err()?;
        Some(format!("{}: {problem}", example.place))
    });
    wrong.collect()
}

/// Compares a response with the description, and notes what it shows.
pub(super) fn check(asked: &Asked, reply: &Reply, seen: Option<&Seen>) -> Result<(), String> {
    let Some(path) = &asked.path else {
        return DOCUMENT.check_common(&asked.method, reply, seen);
    };
    let method = asked.method.as_str();
    let mut operations = DOCUMENT.operations.iter();
    let operation = operations.find(|one| one.method == method && one.path == *path);
    let operation = operation.ok_or("it lacks the operation")?;
    let response = operation.responses.get(&reply.status);
    let response = response.ok_or("the operation lacks the status")?;
    response.check(reply, seen)?;
    if asked.method == Method::OPTIONS && reply.status == 204 {
        DOCUMENT.check_methods(path, reply.header("allow"))?;
    }
    if let Some(seen) = seen {
        seen.add([operation.status(reply.status)]);
    }
    Ok(())
}

impl Document {
    /// A request that is for no operation gets one of the common errors. Whether a path is unknown
    /// or of version 3 is all that the body of a 404 or 410 says.
    fn check_common(
        &self,
        method: &Method,
        reply: &Reply,
        seen: Option<&Seen>,
    ) -> Result<(), String> {
        let mut common = COMMON.iter();
        let name = common.find(|(status, _)| *status == reply.status);
        let (status, name) = name.ok_or("no operation has this status for an unknown path")?;
        let response = self.responses.get(*name);
        let response = response.ok_or_else(|| format!("it lacks the response {name}"))?;
        if *method == Method::HEAD {
            let empty = self.responses.get(&format!("{name}WithoutBody"));
            return empty.unwrap_or(response).check_without_body(reply, seen);
        }
        response.check(reply, seen)?;
        if matches!(status, 404 | 410) && !response.has_example(&reply.body) {
            return Err(format!("the body is no example of the response {name}"));
        }
        Ok(())
    }

    /// `Allow` has the methods of the path.
    fn check_methods(&self, path: &str, allow: &str) -> Result<(), String> {
        let allowed: BTreeSet<&str> = allow.split(", ").collect();
        let of_path = self.operations.iter().filter(|one| one.path == path);
        let methods: BTreeSet<&str> = of_path.map(|one| one.method.as_str()).collect();
        if allowed == methods {
            return Ok(());
        }
        Err(format!("'{allow}' are not the methods of the path"))
    }
}
