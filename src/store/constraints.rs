//! Unique-constraint items: each link has one for its URL, its name and its filepath (D5).

use super::error::StoreError;
use super::items::{ConstraintItem, Item, item};
use super::keys::item_name;
use super::partition::Partition;
use super::transaction::Step;
use crate::link::{Link, Violation};

/// The unique values that other links have claimed.
pub(super) fn claim_conflicts(steps: &[Step]) -> Vec<Violation> {
    let claim = |step: &Step| {
        if let Step::Claim(value) = step {
            Some(*value)
        } else {
            None
        }
    };
    steps.iter().filter_map(claim).collect()
}

/// The unique values of a link whose items belong to another link.
pub(super) fn foreign_values(steps: &[Step]) -> Vec<Violation> {
    let foreign = |step: &Step| {
        if let Step::Kept(value) = step {
            Some(*value)
        } else {
            None
        }
    };
    steps.iter().filter_map(foreign).collect()
}

/// The error for a unique-constraint item that belongs to another link. It names the item.
pub(super) fn foreign_item_error(
    partition: &Partition,
    generation: u64,
    link: &Link,
    steps: &[Step],
) -> Option<StoreError> {
    let violation = *foreign_values(steps).first()?;
    let mut items = constraint_items(partition, generation, link).into_iter();
    let (_, item) = items.find(|(other, _)| *other == violation)?;
    let name = item_name(&item);
    Some(StoreError::Corrupt(format!(
        "unique-constraint {name} of link {} belongs to another link",
        link.id
    )))
}

/// The unique-constraint items of a link's URL, name and filepath, in the order in which GitLab
/// reports violations (D2).
pub(super) fn constraint_items(
    partition: &Partition,
    generation: u64,
    link: &Link,
) -> Vec<(Violation, Item)> {
    let link_id = link.id;
    let held = ConstraintItem {
        link_id,
        url: None,
        digest: None,
    };
    let mut items = vec![
        (
            Violation::UrlTaken,
            item(partition.url_constraint(generation, &link.url), &held),
        ),
        (
            Violation::NameTaken,
            item(partition.name_constraint(generation, &link.name), &held),
        ),
    ];
    if let Some(filepath) = &link.filepath {
        let held = ConstraintItem {
            link_id,
            url: Some(link.url.clone()),
            digest: link.digest.clone(),
        };
        let item = item(partition.filepath_constraint(generation, filepath), &held);
        items.push((Violation::FilepathTaken, item));
    }
    items
}
