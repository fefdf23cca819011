//! The arguments of `import`.

use std::path::PathBuf;

use clap::Args;

use crate::pace::Pace;

/// After the help.
const EXAMPLES: &str = "\
Examples:
  release-links-admin import --file releases.jsonl --dry-run
  release-links-admin import --file releases.jsonl
  zcat releases.jsonl.gz | release-links-admin import --file -";

#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Import {
    #[command(flatten)]
    pub source: Source,
    /// Change nothing, and show what the import would do
    #[arg(long)]
    pub dry_run: bool,
    /// Also create the releases that were deleted here
    #[arg(long)]
    pub recreate: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub pace: Pace,
}

/// Where the releases come from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Source {
    /// A file that `export` has written; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}
