//! The table of cases.

use serde_json::{Value, json};

use testkit::event::Event;

use super::{Case, Given, Links, pages};

/// The calls that identify the caller, and that most operations make first in a process with empty
/// caches.
pub(super) const IDENTIFY: &str = "BatchGetItem";

/// Number of links of a release that takes several transactions.
const MANY: usize = 33;

/// The row of the cost table for requests that only identify the caller.
const IDENTITY: &str = "token and project, when not cached";

/// A request that reads a release with a link.
pub(super) const READ: Case = Case {
    name: "",
    given: Given::Release,
    request: |_| get(""),
    is_from_job: false,
    has_key: false,
    is_repeated: false,
    success: 200,
    done: None,
    calls: &[IDENTIFY],
    covered_calls: 0,
    leaves: Links::Named(&["old"]),
    locks: false,
    reads_every_release: false,
    cost: IDENTITY,
};

const CREATE_LINK: Case = Case {
    name: "create_link",
    request: |subject| post(subject.links(), new_link()),
    success: 201,
    calls: &[IDENTIFY, "UpdateItem", "TransactWriteItems"],
    leaves: Links::Named(&["new", "old"]),
    cost: "create",
    ..READ
};

const CREATE_RELEASE: Case = Case {
    name: "create_release",
    given: Given::NoRelease,
    request: |subject| subject.creation(2),
    success: 201,
    calls: &[IDENTIFY, "UpdateItem", "TransactWriteItems"],
    leaves: Links::Numbered(2),
    cost: "create a release",
    ..READ
};

/// A request that a locked release refuses.
const REFUSED: Case = Case {
    given: Given::LockedRelease,
    success: 403,
    locks: true,
    ..READ
};

