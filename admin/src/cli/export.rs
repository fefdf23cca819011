//! The arguments of `export`.

use clap::Args;
use release_links::project::ProjectRef;

use crate::values::project;

/// After the help.
const EXAMPLES: &str = "\
Examples:
  release-links-admin export > releases.jsonl
  release-links-admin export --project group/app | gzip > app.jsonl.gz";

#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Export {
    /// The ID or path of a project; repeat the flag for several. By default, all visible projects
    #[arg(long = "project", value_name = "PROJECT", value_parser = project)]
    pub projects: Vec<ProjectRef>,
}
