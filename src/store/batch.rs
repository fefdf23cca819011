//! Batches of reads, in one call unless DynamoDB leaves a part of them unprocessed.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};

use super::error::StoreError;
use super::items::Item;
use super::keys::Key;
use super::session::Session;

impl Session<'_> {
    /// The items with these keys that exist, in any order.
    pub(super) async fn get_items(&self, keys: Vec<Key>) -> Result<Vec<Item>, StoreError> {
        self.retry_unprocessed(keys, |keys| self.get_batch(keys))
            .await
    }

    /// The items with these keys, and the keys that are unprocessed.
    #[expect(clippy::expect_used, reason = "all required fields are set")]
    async fn get_batch(&self, keys: Vec<Key>) -> Result<(Vec<Item>, Vec<Key>), StoreError> {
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build();
        let keys = keys.expect("the keys are set");
        let request = self.table.client.batch_get_item();
        let request = request
            .request_items(self.table.name.clone(), keys)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send(Box::pin(request.send())).await?;
        self.note_read(output.consumed_capacity());
        let items = output
            .responses
            .into_iter()
            .flat_map(HashMap::into_values)
            .flatten();
        let unprocessed = output
            .unprocessed_keys
            .into_iter()
            .flat_map(HashMap::into_values);
        Ok((
            items.collect(),
            unprocessed.flat_map(|keys| keys.keys).collect(),
        ))
    }

    /// Sends a batch, and then sends its unprocessed requests again until none is left. `send`
    /// makes one call, and returns the items that it read and the unprocessed requests.
    async fn retry_unprocessed<T, F>(
        &self,
        mut left: Vec<T>,
        mut send: impl FnMut(Vec<T>) -> F,
    ) -> Result<Vec<Item>, StoreError>
    where
        F: Future<Output = Result<(Vec<Item>, Vec<T>), StoreError>>,
    {
        let mut items = Vec::new();
        let mut attempts = self.attempts();
        while attempts.next().await {
            let (read, unprocessed) = send(left).await?;
            items.extend(read);
            if unprocessed.is_empty() {
                return Ok(items);
            }
            left = unprocessed;
        }
        Err(StoreError::Unavailable(
            "DynamoDB left a batch unprocessed".into(),
        ))
    }
}

/// The item with this key.
pub(super) fn find(items: &[Item], key: &Key) -> Option<Item> {
    let has_key = |item: &&Item| {
        key.iter()
            .all(|(name, value)| item.get(name) == Some(value))
    };
    items.iter().find(has_key).cloned()
}
