//! Reads that see two moments. Only a single item is read at one moment; a Query or a batch beside
//! a transaction may read some items before it and others after it.

use std::time::Duration;

use serde_json::{Value, json};

use super::call::Call;
use super::engine::{self, Answer};
use super::faults::Split;
use crate::database::Database;

/// Reads some items, waits, and reads the others.
pub(super) async fn read(database: &Database, call: &Call, split: Split) -> Answer {
    if call.operation == "Query" {
        query(database, call, split).await
    } else {
        batch(database, call, split).await
    }
}

/// Reads the first items of a Query at one moment and those that follow at the other.
async fn query(database: &Database, call: &Call, split: Split) -> Answer {
    let mut reading = call.clone();
    let body = reading.body.as_object_mut().expect("the call is an object");
    let is_count = body.get("Select").is_some_and(|select| select == "COUNT");
    if is_count {
        body.remove("Select");
    }
    let earlier = engine::run(database, &reading);
    pass(split.gap).await;
    let later = engine::run(database, &reading);
    let is_forward = call.body["ScanIndexForward"].as_bool().unwrap_or(true);
    let mut pages = [&earlier, &later].map(Page::read);
    if split.is_first_later {
        pages.reverse();
    }
    let merged = pages[0].merge(&pages[1], split.items, is_forward);
    let Some(merged) = merged.filter(|_| !call.has_filter()) else {
        return engine::run(database, call);
    };
    let limit = call.body["Limit"]
        .as_u64()
        .and_then(|limit| limit.try_into().ok());
    let mut answer = later;
    merged.write(&mut answer.body, limit);
    if is_count {
        let answer = answer.body.as_object_mut();
        answer.expect("the answer is an object").remove("Items");
    }
    answer
}

/// The items of an answer in the order of the Query, and whether others follow.
struct Page {
    items: Vec<Value>,
    is_last: bool,
}

impl Page {
    fn read(answer: &Answer) -> Self {
        let items = answer.body["Items"].as_array();
        Self {
            items: items.cloned().unwrap_or_default(),
            is_last: answer.body.get("LastEvaluatedKey").is_none(),
        }
    }

    /// The items of this page up to the one with this number in the longer page, and after it those
    /// of the other page. `None` if one of them ends too early.
    fn merge(&self, other: &Self, first: usize, is_forward: bool) -> Option<Self> {
        let longer = [self, other]
            .into_iter()
            .max_by_key(|page| page.items.len())?;
        let end = sort_key(
            longer
                .items
                .get(first.min(longer.items.len()).checked_sub(1)?)?,
        );
        let is_after = |item: &Value| match is_forward {
            true => sort_key(item) > end,
            false => sort_key(item) < end,
        };
        let reaches = |page: &Self| page.is_last || page.items.last().is_some_and(is_after);
        let before = self.items.iter().filter(|item| !is_after(item));
        let after = other.items.iter().filter(|item| is_after(item));
        (reaches(self) && reaches(other)).then(|| Self {
            items: before.chain(after).cloned().collect(),
            is_last: other.is_last,
        })
    }

    /// Writes the page into an answer, up to the limit.
    fn write(mut self, answer: &mut Value, limit: Option<usize>) {
        if let Some(limit) = limit.filter(|limit| self.items.len() > *limit) {
            self.items.truncate(limit);
            self.is_last = false;
        }
        let count = self.items.len();
        answer["Count"] = count.into();
        answer["ScannedCount"] = count.into();
        let last = self.items.last().filter(|_| !self.is_last);
        let last = last.map(|item| json!({"pk": item["pk"], "sk": item["sk"]}));
        let fields = answer.as_object_mut().expect("the answer is an object");
        fields.remove("LastEvaluatedKey");
        fields.extend(last.map(|key| ("LastEvaluatedKey".to_owned(), key)));
        answer["Items"] = self.items.into();
    }
}

fn sort_key(item: &Value) -> &str {
    item["sk"]["S"].as_str().unwrap_or_default()
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
