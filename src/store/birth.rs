//! The writes that bring a release to life in a new generation. A creation, the creation of the
//! first link, a restore and an import share them.

use aws_sdk_dynamodb::types::AttributeValue;

use super::condition::Condition;
use super::constraints::constraint_items;
use super::items::{PlaceItem, Stamp, attributes, item, link_item, number};
use super::keys::{is_ordered_in_full, place, shard};
use super::partition::Partition;
use super::reservation::Reserved;
use super::schema::attribute::{
    COUNT, CREATED_AT, GENERATION, IMMUTABLE_AT, LAST_LINK_ID, LINKS_AT_BIRTH, RELEASED_AT, VERSION,
};
use super::session::Session;
use super::transaction::{Step, Transaction, TransactionError};
use super::work::Work;
use crate::link::Link;
use crate::release::{Details, Release};

impl Session<'_> {
    /// Brings the reserved generation to life: with this transaction, which then also removes the
    /// work item if there is one. `false` means that another creation was faster. A refused step
    /// about the project is an error.
    pub(super) async fn bring_to_life(
        &self,
        partition: &Partition,
        reserved: &Reserved,
        mut last: Transaction<'_>,
        work: Option<&Work>,
    ) -> Result<bool, TransactionError> {
        if let Some(work) = work {
            work.end_in(&mut last, partition);
        }
        let lives = match last.commit(self).await {
            Ok(()) => return Ok(true),
            // A first copy of the transaction may have succeeded, and its response may be lost.
            Err(TransactionError::Steps(steps)) if !Step::any_about_project(&steps) => {
                self.lives_in(partition, reserved.generation()).await
            }
            Err(error) => return Err(error),
        };
        let lives = match (lives, work) {
            (Ok(false), Some(work)) => self.remove_unborn(partition, work, &reserved.release).await,
            (lives, _) => lives,
        };
        lives.map_err(TransactionError::Failed)
    }
}

/// Adds a link and its unique-constraint items, each under the condition that its value is free.
pub(super) fn add_link(
    transaction: &mut Transaction<'_>,
    (partition, generation): (&Partition, u64),
    link: &Link,
    created_at: String,
    is_free: Condition,
) {
    let constraints = constraint_items(partition, generation, link);
    let key = partition.link(generation, link.id);
    let new = link_item(key, link, created_at);
    transaction.put(Step::Link, new, Condition::Absent);
    for (violation, item) in constraints {
        transaction.put(Step::Claim(violation), item, is_free);
    }
}

/// Where the IDs of a new release's links come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkIds {
    /// They were reserved, or raised before.
    Reserved,
    /// Another system assigned them. From the birth on, the last one counts as assigned.
    Imported {
        /// The generation that lived last when the release was read, 0 if none ever lived. None may
        /// have lived since.
        lived: u64,
        last: u64,
    },
}

impl LinkIds {
    /// What the birth requires of the release's item.
    fn condition(self, generation: u64) -> Condition {
        match self {
            Self::Reserved => Condition::Birth(generation),
            Self::Imported { lived, last } => Condition::StillMissing {
                generation: lived,
                last_link_id: last,
            },
        }
    }

    /// The end of the birth's expression, and its value.
    fn raise(self) -> (String, Option<(&'static str, AttributeValue)>) {
        match self {
            Self::Reserved => (String::new(), None),
            Self::Imported { last, .. } => {
                let raise = format!(", {LAST_LINK_ID} = :last_link_id");
                (raise, Some((":last_link_id", number(last))))
            }
        }
    }
}

/// Adds the release that comes to life in this generation with this number of links, its details,
/// its place in the order, and the change of the number of releases.
pub(super) fn add_release(
    transaction: &mut Transaction<'_>,
    (partition, generation): (&Partition, u64),
    release: &Release,
    links: usize,
    ids: LinkIds,
) {
    let lock = match release.immutable_at {
        Some(_) => format!(", {IMMUTABLE_AT} = :immutable"),
        None => format!(" REMOVE {IMMUTABLE_AT}"),
    };
    let (raise, last) = ids.raise();
    let create = format!(
        "SET {CREATED_AT} = :created, {RELEASED_AT} = :released, {GENERATION} = :generation, \
         {VERSION} = :one, {LINKS_AT_BIRTH} = :links{raise}{lock}"
    );
    let [created, released] =
        [release.created_at, release.released_at].map(|time| AttributeValue::S(time.to_string()));
    let values = [
        (":created", created),
        (":released", released),
        (":generation", number(generation)),
        (":one", number(1)),
        (":links", number(u64::try_from(links).unwrap_or(u64::MAX))),
    ];
    let values = values.into_iter().chain(lock_value(release)).chain(last);
    let is_new = ids.condition(generation);
    transaction.update(Step::Release, partition.release(), &create, values, is_new);
    let stamp = Stamp {
        generation,
        version: 1,
    };
    put_details(transaction, partition, &release.details, stamp);
    put_place(transaction, release);
    count(transaction, release, 1);
}

/// The lock of a release, if it has one, as a value of an expression.
pub(super) fn lock_value(release: &Release) -> Option<(&'static str, AttributeValue)> {
    let text = release.immutable_at.map(|time| time.to_string());
    text.map(|text| (":immutable", AttributeValue::S(text)))
}

/// Changes the number of the project's releases, of which this one is or was one.
pub(super) fn count(transaction: &mut Transaction<'_>, release: &Release, change: i64) {
    let add = format!("ADD {COUNT} :change");
    let change = [(":change", AttributeValue::N(change.to_string()))];
    transaction.update(Step::Own, shard(release), &add, change, Condition::Any);
}

/// Writes the details of a release, with its generation and version. They tell a query that it has
/// read details and release at different moments.
pub(super) fn put_details(
    transaction: &mut Transaction<'_>,
    partition: &Partition,
    details: &Details,
    stamp: Stamp,
) {
    let mut item = item(partition.details(), details);
    item.extend(attributes(&stamp));
    transaction.put(Step::Own, item, Condition::Any);
}

/// Writes the place of a release in the order of its project's releases.
pub(super) fn put_place(transaction: &mut Transaction<'_>, release: &Release) {
    let tag = release.tag.as_str();
    let is_long = !is_ordered_in_full(tag);
    let new = PlaceItem {
        tag: is_long.then(|| tag.to_owned()),
    };
    let item = item(place(release), &new);
    transaction.put(Step::Own, item, Condition::Any);
}
