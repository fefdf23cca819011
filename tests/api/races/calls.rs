//! Calls to DynamoDB by what they do.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use testkit::network::Call;

use super::items::{DETAILS, ORDER, is_filepath, is_link, is_of_generation};

/// Whether the call is a Query.
pub(super) fn is_query(call: &Call) -> bool {
    call.operation == "Query"
}

/// Whether the call updates one item, which reserves link IDs.
pub(super) fn is_update(call: &Call) -> bool {
    call.operation == "UpdateItem"
}

/// Whether the call is a transaction.
pub(super) fn is_transaction(call: &Call) -> bool {
    call.is_transaction()
}

/// Whether the call is a transaction that puts links.
pub(super) fn puts_links(call: &Call) -> bool {
    steps(call, "Put").any(|put| put["Item"]["sk"]["S"].as_str().is_some_and(is_link))
}

/// Whether the call is a transaction that creates a release: it puts what describes it.
pub(super) fn creates_release(call: &Call) -> bool {
    steps(call, "Put").any(|put| put["Item"]["sk"]["S"] == DETAILS)
}

/// Whether the call removes what belongs to a generation: it only deletes.
pub(super) fn removes_items(call: &Call) -> bool {
    let is_item = |delete: &Value| {
        delete["Key"]["sk"]["S"]
            .as_str()
            .is_some_and(is_of_generation)
    };
    let count = call.body["TransactItems"].as_array().map_or(0, Vec::len);
    count > 0
        && steps(call, "Delete")
            .filter(|delete| is_item(delete))
            .count()
            == count
}

/// Whether the call is a Query for places in the order of releases.
pub(super) fn reads_order(call: &Call) -> bool {
    let values = call.body["ExpressionAttributeValues"].as_object();
    let mut values = values.into_iter().flatten();
    is_query(call) && values.any(|(_, value)| value["S"] == ORDER)
}

/// Whether the call reads the item behind this filepath of a release, alone or with others.
pub(super) fn reads_filepath(call: &Call, filepath: &str) -> bool {
    let has = |key: &Value| {
        let sk = key["sk"]["S"].as_str();
        sk.is_some_and(|sk| is_filepath(sk, filepath))
    };
    match call.operation.as_str() {
        "GetItem" => has(&call.body["Key"]),
        "BatchGetItem" => keys(call).any(has),
        _ => false,
    }
}

/// The keys of a batch read.
pub(super) fn keys(call: &Call) -> impl Iterator<Item = &Value> {
    let tables = call.body["RequestItems"].as_object().into_iter().flatten();
    tables.flat_map(|(_, table)| table["Keys"].as_array().into_iter().flatten())
}

/// Matches the calls of the second kind that follow one of the first kind.
pub(super) fn after(
    first: impl Fn(&Call) -> bool,
    then: impl Fn(&Call) -> bool,
) -> impl Fn(&Call) -> bool {
    let has_come = AtomicBool::new(false);
    move |call| {
        let matches = has_come.load(Ordering::Relaxed) && then(call);
        has_come.fetch_or(first(call), Ordering::Relaxed);
        matches
    }
}

/// The steps of this kind in a transaction.
fn steps<'a>(call: &'a Call, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let steps = call.body["TransactItems"].as_array().into_iter().flatten();
    steps.filter_map(move |step| step.get(kind))
}
