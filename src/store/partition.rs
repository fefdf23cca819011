//! The partition of a release: the keys in it, and the ranges that queries read.

use super::keys::{Key, key, partition_prefix};
use super::range::Range;
use super::schema::{SortKey, WORK_ITEMS, digest};
use crate::idempotency::IdempotentRequest;
use crate::link::LinkId;
use crate::release::ReleaseKey;

/// A release of a project: the partition of all its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition(pub(super) String);

impl Partition {
    /// `24#v0.1`. The ID contains no `#`, so the first one ends it, whatever the tag is.
    pub(super) fn new(release: &ReleaseKey) -> Self {
        Self(format!(
            "{}{}",
            partition_prefix(release.project),
            release.tag
        ))
    }

    pub(super) fn key(&self, sort: &SortKey) -> Key {
        key(&self.0, &sort.to_string())
    }

    pub(super) fn release(&self) -> Key {
        self.key(&SortKey::Release)
    }

    pub(super) fn details(&self) -> Key {
        self.key(&SortKey::Details)
    }

    pub(super) fn work(&self, generation: u64) -> Key {
        self.key(&SortKey::Work(generation))
    }

    pub(super) fn link(&self, generation: u64, id: LinkId) -> Key {
        self.key(&SortKey::Link(generation, id.number()))
    }

    pub(super) fn record(&self, generation: u64, request: &IdempotentRequest) -> Key {
        self.key(&SortKey::Record(generation, request.key.clone()))
    }

    pub(super) fn name_constraint(&self, generation: u64, name: &str) -> Key {
        self.key(&SortKey::Name(generation, digest(name)))
    }

    pub(super) fn url_constraint(&self, generation: u64, url: &str) -> Key {
        self.key(&SortKey::Url(generation, digest(url)))
    }

    pub(super) fn filepath_constraint(&self, generation: u64, filepath: &str) -> Key {
        self.key(&SortKey::Filepath(generation, filepath.to_owned()))
    }

    /// The links of a generation, and everything that sorts after them up to the release, or up to
    /// its details.
    pub(super) fn links_and_head(&self, generation: u64, last: &SortKey) -> Range<'_> {
        Range::between(&self.0, &SortKey::links(generation), &last.to_string())
    }

    /// The links of a generation.
    pub(super) fn links(&self, generation: u64) -> Range<'_> {
        Range::beginning_with(&self.0, &SortKey::links(generation))
    }

    /// The unique-constraint items of the names of a generation, of which each link has one.
    pub(super) fn names(&self, generation: u64) -> Range<'_> {
        Range::beginning_with(&self.0, &SortKey::names(generation))
    }

    /// Everything of a generation but its work item.
    pub(super) fn generation(&self, generation: u64) -> Range<'_> {
        Range::beginning_with(&self.0, &SortKey::all(generation))
    }

    /// The work items of all generations.
    pub(super) fn work_items(&self) -> Range<'_> {
        Range::beginning_with(&self.0, WORK_ITEMS)
    }
}
