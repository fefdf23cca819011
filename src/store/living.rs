//! Reads of a release together with the items of its generation.
//!
//! A query or a batch is not one moment: others may write between two items that it reads. The
//! key of an item names its generation. The release and its details name
//! generation and version, so that a reader notices two moments and reads again.

use super::batch::find;
use super::error::{StoreError, kept_changing_error};
use super::items::{Item, ReleaseItem, Stamp, copy_of, epoch_seconds, read};
use super::keys::{Key, item_name, sort_key};
use super::partition::Partition;
use super::schema::SortKey;
use super::schema::attribute::{GENERATION, VERSION};
use super::session::{Reading, Session};
use crate::link::Link;

/// Age up to which a release may have more links than one query sees, in seconds: the query may
/// have read them before the release was created.
const YOUNG: u64 = 10;
/// How often a query for a young release is repeated.
const MAX_REPETITIONS: usize = 2;

/// A release that exists, and the newest of its links.
#[derive(Debug)]
pub(super) struct Living {
    pub(super) item: ReleaseItem,
    /// Its details, if they were read.
    pub(super) details: Option<Item>,
    /// The newest links first.
    pub(super) links: Vec<Link>,
    /// The links that were not read.
    pub(super) rest: Rest,
}

/// The result of a query for a release.
#[derive(Debug)]
pub(super) enum Lookup {
    Living(Living),
    /// The details of the release are missing, or belong to another version of it, however often
    /// they are read.
    Torn(Living),
    /// The release does not exist. Its item may.
    Missing(ReleaseItem),
}

impl Lookup {
    /// The release, if it exists.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] without the details that belong to it.
    pub(super) fn living(self, partition: &Partition) -> Result<Option<Living>, StoreError> {
        match self {
            Self::Living(living) => Ok(Some(living)),
            Self::Torn(_) => Err(StoreError::Corrupt(format!(
                "the details of {} are missing or do not belong to it",
                item_name(&partition.release())
            ))),
            Self::Missing(_) => Ok(None),
        }
    }
}

/// The links of a generation that a query has not read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rest {
    /// None.
    Nothing,
    /// Those before this key, or all.
    Before(Option<Key>),
}

