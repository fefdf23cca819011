//! The operator's command: projects and tokens of a deployment, with the operator's own AWS
//! credentials.

#![expect(
    clippy::print_stderr,
    reason = "this program talks to a person at a terminal"
)]

#[expect(
    missing_docs,
    reason = "doc comments are help texts here, and clap refuses some"
)]
pub mod cli;
mod output;
mod projects;
mod tokens;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::config::ProvideCredentials;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use clap::{CommandFactory, Parser};
use release_links::aws::{Trust, https_client};
use release_links::config;
use release_links::store::{AdminError, Store, StoreSession};

use cli::{Cli, Command};

/// Time for what is not known to take long.
const TIME_TO_ANSWER: Duration = Duration::from_secs(30);

/// What an answer of the command comes to: done, or one sentence that says why not.
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

/// Prints what clap says, without a token that somebody wrote on the command line: terminals and CI
/// systems keep what they show.
fn usage_error(error: clap::Error, arguments: &[OsString]) -> ! {
    let text = error.render().to_string();
    let mut hidden = text.clone();
    for word in arguments
        .iter()
        .filter_map(|argument| argument.to_str())
        .flat_map(|argument| argument.split('='))
    {
        if tokens::may_be_token(word) {
            hidden = hidden.replace(word, "(hidden)");
        }
    }
    if hidden == text {
        error.exit();
    }
    eprint!("{hidden}");
    std::process::exit(error.exit_code());
}

async fn run(cli: Cli) -> Outcome {
    match cli.command {
        Command::Project(command) => projects::run(&Operator::connect().await?, command).await,
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

/// The way to the table that the environment names.
struct Operator {
    store: Store,
    /// How long running functions may use cached tokens and projects.
    identity_cache: Duration,
    /// What the table is called where, for messages.
    place: String,
}

impl Operator {
    async fn connect() -> Result<Self, String> {
        let environment = |name: &str| std::env::var(name).ok();
        let table_name = config::table_name(environment).map_err(|error| error.to_string())?;
        let identity_cache =
            config::identity_cache(environment).map_err(|error| error.to_string())?;
        let https = https_client(Trust::amazon_first());
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https)
            .load()
            .await;
        let region = sdk
            .region()
            .ok_or("AWS_REGION is not set: set it, or AWS_PROFILE, to where the table is")?;
        let place = format!("{table_name} in {region}");
        if let Some(provider) = sdk.credentials_provider() {
            provider.provide_credentials().await.map_err(|error| {
                let cause = one_line(&DisplayErrorContext(error).to_string());
                format!("there are no AWS credentials: set AWS_PROFILE, or sign in with the AWS CLI ({cause})")
            })?;
        }
        let store = Store::new(aws_sdk_dynamodb::config::Builder::from(&sdk), table_name);
        Ok(Self {
            store,
            identity_cache,
            place,
        })
    }

    fn session(&self) -> StoreSession<'_> {
        self.store.session(TIME_TO_ANSWER)
    }

    /// The sentence for a change that was not made.
    fn explain(&self, refused: AdminError) -> String {
        match refused {
            AdminError::Failed(_) => {
                one_line(&format!("{} (TABLE_NAME is {})", refused, self.place))
            }
            refused => refused.to_string(),
        }
    }

    /// That functions which are running may not know yet.
    fn delay(&self) -> String {
        match self.identity_cache.as_secs() {
            0 => String::new(),
            seconds => format!(" (running functions may take {seconds} s to notice)"),
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
    fn the_definition_of_the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
