//! A call to DynamoDB as the SDK sends it.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

/// The primary key of an item: partition key and sort key.
pub type Key = (String, String);

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The operation, such as `GetItem`.
    pub operation: String,
    /// The request in DynamoDB's JSON.
    pub body: Value,
}

impl Call {
    pub(crate) fn read(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target");
        let target = target.expect("every call has x-amz-target");
        let body = request.body().bytes().expect("the body is in memory");
        Self {
            operation: target.rsplit('.').next().unwrap_or(target).to_owned(),
            body: serde_json::from_slice(body).expect("the SDK sends JSON"),
        }
    }

    /// Whether the call writes a single item.
    #[must_use]
    pub fn is_single_write(&self) -> bool {
        matches!(
            self.operation.as_str(),
            "PutItem" | "UpdateItem" | "DeleteItem"
        )
    }

    /// Whether the call is a transaction.
    #[must_use]
    pub fn is_transaction(&self) -> bool {
        self.operation == "TransactWriteItems"
    }

    /// Whether the call may write.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.is_single_write() || self.is_transaction() || self.operation == "BatchWriteItem"
    }

    /// Whether a Query leaves out some of the items that it reads.
    pub(super) fn has_filter(&self) -> bool {
        self.body.get("FilterExpression").is_some()
    }

    /// The requests of a batch, all of which concern the same table.
    pub(super) fn batch(&self) -> &[Value] {
        let tables = self.body["RequestItems"].as_object();
        let table = tables.and_then(|tables| tables.values().next());
        let requests = table.map(|table| table.get("Keys").unwrap_or(table));
        requests
            .and_then(Value::as_array)
            .expect("a batch has requests")
    }

    /// The same.
    pub(super) fn batch_mut(&mut self) -> &mut Vec<Value> {
        let tables = self.body["RequestItems"].as_object_mut();
        let table = tables.and_then(|tables| tables.values_mut().next());
        let table = table.expect("a batch has a table");
        let requests = if table.is_array() {
            table
        } else {
            &mut table["Keys"]
        };
        requests.as_array_mut().expect("a batch has requests")
    }

    /// The steps of a transaction: kind, such as `Put`, and request.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&String, &Value)> {
        let steps = self.body["TransactItems"].as_array().into_iter().flatten();
        steps.flat_map(|step| step.as_object().into_iter().flatten())
    }

    /// The keys of the items that a single write or a transaction names, condition checks included,
    /// in the order of the steps.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        if self.is_transaction() {
            self.steps().map(|(_, step)| key(step)).collect()
        } else {
            vec![key(&self.body)]
        }
    }
}

/// The key of the item that a write names.
fn key(write: &Value) -> Key {
    let item = write.get("Key").unwrap_or(&write["Item"]);
    let part = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    (part("pk"), part("sk"))
}
