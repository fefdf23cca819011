//! Pages of a release's links. DynamoDB has no offset, so the links before a page are skipped with
//! `Select: COUNT`, which consumes capacity but returns no items. Within the links that GitLab
//! counts, the page is read from the nearer end of the list. The total is counted by the
//! unique-constraint items of the names, which are a third as large as the links.

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Select};

use super::StoreSession;
use super::entities::{Item, LinkItem, ReleaseItem, read};
use super::error::StoreError;
use super::keys::{FIRST_LINK, FIRST_NAME, LAST_LINK, LAST_NAME, Partition, RELEASE};

use crate::link::Link;
use crate::page::{MAX_COUNT, Page, Paged};
use crate::release::ReleaseKey;

/// A cursor in a range of a partition's sort keys.
struct Cursor<'a> {
    partition: &'a Partition,
    first_key: &'static str,
    last_key: &'static str,
    is_forward: bool,
    /// The start key of the next query; `None` before the first query and after the last.
    position: Option<Item>,
    is_over: bool,
    /// The number of items before the cursor.
    passed: u64,
}

impl<'a> Cursor<'a> {
    /// Over the release and then its links, the newest first.
    fn newest_first(partition: &'a Partition) -> Self {
        let [first_key, last_key] = [FIRST_LINK, RELEASE];
        Self {
            partition,
            first_key,
            last_key,
            is_forward: false,
            position: None,
            is_over: false,
            passed: 0,
        }
    }

    /// Over the links alone, the oldest first.
    fn oldest_first(partition: &'a Partition) -> Self {
        Self {
            last_key: LAST_LINK,
            is_forward: true,
            ..Self::newest_first(partition)
        }
    }

    /// Over the unique-constraint items of the names, of which each link has one.
    fn names(partition: &'a Partition) -> Self {
        Self {
            first_key: FIRST_NAME,
            last_key: LAST_NAME,
            ..Self::newest_first(partition)
        }
    }
}

impl StoreSession<'_> {
    /// A page of the release's links, newest first. If it is not the whole list, all links are
    /// counted, up to one more than GitLab counts (B16). A page past the end reads no links.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] without such a release, [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn list_links(
        &self,
        release: &ReleaseKey,
        page: Page,
    ) -> Result<Paged<Link>, StoreError> {
        let partition = Partition::of(release);
        match page.offset() {
            0 => self.first_page(&partition, page.per_page).await,
            offset if offset < MAX_COUNT => self.counted_page(&partition, page).await,
            _ => self.distant_page(&partition, page).await,
        }
    }

    /// The first page is read together with the release and one more link. If the list ends there,
    /// no other call is needed.
    async fn first_page(
        &self,
        partition: &Partition,
        per_page: u64,
    ) -> Result<Paged<Link>, StoreError> {
        let mut cursor = Cursor::newest_first(partition);
        let mut items = self.take(&mut cursor, 1 + per_page + 1).await?;
        items.truncate(usize::try_from(per_page).unwrap_or(usize::MAX));
        let passed = cursor.passed.checked_sub(1).ok_or(StoreError::NotFound)?;
        let counted = if cursor.is_over {
            passed
        } else {
            self.count(partition).await?.max(passed)
        };
        Ok(Paged { items, counted })
    }

    /// A page among the links that GitLab counts. The count tells which end of the list is nearer.
    async fn counted_page(
        &self,
        partition: &Partition,
        page: Page,
    ) -> Result<Paged<Link>, StoreError> {
        let counted = self.count(partition).await?;
        let newer = page.offset();
        if counted == 0 {
            self.last_link_id(partition).await?;
        }
        if newer >= counted {
            return Ok(Paged {
                items: Vec::new(),
                counted,
            });
        }
        let size = page.per_page.min(counted - newer);
        let older = counted - newer - size;
        if counted > MAX_COUNT || newer <= older {
            let mut cursor = Cursor::newest_first(partition);
            self.skip(&mut cursor, 1 + newer).await?;
            return Ok(Paged {
                items: self.take(&mut cursor, size).await?,
                counted,
            });
        }
        let mut cursor = Cursor::oldest_first(partition);
        self.skip(&mut cursor, older).await?;
        let mut items = self.take(&mut cursor, size).await?;
        items.reverse();
        Ok(Paged { items, counted })
    }

    /// A page beyond the links that GitLab counts. IDs never exceed the release's last link ID, so
    /// a page past it is empty.
    async fn distant_page(
        &self,
        partition: &Partition,
        page: Page,
    ) -> Result<Paged<Link>, StoreError> {
        if page.offset() >= self.last_link_id(partition).await? {
            return Ok(Paged {
                items: Vec::new(),
                counted: self.count(partition).await?,
            });
        }
        let mut cursor = Cursor::newest_first(partition);
        self.skip(&mut cursor, 1 + page.offset()).await?;
        let mut items = self.take(&mut cursor, page.per_page + 1).await?;
        items.truncate(usize::try_from(page.per_page).unwrap_or(usize::MAX));
        Ok(Paged {
            items,
            counted: cursor.passed.checked_sub(1).ok_or(StoreError::NotFound)?,
        })
    }

    async fn last_link_id(&self, partition: &Partition) -> Result<u64, StoreError> {
        let release = self
            .get_item(partition.release())
            .await?
            .ok_or(StoreError::NotFound)?;
        Ok(read::<ReleaseItem>(release)?.last_link_id)
    }

    /// Counts the release's links, up to one more than GitLab counts.
    async fn count(&self, partition: &Partition) -> Result<u64, StoreError> {
        let mut cursor = Cursor::names(partition);
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

    /// Reads the links among the next items.
    async fn take(&self, cursor: &mut Cursor<'_>, items: u64) -> Result<Vec<Link>, StoreError> {
        let (mut links, end) = (Vec::new(), cursor.passed.saturating_add(items));
        while cursor.passed < end && !cursor.is_over {
            let output = self
                .query_page(cursor, Select::AllAttributes, end - cursor.passed)
                .await?;
            let is_link = |item: &Item| {
                item.get("sk")
                    .and_then(|sk| sk.as_s().ok())
                    .is_some_and(|sk| sk != RELEASE)
            };
            for item in output.items.unwrap_or_default().into_iter().filter(is_link) {
                links.push(read::<LinkItem>(item)?.into_link());
            }
        }
        Ok(links)
    }

    /// One query: up to this many items or one megabyte.
    async fn query_page(
        &self,
        cursor: &mut Cursor<'_>,
        select: Select,
        items: u64,
    ) -> Result<QueryOutput, StoreError> {
        let request = self
            .store
            .client
            .query()
            .table_name(&self.store.table)
            .consistent_read(true);
        let request = request
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(cursor.partition.0.clone()))
            .expression_attribute_values(":first", AttributeValue::S(cursor.first_key.to_owned()))
            .expression_attribute_values(":last", AttributeValue::S(cursor.last_key.to_owned()))
            .scan_index_forward(cursor.is_forward)
            .select(select)
            .limit(i32::try_from(items).unwrap_or(i32::MAX))
            .set_exclusive_start_key(cursor.position.take())
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send(Box::pin(request.send())).await?;
        self.note_read(output.consumed_capacity());
        cursor.passed += u64::try_from(output.count()).unwrap_or_default();
        cursor.position.clone_from(&output.last_evaluated_key);
        cursor.is_over = cursor.position.is_none();
        Ok(output)
    }
}
