//! What is told of each request: one log event, and one line of metrics where they are wanted.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::store::Usage;
use crate::token::TokenId;

/// Standard output as a file: each line that is written to it is one system call, and takes no lock
/// that other requests would wait for.
///
/// # Errors
///
/// That the process has none.
pub fn standard_output() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

/// Where metrics go.
#[derive(Debug)]
pub struct Metrics {
    namespace: String,
    output: File,
}

impl Metrics {
    /// Into this namespace of CloudWatch, which takes them from standard output.
    ///
    /// # Errors
    ///
    /// That the process has none.
    pub fn to_standard_output(namespace: String) -> io::Result<Self> {
        Ok(Self {
            namespace,
            output: standard_output()?,
        })
    }

    /// Writes the metrics of a request.
    pub fn publish(&self, record: &RequestRecord, now: SystemTime) {
        let line = format!("{}\n", record.metrics(&self.namespace, now));
        // A log that cannot be written is nothing that an answer should fail for.
        let _ = (&self.output).write_all(line.as_bytes());
    }
}

/// What is known of a request. The path, the query, the headers and the body are left out: what
/// they hold of a client's secrets is nobody's to read.
#[derive(Debug, Clone, Default)]
pub struct RequestRecord {
    /// Lambda's id of the invocation, which the client has as `X-Request-Id`.
    pub request_id: String,
    /// X-Ray's id of the trace, where tracing is on.
    pub xray_trace_id: Option<String>,
    /// Whether it is the first of its process.
    pub cold_start: bool,
    /// The method.
    pub method: String,
    /// What was asked for, in one of a few words.
    pub operation: &'static str,
    /// The project as the client named it, up to 256 characters of it.
    pub project: Option<String>,
    /// The tag, up to 256 characters of it.
    pub tag: Option<String>,
    /// The ID of the token, if the caller has a valid one.
    pub token: Option<TokenId>,
    /// The status of the answer.
    pub status: u16,
    /// How long it took in the function.
    pub duration: Duration,
    /// What it cost in DynamoDB.
    pub usage: Usage,
    /// Why it failed inside the service.
    pub cause: Option<String>,
}

/// Characters of a project or tag that are logged at the most: the client decides how many there
/// are.
const MAX_LOGGED_CHARACTERS: usize = 256;

fn truncate(text: &str) -> String {
    text.chars().take(MAX_LOGGED_CHARACTERS).collect()
}

impl RequestRecord {
    /// Notes the release that the path names.
    pub fn note_release(&mut self, project: &str, tag: &str) {
        self.project = Some(truncate(project));
        self.tag = Some(truncate(tag));
    }

    /// Writes the request's one log event, at the level ERROR if it failed inside the service.
    pub fn log(&self) {
        macro_rules! log {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    request_id = self.request_id,
                    xray_trace_id = self.xray_trace_id,
                    cold_start = self.cold_start,
                    method = self.method,
                    operation = self.operation,
                    project = self.project,
                    tag = self.tag,
                    token = self.token.map(|id| id.0),
                    status = self.status,
                    duration_ms = self.duration_ms(),
                    dynamodb_calls = self.usage.calls,
                    read_units = self.usage.read_units,
                    write_units = self.usage.write_units,
                    cause = self.cause,
                    $message
                )
            };
        }
        if self.cause.is_some() {
            log!(error, "request failed inside the service");
        } else {
            log!(info, "request answered");
        }
    }

    /// The metrics in CloudWatch's Embedded Metric Format, by operation.
    fn metrics(&self, namespace: &str, now: SystemTime) -> Value {
        let count = |is_so: bool| u8::from(is_so);
        let metric = |name: &str, unit: &str| json!({"Name": name, "Unit": unit});
        let metrics = [
            metric("Duration", "Milliseconds"),
            metric("ClientErrors", "Count"),
            metric("ServerErrors", "Count"),
            metric("ColdStarts", "Count"),
            metric("DynamoDBCalls", "Count"),
            metric("ReadCapacityUnits", "Count"),
            metric("WriteCapacityUnits", "Count"),
        ];
        json!({
            "_aws": {
                "Timestamp": u64::try_from(now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).ok(),
                "CloudWatchMetrics": [{"Namespace": namespace, "Dimensions": [["Operation"]], "Metrics": metrics}],
            },
            "Operation": self.operation,
            "Status": self.status,
            "RequestId": self.request_id,
            "Duration": self.duration_ms(),
            "ClientErrors": count((400..500).contains(&self.status)),
            "ServerErrors": count(self.status >= 500),
            "ColdStarts": count(self.cold_start),
            "DynamoDBCalls": self.usage.calls,
            "ReadCapacityUnits": self.usage.read_units,
            "WriteCapacityUnits": self.usage.write_units,
        })
    }

    fn duration_ms(&self) -> f64 {
        self.duration.as_secs_f64() * 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_is_declared_has_a_value_and_the_dimension_too() {
        let record = RequestRecord {
            operation: "get_link",
            status: 503,
            cold_start: true,
            ..RequestRecord::default()
        };
        let metrics = record.metrics("release-links", UNIX_EPOCH + Duration::from_millis(1_500));
        assert_eq!(metrics["_aws"]["Timestamp"], 1_500);
        let directive = &metrics["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(
            (&directive["Namespace"], &directive["Dimensions"]),
            (&json!("release-links"), &json!([["Operation"]]))
        );
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(
                metrics[metric["Name"].as_str().unwrap()].is_number(),
                "{metric}"
            );
        }
        assert_eq!(metrics["Operation"], "get_link");
        assert_eq!(
            (&metrics["ServerErrors"], &metrics["ClientErrors"]),
            (&json!(1), &json!(0))
        );
    }
}
