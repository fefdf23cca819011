//! The conditions of writes on the item that is already there.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::items::number;
use super::schema::attribute::{
    CLEANING_UNTIL, CREATED_AT, DELETING_SINCE, EXPIRES_AT, GENERATION, ID, IMMUTABLE_AT, IS_DEAD,
    LAST_LINK_ID, LEFTOVERS, LINK_ID, MOVED_AT, NONCE, NOT_BEFORE, PK, VERSION,
};
use crate::link::LinkId;
use crate::project::ProjectId;
use crate::timestamp::Timestamp;

/// The values of an expression by their names.
pub(super) type Values = HashMap<String, AttributeValue>;

/// A condition on the existing item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// It may or may not exist.
    Any,
    /// It does not exist.
    Absent,
    /// It is an idempotency record that does not exist or has expired: DynamoDB has not deleted it
    /// yet.
    NotValid {
        /// In seconds since 1970.
        now: u64,
    },
    /// It is not an existing release.
    NoRelease,
    /// It is not an existing release, and neither this generation nor a later one ever lived. So a
    /// late copy of a creation cannot bring back what was deleted since.
    Birth(u64),
    /// The release does not exist, no generation has lived since this one, which is 0 if none ever
    /// lived, and no link ID above this one was assigned.
    StillMissing { generation: u64, last_link_id: u64 },
    /// The release exists in this generation and is not locked, and neither this link ID nor a
    /// higher one was ever assigned.
    NeverGiven { generation: u64, link_id: LinkId },
    /// It is not an existing release that is locked. If a version of the service that knows no
    /// locks deletes a locked release, the attribute stays without a release.
    NotLocked,
    /// It is a release that lives in this generation, and has this lock or none.
    Lock {
        generation: u64,
        immutable_at: Option<Timestamp>,
    },
    /// It is a release that lives in this generation, has this lock or none, and this version.
    Unchanged {
        generation: u64,
        version: u64,
        immutable_at: Option<Timestamp>,
    },
    /// The counter with this name is absent or lower.
    Below(&'static str, u64),
    /// Nobody has added a work item since this number was read.
    Leftovers(u64),
    /// It is the work item with this nonce.
    Work(u64),
    /// It is the work item with this nonce, and its generation may still be born.
    Unborn(u64),
    /// It is the work item with this nonce, nobody is removing the items of its generation, and
    /// the generation is dead or its creator has no time left.
    Abandoned { nonce: u64, now: u64 },
    /// It has this version.
    Version(u64),
    /// It has this version, or a partial restore or DynamoDB's TTL has removed it.
    VersionOrAbsent(u64),
    /// It belongs to this link, or a partial restore has removed it.
    OwnOrAbsent(LinkId),
    /// It is a project that is not being deleted.
    ActiveProject,
    /// It is still a former path of this project.
    FormerPathOf(ProjectId),
}

impl Condition {
    /// The condition as DynamoDB reads it.
    pub(super) fn expression(self) -> Option<String> {
        let absent_or = |condition| format!("attribute_not_exists({PK}) OR {condition}");
        let expression = match self {
            Self::Any => return None,
            Self::Absent => format!("attribute_not_exists({PK})"),
            Self::NotValid { .. } => absent_or(format!("{EXPIRES_AT} <= :expected")),
            Self::NoRelease => format!("attribute_not_exists({CREATED_AT})"),
            Self::Birth(_) => format!(
                "attribute_not_exists({CREATED_AT}) \
                 AND (attribute_not_exists({GENERATION}) OR {GENERATION} < :expected)"
            ),
            Self::StillMissing { generation, .. } => still_missing(generation),
            Self::NeverGiven { .. } => never_given(),
            Self::NotLocked => not_locked(),
            Self::Lock { immutable_at, .. } => has_lock(immutable_at),
            Self::Unchanged { immutable_at, .. } => unchanged(immutable_at),
            Self::Below(counter, _) => {
                format!("attribute_not_exists({counter}) OR {counter} < :expected")
            }
            Self::Leftovers(_) => format!("{LEFTOVERS} = :expected"),
            Self::Work(_) => format!("{NONCE} = :expected"),
            Self::Unborn(_) => format!("{NONCE} = :expected AND {IS_DEAD} = :false"),
            Self::Abandoned { .. } => format!(
                "{NONCE} = :expected AND ({IS_DEAD} = :true OR {NOT_BEFORE} <= :now) \
                 AND (attribute_not_exists({CLEANING_UNTIL}) OR {CLEANING_UNTIL} < :now)"
            ),
            Self::Version(_) => format!("{VERSION} = :expected"),
            Self::VersionOrAbsent(_) => absent_or(format!("{VERSION} = :expected")),
            Self::OwnOrAbsent(_) => absent_or(format!("{LINK_ID} = :expected")),
            Self::ActiveProject => {
                format!("attribute_exists({PK}) AND attribute_not_exists({DELETING_SINCE})")
            }
            Self::FormerPathOf(_) => format!("{ID} = :expected AND attribute_exists({MOVED_AT})"),
        };
        Some(expression)
    }

