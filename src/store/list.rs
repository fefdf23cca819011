//! Pages of a release's links. DynamoDB has no offset, so the links before a page are skipped with
//! a query that counts, which consumes capacity but returns no items. Within the links that GitLab
//! counts, the page is read from the nearer end of the list. The total is counted by the
//! unique-constraint items of the names, which are a third as large as the links.
//!
//! Whatever takes more than one call ends with a read of the release, so that the page is one of
//! the generation that lives.

use super::cursor::Cursor;
use super::error::{StoreError, kept_changing_error};
use super::items::{Item, ReleaseItem, read};
use super::links::Links;
use super::living::Rest;
use super::partition::Partition;
use super::range::Range;
use super::schema::SortKey;
use super::session::Session;
use crate::link::Link;
use crate::page::{MAX_COUNT, Page, Paged, slice};

/// Largest number of links that are read, and not skipped, to reach the end of a page.
const MAX_READ_AT_ONCE: u64 = 200;

/// A page, and whether one query has read it with the release.
struct Found {
    page: Paged<Link>,
    generation: u64,
    is_one_call: bool,
}

impl Links<'_> {
    /// A page of the release's links, newest first. If it is not the whole list, all links are
    /// counted, up to one more than GitLab counts (B16). A page past the end reads no links.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] without such a release, [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn list(&self, page: Page) -> Result<Paged<Link>, StoreError> {
        let mut changes = self.session.changes();
        while changes.next().await {
            let found = if page.offset().saturating_add(page.per_page) <= MAX_READ_AT_ONCE {
                self.near_page(page).await?
            } else {
                self.far_page(page).await?
            };
            let (session, generation) = (self.session, found.generation);
            if found.is_one_call || session.lives_in(&self.partition, generation).await? {
                return Ok(found.page);
            }
        }
        Err(kept_changing_error())
    }

    /// One of the first pages is read together with the release, the links before it and one more
    /// link. If the list ends there, no other call is needed.
    async fn near_page(&self, page: Page) -> Result<Found, StoreError> {
        let (session, partition) = (self.session, &self.partition);
        let end = page.offset() + page.per_page;
        let living = session.living_release(partition, &SortKey::Release, end + 1);
        let living = living
            .await?
            .living(partition)?
            .ok_or(StoreError::NotFound)?;
        let (generation, mut rest, mut links) = (living.item.generation, living.rest, living.links);
        let mut is_one_call = true;
        let length = |links: &Vec<Link>| u64::try_from(links.len()).unwrap_or(u64::MAX);
        while rest != Rest::Nothing && length(&links) <= end {
            let limit = Some(end + 1 - length(&links));
            let next = session.next_links(partition, generation, &mut rest, limit);
            links.extend(next.await?);
            is_one_call = false;
        }
        let found = length(&links);
        let counted = if found <= end {
            found
        } else {
            is_one_call = false;
            self.count(generation).await?.max(found)
        };
        let items = slice(links, page.offset(), page.per_page);
        Ok(Found {
            page: Paged { items, counted },
            generation,
            is_one_call,
        })
    }

    async fn far_page(&self, page: Page) -> Result<Found, StoreError> {
        let release = self.session.release_item(&self.partition).await?;
        let release = release.ok_or(StoreError::NotFound)?;
        let end = page.offset().saturating_add(page.per_page);
        let found = if end <= MAX_COUNT {
            self.counted_page(release.generation, page).await?
        } else {
            self.distant_page(&release, page).await?
        };
        Ok(Found {
            page: found,
            generation: release.generation,
            is_one_call: false,
        })
    }

    /// A page among the links that GitLab counts. The count tells which end of the list is nearer.
    async fn counted_page(&self, generation: u64, page: Page) -> Result<Paged<Link>, StoreError> {
        let counted = self.count(generation).await?;
        let newer = page.offset();
        if newer >= counted {
            return Ok(Paged {
                items: Vec::new(),
                counted,
            });
        }
        let size = page.per_page.min(counted - newer);
        let older = counted - newer - size;
        let is_forward = counted <= MAX_COUNT && older < newer;
        let range = self.partition.links(generation);
        let mut cursor = Cursor::over(Range {
            is_forward,
            ..range
        });
        let before = if is_forward { older } else { newer };
        self.session.skip(&mut cursor, before).await?;
        let mut items = read_links(self.session.take(&mut cursor, size).await?)?;
        if is_forward {
            items.reverse();
        }
        Ok(Paged { items, counted })
    }

    /// A page that ends beyond the links that GitLab counts. IDs never exceed the release's last link
    /// ID, so a page past it is empty.
    async fn distant_page(
        &self,
        release: &ReleaseItem,
        page: Page,
    ) -> Result<Paged<Link>, StoreError> {
        if page.offset() >= release.last_link_id {
            return Ok(Paged {
                items: Vec::new(),
                counted: self.count(release.generation).await?,
            });
        }
        let range = self.partition.links(release.generation).backward();
        let mut cursor = Cursor::over(range);
        self.session.skip(&mut cursor, page.offset()).await?;
        let more = page.per_page + 1;
        let mut items = read_links(self.session.take(&mut cursor, more).await?)?;
        items.truncate(usize::try_from(page.per_page).unwrap_or(usize::MAX));
        Ok(Paged {
            items,
            counted: cursor.passed,
        })
    }

    async fn count(&self, generation: u64) -> Result<u64, StoreError> {
        self.session.count_links(&self.partition, generation).await
    }
}

impl Session<'_> {
    /// Counts the links of a release, up to one more than GitLab counts.
    pub(super) async fn count_links(
        &self,
        partition: &Partition,
        generation: u64,
    ) -> Result<u64, StoreError> {
        let mut cursor = Cursor::over(partition.names(generation));
        self.skip(&mut cursor, MAX_COUNT + 1).await?;
        Ok(cursor.passed)
    }
}

fn read_links(items: impl IntoIterator<Item = Item>) -> Result<Vec<Link>, StoreError> {
    items.into_iter().map(read).collect()
}
