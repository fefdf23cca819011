//! The subcommands of `release`.

use clap::Subcommand;
use release_links::project::ProjectRef;
use release_links::release::TagName;

use crate::pace::Pace;
use crate::values::project;

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
