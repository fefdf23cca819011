//! Runs calls in the database.

use std::io;

use dynoxide::errors::DynoxideError;
use dynoxide::types::Item;
use dynoxide::{Database, ImportOptions};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// The answer of DynamoDB.
#[derive(Serialize)]
pub(crate) struct Answer {
    status: u16,
    body: Box<RawValue>,
}

/// The items of an import.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Import {
    table_name: String,
    items: Vec<Item>,
}

/// Runs a call.
pub(crate) fn run(database: &Database, operation: &str, body: &RawValue) -> io::Result<Answer> {
    match operation {
        "BatchGetItem" => answer(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => answer(body, |request| database.batch_write_item(request)),
        "CreateTable" => answer(body, |request| database.create_table(request)),
        "DeleteItem" => answer(body, |request| database.delete_item(request)),
        "DescribeTable" => answer(body, |request| database.describe_table(request)),
        "GetItem" => answer(body, |request| database.get_item(request)),
        "Import" => answer(body, |request| import(database, request)),
        "PutItem" => answer(body, |request| database.put_item(request)),
        "Query" => answer(body, |request| database.query(request)),
        "Scan" => answer(body, |request| database.scan(request)),
        "TransactWriteItems" => answer(body, |request| database.transact_write_items(request)),
        "UpdateItem" => answer(body, |request| database.update_item(request)),
        "UpdateTimeToLive" => answer(body, |request| database.update_time_to_live(request)),
        other => Err(io::Error::other(format!("there is no operation {other}"))),
    }
}

fn import(database: &Database, import: Import) -> Result<(), DynoxideError> {
    let options = ImportOptions::default();
    database
        .import_items(&import.table_name, import.items, options)
        .map(drop)
}

fn answer<I: DeserializeOwned, O: Serialize>(
    body: &RawValue,
    run: impl FnOnce(I) -> Result<O, DynoxideError>,
) -> io::Result<Answer> {
    let request = serde_json::from_str(body.get())?;
    Ok(match run(request) {
        Ok(output) => Answer {
            status: 200,
            body: to_raw_value(&output)?,
        },
        Err(error) => Answer {
            status: error.status_code(),
            body: RawValue::from_string(error.to_json())?,
        },
    })
}
