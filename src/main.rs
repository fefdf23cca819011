//! The Lambda function: it reads the settings, creates the DynamoDB client, warms it up, and then
//! handles events. Lambda managed instances send several at once.

use std::process::ExitCode;
use std::sync::{Arc, Once};
use std::time::SystemTime;

use lambda_http::{Error, lambda_runtime, service_fn};
use release_links::app::App;
use release_links::aws::sdk_config;
use release_links::config::Settings;
use release_links::store::Store;
use release_links::telemetry::{EventsOnly, log_filter, standard_output};
use tokio::runtime::Builder;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

// cargo-lambda sets this to `abort` if Cargo.toml does not set it.
#[cfg(not(panic = "unwind"))]
compile_error!(
    "build with panic = \"unwind\", so that a panic fails one invocation, not the process"
);

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        #[expect(
            clippy::print_stderr,
            reason = "whoever starts the function reads this, with or without a log"
        )]
        Err(error) => {
            log_version();
            // Lambda treats a line without a level as INFO, which LogLevel may filter.
            tracing::error!(cause = %error, "the function cannot start");
            eprintln!("release-links: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Logs the version of the service, once in the life of a process.
fn log_version() {
    static LOGGED: Once = Once::new();
    LOGGED
        .call_once(|| tracing::info!(version = env!("CARGO_PKG_VERSION"), "release-links starts"));
}

/// The value of an environment variable.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn log_to_standard_output(filter: Targets) {
    let Ok(output) = standard_output() else {
        return;
    };
    // Lambda filters the events by the fields `timestamp` and `level`. The runtime's span would
    // repeat the request ID and the X-Ray ID of the event.
    let events = fmt::layer()
        .json()
        .with_current_span(false)
        .with_span_list(false);
    let events = events.with_writer(output);
    EventsOnly.with(events).with(filter).init();
}

/// One thread suffices for one request at a time. Lambda managed instances send several.
fn start() -> Result<(), Error> {
    log_to_standard_output(log_filter(environment)?);
    // Logging takes a part of the start that `make bench` notices, so the first request logs the
    // version. At this level, the start logs other lines, and the version comes before them.
    if tracing::event_enabled!(Level::DEBUG) {
        log_version();
    }
    let at_once: usize = environment("AWS_LAMBDA_MAX_CONCURRENCY")
        .and_then(|number| number.parse().ok())
        .unwrap_or(1);
    let mut runtime = if at_once > 1 {
        Builder::new_multi_thread()
    } else {
        Builder::new_current_thread()
    };
    // On the heap, the future is not copied from one stack frame to the next.
    runtime.enable_all().build()?.block_on(Box::pin(serve()))
}

async fn serve() -> Result<(), Error> {
    let config = Settings::read(environment)?;
    let store = Store::new(sdk_config(environment)?, config.table_name.clone());
    let warm_up = config.warm_up;
    // The connection to DynamoDB opens while the rest of the service is created.
    let ((), app) = tokio::join!(store.warm_up(warm_up), async {
        Arc::new(App::new(store.clone(), config, SystemTime::now))
    });
    let handler = service_fn(move |event| {
        let app = Arc::clone(&app);
        async move {
            log_version();
            app.invoke(event).await
        }
    });
    let served = lambda_runtime::run_concurrent(handler).await;
    served.map_err(|error| format!("the Lambda runtime API no longer responds: {error}").into())
}
