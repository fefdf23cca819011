//! Runs calls in the engine.

use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::call::Call;

/// What DynamoDB answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        self.status == 200
    }

    pub(super) fn success(body: Value) -> Self {
        Self { status: 200, body }
    }

    /// An error of the client's call.
    pub(super) fn error(code: &str, message: &str) -> Self {
        let code = format!("com.amazonaws.dynamodb.v20120810#{code}");
        Self {
            status: 400,
            body: json!({"__type": code, "message": message}),
        }
    }
}

/// Runs a call.
pub(super) fn run(database: &Database, call: &Call) -> Answer {
    let body = &call.body;
    match call.operation.as_str() {
        "BatchGetItem" => answer(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => answer(body, |request| database.batch_write_item(request)),
        "CreateTable" => answer(body, |request| database.create_table(request)),
        "DeleteItem" => answer(body, |request| database.delete_item(request)),
        "DescribeTable" => answer(body, |request| database.describe_table(request)),
        "GetItem" => answer(body, |request| database.get_item(request)),
        "PutItem" => answer(body, |request| database.put_item(request)),
        "Query" => answer(body, |request| database.query(request)),
        "Scan" => answer(body, |request| database.scan(request)),
        "TransactWriteItems" => answer(body, |request| database.transact_write_items(request)),
        "UpdateItem" => answer(body, |request| database.update_item(request)),
        "UpdateTimeToLive" => answer(body, |request| database.update_time_to_live(request)),
        other => panic!("the network does not know the operation {other}"),
    }
}

fn answer<I: DeserializeOwned, O: Serialize>(
    body: &Value,
    run: impl FnOnce(I) -> Result<O, DynoxideError>,
) -> Answer {
    // Some types of the engine accept only borrowed text.
    let request = serde_json::from_str(&body.to_string()).expect("the engine reads the call");
    match run(request) {
        Ok(output) => Answer::success(serde_json::to_value(output).expect("the answer is JSON")),
        Err(error) => Answer {
            status: error.status_code(),
            body: serde_json::from_str(&error.to_json()).expect("the error is JSON"),
        },
    }
}
