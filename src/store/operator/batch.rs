//! Batches of writes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::WriteRequest;

use crate::store::entities::Item;
use crate::store::error::StoreError;
use crate::store::operator::OperatorSession;

impl OperatorSession<'_> {
    /// Sends the requests of a batch until none is unprocessed.
    pub(super) async fn write_items(&self, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        let send = |requests| self.write_batch(requests);
        self.store.retry_unprocessed(requests, send).await.map(drop)
    }

    /// Sends the requests of a batch, and returns those that are unprocessed. It reads no items.
    async fn write_batch(
        &self,
        requests: Vec<WriteRequest>,
    ) -> Result<(Vec<Item>, Vec<WriteRequest>), StoreError> {
        let table = self.store.table;
        let request = table.client.batch_write_item();
        let request = request.request_items(table.name.clone(), requests);
        let output = self.store.send(Box::pin(request.send())).await?;
        let unprocessed = output
            .unprocessed_items
            .into_iter()
            .flat_map(HashMap::into_values);
        Ok((Vec::new(), unprocessed.flatten().collect()))
    }
}