/// All cases.
pub const CASES: &[Case] = &[
    Case {
        name: "list_links",
        request: |subject| get(subject.links()),
        calls: &[IDENTIFY, "Query"],
        cost: "list",
        ..READ
    },
    Case {
        name: "get_link",
        request: |subject| get(subject.one_link()),
        calls: &[IDENTIFY, "BatchGetItem"],
        cost: "get",
        ..READ
    },
    Case {
        done: Some((400, "Url has already been taken")),
        ..CREATE_LINK
    },
    Case {
        name: "create_link with a key",
        has_key: true,
        cost: "create with an `Idempotency-Key`",
        ..CREATE_LINK
    },
    Case {
        name: "create_link again with its key",
        has_key: true,
        is_repeated: true,
        calls: &[IDENTIFY, "UpdateItem", "TransactWriteItems", "BatchGetItem"],
        covered_calls: 1,
        ..CREATE_LINK
    },
    Case {
        name: "create_link of a new release",
        given: Given::NoRelease,
        done: Some((400, "Url has already been taken")),
        covered_calls: 1,
        leaves: Links::Named(&["new"]),
        cost: "create the first link of a release",
        ..CREATE_LINK
    },
    Case {
        name: "update_link",
        request: |subject| Event::new("PUT", &subject.one_link()).json(new_link()),
        calls: &[IDENTIFY, "BatchGetItem", "TransactWriteItems"],
        leaves: Links::Named(&["new"]),
        cost: "update",
        ..READ
    },
    Case {
        name: "delete_link",
        request: |subject| Event::new("DELETE", &subject.one_link()),
        done: Some((404, "404 Not found")),
        calls: &[IDENTIFY, "BatchGetItem", "TransactWriteItems"],
        leaves: Links::Named(&[]),
        cost: "delete",
        ..READ
    },
    Case {
        name: "download",
        request: |subject| get(subject.web(&format!("{}/downloads/bin/old", subject.tag))),
        success: 302,
        calls: &[IDENTIFY, "BatchGetItem"],
        cost: "download",
        ..READ
    },
    Case {
        name: "download of a checksum file",
        request: |subject| get(subject.web(&format!("{}/downloads/bin/old.sha256", subject.tag))),
        calls: &[IDENTIFY, "BatchGetItem"],
        cost: "download a checksum file",
        ..READ
    },
    Case {
        name: "download of SHA256SUMS",
        request: |subject| get(subject.web(&format!("{}/downloads/SHA256SUMS", subject.tag))),
        calls: &[IDENTIFY, "BatchGetItem", "Query"],
        cost: "download `SHA256SUMS`",
        ..READ
    },
    Case {
        name: "current_user",
        request: |_| get("/api/v4/user"),
        ..READ
    },
    Case {
        name: "current_job",
        request: |_| get("/api/v4/job"),
        is_from_job: true,
        ..READ
    },
    Case {
        name: "version",
        request: |_| get("/api/v4/version"),
        ..READ
    },
    Case {
        name: "metadata",
        request: |_| get("/api/v4/metadata"),
        ..READ
    },
    Case {
        name: "openapi",
        request: |_| get("/api/v4/openapi.json"),
        calls: &[],
        cost: "the description of the API",
        ..READ
    },
    pages::RELEASE_PAGE,
    pages::RELEASES_PAGE,
    pages::FEED,
    pages::HOME,
    pages::ROBOTS,
    pages::FAVICON,
    pages::PROJECT_PAGE,
    Case {
        name: "get_project",
        request: |subject| get(subject.api("")),
        ..READ
    },
    Case {
        name: "get_member",
        request: |subject| get(subject.api(&format!("/members/all/{}", subject.member))),
        ..READ
    },
    Case {
        name: "list_branches",
        request: |subject| get(subject.api("/repository/branches")),
        ..READ
    },
    Case {
        name: "get_release",
        request: |subject| get(subject.release("")),
        calls: &[IDENTIFY, "Query"],
        cost: "get a release",
        ..READ
    },
    Case {
        name: "list_releases",
        request: |subject| get(subject.api("/releases")),
        calls: &[IDENTIFY, "Query", "Query"],
        reads_every_release: true,
        cost: "list 20 releases",
        ..READ
    },
    Case {
        name: "latest",
        request: |subject| get(subject.api("/releases/permalink/latest")),
        success: 302,
        calls: &[IDENTIFY, "Query"],
        reads_every_release: true,
        cost: "find the latest release",
        ..READ
    },
    Case {
        name: "latest_page",
        request: |subject| get(subject.web("permalink/latest")),
        success: 302,
        calls: &[IDENTIFY, "Query"],
        reads_every_release: true,
        cost: "find the latest release",
        ..READ
    },
    Case {
        name: "download_asset",
        request: |subject| get(subject.release("/downloads/bin/old")),
        success: 302,
        calls: &[IDENTIFY, "BatchGetItem"],
        cost: "download",
        ..READ
    },
    Case {
        done: Some((409, "Release already exists")),
        ..CREATE_RELEASE
    },
    Case {
        name: "create_release with a key",
        has_key: true,
        covered_calls: 1,
        ..CREATE_RELEASE
    },
    Case {
        name: "create_release again with its key",
        has_key: true,
        is_repeated: true,
        calls: &[IDENTIFY, "UpdateItem", "BatchGetItem"],
        covered_calls: 1,
        ..CREATE_RELEASE
    },
    Case {
        name: "create_release with 33 links",
        request: |subject| subject.creation(MANY),
        done: Some((409, "Release already exists")),
        calls: &[
            IDENTIFY,
            "UpdateItem",
            "TransactWriteItems",
            "TransactWriteItems",
            "TransactWriteItems",
            "TransactWriteItems",
        ],
        covered_calls: 2,
        leaves: Links::Numbered(MANY),
        ..CREATE_RELEASE
    },
    Case {
        name: "update_release",
        request: |subject| subject.update(json!({"name": "new", "released_at": "2030-01-01"})),
        calls: &[IDENTIFY, "Query", "TransactWriteItems"],
        cost: "update a release",
        ..READ
    },
    Case {
        name: "delete_release",
        request: |subject| Event::new("DELETE", &subject.release("")),
        done: Some((403, "403 Forbidden")),
        calls: &[
            IDENTIFY,
            "Query",
            "TransactWriteItems",
            "Query",
            "TransactWriteItems",
            "UpdateItem",
        ],
        covered_calls: 2,
        leaves: Links::Named(&[]),
        cost: "delete a release",
        ..READ
    },
    Case {
        name: "create_release that locks",
        request: |subject| subject.creation_of(json!({"immutable": true}), 2),
        done: Some((409, "Release already exists")),
        covered_calls: 1,
        locks: true,
        cost: "create an immutable release",
        ..CREATE_RELEASE
    },
    Case {
        name: "update_release that locks",
        request: |subject| subject.update(json!({"immutable": true})),
        calls: &[IDENTIFY, "Query", "TransactWriteItems"],
        covered_calls: 1,
        locks: true,
        cost: "make a release immutable",
        ..READ
    },
    Case {
        name: "update_release that is locked",
        given: Given::LockedRelease,
        request: |subject| subject.update(json!({"immutable": true, "name": "new"})),
        calls: &[IDENTIFY, "Query", "TransactWriteItems"],
        covered_calls: 1,
        locks: true,
        cost: "update a release",
        ..READ
    },
    Case {
        name: "update_release that unlocks",
        request: |subject| subject.update(json!({"immutable": false})),
        calls: &[IDENTIFY, "Query"],
        covered_calls: 1,
        cost: "get a release",
        ..REFUSED
    },
    Case {
        name: "delete_release that is locked",
        request: |subject| Event::new("DELETE", &subject.release("")),
        calls: &[IDENTIFY, "Query"],
        covered_calls: 1,
        cost: "get a release",
        ..REFUSED
    },
    Case {
        name: "create_link of a locked release",
        request: |subject| post(subject.links(), new_link()),
        calls: &[IDENTIFY, "UpdateItem"],
        covered_calls: 1,
        cost: "create",
        ..REFUSED
    },
    Case {
        name: "create_link of a locked release with a key",
        request: |subject| post(subject.links(), new_link()),
        has_key: true,
        calls: &[IDENTIFY, "UpdateItem", "BatchGetItem"],
        covered_calls: 1,
        cost: "create with an `Idempotency-Key`",
        ..REFUSED
    },
    Case {
        name: "create_link again with its key after the lock",
        given: Given::LockedRelease,
        has_key: true,
        is_repeated: true,
        calls: &[IDENTIFY, "UpdateItem", "BatchGetItem"],
        covered_calls: 1,
        locks: true,
        ..CREATE_LINK
    },
    Case {
        name: "update_link of a locked release",
        request: |subject| Event::new("PUT", &subject.one_link()).json(new_link()),
        calls: &[IDENTIFY, "BatchGetItem"],
        covered_calls: 1,
        cost: "get",
        ..REFUSED
    },
    Case {
        name: "delete_link of a locked release",
        request: |subject| Event::new("DELETE", &subject.one_link()),
        calls: &[IDENTIFY, "BatchGetItem"],
        covered_calls: 1,
        cost: "get",
        ..REFUSED
    },
];

pub(super) fn get(target: impl AsRef<str>) -> Event {
    Event::new("GET", target.as_ref())
}

fn post(target: String, body: Value) -> Event {
    Event::new("POST", &target).json(body)
}

fn new_link() -> Value {
    json!({"name": "new", "url": "https://e.com/new", "filepath": "/bin/new"})
}
