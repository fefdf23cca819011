//! The items of the table as serde types. Their keys are in [`super::schema`] and [`super::keys`].

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::StoreError;
use super::keys::{Key, item_name};
use super::schema::attribute::{CREATED_AT, PK, SK, VERSION};
use crate::link::{Digest, Link, LinkId};
use crate::release::Author;
use crate::timestamp::Timestamp;

pub(super) type Item = HashMap<String, AttributeValue>;

/// Reads an item. The error names the item and the attribute.
///
/// A list reads many items, so the attributes go to serde one by one. `serde_dynamo::from_item`
/// would collect them into another map first.
pub(super) fn read<T: DeserializeOwned>(mut item: Item) -> Result<T, StoreError> {
    let key = [PK, SK].map(|name| item.remove_entry(name));
    let attributes = item.into_iter().map(|(name, value)| (name, Value(value)));
    serde_path_to_error::deserialize(MapDeserializer::new(attributes)).map_err(|error| {
        let name = item_name(&key.into_iter().flatten().collect());
        let (attribute, cause) = (error.path(), error.inner());
        StoreError::Corrupt(format!(
            "attribute {attribute} of {name} is missing or mistyped: {cause}"
        ))
    })
}

/// The value of an attribute, for serde.
struct Value(AttributeValue);

impl IntoDeserializer<'_, serde_dynamo::Error> for Value {
    type Deserializer = serde_dynamo::Deserializer;

    fn into_deserializer(self) -> Self::Deserializer {
        serde_dynamo::Deserializer::from_attribute_value(self.0.into())
    }
}

/// The item with this key.
pub(super) fn item(key: Key, entity: &impl Serialize) -> Item {
    attributes(entity).into_iter().chain(key).collect()
}

/// The attributes of an entity, without a key.
#[expect(
    clippy::expect_used,
    reason = "text, numbers and lists always serialize"
)]
pub(super) fn attributes(entity: &impl Serialize) -> Item {
    serde_dynamo::to_item(entity).expect("these types always serialize")
}

/// A number as DynamoDB reads it.
pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A number that no other item has, for items that are only compared for equality.
pub(super) fn random_number() -> u64 {
    Uuid::new_v4().as_u64_pair().1
}

/// A tag of a project that has or had a release. The item stays when the release is deleted, so
/// that no link ID and no generation is used twice (R85). Every change to it is an update of single
/// attributes.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ReleaseItem {
    /// The highest ID that was given to a link.
    pub(super) last_link_id: u64,
    /// The highest number that was given to a generation.
    #[serde(default)]
    pub(super) last_generation: u64,
    /// The generation that lives, or lived last; 0 if none ever lived.
    #[serde(default)]
    pub(super) generation: u64,
    /// Unlike the item, the release exists only if this is set.
    #[serde(default)]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) released_at: Option<Timestamp>,
    /// The version that a change to the release must find unchanged. It begins with 1 in each
    /// generation. Link IDs do not change it.
    #[serde(default)]
    pub(super) version: u64,
    /// Unless the release exists and is locked, `None`. It is a version of its own: every change
    /// that a lock must prevent finds it unchanged.
    #[serde(default)]
    pub(super) immutable_at: Option<Timestamp>,
    /// The number of links with which the release was created.
    #[serde(default)]
    pub(super) links_at_birth: u64,
    /// If there may be work items: a number that changes whenever one is added.
    #[serde(default)]
    pub(super) leftovers: Option<u64>,
    /// From when on a writer looks for them, in seconds since 1970.
    #[serde(default)]
    pub(super) purge_after: u64,
}

impl ReleaseItem {
    pub(super) fn exists(&self) -> bool {
        self.created_at.is_some()
    }

    /// Generation and version. The release and its details have the same pair unless a reader sees
    /// them at two different moments.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            generation: self.generation,
            version: self.version,
        }
    }
}

/// The generation and the version of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) generation: u64,
    pub(super) version: u64,
}

/// The work item of a generation that is not born yet, or dead. Whoever removes the items of the
/// generation marks it as dead first, so that nobody brings the generation to life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WorkItem {
    /// A random number that tells this item from another one with the same key.
    pub(super) nonce: u64,
    /// From when on no late write can add anything to the generation, in seconds since 1970.
    pub(super) not_before: u64,
    pub(super) is_dead: bool,
    /// Until when somebody removes the items of the generation, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cleaning_until: Option<u64>,
}

/// A part of the number of a project's releases.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ShardItem {
    pub(super) releases: i64,
}

/// A place in the order of a project's releases. Its sort key contains the tag unless that is very
/// long.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct PlaceItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tag: Option<String>,
}

/// The attributes that a link's item has besides those of the [`Link`], which serde reads from the
/// same item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LinkItem {
    /// A [`Timestamp`], kept as text, because no request reads it.
    pub(super) created_at: String,
    /// The version that an update must find unchanged. It is random, and new with every write.
    pub(super) version: u64,
}

/// The item of a link, with a new version.
pub(super) fn link_item(key: Key, link: &Link, created_at: String) -> Item {
    let mut item = item(key, link);
    item.extend(attributes(&LinkItem {
        created_at,
        version: random_number(),
    }));
    item
}

/// Reads a link with the other attributes of its item.
pub(super) fn read_link(item: Item) -> Result<(Link, LinkItem), StoreError> {
    let other = copy_of(&item, [CREATED_AT, VERSION]);
    Ok((read(item)?, read(other)?))
}

/// The key of an item and some of its attributes.
pub(super) fn copy_of<const N: usize>(item: &Item, names: [&str; N]) -> Item {
    let entries = [PK, SK].into_iter().chain(names);
    let entries = entries.filter_map(|name| item.get_key_value(name));
    let entries = entries.map(|(name, value)| (name.clone(), value.clone()));
    entries.collect()
}

/// An idempotency record. Whoever repeats a request sends its attributes again, as the fingerprint
/// tells, so the record contains only the attributes that the creation added.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct IdempotencyRecord {
    pub(super) fingerprint: String,
    /// The ID of the link, or of the release's first link. The others follow.
    pub(super) link_id: LinkId,
    /// When the release was created; `None` for a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<Timestamp>,
    /// Who created the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) author: Option<Author>,
    /// In seconds since 1970, for DynamoDB's TTL.
    pub(super) expires_at: u64,
}

/// A unique-constraint item. The one of a filepath also has the link's URL, so that a permanent
/// URL takes one read, and the link's digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ConstraintItem {
    pub(super) link_id: LinkId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<Digest>,
}

/// A time as DynamoDB's TTL reads it: whole seconds since 1970.
pub(super) fn epoch_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
