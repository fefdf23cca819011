//! The keys of the table's items. Both parts are strings, named `pk` and `sk`.
//!
//! The sort keys of a partition put a release next to its links, apart from the unique-constraint
//! items: `idempotency#…` < `link#…` < `release` < `taken#…`. In descending order, the release
//! comes first and then its links, newest first.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};

use crate::idempotency::IdempotentRequest;
use crate::link::LinkId;
use crate::project::{ProjectId, ProjectRef};
use crate::release::ReleaseKey;
use crate::token::{HashedToken, TokenId};

pub(super) type Key = HashMap<String, AttributeValue>;

/// The sort key of a release.
pub(super) const RELEASE: &str = "release";
/// The lower bound of the sort keys of links.
pub(super) const FIRST_LINK: &str = "link#";
/// The upper bound of the sort keys of links, which end in digits.
pub(super) const LAST_LINK: &str = "link#~";

/// The lower bound of the sort keys of names' unique-constraint items.
pub(super) const FIRST_NAME: &str = "taken#name#";
/// The upper bound of these sort keys, which end in hexadecimal digits.
pub(super) const LAST_NAME: &str = "taken#name#~";

/// A release of a project: the partition of all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition(pub(super) String);

impl Partition {
    /// `24#v0.1`. The ID contains no `#`, so the first one ends it, whatever the tag is.
    pub(super) fn of(release: &ReleaseKey) -> Self {
        Self(format!("{}{}", releases_of(release.project), release.tag))
    }

    pub(super) fn release(&self) -> Key {
        key(&self.0, RELEASE)
    }

    /// The ID is padded so that the keys sort in numeric order.
    pub(super) fn link(&self, id: LinkId) -> Key {
        key(&self.0, &format!("{FIRST_LINK}{:0>20}", id.to_string()))
    }

    /// An idempotency record. It sorts before the links, so the list does not read it.
    pub(super) fn idempotency_record(&self, request: &IdempotentRequest) -> Key {
        key(&self.0, &format!("idempotency#{}", request.key))
    }

    pub(super) fn name_constraint(&self, name: &str) -> Key {
        key(&self.0, &format!("{FIRST_NAME}{}", sha256(name)))
    }

    pub(super) fn url_constraint(&self, url: &str) -> Key {
        key(&self.0, &format!("taken#url#{}", sha256(url)))
    }

    pub(super) fn filepath_constraint(&self, filepath: &str) -> Key {
        key(&self.0, &format!("taken#filepath#{filepath}"))
    }
}

/// All projects share a partition, so that one query lists them by ID.
pub(super) const PROJECTS: &str = "projects";
/// All tokens by ID share a partition in the same way.
pub(super) const TOKENS: &str = "tokens";

pub(super) fn project_by_id(id: u64) -> Key {
    key(PROJECTS, &format!("{id:0>20}"))
}

/// A project by its path in lower case (F2).
pub(super) fn project_by_path(path: &str) -> Key {
    key(&format!("project-path#{path}"), "project")
}

pub(super) fn project(project: &ProjectRef) -> Key {
    match project {
        ProjectRef::Id(id) => project_by_id(id.number()),
        ProjectRef::Path(path) => project_by_path(path),
    }
}

pub(super) fn token_by_id(id: TokenId) -> Key {
    key(TOKENS, &format!("{id:0>20}"))
}

/// A token by its hash, for requests. Each token has its own partition.
pub(super) fn token_by_hash(hash: &HashedToken) -> Key {
    key(&format!("token#{}", hash.hex()), "token")
}

/// The counter of token IDs.
pub(super) fn token_counter() -> Key {
    key("counters", TOKENS)
}

/// The prefix of the partition keys of a project's releases.
pub(super) fn releases_of(project: ProjectId) -> String {
    format!("{project}#")
}

fn key(pk: &str, sk: &str) -> Key {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(pk.to_owned())),
        ("sk".to_owned(), AttributeValue::S(sk.to_owned())),
    ])
}

/// The name of an item in messages. A part of its key that is missing shows as `?`.
pub(super) fn item_name(item: &Key) -> String {
    let part = |name| item.get(name).and_then(|value| value.as_s().ok());
    let [pk, sk] = ["pk", "sk"].map(|name| part(name).map_or("?", String::as_str));
    format!("item {pk}/{sk}")
}

/// The key of an item.
pub(super) fn key_of(mut item: Key) -> Key {
    item.retain(|name, _| name == "pk" || name == "sk");
    item
}

/// A name or URL may exceed the 1,024 bytes of a sort key; its digest does not.
fn sha256(text: &str) -> String {
    base16ct::lower::encode_string(&Sha256::digest(text))
}
