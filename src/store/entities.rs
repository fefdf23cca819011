//! The items of the table as serde types. Their keys are in [`super::keys`].

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::keys::{Key, item_name};
use crate::link::{Link, LinkId, LinkType};
use crate::release::Author;
use crate::timestamp::Timestamp;

pub(super) type Item = HashMap<String, AttributeValue>;

/// Reads an item. The error names the item and the attribute.
///
/// A list reads many items, so the attributes go to serde one by one. `serde_dynamo::from_item`
/// would collect them into another map first.
pub(super) fn read<T: DeserializeOwned>(mut item: Item) -> Result<T, StoreError> {
    let key = ["pk", "sk"].map(|name| item.remove_entry(name));
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

/// A tag of a project that has or had a release. The item stays when the release is deleted, so
/// that no link ID is used twice (R85). Every change to it is an update of single attributes.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ReleaseItem {
    /// The highest ID that was given to a link.
    pub(super) last_link_id: u64,
    /// Links with this ID or a lower one belong to deleted releases or to failed creations. They do
    /// not exist, and others may take their unique values.
    #[serde(default)]
    pub(super) deleted_through: u64,
    /// The highest ID of a creation whose links take several transactions.
    #[serde(default)]
    staged_through: Option<u64>,
    /// Whether links up to `deleted_through` may still be in the table.
    #[serde(default)]
    pub(super) needs_cleanup: bool,
    /// Unlike the item, the release exists only if this is set.
    #[serde(default)]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) released_at: Option<Timestamp>,
    /// The version that a change to the release must find unchanged. Link IDs do not change it.
    #[serde(default, rename = "revision")]
    pub(super) version: u64,
}

impl ReleaseItem {
    pub(super) fn exists(&self) -> bool {
        self.created_at.is_some()
    }

    /// Whether a creation of a release leaves links of deleted releases or failed creations.
    pub(super) fn has_leftovers(&self) -> bool {
        self.needs_cleanup || self.staged_through.is_some()
    }
}

/// A place in the order of a project's releases. Its sort key contains the tag unless that is very
/// long.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct PlaceItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tag: Option<String>,
}

/// A link with the version that an update must find unchanged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LinkItem {
    pub(super) id: LinkId,
    name: String,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filepath: Option<String>,
    link_type: LinkType,
    /// A [`Timestamp`], kept as text, because no request reads it.
    pub(super) created_at: String,
    #[serde(rename = "revision")]
    pub(super) version: u64,
}

impl LinkItem {
    pub(super) fn new(link: Link, created_at: String, version: u64) -> Self {
        let Link {
            id,
            name,
            url,
            filepath,
            link_type,
        } = link;
        Self {
            id,
            name,
            url,
            filepath,
            link_type,
            created_at,
            version,
        }
    }

    pub(super) fn into_link(self) -> Link {
        let Self {
            id,
            name,
            url,
            filepath,
            link_type,
            created_at: _,
            version: _,
        } = self;
        Link {
            id,
            name,
            url,
            filepath,
            link_type,
        }
    }
}

/// An idempotency record: the fingerprint of the request. The item also has the attributes of the
/// stored response, of a [`Link`] or a [`ReleaseRecord`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct IdempotencyRecord {
    pub(super) fingerprint: String,
    /// That of the release. Once the release is deleted, the record is no longer valid.
    #[serde(default)]
    pub(super) deleted_through: u64,
    /// In seconds since 1970, for DynamoDB's TTL.
    pub(super) expires_at: u64,
}

/// The release of an idempotency record: what its creation added to the attributes of the request.
/// Whoever repeats the request sends these attributes again, so that the record stays small.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ReleaseRecord {
    pub(super) created_at: Timestamp,
    /// The ID of the first link. The others follow.
    pub(super) first_link_id: LinkId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) author: Option<Author>,
}

/// A unique-constraint item. The one of a filepath also has the link's URL, so that a permanent
/// URL takes one read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ConstraintItem {
    pub(super) link_id: LinkId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
}

/// A time as DynamoDB's TTL reads it: whole seconds since 1970.
pub(super) fn epoch_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
