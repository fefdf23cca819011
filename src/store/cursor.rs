//! A position in a range, for pages: DynamoDB has no offset.

use aws_sdk_dynamodb::operation::query::QueryOutput;

use super::error::StoreError;
use super::items::Item;
use super::range::Range;
use super::session::{Reading, Session};

/// A cursor in a range of a partition's sort keys.
pub(super) struct Cursor<'a> {
    range: Range<'a>,
    /// The start key of the next query; `None` before the first query and after the last.
    position: Option<Item>,
    is_over: bool,
    /// The number of items before the cursor.
    pub(super) passed: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn over(range: Range<'a>) -> Self {
        Self {
            range,
            position: None,
            is_over: false,
            passed: 0,
        }
    }
}

impl Session<'_> {
    /// Moves the cursor over some items, which DynamoDB counts but does not return.
    pub(super) async fn skip(
        &self,
        cursor: &mut Cursor<'_>,
        mut items: u64,
    ) -> Result<(), StoreError> {
        while items > 0 && !cursor.is_over {
            let output = self.query_page(cursor, Reading::Count, items).await?;
            items = items.saturating_sub(u64::try_from(output.count()).unwrap_or_default());
        }
        Ok(())
    }

    /// Reads the next items.
    pub(super) async fn take(
        &self,
        cursor: &mut Cursor<'_>,
        items: u64,
    ) -> Result<Vec<Item>, StoreError> {
        let (mut read, end) = (Vec::new(), cursor.passed.saturating_add(items));
        while cursor.passed < end && !cursor.is_over {
            let output = self
                .query_page(cursor, Reading::Items, end - cursor.passed)
                .await?;
            read.extend(output.items.unwrap_or_default());
        }
        Ok(read)
    }

    /// One query: up to this many items or one megabyte.
    async fn query_page(
        &self,
        cursor: &mut Cursor<'_>,
        reading: Reading,
        items: u64,
    ) -> Result<QueryOutput, StoreError> {
        let start = cursor.position.take();
        let output = self
            .query(&cursor.range, reading, Some(items), start)
            .await?;
        cursor.passed += u64::try_from(output.count()).unwrap_or_default();
        cursor.position.clone_from(&output.last_evaluated_key);
        cursor.is_over = cursor.position.is_none();
        Ok(output)
    }
}
