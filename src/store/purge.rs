//! Removing all that belongs to a project.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, ReturnConsumedCapacity, WriteRequest,
};

use super::item::Item;
use super::keys::releases_of;
use super::{Session, Store};
use crate::error::Error;
use crate::project::ProjectId;

/// Items that DynamoDB deletes in one call at the most.
const BATCH: usize = 25;
/// Time for one page of the table.
const TIME_FOR_A_PAGE: Duration = Duration::from_secs(60);

impl Store {
    /// Deletes the releases and links of a project, and tells `progress` how many items are gone so
    /// far. The releases of a project stand in no list, so the whole table is read; it may be
    /// repeated at any time.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn purge_releases(
        &self,
        project: ProjectId,
        mut progress: impl FnMut(usize),
    ) -> Result<usize, Error> {
        let (mut deleted, mut start) = (0, None);
        loop {
            let session = self.session(TIME_FOR_A_PAGE);
            let (keys, next) = session.keys_of_releases(project, start).await?;
            for batch in keys.chunks(BATCH) {
                let requests = batch.iter().map(delete_request).collect();
                session
                    .retry_unprocessed(requests, |requests| session.write_batch(requests))
                    .await?;
                deleted += batch.len();
                progress(deleted);
            }
            start = next;
            if start.is_none() {
                return Ok(deleted);
            }
        }
    }
}

impl Session<'_> {
    async fn keys_of_releases(
        &self,
        project: ProjectId,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let request = self
            .store
            .client
            .scan()
            .table_name(&self.store.table)
            .consistent_read(true);
        let request = request
            .filter_expression("begins_with(pk, :releases)")
            .expression_attribute_values(":releases", AttributeValue::S(releases_of(project)))
            .projection_expression("pk, sk")
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.read(Box::pin(request.send())).await?;
        self.note_read(output.consumed_capacity());
        Ok((output.items.unwrap_or_default(), output.last_evaluated_key))
    }

    /// Carries out the requests of a batch, and returns those that are unprocessed; it reads no
    /// items.
    async fn write_batch(
        &self,
        requests: Vec<WriteRequest>,
    ) -> Result<(Vec<Item>, Vec<WriteRequest>), Error> {
        let requests = HashMap::from([(self.store.table.clone(), requests)]);
        let request = self
            .store
            .client
            .batch_write_item()
            .set_request_items(Some(requests));
        let output = self.read(Box::pin(request.send())).await?;
        let unprocessed = output
            .unprocessed_items
            .into_iter()
            .flat_map(HashMap::into_values)
            .flatten();
        Ok((Vec::new(), unprocessed.collect()))
    }
}

fn delete_request(key: &Item) -> WriteRequest {
    let request = DeleteRequest::builder()
        .set_key(Some(key.clone()))
        .build()
        .expect("the key is set");
    WriteRequest::builder().delete_request(request).build()
}
