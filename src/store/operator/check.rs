//! Checks in a transaction, which the function's policy does not allow.

use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem};

use crate::store::condition::{Condition, present};
use crate::store::keys::Key;
use crate::store::transaction::{Step, Transaction};

impl Transaction<'_> {
    /// Checks an item without changing it.
    #[expect(clippy::expect_used, reason = "all required fields are set")]
    pub(super) fn check(&mut self, name: Step, key: Key, condition: Condition) {
        let check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(key));
        let check = check
            .set_condition_expression(condition.expression())
            .set_expression_attribute_values(present(condition.values()))
            .build()
            .expect("the table, the key and the condition are set");
        self.add(name, TransactWriteItem::builder().condition_check(check));
    }
}
