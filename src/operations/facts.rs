//! The facts of an operation: what everything but its code needs to know of it.

use crate::authorization::Access;
use crate::http::Method;
use crate::http::params::Param;
use crate::http::pattern::Pattern;

/// The facts of an operation. There are no defaults, so that each operation decides on each.
#[derive(Debug)]
pub struct Facts {
    /// Its name in the log.
    pub name: &'static str,
    /// The method. An operation with GET also serves HEAD (F8).
    pub method: Method,
    /// The path.
    pub path: Pattern,
    /// The required access.
    pub access: Access,
    /// The order of the checks.
    pub order: Order,
    /// The formats that it serves.
    pub format: Format,
    /// What becomes of a request that names its project by a former path; `None` if the path names
    /// no project.
    pub former_paths: Option<FormerPaths>,
    /// Largest accepted body, in bytes (R82).
    pub max_body_bytes: usize,
    /// The parameters that it reads, besides the credentials, in GitLab's order.
    pub params: &'static [Param],
    /// The statuses that it returns, besides those of every operation; see [`Facts::statuses`].
    pub statuses: &'static [u16],
    /// What it does, as a heading.
    pub summary: &'static str,
    /// The statements that describe it, in `docs/gitlab-behaviour.md`.
    pub statements: &'static [&'static str],
}

/// The order of the checks, which decides which of several errors a client receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Parameters, token, project: as GitLab checks links (E4).
    ParametersFirst,
    /// Token, project, parameters: as GitLab checks releases (R53).
    AccessFirst,
    /// Token, parameters, project: as GitLab checks members (R75).
    TokenFirst,
}

/// The formats that an operation serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON. The parameter `format` may not name another format (C6), and a suffix of the path is
    /// ignored (C17).
    Json,
    /// JSON. A suffix of the path takes precedence over the parameter `format`, and the URLs of the
    /// other pages repeat it (C2, F6).
    JsonWithSuffix,
    /// No format. The parameter has a meaning only in the API (E20, G2).
    Ignored,
}

/// What becomes of a request that names its project by a former path (F3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormerPaths {
    /// It is redirected to the project's ID.
    Redirect,
    /// It is rejected.
    Reject,
    /// It is served.
    Serve,
}

impl Facts {
    /// All statuses that the operation can return, in ascending order.
    #[must_use]
    pub fn all_statuses(&self) -> Vec<u16> {
        // An unreadable request, one that is too large, and failures of the service.
        let mut statuses = vec![400, 413, 414, 429, 500, 503];
        statuses.extend(self.statuses);
        if self.format != Format::Ignored {
            statuses.push(406);
        }
        if self.method != Method::GET {
            statuses.push(415);
        }
        statuses.extend(match self.former_paths {
            Some(FormerPaths::Redirect) => Some(301),
            Some(FormerPaths::Reject) => Some(405),
            Some(FormerPaths::Serve) | None => None,
        });
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::http::params::Place;
    use crate::operations::OPERATIONS;

    #[test]
    fn names_and_requests_are_unique() {
        let names: BTreeSet<_> = OPERATIONS.iter().map(|row| row.facts.name).collect();
        assert_eq!(names.len(), OPERATIONS.len());
        let requests = OPERATIONS.iter().map(|row| format!("{row:?}"));
        assert_eq!(requests.collect::<BTreeSet<_>>().len(), OPERATIONS.len());
    }

    #[test]
    fn every_parameter_of_a_path_is_declared() {
        for facts in OPERATIONS.iter().map(|row| row.facts) {
            let declared = facts.params.iter();
            let declared = declared.filter(|param| param.place == Place::Path);
            let declared: Vec<_> = declared.map(|param| param.name).collect();
            assert_eq!(
                declared,
                facts.path.names().collect::<Vec<_>>(),
                "{}",
                facts.name
            );
        }
    }
}
