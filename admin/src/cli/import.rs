//! The arguments of `import`.

use std::path::PathBuf;

use clap::Args;

use super::gitlab::{Address, AddressParser, GitLab};
use crate::pace::Pace;

/// After the help.
const EXAMPLES: &str = r"Examples:
  release-links-admin import --from https://gitlab.example.com \
      --project group/app --token-file token.txt --dry-run
  release-links-admin import --from https://gitlab.example.com \
      --group group --project other/app=25 --token-file token.txt
  release-links-admin import --file releases.jsonl --dry-run
  release-links-admin import --file releases.jsonl
  zcat releases.jsonl.gz | release-links-admin import --file -";

#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Import {
    #[command(flatten)]
    pub source: Source,
    #[command(flatten)]
    pub gitlab: GitLab,
    /// Show what the import would do, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Also import releases that were deleted here
    #[arg(long)]
    pub recreate: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub pace: Pace,
}

/// Where the releases come from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Source {
    /// A file that `export` wrote; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The URL of a GitLab instance, version 11.7 or later, or of another release-links
    #[arg(long, value_name = "URL", value_parser = AddressParser)]
    pub from: Option<Address>,
}
