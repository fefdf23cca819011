//! Pages of a release's links. DynamoDB has no offset, so the links before a page are skipped with
//! `Select: COUNT`, which consumes capacity but returns no items. Within the links that GitLab
//! counts, the page is read from the nearer end of the list. The total is counted by the
//! unique-constraint items of the names, which are a third as large as the links.

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::Select;

use super::entities::{Item, LinkItem, ReleaseItem, read};
use super::error::StoreError;
use super::keys::{
    FIRST_LINK, FIRST_NAME, LAST_LINK, LAST_NAME, Partition, RELEASE, link_sort_key, sort_key,
};
use super::session::{Range, Session as StoreSession};

use crate::link::Link;
use crate::page::{MAX_COUNT, Page, Paged};
use crate::release::ReleaseKey;

/// Largest number of links that are read, and not skipped, to reach the end of a page.
const MAX_READ_AT_ONCE: u64 = 200;

/// A cursor in a range of a partition's sort keys.
struct Cursor<'a> {
    range: Range<'a>,
    /// The start key of the next query; `None` before the first query and after the last.
    position: Option<Item>,
    is_over: bool,
    /// The number of items before the cursor.
    passed: u64,
}

impl<'a> Cursor<'a> {
    fn over(range: Range<'a>) -> Self {
        Self {
            range,
            position: None,
            is_over: false,
            passed: 0,
        }
    }

    /// Over the release and then its links, the newest first. The last ones may be links that no
    /// longer exist.
    fn release_and_links(partition: &'a Partition) -> Self {
        Self::over(Range::between(&partition.0, FIRST_LINK, RELEASE).backward())
    }

    /// Over the existing links.
    fn links(partition: &'a Partition, release: &ReleaseItem, is_forward: bool) -> Self {
        let first = link_sort_key(release.deleted_through + 1);
        Self::over(Range {
            is_forward,
            ..Range::between(&partition.0, &first, LAST_LINK)
        })
    }

    /// Over the unique-constraint items of the names, of which each existing link has one.
    fn names(partition: &'a Partition, release: &ReleaseItem) -> Self {
        Self::over(Range {
            only_links_after: release.deleted_through,
            ..Range::between(&partition.0, FIRST_NAME, LAST_NAME)
        })
    }
}

impl StoreSession<'_> {
    /// A page of the release's links, newest first. If it is not the whole list, all links are
    /// counted, up to one more than GitLab counts (B16). A page past the end reads no links.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] without such a release, [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn list_links(
        &self,
        release: &ReleaseKey,
        page: Page,
    ) -> Result<Paged<Link>, StoreError> {
        let partition = Partition::of(release);
        if page.offset().saturating_add(page.per_page) <= MAX_READ_AT_ONCE {
            return self.near_page(&partition, page).await;
        }
        let release = self.release_item(&partition).await?;
        let release = release.ok_or(StoreError::NotFound)?;
        if page.offset() < MAX_COUNT {
            self.counted_page(&partition, &release, page).await
        } else {
            self.distant_page(&partition, &release, page).await
        }
    }

    /// One of the first pages is read together with the release, the links before it and one more
    /// link. If the list ends there, no other call is needed.
    async fn near_page(
        &self,
        partition: &Partition,
        page: Page,
    ) -> Result<Paged<Link>, StoreError> {
        let end = page.offset() + page.per_page;
        let mut cursor = Cursor::release_and_links(partition);
        let items = self.take(&mut cursor, 1 + end + 1).await?;
        let mut items = items.into_iter();
        let release = items.next().filter(|item| sort_key(item) == RELEASE);
        let release = self.existing_item(partition, release).await?;
        let release = release.ok_or(StoreError::NotFound)?;
        let mut links = links(items)?;
        links.retain(|link| link.id.number() > release.deleted_through);
        let found = u64::try_from(links.len()).unwrap_or(u64::MAX);
        let counted = if found <= end {
            found
        } else {
            self.count(partition, &release).await?.max(found)
        };
        let [offset, size] = [page.offset(), page.per_page]
            .map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        Ok(Paged {
            items: links.into_iter().skip(offset).take(size).collect(),
            counted,
        })
    }

    /// A page among the links that GitLab counts. The count tells which end of the list is nearer.
    async fn counted_page(
        &self,
        partition: &Partition,
        release: &ReleaseItem,
        page: Page,
    ) -> Result<Paged<Link>, StoreError> {
        let counted = self.count(partition, release).await?;
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
        let mut cursor = Cursor::links(partition, release, is_forward);
        let before = if is_forward { older } else { newer };
        self.skip(&mut cursor, before).await?;
        let mut items = links(self.take(&mut cursor, size).await?)?;
        if is_forward {
            items.reverse();
        }
        Ok(Paged { items, counted })
    }

    /// A page beyond the links that GitLab counts. IDs never exceed the release's last link ID, so
    /// a page past it is empty.
    async fn distant_page(
        &self,
        partition: &Partition,
        release: &ReleaseItem,
        page: Page,
    ) -> Result<Paged<Link>, StoreError> {
        if page.offset() >= release.last_link_id.saturating_sub(release.deleted_through) {
            return Ok(Paged {
                items: Vec::new(),
                counted: self.count(partition, release).await?,
            });
        }
        let mut cursor = Cursor::links(partition, release, false);
        self.skip(&mut cursor, page.offset()).await?;
        let mut items = links(self.take(&mut cursor, page.per_page + 1).await?)?;
        items.truncate(usize::try_from(page.per_page).unwrap_or(usize::MAX));
        Ok(Paged {
            items,
            counted: cursor.passed,
        })
    }

    /// Counts the release's links, up to one more than GitLab counts.
    async fn count(&self, partition: &Partition, release: &ReleaseItem) -> Result<u64, StoreError> {
        let mut cursor = Cursor::names(partition, release);
        self.skip(&mut cursor, MAX_COUNT + 1).await?;
        Ok(cursor.passed)
    }

    /// Moves the cursor over some items, which DynamoDB counts but does not return.
    async fn skip(&self, cursor: &mut Cursor<'_>, mut items: u64) -> Result<(), StoreError> {
        while items > 0 && !cursor.is_over {
            let output = self.query_page(cursor, Select::Count, items).await?;
            items = items.saturating_sub(u64::try_from(output.count()).unwrap_or_default());
        }
        Ok(())
    }

    /// Reads the next items.
    async fn take(&self, cursor: &mut Cursor<'_>, items: u64) -> Result<Vec<Item>, StoreError> {
        let (mut read, end) = (Vec::new(), cursor.passed.saturating_add(items));
        while cursor.passed < end && !cursor.is_over {
            let output = self
                .query_page(cursor, Select::AllAttributes, end - cursor.passed)
                .await?;
            read.extend(output.items.unwrap_or_default());
        }
        Ok(read)
    }

    /// One query: up to this many items or one megabyte.
    async fn query_page(
        &self,
        cursor: &mut Cursor<'_>,
        select: Select,
        items: u64,
    ) -> Result<QueryOutput, StoreError> {
        let start = cursor.position.take();
        let output = self
            .query(&cursor.range, select, Some(items), start)
            .await?;
        cursor.passed += u64::try_from(output.count()).unwrap_or_default();
        cursor.position.clone_from(&output.last_evaluated_key);
        cursor.is_over = cursor.position.is_none();
        Ok(output)
    }
}

fn links(items: impl IntoIterator<Item = Item>) -> Result<Vec<Link>, StoreError> {
    let links = items
        .into_iter()
        .map(|item| Ok(read::<LinkItem>(item)?.into_link()));
    links.collect()
}
