//! The items of the table as serde types. Their keys are in [`super::keys`].

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::keys::{Key, item_name};
use crate::link::{Link, LinkId, LinkType};
use crate::project::{Project, ProjectId, ProjectPath, Role, Visibility};
use crate::release::Author;
use crate::timestamp::Timestamp;
use crate::token::{EVERY_PROJECT, Grants, HashedToken, NewToken, Scope, Token, TokenId};

pub(super) type Item = HashMap<String, AttributeValue>;

/// How long DynamoDB keeps a token after its expiry. Until then, its holder receives "expired"
/// instead of "unauthorized".
const KEEP_EXPIRED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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

/// A project with the version that an update must find unchanged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ProjectItem {
    pub(super) id: ProjectId,
    pub(super) path: ProjectPath,
    pub(super) visibility: Visibility,
    #[serde(rename = "revision")]
    pub(super) version: u64,
    /// Its earlier paths in lower case, the latest last, in the item by ID alone. Other projects
    /// may have taken some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) former_paths: Vec<String>,
    /// When its deletion began. The project is hidden from then on (F9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleting_since: Option<Timestamp>,
    /// When its deletion finished. The item stays, so that its ID is never reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleted_at: Option<Timestamp>,
    /// In the item by a former path: when the project left the path, or changed after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moved_at: Option<Timestamp>,
}

impl ProjectItem {
    pub(super) fn new(project: Project, version: u64) -> Self {
        let Project {
            id,
            path,
            visibility,
        } = project;
        let [deleting_since, deleted_at, moved_at] = [None; 3];
        let former_paths = Vec::new();
        Self {
            id,
            path,
            visibility,
            version,
            former_paths,
            deleting_since,
            deleted_at,
            moved_at,
        }
    }

    pub(super) fn project(&self) -> Project {
        Project {
            id: self.id,
            path: self.path.clone(),
            visibility: self.visibility,
        }
    }
}

/// A token with the version that an update must find unchanged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TokenItem {
    id: TokenId,
    pub(super) hash: HashedToken,
    label: String,
    grants: BTreeMap<String, Role>,
    scope: Scope,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    /// In seconds since 1970, for DynamoDB's TTL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    #[serde(rename = "revision")]
    pub(super) version: u64,
}

impl TokenItem {
    pub(super) fn new(token: &Token, hash: HashedToken, version: u64) -> Self {
        let Token {
            id,
            settings,
            revoked_at,
        } = token.clone();
        let NewToken {
            label,
            grants,
            scope,
            created_at,
            expires_at,
        } = settings;
        Self {
            id,
            hash,
            label,
            grants: grants.by_name().collect(),
            scope,
            created_at: Timestamp::from_clock(created_at),
            valid_until: expires_at.map(Timestamp::from_clock),
            expires_at: expires_at.map(|end| epoch_seconds(end + KEEP_EXPIRED)),
            revoked_at: revoked_at.map(Timestamp::from_clock),
            version,
        }
    }

    /// The token; a grant whose key is neither a project ID nor "all" is [`StoreError::Corrupt`].
    pub(super) fn token(self) -> Result<Token, StoreError> {
        let mut grants = Grants {
            every: None,
            projects: BTreeMap::new(),
        };
        for (name, role) in self.grants {
            match name.parse().ok().and_then(ProjectId::new) {
                Some(project) => drop(grants.projects.insert(project, role)),
                None if name == EVERY_PROJECT => grants.every = Some(role),
                None => {
                    let id = self.id;
                    return Err(StoreError::Corrupt(format!(
                        "token {id} has a grant {name:?}"
                    )));
                }
            }
        }
        let settings = NewToken {
            label: self.label,
            grants,
            scope: self.scope,
            created_at: self.created_at.into(),
            expires_at: self.valid_until.map(SystemTime::from),
        };
        Ok(Token {
            id: self.id,
            settings,
            revoked_at: self.revoked_at.map(SystemTime::from),
        })
    }
}

/// The counter of token IDs.
#[derive(Debug, Deserialize)]
pub(super) struct TokenCounter {
    pub(super) last_token_id: TokenId,
}

/// A time as DynamoDB's TTL reads it: whole seconds since 1970.
pub(super) fn epoch_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
