//! Scans of the whole table.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use crate::project::ProjectId;
use crate::store::entities::Item;
use crate::store::error::StoreError;
use crate::store::keys::{order_of, releases_of};
use crate::store::operator::OperatorSession;

impl OperatorSession<'_> {
    /// The keys of all that belongs to a project's releases in one page of the table, and where
    /// the next page starts.
    pub(super) async fn keys_of_releases(
        &self,
        project: ProjectId,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let table = self.store.table;
        let request = table
            .client
            .scan()
            .table_name(&table.name)
            .consistent_read(true);
        let request = request
            .filter_expression("begins_with(pk, :releases) OR pk = :order")
            .expression_attribute_values(":releases", AttributeValue::S(releases_of(project)))
            .expression_attribute_values(":order", AttributeValue::S(order_of(project)))
            .projection_expression("pk, sk")
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.store.send(Box::pin(request.send())).await?;
        self.store.note_read(output.consumed_capacity());
        Ok((output.items.unwrap_or_default(), output.last_evaluated_key))
    }
}