    /// The time of the lock in the expression.
    fn lock(self) -> Option<AttributeValue> {
        match self {
            Self::Lock { immutable_at, .. } | Self::Unchanged { immutable_at, .. } => {
                immutable_at.map(|time| AttributeValue::S(time.to_string()))
            }
            _ => None,
        }
    }

    /// The values in the expression.
    pub(super) fn values(self) -> Values {
        let expected = self.expected().map(|expected| (":expected", expected));
        let mut values = Vec::from_iter(expected);
        values.extend(self.lock().map(|lock| (":expected_lock", lock)));
        match self {
            Self::Unchanged { version, .. } => values.push((":expected_version", number(version))),
            Self::StillMissing { last_link_id, .. } => {
                values.push((":expected_link_id", number(last_link_id)))
            }
            Self::NeverGiven { link_id, .. } => {
                values.push((":expected_link_id", number(link_id.number())))
            }
            Self::Unborn(_) => values.push((":false", AttributeValue::Bool(false))),
            Self::Abandoned { now, .. } => {
                values.extend([(":true", AttributeValue::Bool(true)), (":now", number(now))])
            }
            _ => {}
        }
        let values = values.into_iter();
        values
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// The first value in the expression. DynamoDB refuses one that the expression does not use.
    fn expected(self) -> Option<AttributeValue> {
        let expected = match self {
            Self::Any | Self::Absent | Self::NoRelease | Self::NotLocked | Self::ActiveProject => {
                return None;
            }
            Self::StillMissing { generation: 0, .. } => return None,
            Self::StillMissing { generation, .. }
            | Self::NeverGiven { generation, .. }
            | Self::Lock { generation, .. }
            | Self::Unchanged { generation, .. }
            | Self::Birth(generation) => generation,
            Self::NotValid { now } => now,
            Self::Abandoned { nonce, .. } => nonce,
            Self::Below(_, number)
            | Self::Leftovers(number)
            | Self::Work(number)
            | Self::Unborn(number)
            | Self::Version(number)
            | Self::VersionOrAbsent(number) => number,
            Self::OwnOrAbsent(id) => id.number(),
            Self::FormerPathOf(id) => id.number(),
        };
        Some(number(expected))
    }
}

fn still_missing(generation: u64) -> String {
    let lived = match generation {
        0 => format!("attribute_not_exists({GENERATION})"),
        _ => format!("{GENERATION} = :expected"),
    };
    format!(
        "attribute_not_exists({CREATED_AT}) AND {lived} AND {LAST_LINK_ID} <= :expected_link_id"
    )
}

fn never_given() -> String {
    format!("{} AND {LAST_LINK_ID} < :expected_link_id", has_lock(None))
}

fn not_locked() -> String {
    format!("attribute_not_exists({IMMUTABLE_AT}) OR attribute_not_exists({CREATED_AT})")
}

fn unchanged(immutable_at: Option<Timestamp>) -> String {
    let has_lock = has_lock(immutable_at);
    format!("{has_lock} AND {VERSION} = :expected_version")
}

/// A release lives, and has this lock or none.
fn has_lock(immutable_at: Option<Timestamp>) -> String {
    let lock = match immutable_at {
        None => format!("attribute_not_exists({IMMUTABLE_AT})"),
        Some(_) => format!("{IMMUTABLE_AT} = :expected_lock"),
    };
    format!("attribute_exists({CREATED_AT}) AND {GENERATION} = :expected AND {lock}")
}

/// DynamoDB accepts no empty map.
pub(super) fn present(values: Values) -> Option<Values> {
    (!values.is_empty()).then_some(values)
}
