//! The command line: subcommands, flags, and the parsers of their values.

mod check;
mod export;
mod gitlab;
mod import;
mod projects;
mod releases;
mod tokens;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

pub use crate::values::Grant;
pub use check::Check;
pub use export::Export;
pub use gitlab::{GitLab, SourceProject};
pub use import::Import;
pub use projects::{DeleteProject, ProjectCommand, PurgeProject, RestoreProject};
pub use releases::ReleaseCommand;
pub use tokens::{TokenCommand, WhichToken};

const EXAMPLES: &str = "\
Examples:
  export TABLE_NAME=…                    the stack's output TableName
  release-links-admin project create --id 24 --path group/app
  TOKEN=$(release-links-admin token create --label ci --grant 24=developer)
  release-links-admin token list
  release-links-admin token revoke ci
  release-links-admin release list --project 24
  release-links-admin release restore v1.0 --project 24 --from links-restored
  release-links-admin import --from https://gitlab.example.com --project group/app
  release-links-admin import --file releases.jsonl
  release-links-admin check --project group/app --latest 5

Environment:
  TABLE_NAME               the DynamoDB table; required
  IDENTITY_CACHE_SECONDS   how long the function caches tokens and projects;
                           30 by default
  AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB and all others that the AWS
  SDK supports

Exit status: 0 success, 1 failure with one sentence on standard error, 2 usage
error";

/// Manage the projects, releases and tokens of a release-links deployment
///
/// The command accesses the deployment's DynamoDB table directly, with your own AWS credentials.
/// Every change is atomic, which means that it takes effect completely or not at all. The
/// exceptions are purges of projects, restores and imports, which you can interrupt and run again.
#[derive(Debug, Parser)]
#[command(name = "release-links-admin", version = env!("VERSION_AND_COMMIT"))]
#[command(max_term_width = 80, after_long_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// If the command fails, also print the AWS SDK's error details
    #[arg(long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Manage projects, which contain releases and links
    #[command(subcommand)]
    Project(ProjectCommand),
    /// List, delete, lock and restore releases
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Manage tokens, which clients use to read and write links
    #[command(subcommand)]
    Token(TokenCommand),
    /// Request the URLs of the links, and list the dead ones
    ///
    /// This command, not the function, requests each URL once: with HEAD or, if the host does not
    /// support that, with GET for the first byte. A URL is dead if it returns 404 or 410, redirects
    /// in a loop, or has a name that is not found, a port that is closed, or an invalid
    /// certificate. It is uncertain if the host denies or limits the request or does not respond: a
    /// browser may still be able to open it. The command skips ftp URLs and, unless you pass
    /// `--allow-private`, addresses that are not public.
    Check(Check),
    /// Export projects with their releases and links as JSON Lines, which `import` reads
    ///
    /// The export contains the visible projects with their releases and links, but neither tokens
    /// nor roles. Each release is consistent, but the command reads the releases one after the
    /// other while clients may write. Unless it exits with 0, the export is incomplete.
    Export(Export),
    /// Import projects with their releases and links
    ///
    /// Projects, releases and links keep their IDs and dates. Existing data does not change: an
    /// existing release gets only links whose IDs are higher than all IDs that it has assigned. A
    /// release that was deleted here stays deleted. If something was left out, the report lists it,
    /// and the exit status is 1. You can interrupt the command and run it again.
    Import(Import),
    /// Print a shell completion script
    ///
    /// For bash: source <(release-links-admin completions bash)
    Completions {
        /// The shell for which to print the script
        shell: Shell,
    },
}
