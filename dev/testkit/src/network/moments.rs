//! Reads that see two moments. Only a single item is read at one moment; a Query or a batch beside
//! a transaction may read some items before it and others after it.

use std::time::Duration;

use dynoxide::Database;
use serde_json::{Value, json};

use super::call::Call;
use super::engine::{self, Answer};
use super::faults::Split;

/// Reads some items, waits, and reads the others.
pub(super) async fn read(database: &Database, call: &Call, split: Split) -> Answer {
    match (call.operation.as_str(), split.is_first_later) {
        ("Query", false) => query(database, call, split).await,
        ("Query", true) => query_backward(database, call, split).await,
        _ => batch(database, call, split).await,
    }
}

/// Reads the first items of a Query, and later those that follow.
async fn query(database: &Database, call: &Call, split: Split) -> Answer {
    let limit = call.body["Limit"].as_u64();
    let first = split.items as u64;
    if limit.is_some_and(|limit| limit <= first) {
        return engine::run(database, call);
    }
    let mut start = call.clone();
    start.body["Limit"] = first.into();
    let mut start = engine::run(database, &start);
    let Some(end) = start.body.get("LastEvaluatedKey").cloned() else {
        return start;
    };
    pass(split.gap).await;
    let mut rest = call.clone();
    rest.body["ExclusiveStartKey"] = end;
    if let Some(limit) = limit {
        rest.body["Limit"] = (limit - first).into();
    }
    let mut rest = engine::run(database, &rest);
    if !rest.is_success() {
        return rest;
    }
    prepend(&mut rest.body, &mut start.body);
    rest
}

/// Puts the start of a page before its rest.
fn prepend(rest: &mut Value, start: &mut Value) {
    for count in ["Count", "ScannedCount"] {
        let sum = [&*start, &*rest].map(|page| page[count].as_u64().unwrap_or_default());
        rest[count] = sum.iter().sum::<u64>().into();
    }
    if let Some(items) = rest.get_mut("Items").and_then(Value::as_array_mut) {
        let first = start["Items"]
            .as_array_mut()
            .expect("both pages have items");
        first.append(items);
        *items = std::mem::take(first);
    }
}

/// Reads the last items of a Query, and later the first ones. Only a Query that returns everything
/// can be read so.
async fn query_backward(database: &Database, call: &Call, split: Split) -> Answer {
    let earlier = engine::run(database, call);
    pass(split.gap).await;
    let mut later = engine::run(database, call);
    let is_whole = |answer: &Answer| {
        answer.body.get("LastEvaluatedKey").is_none()
            && answer.body["Items"].is_array()
            && answer.body["Count"] == answer.body["ScannedCount"]
    };
    if !is_whole(&earlier) || !is_whole(&later) {
        return later;
    }
    let later_items = later.body["Items"].as_array_mut().expect("it is an array");
    let Some(last) = later_items.get(split.items - 1).cloned() else {
        return later;
    };
    let is_forward = call.body["ScanIndexForward"].as_bool().unwrap_or(true);
    later_items.truncate(split.items);
    let rest = earlier.body["Items"].as_array().into_iter().flatten();
    let rest = rest.filter(|item| {
        let [one, other] = [*item, &last].map(|item| item["sk"]["S"].as_str());
        if is_forward { one > other } else { one < other }
    });
    later_items.extend(rest.cloned());
    let count = later_items.len();
    later.body["Count"] = count.into();
    later.body["ScannedCount"] = count.into();
    later
}

/// Reads the first keys of a batch, and the others earlier or later.
async fn batch(database: &Database, call: &Call, split: Split) -> Answer {
    let (mut first, mut rest) = (call.clone(), call.clone());
    *rest.batch_mut() = first
        .batch_mut()
        .split_off(split.items.min(call.batch().len()));
    if rest.batch().is_empty() {
        return engine::run(database, call);
    }
    let mut parts = [first, rest];
    if split.is_first_later {
        parts.reverse();
    }
    let mut one = engine::run(database, &parts[0]);
    pass(split.gap).await;
    let mut other = engine::run(database, &parts[1]);
    let tables = other.body["Responses"].as_object_mut();
    for (table, items) in tables.into_iter().flatten() {
        let found = one.body["Responses"][table].take();
        let all = items.as_array_mut().expect("items are an array");
        all.extend(found.as_array().cloned().unwrap_or_default());
    }
    if other.body.get("Responses").is_none() {
        other.body["Responses"] = json!({});
    }
    other
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
