//! The operator's command. It manages the projects, releases and tokens of a deployment with the
//! operator's own AWS credentials.

mod check;
#[expect(
    missing_docs,
    reason = "clap turns doc comments into help texts, and rejects some"
)]
pub mod cli;
mod credentials;
mod deletion;
mod deployment;
mod export;
mod failure;
mod gitlab;
mod http_client;
mod import;
mod interrupt;
mod named_table;
mod output;
pub mod pace;
mod patience;
mod project_restore;
mod projects;
pub mod record;
mod release_restore;
mod releases;
mod roots;
mod secrets;
mod takeover;
mod tokens;
mod values;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Command};
use deployment::Deployment;
use failure::Failure;

/// The result of a command.
type Outcome = Result<(), Failure>;

/// Runs the command with the arguments of this process.
pub async fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli =
        Cli::try_parse_from(&arguments).unwrap_or_else(|error| usage_error(&error, &arguments));
    let is_verbose = cli.verbose;
    let Err(Failure { sentence, details }) = run(cli).await else {
        return ExitCode::SUCCESS;
    };
    output::note(&format!("release-links-admin: {sentence}"));
    if let Some(details) = details.filter(|_| is_verbose) {
        output::notes(&details);
    }
    ExitCode::FAILURE
}

/// Prints clap's message, without unsafe characters, and without tokens that were passed on the
/// command line, because terminals and CI systems record their output.
fn usage_error(error: &clap::Error, arguments: &[OsString]) -> ! {
    let text = error.render().to_string();
    let words = arguments.iter().filter_map(|argument| argument.to_str());
    let masked = secrets::mask(&text, words);
    let is_safe = text.lines().all(|line| output::escape(line) == line);
    if masked == text && is_safe {
        error.exit();
    }
    output::notes(&masked);
    std::process::exit(error.exit_code());
}

async fn run(cli: Cli) -> Outcome {
    match cli.command {
        Command::Project(command) => {
            let deployment = Deployment::connect(command.pace()).await?;
            projects::run(&deployment, command).await
        }
        Command::Release(command) => {
            let deployment = Deployment::connect(command.pace()).await?;
            releases::run(&deployment, command).await
        }
        Command::Token(command) => tokens::run(&Deployment::connect(None).await?, command).await,
        Command::Check(arguments) => {
            let deployment = Deployment::connect(Some(&arguments.pace)).await?;
            check::run(&deployment, &arguments).await
        }
        Command::Export(arguments) => {
            export::run(&Deployment::connect(None).await?, &arguments.projects).await
        }
        Command::Import(arguments) => {
            let deployment = Deployment::connect(Some(&arguments.pace)).await?;
            import::run(&deployment, &arguments).await
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                "release-links-admin",
                &mut script,
            );
            output::script(&String::from_utf8_lossy(&script))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }
}
