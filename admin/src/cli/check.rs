//! The arguments of `check`.

use std::time::{Duration, SystemTime};

use clap::Args;
use release_links::project::ProjectRef;
use release_links::timestamp::Timestamp;

use crate::pace::Pace;
use crate::values::{project, response_timeout, start};

/// After the help.
const EXAMPLES: &str = "\
Examples:
  release-links-admin check
  release-links-admin check --project group/app --latest 5 --json

Environment:
  PUBLIC_URL   the URL of the service, to show permanent URLs and to recognize
               the service

Exit status: 0 no link is dead or changed, 1 a link is dead or changed, or the
check failed, 2 usage error";

#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Check {
    /// The ID or path of a project; repeat the flag for several. By default, all visible projects
    #[arg(long = "project", value_name = "PROJECT", value_parser = project)]
    pub projects: Vec<ProjectRef>,
    /// Check only the latest N releases of each project
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub latest: Option<u32>,
    /// Check only releases that were released on or after this date or time, such as 2027-01-31 or
    /// 2027-01-31T18:00:00Z
    #[arg(long, value_name = "DATE", value_parser = start)]
    pub since: Option<SystemTime>,
    /// Time limit for each response, and for each part of a file that is downloaded
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = response_timeout)]
    pub timeout: Duration,
    /// Also request addresses that are not public, such as those of your own network
    #[arg(long)]
    pub allow_private: bool,
    /// Also exit with 1 if a link is uncertain
    #[arg(long)]
    pub strict: bool,
    /// Download the files of links that have a digest, and compare the digests
    #[arg(long)]
    pub verify: bool,
    /// Download the files of links that have no digest, and add the digests to the links
    #[arg(long)]
    pub write_digests: bool,
    #[command(flatten)]
    pub pace: Pace,
    /// Print all links as JSON
    #[arg(long)]
    pub json: bool,
}

impl Check {
    /// Whether the release at this place of its project's order, the latest first, is checked.
    pub fn selects(&self, place: usize, released_at: &str) -> bool {
        let latest = self.latest.and_then(|latest| usize::try_from(latest).ok());
        let since = self
            .since
            .map(|since| Timestamp::from_clock(since).to_string());
        latest.is_none_or(|latest| place < latest)
            && since.is_none_or(|since| since.as_str() <= released_at)
    }
}