impl Session<'_> {
    /// The release's item, if the release exists.
    pub(super) async fn release_item(
        &self,
        partition: &Partition,
    ) -> Result<Option<ReleaseItem>, StoreError> {
        let item = self.get_item(partition.release()).await?;
        let item: Option<ReleaseItem> = item.map(read).transpose()?;
        let item = item.filter(ReleaseItem::exists);
        if let Some(item) = &item {
            self.table.generations.remember(partition, item.generation);
        }
        Ok(item)
    }

    /// Whether the release lives in this generation.
    pub(super) async fn lives_in(
        &self,
        partition: &Partition,
        generation: u64,
    ) -> Result<bool, StoreError> {
        let item = self.release_item(partition).await?;
        Ok(item.is_some_and(|item| item.generation == generation))
    }

    /// The release, and the item that has this key in its generation; `None` if the release does
    /// not exist. It takes one call, or two if the process did not know the generation.
    pub(super) async fn living_item(
        &self,
        partition: &Partition,
        key: impl Fn(u64) -> Key,
    ) -> Result<Option<(ReleaseItem, Option<Item>)>, StoreError> {
        let found = self.living_items(partition, |generation| [key(generation)]);
        let found = found.await?;
        Ok(found.map(|(release, [item])| (release, item)))
    }

    /// The release, and the items that have these keys in its generation, in the order of the keys.
    /// As many calls as for one item.
    pub(super) async fn living_items<const N: usize>(
        &self,
        partition: &Partition,
        keys: impl Fn(u64) -> [Key; N],
    ) -> Result<Option<(ReleaseItem, [Option<Item>; N])>, StoreError> {
        let guess = self.table.generations.guess(partition);
        let (release, guessed) = (partition.release(), keys(guess));
        let all = [&release].into_iter().chain(&guessed).cloned();
        let items = self.get_items(all.collect()).await?;
        let item: Option<ReleaseItem> = find(&items, &release).map(read).transpose()?;
        let Some(item) = item.filter(ReleaseItem::exists) else {
            return Ok(None);
        };
        if item.generation == guess {
            return Ok(Some((item, guessed.map(|key| find(&items, &key)))));
        }
        self.table.generations.remember(partition, item.generation);
        let keys = keys(item.generation);
        let items = match keys.as_slice() {
            [key] => Vec::from_iter(self.get_item(key.clone()).await?),
            keys => self.get_items(keys.to_vec()).await?,
        };
        Ok(Some((item, keys.map(|key| find(&items, &key)))))
    }

    /// The release and about this many of its newest links, in one query. With `last`, the query
    /// begins with the details of the release, or with the release itself.
    pub(super) async fn living_release(
        &self,
        partition: &Partition,
        last: &SortKey,
        links: u64,
    ) -> Result<Lookup, StoreError> {
        let (mut changes, mut repetitions, mut torn) = (self.changes(), 0, None);
        while changes.next().await {
            let living = match self.query_living(partition, last, links).await? {
                Lookup::Living(living) => living,
                missing => return Ok(missing),
            };
            if *last == SortKey::Details && !living.is_of_one_moment()? {
                torn = Some(living);
                continue;
            }
            if repetitions == MAX_REPETITIONS || !self.may_miss_links(&living) {
                return Ok(Lookup::Living(living));
            }
            repetitions += 1;
        }
        match torn {
            Some(living) if !changes.is_late() => Ok(Lookup::Torn(living)),
            _ => Err(kept_changing_error()),
        }
    }

    async fn query_living(
        &self,
        partition: &Partition,
        last: &SortKey,
        links: u64,
    ) -> Result<Lookup, StoreError> {
        let guess = self.table.generations.guess(partition);
        let range = partition.links_and_head(guess, last).backward();
        let head = if *last == SortKey::Details { 2 } else { 1 };
        let limit = Some(head + links);
        let output = self.query(&range, Reading::Items, limit, None).await?;
        let items = output.items.unwrap_or_default();
        let item = find(&items, &partition.release());
        let item: ReleaseItem = item.map(read).transpose()?.unwrap_or_default();
        if !item.exists() {
            return Ok(Lookup::Missing(item));
        }
        self.table.generations.remember(partition, item.generation);
        let is_complete = output.last_evaluated_key.is_none() && guess <= item.generation;
        Ok(Lookup::Living(Living::from_items(
            partition,
            item,
            items,
            is_complete,
        )?))
    }

    fn may_miss_links(&self, living: &Living) -> bool {
        let seen = u64::try_from(living.links.len()).unwrap_or(u64::MAX);
        let born = living
            .item
            .created_at
            .map_or(0, |time| epoch_seconds(time.into()));
        living.rest == Rest::Nothing
            && seen < living.item.links_at_birth
            && self.seconds() < born.saturating_add(YOUNG)
    }

    /// The links that were not read, the newest first, in one query for each megabyte.
    pub(super) async fn next_links(
        &self,
        partition: &Partition,
        generation: u64,
        rest: &mut Rest,
        limit: Option<u64>,
    ) -> Result<Vec<Link>, StoreError> {
        let Rest::Before(start) = rest else {
            return Ok(Vec::new());
        };
        let range = partition.links(generation).backward();
        let output = self.query(&range, Reading::Items, limit, start.take());
        let output = output.await?;
        *rest = match output.last_evaluated_key {
            Some(key) => Rest::Before(Some(key)),
            None => Rest::Nothing,
        };
        let items = output.items.unwrap_or_default().into_iter();
        items.map(read).collect()
    }
}

impl Living {
    /// Sorts what a query has read. Other generations may have left items between the release and
    /// its links.
    fn from_items(
        partition: &Partition,
        item: ReleaseItem,
        items: Vec<Item>,
        mut is_complete: bool,
    ) -> Result<Self, StoreError> {
        let generation = item.generation;
        let (mut details, mut links) = (None, Vec::<Link>::new());
        let first_link = SortKey::links(generation);
        for item in items {
            let key = sort_key(&item);
            if key.starts_with(&first_link) {
                links.push(read(item)?);
                continue;
            }
            match SortKey::parse(key) {
                Some(SortKey::Details) => details = Some(item),
                // All links of the generation sort after it.
                Some(key) if key.generation().is_some_and(|of| of <= generation) => {
                    is_complete = true;
                }
                _ => {}
            }
        }
        let rest = if is_complete {
            Rest::Nothing
        } else {
            let last = links.last();
            Rest::Before(last.map(|link| partition.link(generation, link.id)))
        };
        Ok(Self {
            item,
            details,
            links,
            rest,
        })
    }

    /// Whether the release and its details were read at the same moment. The details may be large,
    /// so only the attributes that name the moment are copied.
    fn is_of_one_moment(&self) -> Result<bool, StoreError> {
        let Some(details) = &self.details else {
            return Ok(false);
        };
        let stamp: Stamp = read(copy_of(details, [GENERATION, VERSION]))?;
        Ok(stamp == self.item.stamp())
    }
}
