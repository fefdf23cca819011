//! The operator's command. It manages the projects, releases and tokens of a deployment
//! with the operator's own AWS credentials.

#![expect(
    clippy::print_stderr,
    reason = "messages for the operator go to standard error"
)]

#[expect(
    missing_docs,
    reason = "clap turns doc comments into help texts, and rejects some"
)]
pub mod cli;
mod output;
mod projects;
mod releases;
mod tokens;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::ProvideCredentials;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use clap::{CommandFactory, Parser};
use release_links::aws::{RootStore, https_client};
use release_links::config;
use release_links::store::{AdminError, Store, StoreSession};

use cli::{Cli, Command};

/// Time limit for a short sequence of DynamoDB calls.
const SESSION_TIMEOUT: Duration = Duration::from_secs(30);

/// The result of a command: success, or one sentence that explains the failure.
type Outcome = Result<(), String>;

/// Runs the command with the arguments of this process.
pub async fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli =
        Cli::try_parse_from(&arguments).unwrap_or_else(|error| usage_error(error, &arguments));
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("release-links-admin: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Prints clap's message, but masks tokens that were passed on the command line: terminals and CI
/// systems keep their output.
fn usage_error(error: clap::Error, arguments: &[OsString]) -> ! {
    let text = error.render().to_string();
    let mut masked = text.clone();
    for word in arguments
        .iter()
        .filter_map(|argument| argument.to_str())
        .flat_map(|argument| argument.split('='))
    {
        if tokens::may_be_token(word) {
            masked = masked.replace(word, "(hidden)");
        }
    }
    if masked == text {
        error.exit();
    }
    eprint!("{masked}");
    std::process::exit(error.exit_code());
}

async fn run(cli: Cli) -> Outcome {
    match cli.command {
        Command::Project(command) => projects::run(&Operator::connect().await?, command).await,
        Command::Release(command) => releases::run(&Operator::connect().await?, command).await,
        Command::Token(command) => tokens::run(&Operator::connect().await?, command).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                "release-links-admin",
                &mut script,
            );
            output::print(&String::from_utf8_lossy(&script))
        }
    }
}

/// Access to the table that the environment names.
struct Operator {
    sdk: SdkConfig,
    store: Store,
    /// How long running functions may use cached tokens and projects.
    identity_cache: Duration,
    /// The table's name and region, for messages.
    place: String,
}

impl Operator {
    async fn connect() -> Result<Self, String> {
        let environment = |name: &str| std::env::var(name).ok();
        let table_name = config::table_name(environment).map_err(|error| error.to_string())?;
        let identity_cache =
            config::identity_cache(environment).map_err(|error| error.to_string())?;
        let https = https_client(RootStore::System);
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https)
            .load()
            .await;
        let region = sdk.region().ok_or(
            "AWS_REGION is not set: set it to the region of the table, or set AWS_PROFILE",
        )?;
        let place = format!("{table_name} in {region}");
        if let Some(provider) = sdk.credentials_provider() {
            provider.provide_credentials().await.map_err(|error| {
                let cause = one_line(&DisplayErrorContext(error).to_string());
                let remedy = "set AWS_PROFILE, or sign in with the AWS CLI";
                format!("no AWS credentials found: {remedy} ({cause})")
            })?;
        }
        let store = Store::new((&sdk).into(), table_name);
        Ok(Self {
            sdk,
            store,
            identity_cache,
            place,
        })
    }

    /// Another table in the same region.
    fn other_table(&self, name: String) -> Store {
        Store::new((&self.sdk).into(), name)
    }

    fn session(&self) -> StoreSession<'_> {
        self.store.session(SESSION_TIMEOUT)
    }

    /// The message for an error; if the table failed, it names the table.
    fn explain(&self, error: AdminError) -> String {
        match error {
            AdminError::Failed(_) => one_line(&format!("{error} (TABLE_NAME is {})", self.place)),
            error => error.to_string(),
        }
    }

    /// A note that running functions may still use cached tokens and projects.
    fn delay(&self) -> String {
        match self.identity_cache.as_secs() {
            0 => String::new(),
            seconds => format!(
                "; running functions may take up to {seconds} s to notice, if the stack's \
                 IdentityCacheSeconds is {seconds}"
            ),
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }
}
