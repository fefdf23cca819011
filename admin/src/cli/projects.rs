//! The subcommands of `project`.

use std::time::Duration;

use clap::{Args, Subcommand};
use release_links::project::{ProjectId, ProjectPath, ProjectRef, Visibility};
use release_links::store::operator::{ProjectChanges, Takeover};

use crate::pace::Pace;
use crate::values::{project, project_id, visibility, wait};

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
