//! What DynamoDB does with calls that meet, which the engine does not know: it runs one call after
//! the other.
//!
//! - A transaction holds the items that it names from its arrival to its end. Another transaction
//!   that names one of them meanwhile is canceled, and a single write to one of them is refused.
//!   Single writes do not hold items, and reads are never refused.
//! - Each item is accepted or refused by itself, so the reasons of one cancellation can be conflicts
//!   and failed conditions.
//! - A transaction that succeeded is recognized by its token for ten minutes: a copy of it succeeds
//!   and changes nothing. A copy that arrives while the first one is at work is refused.
//!
//! In one thing the network is kinder than DynamoDB, which would run a late copy of a transaction
//! whose conditions had failed before. A client that was told 400 or 409 could then find its link or
//! release later. That takes a call that arrives seconds after its own repetition was answered, and
//! no condition on the items of a release could tell the copy from the first one. Here, the copy
//! fails, too.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::call::{Call, Key};
use super::engine::{self, Answer};
use super::faults::Split;
use super::moments;
use crate::database::Database;

/// How long DynamoDB recognizes a token.
const TOKEN_LIFETIME: Duration = Duration::from_mins(10);
/// The message of a conflict.
const CONFLICT: &str = "Transaction is ongoing for the item";

/// The engine as DynamoDB.
pub(super) struct DynamoDb {
    database: Database,
    /// The items that transactions hold.
    held: Mutex<HashSet<Key>>,
    tokens: Mutex<HashMap<String, Transaction>>,
}

/// A transaction with a token.
enum Transaction {
    InProgress,
    /// It succeeded, or its conditions failed.
    Done(Instant, Answer),
}

impl fmt::Debug for DynamoDb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DynamoDb").finish_non_exhaustive()
    }
}

