//! The operations and their facts.

/// What becomes of a request that names its project by a former path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Former {
    Redirect,
    Reject,
    Serve,
}

/// The facts of an operation.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    pub logged: &'static str,
    pub method: &'static str,
    pub serves_json: bool,
    pub former_paths: Former,
    pub statuses: &'static [u64],
}

impl Row {
    /// All statuses that the function can return.
    pub fn statuses(&self) -> Vec<u64> {
        let mut statuses = vec![400, 413, 414, 500, 503];
        statuses.extend(self.statuses);
        if self.serves_json {
            statuses.push(406);
        }
        if self.method != "GET" {
            statuses.push(415);
        }
        statuses.extend(match self.former_paths {
            Former::Redirect => Some(301),
            Former::Reject => Some(405),
            Former::Serve => None,
        });
        statuses
    }
}

const fn row(
    name: &'static str,
    method: &'static str,
    former_paths: Former,
    statuses: &'static [u64],
) -> Row {
    Row {
        name,
        logged: name,
        method,
        serves_json: true,
        former_paths,
        statuses,
    }
}

use Former::{Redirect, Reject, Serve};

/// All rows.
pub const ROWS: &[Row] = &[
    row("list_links", "GET", Redirect, &[200, 304, 400, 401, 404]),
    row("get_link", "GET", Redirect, &[200, 304, 400, 401, 404]),
    row(
        "create_link",
        "POST",
        Reject,
        &[201, 400, 401, 403, 404, 422],
    ),
    row("update_link", "PUT", Reject, &[200, 400, 401, 403, 404]),
    row("delete_link", "DELETE", Reject, &[200, 400, 401, 403, 404]),
    row("list_releases", "GET", Redirect, &[200, 304, 400, 401, 404]),
    row("get_release", "GET", Redirect, &[200, 304, 400, 401, 404]),
    row(
        "create_release",
        "POST",
        Reject,
        &[201, 400, 401, 403, 404, 409, 422],
    ),
    row("update_release", "PUT", Reject, &[200, 400, 401, 403, 404]),
    row(
        "delete_release",
        "DELETE",
        Reject,
        &[200, 400, 401, 403, 404],
    ),
    row("latest", "GET", Redirect, &[302, 400, 401, 404]),
    row("download_asset", "GET", Redirect, &[302, 400, 401, 404]),
    Row {
        serves_json: false,
        ..row("latest_page", "GET", Serve, &[302, 401, 404])
    },
    Row {
        serves_json: false,
        ..row("download", "GET", Serve, &[302, 400, 401, 404])
    },
    row("get_project", "GET", Redirect, &[200, 304, 400, 401, 404]),
    row("get_member", "GET", Redirect, &[200, 304, 400, 401, 404]),
    row("list_branches", "GET", Redirect, &[200, 304, 400, 401, 404]),
    row("current_user", "GET", Serve, &[200, 304, 401]),
    row("current_job", "GET", Serve, &[200, 304, 401, 404]),
    row("version", "GET", Serve, &[200, 304, 401]),
    Row {
        logged: "version",
        ..row("metadata", "GET", Serve, &[200, 304, 401])
    },
];
