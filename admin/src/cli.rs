//! The command line: subcommands, flags, and the parsers of their values.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use release_links::project::{ProjectId, ProjectPath, ProjectRef, Visibility};
use release_links::release::TagName;
use release_links::store::operator::{ProjectChanges, Takeover};
use release_links::token::Scope;

use crate::pace::Pace;
pub use crate::values::Grant;
use crate::values::{expiry, grant, label, lifetime, project, project_id, scope, visibility, wait};

const EXAMPLES: &str = "\
Examples:
  export TABLE_NAME=…                    the stack's output TableName
  release-links-admin project create --id 24 --path group/app --visibility private
  TOKEN=$(release-links-admin token create --label ci --grant 24=developer --expires-in 90d)
  release-links-admin token list
  release-links-admin token revoke ci
  release-links-admin release list --project 24
  release-links-admin release restore v1.0 --project 24 --from links-restored

Environment:
  TABLE_NAME               the DynamoDB table; required
  IDENTITY_CACHE_SECONDS   how long the function caches tokens and projects; 30 by default
  AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB and all others that the AWS SDK supports

Exit status: 0 success, 1 failure with one sentence on standard error, 2 usage error";

/// Manage the projects, releases and tokens of a release-links deployment
///
/// The command accesses the deployment's DynamoDB table directly, with your own AWS credentials.
/// Every change is atomic, which means that it takes effect completely or not at all. The
/// exceptions are purges of projects and restores, which you can interrupt and run again.
#[derive(Debug, Parser)]
#[command(name = "release-links-admin", version = env!("VERSION_AND_COMMIT"))]
#[command(max_term_width = 100, after_long_help = EXAMPLES)]
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
    /// Print a shell completion script
    ///
    /// For bash: source <(release-links-admin completions bash)
    Completions {
        /// The shell for which to print the script
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Create a project
    Create {
        /// The project's ID, as clients and tokens refer to it
        ///
        /// The ID of a hidden or deleted project cannot be reused.
        #[arg(long, value_name = "ID", value_parser = project_id)]
        id: ProjectId,
        /// The project's full path, which clients can use instead of the ID
        ///
        /// Download URLs that another project published under a former path of its own, or that a
        /// hidden or deleted project published under its path, would lead to the new project. See
        /// `--take-former-path`.
        #[arg(long, value_name = "GROUP/NAME", value_parser = ProjectPath::parse_new)]
        path: ProjectPath,
        /// Whether only members or everyone can read the project's links
        #[arg(long, default_value = "private", value_parser = visibility())]
        visibility: Visibility,
        #[command(flatten)]
        takeover: TakeFormerPath,
    },
    /// List the visible projects
    List {
        /// List the hidden projects, and those whose purge is not finished, instead
        #[arg(long)]
        hidden: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a project
    Show {
        #[command(flatten)]
        which: WhichProject,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change the path or visibility of a project
    ///
    /// After a change of path, the former path keeps working until another project takes it:
    /// permanent URLs redirect as before, and the API redirects GET and HEAD requests to the URL
    /// that contains the project's ID.
    Update {
        #[command(flatten)]
        which: WhichProject,
        #[command(flatten)]
        changes: Changes,
        #[command(flatten)]
        takeover: TakeFormerPath,
    },
    /// Hide a project until `project restore` or `project purge`
    ///
    /// Its releases, its links and the tokens' roles in it stay as they are, and its paths stay
    /// reserved.
    Delete(DeleteProject),
    /// Delete a hidden project for good, with its releases and links, and the tokens' roles in it
    ///
    /// The command waits until no running function can write to the project. It then scans the
    /// whole table at least twice, and deletes everything that belongs to the project. If the
    /// command is interrupted, run it again. The ID cannot be reused. For 35 days, `project restore
    /// --from` can bring the project back from a restored table.
    Purge(PurgeProject),
    /// Bring back a hidden project, or a purged one from another table
    ///
    /// The project gets back those of its paths that no other project has taken. With `--from`, it
    /// also gets its releases and links with their former IDs, and you can interrupt the command
    /// and run it again: the project stays hidden until everything is back.
    Restore(RestoreProject),
}

#[derive(Debug, Args)]
pub struct DeleteProject {
    #[command(flatten)]
    pub which: WhichProject,
    /// Skip the confirmation prompt; required without a terminal
    #[arg(long)]
    pub yes: bool,
    /// Then delete the project for good, as `project purge` does
    #[arg(long)]
    pub purge: bool,
    /// Time to wait between hiding the project and purging it; see `project purge`
    #[arg(long, value_name = "DURATION", value_parser = wait, requires = "purge")]
    pub wait: Option<Duration>,
    #[command(flatten)]
    pub pace: Pace,
}

#[derive(Debug, Args)]
pub struct PurgeProject {
    #[command(flatten)]
    pub which: WhichProject,
    /// Skip the confirmation prompt; required without a terminal
    #[arg(long)]
    pub yes: bool,
    /// Time to wait between hiding the project and deleting its links, such as 1m; by default,
    /// `IDENTITY_CACHE_SECONDS` plus the function's timeout of 15 s
    #[arg(long, value_name = "DURATION", value_parser = wait)]
    pub wait: Option<Duration>,
    #[command(flatten)]
    pub pace: Pace,
}

#[derive(Debug, Args)]
pub struct RestoreProject {
    #[command(flatten)]
    pub which: WhichProject,
    /// Another path for the project, if another project has taken its own
    #[arg(long, value_name = "GROUP/NAME", value_parser = ProjectPath::parse_new)]
    pub path: Option<ProjectPath>,
    #[command(flatten)]
    pub takeover: TakeFormerPath,
    /// The table that has the releases of a purged project, such as a restored copy
    #[arg(long, value_name = "TABLE")]
    pub from: Option<String>,
    /// Also give the roles in the project back to the tokens that are still valid
    #[arg(long, requires = "from")]
    pub with_grants: bool,
    #[command(flatten)]
    pub pace: Pace,
}

#[derive(Debug, Subcommand)]
pub enum ReleaseCommand {
    /// List the releases of a project, the latest first
    ///
    /// Tags with control characters or with characters that change the direction of text are shown
    /// as in `v1\u000d`; write them as `$'v1\u000d'` in bash.
    List {
        /// The project's ID or path
        #[arg(long, value_parser = project)]
        project: ProjectRef,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a release with its links, even if an HTTP API cannot address its tag
    ///
    /// Clients delete releases through the API. This command also deletes a release whose tag a
    /// decoded path cannot name, such as `release/` and `%41`. Write `--` before a tag that begins
    /// with `-`.
    Delete {
        /// The tag of the release, exactly as it was created
        tag: TagName,
        /// The project's ID or path
        #[arg(long, value_parser = project)]
        project: ProjectRef,
        /// Skip the confirmation prompt; required without a terminal
        #[arg(long)]
        yes: bool,
    },
    /// Lock a release, and wait until it is immutable
    ///
    /// From then on, nobody changes its links or deletes it until `release unlock`. The command waits
    /// for 20 seconds, until no running function can write to the release. Lock releases only when no
    /// function of a version without locks runs. If the command is interrupted, run it again.
    Lock {
        /// The tag of the release
        tag: TagName,
        /// The project's ID or path
        #[arg(long, value_parser = project)]
        project: ProjectRef,
    },
    /// Unlock an immutable release, so that its links can change and it can be deleted
    Unlock {
        /// The tag of the release
        tag: TagName,
        /// The project's ID or path
        #[arg(long, value_parser = project)]
        project: ProjectRef,
        /// Skip the confirmation prompt; required without a terminal
        #[arg(long)]
        yes: bool,
    },
    /// Restore a release, or its missing links, from another table, such as a restored copy
    ///
    /// Each link gets its former ID. Existing links stay as they are. A link is reported and not
    /// restored if another link has its ID, name, URL or filepath. An immutable release gets no
    /// links. You can interrupt the command and run it again.
    Restore {
        /// The tag of the release
        #[arg(required_unless_present = "all")]
        tag: Option<TagName>,
        /// Restore all releases of the project that the other table has
        #[arg(long, conflicts_with = "tag")]
        all: bool,
        /// The project's ID or path
        #[arg(long, value_parser = project)]
        project: ProjectRef,
        /// The table that has the release
        #[arg(long, value_name = "TABLE")]
        from: String,
        /// Only show which links are missing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        pace: Pace,
    },
}

/// A project, identified by the positional argument or by `--id`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhichProject {
    /// The project's ID or path
    #[arg(value_name = "PROJECT", value_parser = project)]
    project: Option<ProjectRef>,
    /// The project's ID
    #[arg(long, value_name = "ID", value_parser = project_id)]
    id: Option<ProjectId>,
}

impl WhichProject {
    /// The project from whichever argument is present.
    pub fn get(self) -> ProjectRef {
        let project = self.project.or(self.id.map(ProjectRef::Id));
        project.expect("clap requires one of the two")
    }
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Changes {
    /// The new path; see `--take-former-path` if another project had it before
    #[arg(long, value_name = "GROUP/NAME", value_parser = ProjectPath::parse_new)]
    pub path: Option<ProjectPath>,
    /// The new visibility
    #[arg(long, value_parser = visibility())]
    pub visibility: Option<Visibility>,
}

impl From<Changes> for ProjectChanges {
    fn from(Changes { path, visibility }: Changes) -> Self {
        Self { path, visibility }
    }
}

#[derive(Debug, Args)]
pub struct TakeFormerPath {
    /// Take the path even if another project, also a hidden or deleted one, published downloads
    /// under it: their URLs then lead to this project
    #[arg(long)]
    take_former_path: bool,
}

impl From<TakeFormerPath> for Takeover {
    fn from(TakeFormerPath { take_former_path }: TakeFormerPath) -> Self {
        if take_former_path {
            Self::Allow
        } else {
            Self::Refuse
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a token and print it; it is shown only once
    ///
    /// The table stores only the token's SHA-256 hash, so the token cannot be recovered. Standard
    /// output contains nothing but the token.
    Create {
        /// A name for the token, such as ci; it must not be a number, which would look like an ID
        #[arg(long, value_parser = label)]
        label: String,
        /// A role in a project: guest and reporter can read; developer, maintainer and owner can
        /// also write
        ///
        /// PROJECT is an ID, a path, or `all` for all current and future projects. Repeat the flag
        /// to grant several roles.
        #[arg(long = "grant", value_name = "PROJECT=ROLE", required = true, value_parser = grant)]
        grants: Vec<Grant>,
        /// The token's scope: `api` allows everything that its roles permit, `read_api` only
        /// reading
        #[arg(long, default_value = "api", value_parser = scope())]
        scope: Scope,
        /// The token's lifetime, such as 90d or 12h; by default, the token never expires
        #[arg(long, value_name = "DURATION", value_parser = lifetime)]
        expires_in: Option<Duration>,
        /// When the token expires: a date such as 2027-01-31, which means 00:00 UTC, or a time such
        /// as 2027-01-31T18:00:00Z
        #[arg(long, value_name = "DATE", value_parser = expiry, conflicts_with = "expires_in")]
        expires_at: Option<SystemTime>,
        /// Import an existing token of at least 20 characters from this file instead of generating
        /// one; `-` reads standard input
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
    },
    /// List all tokens with their roles, scope and expiry, but without the tokens themselves
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a token with all its roles, but without the token itself
    Show {
        #[command(flatten)]
        which: WhichToken,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token permanently
    Revoke(WhichToken),
}

/// A token, identified in one of three ways.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhichToken {
    /// The token's ID, or its label if no other token has the same label
    #[arg(value_name = "TOKEN")]
    pub token: Option<String>,
    /// The token's ID
    #[arg(long, value_name = "ID")]
    pub id: Option<u64>,
    /// A file that contains the token itself, for example if somebody found it in a log; `-` reads
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}