impl DynamoDb {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            held: Mutex::default(),
            tokens: Mutex::default(),
        }
    }

    /// Answers a call that takes this long: a quarter of it to DynamoDB, half of it there, and a
    /// quarter back.
    ///
    /// A read may see two moments.
    pub(super) async fn answer(
        &self,
        call: &Call,
        duration: Duration,
        split: Option<Split>,
    ) -> Answer {
        let quarter = duration / 4;
        pass(quarter).await;
        let answer = if call.is_transaction() {
            self.transact(call, quarter).await
        } else {
            pass(quarter).await;
            let answer = match split {
                Some(split) => moments::read(&self.database, call, split).await,
                None => self.run(call),
            };
            pass(quarter).await;
            answer
        };
        pass(quarter).await;
        answer
    }

    /// Runs a call that is no transaction.
    fn run(&self, call: &Call) -> Answer {
        let is_held = |key: &Key| self.held().contains(key);
        if call.is_single_write() && call.keys().iter().any(is_held) {
            Answer::error("TransactionConflictException", CONFLICT)
        } else {
            engine::run(&self.database, call)
        }
    }

    async fn transact(&self, call: &Call, quarter: Duration) -> Answer {
        let mut call = call.clone();
        let token = call.body.as_object_mut().and_then(take_token);
        if let Some(answer) = token.as_deref().and_then(|token| self.recognize(token)) {
            return answer;
        }
        let answer = self.commit(&call, quarter).await;
        if let Some(token) = token {
            let mut tokens = self.tokens.lock().unwrap();
            if answer.is_success() || is_final(&answer) {
                tokens.insert(token, Transaction::Done(Instant::now(), answer.clone()));
            } else {
                tokens.remove(&token);
            }
        }
        answer
    }

    /// The answer to a copy; `None` for the first one, which is in progress from now on.
    fn recognize(&self, token: &str) -> Option<Answer> {
        let mut tokens = self.tokens.lock().unwrap();
        match tokens.get(token) {
            Some(Transaction::InProgress) => {
                let message = "The transaction with the given request token is already in progress";
                return Some(Answer::error("TransactionInProgressException", message));
            }
            Some(Transaction::Done(since, answer)) if since.elapsed() < TOKEN_LIFETIME => {
                return Some(answer.clone());
            }
            _ => {}
        }
        tokens.insert(token.to_owned(), Transaction::InProgress);
        None
    }

    async fn commit(&self, call: &Call, quarter: Duration) -> Answer {
        let keys = call.keys();
        let conflicts: Vec<bool> = keys.iter().map(|key| self.held().contains(key)).collect();
        if conflicts.contains(&true) {
            return self.conflict(call, &conflicts);
        }
        self.held().extend(keys.iter().cloned());
        pass(quarter).await;
        let answer = engine::run(&self.database, call);
        pass(quarter).await;
        self.held().retain(|key| !keys.contains(key));
        answer
    }

    fn held(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.held.lock().unwrap()
    }

    /// The cancellation of a transaction of which these steps conflict.
    fn conflict(&self, call: &Call, conflicts: &[bool]) -> Answer {
        let refusals = self.refusals(call, conflicts);
        let reasons: Vec<Value> = conflicts
            .iter()
            .zip(refusals)
            .map(|(is_conflict, refusal)| match is_conflict {
                true => json!({"Code": "TransactionConflict", "Message": CONFLICT}),
                false => refusal.unwrap_or(json!({"Code": "None"})),
            })
            .collect();
        let message =
            "Transaction cancelled, please refer cancellation reasons for specific reasons";
        let mut answer = Answer::error("TransactionCanceledException", message);
        answer.body["CancellationReasons"] = json!(reasons);
        answer
    }

    /// For each step without a conflict, why its condition fails, if it does. A transaction of only
    /// condition checks finds out.
    fn refusals(&self, call: &Call, conflicts: &[bool]) -> Vec<Option<Value>> {
        let mut refusals = vec![None; conflicts.len()];
        let steps = call.steps().enumerate();
        let checks: Vec<(usize, Value)> = steps
            .filter(|(n, _)| !conflicts[*n])
            .filter_map(|(n, (_, step))| Some((n, check(step)?)))
            .collect();
        if checks.is_empty() {
            return refusals;
        }
        let items: Vec<&Value> = checks.iter().map(|(_, check)| check).collect();
        let call = Call {
            operation: call.operation.clone(),
            body: json!({"TransactItems": items}),
        };
        let answer = engine::run(&self.database, &call);
        let reasons = answer.body["CancellationReasons"].as_array();
        for ((n, _), reason) in checks.iter().zip(reasons.into_iter().flatten()) {
            refusals[*n] = Some(reason.clone()).filter(|reason| reason["Code"] != "None");
        }
        refusals
    }
}

/// Whether the conditions of a transaction failed, for no reason that passes.
fn is_final(answer: &Answer) -> bool {
    let reasons = answer.body["CancellationReasons"].as_array();
    reasons.is_some_and(|reasons| {
        let mut codes = reasons.iter().filter_map(|reason| reason["Code"].as_str());
        codes.all(|code| matches!(code, "None" | "ConditionalCheckFailed"))
    })
}

fn take_token(body: &mut Map<String, Value>) -> Option<String> {
    body.remove("ClientRequestToken")?
        .as_str()
        .map(str::to_owned)
}

/// A condition check with the condition of a step, if it has one.
fn check(step: &Value) -> Option<Value> {
    let condition = step.get("ConditionExpression")?.as_str()?;
    let item = step.get("Key").unwrap_or(&step["Item"]);
    let mut check = json!({
        "TableName": step["TableName"],
        "Key": {"pk": item["pk"], "sk": item["sk"]},
        "ConditionExpression": condition,
    });
    // DynamoDB refuses names and values that no expression uses.
    for field in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let all = step.get(field).and_then(Value::as_object);
        let used = all.into_iter().flatten();
        let used: Map<String, Value> = used
            .filter(|(name, _)| names(condition).any(|other| other == name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if !used.is_empty() {
            check[field] = Value::Object(used);
        }
    }
    Some(json!({"ConditionCheck": check}))
}

/// The words of an expression, placeholders included.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | ':' | '#'))
}

/// Lets time pass. Without any, the caller is not interrupted.
pub(super) async fn pass(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
