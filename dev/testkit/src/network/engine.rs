//! Runs calls in the engine.

use serde_json::{Value, json};

use super::call::Call;
use crate::database::Database;

pub(super) use crate::database::Answer;

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
    database.call(&call.operation, &call.body)
}
