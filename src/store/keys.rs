//! The keys of the order of releases, of projects and of tokens. Both parts of a key are strings,
//! named `pk` and `sk`. The keys in the partition of a release are in [`super::schema`].

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::project::{ProjectId, ProjectRef};
use crate::release::Release;
use crate::token::{HashedToken, TokenId};

pub(super) type Key = HashMap<String, AttributeValue>;

/// The partition that lists the releases of a project in their order. No release has this
/// partition, because its key would have a `#` after the ID.
pub(super) fn order_partition(project: ProjectId) -> String {
    format!("{project}/releases")
}

/// The number of releases of a project is the sum of these items. Each creation and each deletion
/// changes one of them, so that those of different releases seldom conflict.
pub(super) const SHARDS: u64 = 8;
/// The beginning of the sort keys of these items, which sort after all places.
pub(super) const FIRST_SHARD: &str = "~count#";
/// The upper bound of the places, which begin with a digit.
pub(super) const AFTER_PLACES: &str = ":";

/// The item that counts this release among others.
pub(super) fn shard(release: &Release) -> Key {
    let sort = shard_sort_key(release.tag.as_str());
    key(&order_partition(release.project), &sort)
}

/// The sort key of the item that counts the release with this tag among others.
#[must_use]
pub fn shard_sort_key(tag: &str) -> String {
    let shard = u64::from(Sha256::digest(tag)[0]) % SHARDS;
    format!("{FIRST_SHARD}{shard}")
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
        format!(
            "{}#{}",
            &tag[..end],
            URL_SAFE_NO_PAD.encode(Sha256::digest(tag))
        )
    };
    key(
        &order_partition(release.project),
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
pub(super) fn partition_prefix(project: ProjectId) -> String {
    format!("{project}#")
}

pub(super) fn key(pk: &str, sk: &str) -> Key {
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
pub(super) fn into_key(mut item: Key) -> Key {
    item.retain(|name, _| name == "pk" || name == "sk");
    item
}
