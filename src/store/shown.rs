//! Releases as pages for people show them. A page shows as much as fits, and never fails because a
//! release is too large, so it keeps of each release only what it shows.

use futures_util::{StreamExt, TryStreamExt};

use super::cursor::Cursor;
use super::error::{StoreError, kept_changing_error};
use super::keys::order_partition;
use super::living::Rest;
use super::partition::Partition;
use super::range::Range;
use super::release_order::{CONCURRENT_READS, distinct, order_range, read_place};
use super::releases::{LINKS_AT_ONCE, Releases, build_release};
use super::schema::SortKey;
use crate::link::Link;
use crate::page::{Page, Paged};
use crate::project::ProjectId;
use crate::release::{Order, Release, ReleaseKey};
use crate::timestamp::Timestamp;

/// How many links a page has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Their number.
    pub links: usize,
    /// The size of their texts together, in bytes.
    pub bytes: usize,
}

/// A release with those of its links that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRelease {
    /// The release.
    pub release: Release,
    /// Its newest links. They fill the room if there are more.
    pub links: Vec<Link>,
    /// The number of all its links. Above [`MAX_COUNT`](crate::page::MAX_COUNT), it is a lower
    /// bound.
    pub counted: u64,
}

/// A release without its description and its links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The release.
    pub release: Release,
    /// The number of its links. Above [`MAX_COUNT`](crate::page::MAX_COUNT), it is a lower bound.
    pub links: u64,
}

/// A release with the beginning of its description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// The release.
    pub release: Release,
    /// Whether its description goes on.
    pub is_cut: bool,
}

impl Room {
    fn has(self, links: &[Link]) -> bool {
        let bytes = links.iter().flat_map(Link::shown_texts).map(str::len);
        links.len() < self.links && bytes.sum::<usize>() < self.bytes
    }
}

impl Releases<'_> {
    /// A release with as many of its newest links as there is room for. It takes the calls of
    /// [`Releases::get`]; those that count the links follow only if there is not room for all.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn show(self, key: &ReleaseKey, room: Room) -> Result<ShownRelease, StoreError> {
        let (session, partition) = (self.session, Partition::new(key));
        let mut changes = session.changes();
        while changes.next().await {
            let living = session.living_release(&partition, &SortKey::Details, LINKS_AT_ONCE);
            let living = living.await?.living(&partition)?;
            let living = living.ok_or(StoreError::ReleaseNotFound)?;
            let release = build_release(key, &living.item, living.details)?;
            let (generation, mut rest) = (living.item.generation, living.rest);
            let (mut links, is_one_call) = (living.links, rest == Rest::Nothing);
            while rest != Rest::Nothing && room.has(&links) {
                let next = session.next_links(&partition, generation, &mut rest, None);
                links.extend(next.await?);
            }
            let found = u64::try_from(links.len()).unwrap_or(u64::MAX);
            let counted = if rest == Rest::Nothing {
                found
            } else {
                let counted = session.count_links(&partition, generation).await?;
                counted.max(found)
            };
            if is_one_call || session.lives_in(&partition, generation).await? {
                return Ok(ShownRelease {
                    release,
                    links,
                    counted,
                });
            }
        }
        Err(kept_changing_error())
    }

    /// A page of a project's releases, the latest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn summaries(
        self,
        project: ProjectId,
        page: Page,
    ) -> Result<Paged<Summary>, StoreError> {
        let places = self.page_by_release(project, Order::default(), page);
        let Paged { items, counted } = places.await?;
        let keys = items.into_iter().map(|tag| ReleaseKey { project, tag });
        let reads = keys.map(|key| async move { self.summary(&key).await });
        let items = read_all(reads).await?;
        Ok(Paged { items, counted })
    }

    /// The latest releases of a project that are not upcoming at this time, at most this many, each
    /// with the lines of its description that this many bytes hold.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn latest_until(
        self,
        project: ProjectId,
        now: Timestamp,
        (count, bytes): (u64, usize),
    ) -> Result<Vec<Beginning>, StoreError> {
        let partition = order_partition(project);
        // What follows the time in the key of a place sorts before `$`.
        let range = Range {
            last_key: format!("{}$", now.end_of_second()),
            ..order_range(&partition)
        };
        let mut cursor = Cursor::over(range.backward());
        let places = self.session.take(&mut cursor, count).await?;
        let places = places.into_iter().map(read_place);
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let tags = distinct(places.into_iter().map(|place| place.tag));
        let keys = tags.into_iter().map(|tag| ReleaseKey { project, tag });
        let reads = keys.map(|key| async move { self.beginning(&key, bytes).await });
        read_all(reads).await
    }

    async fn summary(self, key: &ReleaseKey) -> Result<Option<Summary>, StoreError> {
        let (session, partition) = (self.session, Partition::new(key));
        let mut changes = session.changes();
        while changes.next().await {
            let living = session.living_release(&partition, &SortKey::Details, LINKS_AT_ONCE);
            let Some(living) = living.await?.living(&partition)? else {
                return Ok(None);
            };
            let generation = living.item.generation;
            let mut release = build_release(key, &living.item, living.details)?;
            release.details.description = None;
            if living.rest == Rest::Nothing {
                let links = u64::try_from(living.links.len()).unwrap_or(u64::MAX);
                return Ok(Some(Summary { release, links }));
            }
            let links = session.count_links(&partition, generation).await?;
            if session.lives_in(&partition, generation).await? {
                return Ok(Some(Summary { release, links }));
            }
        }
        Err(kept_changing_error())
    }

    async fn beginning(
        self,
        key: &ReleaseKey,
        bytes: usize,
    ) -> Result<Option<Beginning>, StoreError> {
        let partition = Partition::new(key);
        let living = self
            .session
            .living_release(&partition, &SortKey::Details, 0);
        let Some(living) = living.await?.living(&partition)? else {
            return Ok(None);
        };
        let mut release = build_release(key, &living.item, living.details)?;
        let description = release.details.description.as_mut();
        let is_cut = description.is_some_and(|text| cut(text, bytes));
        Ok(Some(Beginning { release, is_cut }))
    }
}

/// Cuts a text that has more bytes at the end of a line, or of a character if no line ends before,
/// and returns whether it did.
fn cut(text: &mut String, bytes: usize) -> bool {
    let is_longer = text.len() > bytes;
    if is_longer {
        let end = text.floor_char_boundary(bytes);
        let line = text[..end].rfind('\n').map(|at| at + 1);
        text.truncate(line.unwrap_or(end));
        text.shrink_to_fit();
    }
    is_longer
}

/// Several releases at the same time, in their order. One that was deleted after the order was read
/// is left out.
async fn read_all<T>(
    reads: impl Iterator<Item = impl Future<Output = Result<Option<T>, StoreError>>>,
) -> Result<Vec<T>, StoreError> {
    let reads = futures_util::stream::iter(reads).buffered(CONCURRENT_READS);
    let found = reads.try_filter_map(|found| async { Ok(found) });
    found.try_collect().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_the_end_of_a_line_where_there_is_one() {
        for (text, bytes, expected, is_cut) in [
            ("", 0, "", false),
            ("one\ntwo\n", 8, "one\ntwo\n", false),
            ("one\ntwo\n", 7, "one\n", true),
            ("one\ntwo\n", 4, "one\n", true),
            ("one\ntwo\n", 3, "one", true),
            ("éé", 3, "é", true),
        ] {
            let mut shown = text.to_owned();
            let was_cut = cut(&mut shown, bytes);
            assert_eq!((shown.as_str(), was_cut), (expected, is_cut), "{bytes}");
        }
    }
}
