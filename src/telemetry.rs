//! Telemetry: one log event for each request, and one line of metrics if they are enabled.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::store::Usage;
use crate::token::TokenId;

/// Standard output as a file. Each line is written with one system call and without a lock that
/// other requests would wait for.
///
/// # Errors
///
/// Standard output is closed or cannot be duplicated.
pub fn standard_output() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

/// The destination of the metrics.
#[derive(Debug)]
pub struct Metrics {
    namespace: String,
    output: File,
}

impl Metrics {
    /// Metrics in this CloudWatch namespace, which CloudWatch reads from standard output.
    ///
    /// # Errors
    ///
    /// Standard output is closed or cannot be duplicated.
    pub fn to_standard_output(namespace: String) -> io::Result<Self> {
        Ok(Self {
            namespace,
            output: standard_output()?,
        })
    }

    /// Writes the metrics of a request.
    pub fn publish(&self, record: &RequestRecord, now: SystemTime) {
        let line = format!("{}\n", record.metrics(&self.namespace, now));
        // A request does not fail because its metrics cannot be written.
        let _ = (&self.output).write_all(line.as_bytes());
    }
}

/// The facts about a request for its log event and metrics. The path, the query, the headers and
/// the body are left out, because they may hold a client's secrets.
#[derive(Debug, Clone, Default)]
pub struct RequestRecord {
    /// Lambda's ID of the invocation. The client receives it as `X-Request-Id`.
    pub request_id: String,
    /// The X-Ray trace ID, if tracing is on.
    pub xray_trace_id: Option<String>,
    /// Whether it is the first request of its process.
    pub cold_start: bool,
    /// The method.
    pub method: String,
    /// The name of the operation.
    pub operation: &'static str,
    /// The project as the client named it, truncated to 256 characters.
    pub project: Option<String>,
    /// The tag, truncated to 256 characters.
    pub tag: Option<String>,
    /// The ID of the caller's token, once access is granted.
    pub token: Option<TokenId>,
    /// The status of the response.
    pub status: u16,
    /// The duration in the function.
    pub duration: Duration,
    /// Its DynamoDB usage.
    pub usage: Usage,
    /// The cause of a 5xx.
    pub cause: Option<String>,
}

/// Longest logged project or tag, in characters. Clients choose their length.
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

    /// Writes the log event, at level ERROR if the service failed.
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
    fn every_declared_metric_and_dimension_has_a_value() {
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
