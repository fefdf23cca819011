//! Scans of the whole table.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::{Operator, OperatorSession};
use crate::project::ProjectId;
use crate::release::TagName;
use crate::store::error::StoreError;
use crate::store::items::Item;
use crate::store::keys::{item_name, order_partition, partition_prefix};
use crate::store::schema::SortKey;

/// Time limit for one page of the table.
pub(super) const PAGE_TIMEOUT: Duration = Duration::from_secs(60);

/// A tag of a project that has or had a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredTag {
    /// The tag.
    pub tag: TagName,
    /// Whether its release exists.
    pub has_release: bool,
}

impl Operator {
    /// All tags of a project that have or had a release, in alphabetical order. The order of
    /// releases lists only those that exist, so this scans the table.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn tags(&self, project: ProjectId) -> Result<Vec<StoredTag>, StoreError> {
        let (mut tags, mut start) = (Vec::new(), None);
        loop {
            let session = self.session(PAGE_TIMEOUT);
            let values = [
                (":releases", partition_prefix(project)),
                (":release", SortKey::Release.to_string()),
            ];
            let filter = "begins_with(pk, :releases) AND sk = :release";
            let page = session.scan(filter, values, "pk, created_at", start);
            let (items, next) = page.await?;
            for item in &items {
                tags.push(read_tag(project, item)?);
            }
            start = next;
            if start.is_none() {
                tags.sort();
                return Ok(tags);
            }
        }
    }
}

/// The tag of a release's item, which its partition key contains.
fn read_tag(project: ProjectId, item: &Item) -> Result<StoredTag, StoreError> {
    let pk = item.get("pk").and_then(|pk| pk.as_s().ok());
    let tag = pk.and_then(|pk| pk.strip_prefix(&partition_prefix(project)));
    let tag = tag.and_then(|tag| tag.parse().ok()).ok_or_else(|| {
        StoreError::Corrupt(format!("the key of {} contains no tag", item_name(item)))
    })?;
    let has_release = item.contains_key("created_at");
    Ok(StoredTag { tag, has_release })
}

impl OperatorSession<'_> {
    /// The keys of all items of a project's releases in one page of the table, and where
    /// the next page starts.
    pub(super) async fn keys_of_releases(
        &self,
        project: ProjectId,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let values = [
            (":releases", partition_prefix(project)),
            (":order", order_partition(project)),
        ];
        let filter = "begins_with(pk, :releases) OR pk = :order";
        self.scan(filter, values, "pk, sk", start).await
    }

    /// One page of the table: these attributes of the items that the filter selects, and where the
    /// next page starts.
    async fn scan<const N: usize>(
        &self,
        filter: &str,
        values: [(&str, String); N],
        attributes: &str,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let table = self.store.table;
        let values = values.map(|(name, text)| (name.to_owned(), AttributeValue::S(text)));
        let request = table
            .client
            .scan()
            .table_name(&table.name)
            .consistent_read(true)
            .filter_expression(filter)
            .set_expression_attribute_values(Some(values.into()))
            .projection_expression(attributes)
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.store.send(Box::pin(request.send())).await?;
        self.store.note_read(output.consumed_capacity());
        Ok((output.items.unwrap_or_default(), output.last_evaluated_key))
    }
}
