//! The DynamoDB calls of a service, as the SDK sends them.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use serde_json::Value;

use crate::engine::TABLE;

/// Records every DynamoDB call that is sent to the engine: the operation's name and, for a batch
/// read, the number of keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Vec<(String, usize)>>>);

impl Calls {
    /// The calls since the last reset. Resets the record.
    pub(crate) fn take(&self) -> Vec<(String, usize)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// The number of calls since the last reset.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The names of the operations after the first `count` calls.
    pub(crate) fn after(&self, count: usize) -> Vec<String> {
        let calls = self.0.lock().unwrap();
        let operations = calls.iter().skip(count);
        operations.map(|(operation, _)| operation.clone()).collect()
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context
            .request()
            .headers()
            .get("x-amz-target")
            .expect("every call has x-amz-target");
        let operation = target.rsplit('.').next().unwrap_or(target);
        let body: Value =
            serde_json::from_slice(context.request().body().bytes().unwrap_or_default())?;
        let keys = body["RequestItems"][TABLE]["Keys"]
            .as_array()
            .map_or(0, Vec::len);
        self.0.lock().unwrap().push((operation.to_owned(), keys));
        Ok(())
    }
}
