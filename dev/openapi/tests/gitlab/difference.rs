//! The differences from GitLab's description, and which of them are intended.

use crate::facts::{Exception, Facts};

/// One point in which our document does not say what GitLab's description says.
pub struct Difference {
    /// The operation where it is.
    pub operation: String,
    /// The operation ID, or the name of the object.
    pub of: String,
    /// The parameter, status or property.
    pub item: String,
    /// What is different.
    pub kind: Kind,
}

/// What is different.
pub enum Kind {
    /// Ours does not have it.
    Missing,
    /// Ours has another type.
    Type { ours: String, gitlab: String },
    /// A contradiction that no exception allows.
    Other(String),
}

impl Difference {
    fn text(&self) -> String {
        let operation = &self.operation;
        let item = if self.of == self.operation {
            self.item.clone()
        } else {
            format!("property {} of {}", self.item, self.of)
        };
        match &self.kind {
            Kind::Missing => format!("{operation}: {item} is missing"),
            Kind::Type { ours, gitlab } => {
                format!("{operation}: {item} is {ours}; in GitLab's description, {gitlab}")
            }
            Kind::Other(problem) => format!("{operation}: {item} {problem}"),
        }
    }
}

/// An exception with one item.
struct Allowed<'a> {
    exception: &'a Exception,
    item: &'a str,
    /// Our type, unless ours does not have the item.
    ours: Option<&'a str>,
}

impl Allowed<'_> {
    /// The items of an exception.
    fn all(exception: &Exception) -> impl Iterator<Item = Allowed<'_>> {
        let missing = exception.missing.iter().map(|item| (item, None));
        let types = exception.types.iter();
        let types = types.map(|(item, ours)| (item, Some(ours.as_str())));
        missing.chain(types).map(|(item, ours)| Allowed {
            exception,
            item,
            ours,
        })
    }

    fn includes(&self, difference: &Difference) -> bool {
        let ours = match &difference.kind {
            Kind::Missing => None,
            Kind::Type { ours, .. } => Some(ours.as_str()),
            Kind::Other(_) => return false,
        };
        self.exception.of == difference.of && self.item == difference.item && self.ours == ours
    }

    fn text(&self) -> String {
        let Self {
            exception,
            item,
            ours,
        } = self;
        let Exception { of, because, .. } = exception;
        let ours = ours.unwrap_or("missing");
        format!("{of}: the exception that {item} is {ours} ({because}) is no longer needed")
    }
}

/// What is wrong with our document, or with the exceptions, in sentences: nothing, as it should be.
pub fn problems(facts: &Facts, found: &[Difference]) -> Vec<String> {
    let exceptions = facts.exceptions.iter();
    let allowed: Vec<Allowed<'_>> = exceptions.flat_map(Allowed::all).collect();
    let is_allowed = |difference: &&Difference| allowed.iter().any(|one| one.includes(difference));
    let is_needed = |one: &&Allowed<'_>| found.iter().any(|difference| one.includes(difference));
    let unexpected = found.iter().filter(|difference| !is_allowed(difference));
    let superfluous = allowed.iter().filter(|one| !is_needed(one));
    let unexpected = unexpected.map(Difference::text);
    unexpected.chain(superfluous.map(Allowed::text)).collect()
}
