//! A table as the operator named it, and the sentences about failures of AWS.

use release_links::store::{FailedCall, FailureKind, StoreError};

use crate::credentials::explain_code;
use crate::failure::{Failure, cut, innermost_cause, quote, sentence};

/// Longest name of a table in a sentence.
const MAX_NAME: usize = 60;

/// A table, with the setting that names it.
#[derive(Debug, Clone, Copy)]
pub struct NamedTable<'a> {
    /// Its name.
    pub table: &'a str,
    /// The variable or option that names it.
    pub setting: &'a str,
    /// The region.
    pub region: &'a str,
}

impl NamedTable<'_> {
    /// The failure of an operation on the table.
    pub fn explain(self, error: &StoreError) -> Failure {
        let table = cut(self.table, MAX_NAME);
        let problem = match error {
            StoreError::Unavailable(cause) | StoreError::InvalidCall(cause) => match cause.call() {
                Some(call) => self.explain_call(call),
                None => format!(
                    "other changes to the same data got in the way, or DynamoDB throttles the \
                     table {table}: run the command again in a minute"
                ),
            },
            StoreError::Corrupt(cause) => {
                let cause = quote(cause);
                format!("the table {table} has an item that cannot be read: {cause}")
            }
            error => error.to_string(),
        };
        Failure {
            sentence: sentence(&problem),
            details: Some(error.to_string()),
        }
    }

    fn explain_call(self, call: &FailedCall) -> String {
        let region = self.region;
        match call.kind {
            FailureKind::Refused => self.explain_refusal(call),
            FailureKind::NoResponse => format!(
                "DynamoDB in {region} did not respond, so a change may have been made: check the \
                 network and AWS_REGION, and list what is there before you run the command again"
            ),
            FailureKind::NoConnection if call.is_untrusted => {
                "the certificate of DynamoDB's endpoint is not trusted: set SSL_CERT_FILE to the \
                 root certificates that it chains to"
                    .to_owned()
            }
            FailureKind::NoConnection => format!(
                "cannot connect to DynamoDB in {region} ({}): check the network, AWS_REGION and \
                 AWS_ENDPOINT_URL_DYNAMODB",
                innermost_cause(&call.causes)
            ),
            FailureKind::Unreadable => {
                let status = call
                    .status
                    .map_or_else(String::new, |status| format!(", HTTP {status}"));
                format!(
                    "the response did not come from DynamoDB in {region}{status}: check the proxy \
                     and AWS_ENDPOINT_URL_DYNAMODB"
                )
            }
            FailureKind::NotSent => format!(
                "cannot call DynamoDB in {region} ({}): check AWS_REGION, \
                 AWS_ENDPOINT_URL_DYNAMODB and AWS_PROFILE",
                innermost_cause(&call.causes)
            ),
        }
    }

    fn explain_refusal(self, call: &FailedCall) -> String {
        let (table, region, setting) = (cut(self.table, MAX_NAME), self.region, self.setting);
        let code = call.code.as_deref().unwrap_or_default();
        let message = call.message.as_deref().unwrap_or_default();
        if code.starts_with("KMS") || message.contains("KMS") || message.contains("kms:") {
            return self.explain_missing_key(message);
        }
        match code {
            "ResourceNotFoundException" => {
                format!("there is no table \"{table}\" in {region}: check {setting} and AWS_REGION")
            }
            "AccessDeniedException" | "AccessDenied" => self.explain_denial(message),
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded" => format!(
                "DynamoDB throttles the table {table}: wait a minute, and run the command again"
            ),
            "InternalServerError" | "InternalFailure" | "ServiceUnavailable" => format!(
                "DynamoDB in {region} has a problem ({code}): run the command again in a minute"
            ),
            "ValidationException" => self.explain_invalid_call(message),
            _ => explain_code(code, message, region).unwrap_or_else(|| {
                let message = quote(message);
                format!(
                    "DynamoDB in {region} rejected the call: {message} ({code}); --verbose says more"
                )
            }),
        }
    }

    fn explain_denial(self, message: &str) -> String {
        let table = cut(self.table, MAX_NAME);
        let action = denied_action(message);
        if message.contains("explicit deny") {
            let action = action.unwrap_or("the call");
            return format!(
                "a policy of your AWS account explicitly denies you {action} on the table {table}: \
                 ask whoever manages the account"
            );
        }
        let verb = action.map_or("use", |action| action.trim_start_matches("dynamodb:"));
        let remedy = match self.setting {
            "TABLE_NAME" => "attach the stack's OperatorPolicy",
            _ => "your policy must allow on it what the stack's OperatorPolicy allows",
        };
        format!("you may not {verb} the table {table}: {remedy}")
    }

    /// The failure of a call that needs the KMS key of the table.
    fn explain_missing_key(self, message: &str) -> String {
        let table = cut(self.table, MAX_NAME);
        match denied_action(message) {
            Some(action) => format!(
                "you may not use the KMS key of the table {table} ({action}): attach the stack's \
                 OperatorPolicy, and check the stack's KmsKeyArn"
            ),
            None => format!(
                "DynamoDB cannot use the KMS key of the table {table}: check that the key is \
                 enabled, and that its policy allows you to use it"
            ),
        }
    }

    fn explain_invalid_call(self, message: &str) -> String {
        let (table, setting) = (cut(self.table, MAX_NAME), self.setting);
        if message.contains("schema") {
            format!("the table {table} does not have the keys of release-links: check {setting}")
        } else if message.to_lowercase().contains("tablename") || message.contains("able name") {
            format!("\"{table}\" cannot be the name of a table: check {setting}")
        } else {
            let message = quote(message);
            format!(
                "DynamoDB rejected the call as invalid; report this bug in the command: {message}"
            )
        }
    }
}

/// The action that IAM denied, such as `dynamodb:Query`.
fn denied_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    rest.split_whitespace().next()
}
