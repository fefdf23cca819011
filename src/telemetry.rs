//! Telemetry: one log event for each request.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::{Extensions, ExtensionsMut, LookupSpan, SpanData};

use crate::config::ConfigError;
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

/// The base of a log that contains events only: it disables all spans.
///
/// `Registry`, the usual base, stores spans in a table of 32 KiB, which every start would fill.
#[derive(Debug)]
pub struct EventsOnly;

impl Subscriber for EventsOnly {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
    }

    /// Nothing calls it or the methods of spans below, because spans are disabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    /// The layers above write the event.
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl LookupSpan<'_> for EventsOnly {
    type Data = NoSpan;

    fn span_data(&self, _: &Id) -> Option<NoSpan> {
        None
    }
}

/// The data of a span, which does not exist. The layer that formats events requires the type.
#[derive(Debug)]
pub enum NoSpan {}

impl SpanData<'_> for NoSpan {
    fn id(&self) -> Id {
        match *self {}
    }

    fn metadata(&self) -> &'static Metadata<'static> {
        match *self {}
    }

    fn parent(&self) -> Option<&Id> {
        match *self {}
    }

    fn extensions(&self) -> Extensions<'_> {
        match *self {}
    }

    fn extensions_mut(&self) -> ExtensionsMut<'_> {
        match *self {}
    }
}

/// Reads the levels to log. Lambda sets `AWS_LAMBDA_LOG_LEVEL` to the level by which it filters the
/// log, so that variable takes precedence over `LOG_LEVEL`. The default is `info`.
///
/// # Errors
///
/// The variable contains something other than levels.
pub fn log_filter(get: impl Fn(&str) -> Option<String>) -> Result<Targets, ConfigError> {
    let variable = |name| {
        let text = get(name).filter(|text| !text.is_empty())?;
        Some((name, text))
    };
    let Some((name, text)) = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("LOG_LEVEL"))
    else {
        return Ok(Targets::new().with_default(LevelFilter::INFO));
    };
    // Lambda's highest level has no counterpart in `tracing`.
    if text.eq_ignore_ascii_case("fatal") {
        return Ok(Targets::new().with_default(LevelFilter::ERROR));
    }
    // `Targets` reads a word that is not a level as a crate, and would then log nothing else.
    let is_level = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    let filter = text.parse().ok();
    filter
        .filter(|_| text.split(',').all(is_level))
        .ok_or_else(|| {
            ConfigError::new(
                name,
                format!("is '{text}': set it to error, warn, info or debug"),
            )
        })
}

/// The facts about a request for its log event. The path, the query, the headers and
/// the body are left out, because they may contain a client's secrets.
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
    /// The project as the client named it.
    pub project: Option<String>,
    /// The tag.
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

/// Longest logged text, in characters. Clients choose the length of the method, the project, the tag
/// and a part of the trace ID.
const MAX_LOGGED_CHARACTERS: usize = 256;
/// Longest logged cause, in characters. It may quote DynamoDB or an item.
const MAX_CAUSE_CHARACTERS: usize = 4_096;

fn truncate(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters);
    end.map_or(text, |(end, _)| &text[..end])
}

impl RequestRecord {
    /// Writes the log event, at level ERROR if the service failed. Every text is truncated, so that
    /// no client chooses the length of the line.
    pub fn log(&self) {
        let short = |text| truncate(text, MAX_LOGGED_CHARACTERS);
        let cause = self.cause.as_deref();
        let cause = cause.map(|cause| truncate(cause, MAX_CAUSE_CHARACTERS));
        macro_rules! log {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    request_id = short(&self.request_id),
                    xray_trace_id = self.xray_trace_id.as_deref().map(short),
                    cold_start = self.cold_start,
                    method = short(&self.method),
                    operation = self.operation,
                    project = self.project.as_deref().map(short),
                    tag = self.tag.as_deref().map(short),
                    token = self.token.map(|id| id.0),
                    status = self.status,
                    duration_ms = self.duration_ms(),
                    dynamodb_calls = self.usage.calls,
                    read_units = self.usage.read_units,
                    write_units = self.usage.write_units,
                    cause = cause,
                    $message
                )
            };
        }
        if cause.is_some() {
            log!(error, "request failed inside the service");
        } else {
            log!(info, "request answered");
        }
    }

    fn duration_ms(&self) -> f64 {
        self.duration.as_secs_f64() * 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;
    use crate::config::tests::environment;

    /// The most verbose level that these settings log of the service itself.
    fn level(settings: &[(&str, &str)]) -> Result<LevelFilter, String> {
        let filter = log_filter(environment(settings)).map_err(|error| error.to_string())?;
        let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG];
        let mut logged = levels.iter().rev();
        let level = logged.find(|level| filter.would_enable("release_links", level));
        Ok(level.map_or(LevelFilter::OFF, |level| LevelFilter::from(*level)))
    }

    #[test]
    fn the_log_level_of_lambda_takes_precedence() {
        for (settings, expected) in [
            (&[][..], LevelFilter::INFO),
            (&[("LOG_LEVEL", "")], LevelFilter::INFO),
            (&[("LOG_LEVEL", "debug")], LevelFilter::DEBUG),
            (&[("LOG_LEVEL", "off")], LevelFilter::OFF),
            (
                &[("LOG_LEVEL", "warn,release_links=debug")],
                LevelFilter::DEBUG,
            ),
            (&[("AWS_LAMBDA_LOG_LEVEL", "WARN")], LevelFilter::WARN),
            (&[("AWS_LAMBDA_LOG_LEVEL", "FATAL")], LevelFilter::ERROR),
            (
                &[("AWS_LAMBDA_LOG_LEVEL", "ERROR"), ("LOG_LEVEL", "debug")],
                LevelFilter::ERROR,
            ),
        ] {
            assert_eq!(level(settings), Ok(expected), "{settings:?}");
        }
    }

    #[test]
    fn a_word_that_is_not_a_level_is_an_error() {
        for text in ["warning", "info,verbose", "release_links=loud"] {
            assert_eq!(
                level(&[("LOG_LEVEL", text)]),
                Err(format!(
                    "LOG_LEVEL is '{text}': set it to error, warn, info or debug"
                ))
            );
        }
    }
}
