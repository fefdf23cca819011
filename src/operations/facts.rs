//! The facts of an operation, as data: its name, path, required access, order of checks, parameters
//! and statuses.

use crate::authorization::Access;
use crate::http::Method;
use crate::http::json::View;
use crate::http::params::Param;
use crate::http::pattern::Pattern;
use crate::http::response::ErrorFormat;

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
    /// How it reads the query string.
    pub query: Query,
    /// How it treats a request that names its project by a former path; `None` if the path names no
    /// project.
    pub former_paths: Option<FormerPaths>,
    /// Largest accepted body, in bytes (R82).
    pub max_body_bytes: usize,
    /// The parameters that it reads, besides the credentials, in GitLab's order.
    pub params: &'static [Param],
    /// The statuses of its own; [`Facts::all_statuses`] adds those of every operation.
    pub statuses: &'static [u16],
    /// What the response to a successful request contains.
    pub content: Content,
    /// What it does, as a heading.
    pub summary: &'static str,
    /// What a user must know besides the summary; may be empty.
    pub description: &'static str,
    /// The statements that describe it, in `docs/gitlab-behaviour.md`.
    pub statements: &'static [&'static str],
}

/// The order of the checks, which decides which of several errors a client receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Parameters, token, project: as GitLab checks links (E4).
    ParametersFirst,
    /// Format, token, project, other parameters: as GitLab checks releases (R53).
    AccessFirst,
    /// Format, token, other parameters, project: as GitLab checks members (R75).
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

/// How an operation reads the query string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// As GitLab's API does: a query that does not parse, or that has too many parameters, is an
    /// error (C9, R82).
    Strict,
    /// Nothing in it is an error, because programs that share the address of a page add parameters
    /// of their own. It reads the credentials and the last of equal names; there are no arrays and
    /// no objects, and it reads no body (R92).
    Lenient,
}

/// What the response to a successful request contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// The JSON of one item.
    One(View),
    /// The JSON of the item that the request, or an earlier one with the same idempotency key, has
    /// created.
    Created(View),
    /// A page of a list.
    Page(View),
    /// A redirect.
    Redirect,
    /// A redirect to the URL of a link, or a checksum file.
    Download,
    /// The description of the API in the format OpenAPI.
    OpenApi,
    /// A page for people.
    Html,
    /// A feed.
    Feed,
    /// The text that tells crawlers what they may read.
    Robots,
    /// Nothing.
    Empty,
}

/// How an operation treats a request that names its project by a former path (F3).
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
    /// In which format its errors are. A program that downloads reads JSON, and a browser a page.
    #[must_use]
    pub fn error_format(&self) -> ErrorFormat {
        let is_page = matches!(self.content, Content::Html | Content::Feed);
        match (self.path.is_web(), self.access) {
            (false, _) => ErrorFormat::Json,
            (true, Access::Public) => ErrorFormat::Html,
            (true, _) if is_page => ErrorFormat::Html,
            (true, _) => ErrorFormat::HtmlIfNamed,
        }
    }

    /// All statuses that the operation can return, in ascending order.
    #[must_use]
    pub fn all_statuses(&self) -> Vec<u16> {
        // A malformed or too large request, throttling by API Gateway (429), and failures of
        // DynamoDB.
        let mut statuses = vec![400, 413, 414, 429];
        statuses.extend(self.statuses);
        if self.access != Access::Public {
            statuses.extend([500, 503]);
        }
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

    use super::*;
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

    /// A read of a moved project is redirected or served, and a write is rejected (F3).
    #[test]
    fn former_paths_are_treated_by_the_kind_of_request() {
        for facts in OPERATIONS.iter().map(|row| row.facts) {
            let names_project = facts.path.names().any(|name| name == "id");
            let is_allowed = match facts.former_paths {
                None => !names_project,
                Some(FormerPaths::Redirect) => names_project && !facts.path.is_web(),
                Some(FormerPaths::Serve) => names_project && facts.path.is_web(),
                Some(FormerPaths::Reject) => names_project && facts.access == Access::Write,
            };
            let reads = facts.former_paths != Some(FormerPaths::Reject);
            assert!(is_allowed, "{}", facts.name);
            assert_eq!(reads, facts.method == Method::GET, "{}", facts.name);
            assert_eq!(reads, facts.access != Access::Write, "{}", facts.name);
        }
    }
}
