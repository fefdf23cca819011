//! The Lambda function: settings, DynamoDB client, warm-up, and then one event after the other, or several at once where
//! Lambda sends them so.

use std::process::ExitCode;
use std::time::SystemTime;

use aws_config::BehaviorVersion;
use lambda_http::{Error, lambda_runtime, service_fn};
use release_links::app::App;
use release_links::config::Config;
use release_links::store::Store;
use tokio::runtime::Builder;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().without_time().with_env_filter(filter).init();
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        #[expect(clippy::print_stderr, reason = "whoever starts the function reads this, with or without a log")]
        Err(error) => {
            eprintln!("release-links: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One thread does for one request at a time. Lambda managed instances say that they send several.
fn start() -> Result<(), Error> {
    let at_once: usize =
        std::env::var("AWS_LAMBDA_MAX_CONCURRENCY").ok().and_then(|number| number.parse().ok()).unwrap_or(1);
    let mut runtime = if at_once > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    runtime.enable_all().build()?.block_on(serve())
}

async fn serve() -> Result<(), Error> {
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = aws_config::load_defaults(BehaviorVersion::latest()).await;
    if sdk.region().is_none() {
        return Err("AWS_REGION is not set: set it to the region of the table".into());
    }
    let store = Store::new(aws_sdk_dynamodb::config::Builder::from(&sdk), config.table_name.clone());
    store.warm_up().await;
    let app = App::new(store, config, SystemTime::now);
    let handler = service_fn(move |event| {
        let app = app.clone();
        async move { app.invoke(event).await }
    });
    let served = lambda_runtime::run_concurrent(handler).await;
    served.map_err(|error| format!("the Lambda runtime API does not answer any more: {error}").into())
}
