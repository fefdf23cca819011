//! The keys of the table's items. Both parts are strings, named `pk` and `sk`.
//!
//! The sort keys of a partition put a release next to its links, apart from the unique-constraint
//! items: `idempotency#…` < `link#…` < `release` < `release#details` < `taken#…`. In descending
//! order, the release comes first and then its links, newest first.
//!
//! The releases of a project in their order are a partition of their own.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};

use crate::idempotency::IdempotentRequest;
use crate::link::LinkId;
use crate::project::{ProjectId, ProjectRef};
use crate::release::{Release, ReleaseKey};
use crate::token::{HashedToken, TokenId};

pub(super) type Key = HashMap<String, AttributeValue>;

/// The sort key of a release.
pub(super) const RELEASE: &str = "release";
/// The sort key of what describes a release, which may be large. Only requests for the release
/// itself read it.
pub(super) const DETAILS: &str = "release#details";
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

    pub(super) fn details(&self) -> Key {
        key(&self.0, DETAILS)
    }

    pub(super) fn link(&self, id: LinkId) -> Key {
        key(&self.0, &link_sort_key(id.number()))
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

/// The sort key of the link with this ID, padded so that the keys sort in numeric order.
pub(super) fn link_sort_key(id: u64) -> String {
    format!("{FIRST_LINK}{id:0>20}")
}

/// The partition that lists the releases of a project in their order. No release has this
/// partition, because its key would have a `#` after the ID.
pub(super) fn order_of(project: ProjectId) -> String {
    format!("{project}/releases")
}

/// Longest part of a tag in a sort key, in bytes. With the times and a digest, it stays below the
/// 1,024 bytes of a sort key.
const MAX_ORDERED_TAG_BYTES: usize = 800;

/// The place of a release in the order of its project's releases: time of release, time of
/// creation, tag (R20). The end of a very long tag is replaced by its digest.
pub(super) fn place(release: &Release) -> Key {
    let (released_at, created_at) = (release.released_at, release.created_at);
    let tag = release.tag.as_str();
    let tag = if is_ordered_in_full(tag) {
        tag.to_owned()
    } else {
        let end = tag.floor_char_boundary(MAX_ORDERED_TAG_BYTES);
        format!("{}#{}", &tag[..end], sha256(tag))
    };
    key(
        &order_of(release.project),
        &format!("{released_at}#{created_at}#{tag}"),
    )
}

/// Whether the place of a release contains its whole tag.
pub(super) fn is_ordered_in_full(tag: &str) -> bool {
    tag.len() <= MAX_ORDERED_TAG_BYTES
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

/// The sort key of an item.
pub(super) fn sort_key(item: &Key) -> &str {
    let key = item.get("sk").and_then(|key| key.as_s().ok());
    key.map_or("", String::as_str)
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
