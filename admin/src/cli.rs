//! The command line: what can be asked of the command, and how its words are read.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use release_links::project::{ProjectId, ProjectPath, ProjectRef, Role, Visibility};
use release_links::store::ProjectChanges;
use release_links::token::Scope;
use strum::VariantArray;

const EXAMPLES: &str = "\
Examples:
  export TABLE_NAME=…                    the output TableName of the stack
  release-links-admin project create --id 24 --path group/app --visibility private
  TOKEN=$(release-links-admin token create --label ci --grant 24=developer --expires-in 90d)
  release-links-admin token list
  release-links-admin token revoke ci

Environment:
  TABLE_NAME               the DynamoDB table; required
  IDENTITY_CACHE_SECONDS   as the function has it: how long changes may take to be noticed; 30 by default
  AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB and all that the AWS SDK reads

Exit status: 0 done, 1 refused with one sentence on standard error, 2 wrong usage";

/// Manages the projects and tokens of a release-links deployment
///
/// It works on the deployment's DynamoDB table with your own AWS credentials. Every change is made
/// whole or not at all, and only if it still fits what is there.
#[derive(Debug, Parser)]
#[command(name = "release-links-admin", version, max_term_width = 100, after_long_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Projects: what releases and links belong to
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Tokens: what clients show to read and write links
    #[command(subcommand)]
    Token(TokenCommand),
    /// Prints a script that completes this command in a shell
    ///
    /// For bash: source <(release-links-admin completions bash)
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Adds a project
    Create {
        /// Its number, by which clients and tokens name it
        ///
        /// The number of a deleted project is never used again.
        #[arg(long, value_name = "NUMBER", value_parser = project_id)]
        id: ProjectId,
        /// Its full path, by which clients may name it too
        ///
        /// A former path of another project is taken from it: permanent URLs below the path lead to
        /// the new project.
        #[arg(long, value_name = "GROUP/NAME", value_parser = ProjectPath::parse_new)]
        path: ProjectPath,
        /// Who may read its links: members only, or everybody
        #[arg(long, default_value = "private", value_parser = visibility())]
        visibility: Visibility,
    },
    /// Lists all projects
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows one project
    Show {
        #[command(flatten)]
        which: WhichProject,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Changes the path or the visibility of a project
    ///
    /// After a change of path, the former path keeps working: permanent URLs lead on, and the API
    /// redirects GET and HEAD requests to the project's number. It ends when another project takes
    /// the former path.
    Update {
        #[command(flatten)]
        which: WhichProject,
        #[command(flatten)]
        changes: Changes,
    },
    /// Deletes a project with all its releases and links, and the tokens' roles in it
    ///
    /// First nobody sees the project any more and its paths are free. Then the command waits until
    /// no running function can write to it, reads the whole table, and deletes what belongs to the
    /// project. If it is interrupted, run it again with the project's number. The number is never
    /// used again.
    Delete {
        #[command(flatten)]
        which: WhichProject,
        /// Does not ask for confirmation; needed where there is no terminal
        #[arg(long)]
        yes: bool,
        /// Time to wait from hiding the project to deleting its links, such as 1m; by default, as
        /// long as functions cache a project, and the 15 s that a request may take besides
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
        wait: Option<Duration>,
    },
}

/// One of the two ways to name a project.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhichProject {
    /// The project's number or path
    #[arg(value_name = "PROJECT", value_parser = project)]
    project: Option<ProjectRef>,
    /// The project's number
    #[arg(long, value_name = "NUMBER", value_parser = project_id)]
    id: Option<ProjectId>,
}

impl WhichProject {
    /// The project that is meant.
    pub fn get(self) -> ProjectRef {
        let named = self.project.or(self.id.map(ProjectRef::Id));
        named.expect("clap asks for one of the two")
    }
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Changes {
    /// The new path; a former path of another project is taken from it
    #[arg(long, value_name = "GROUP/NAME", value_parser = ProjectPath::parse_new)]
    pub path: Option<ProjectPath>,
    /// Who may read its links from now on
    #[arg(long, value_parser = visibility())]
    pub visibility: Option<Visibility>,
}

impl From<Changes> for ProjectChanges {
    fn from(Changes { path, visibility }: Changes) -> Self {
        Self { path, visibility }
    }
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Makes a token and prints it, this once
    ///
    /// Only its SHA-256 is stored, so nobody can read it again. Standard output has the token
    /// alone.
    Create {
        /// What it is for; not a number, which would be taken for a token's
        #[arg(long, value_parser = label)]
        label: String,
        /// A role in a project: guest and reporter read, developer, maintainer and owner also write
        ///
        /// PROJECT is a number, a path, or `all` for every project there is and will be. Can be
        /// given several times.
        #[arg(long = "grant", value_name = "PROJECT=ROLE", required = true, value_parser = grant)]
        grants: Vec<Grant>,
        /// What it may be used for: everything that its roles allow, or reading only
        #[arg(long, default_value = "api", value_parser = scope())]
        scope: Scope,
        /// When it ends, such as 90d or 12h; without this it never does
        #[arg(long, value_name = "TIME", value_parser = lifetime)]
        expires_in: Option<Duration>,
        /// Stores the token that this file holds instead of making one, of 20 characters or more;
        /// `-` reads standard input
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
    },
    /// Lists all tokens, without the tokens themselves
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Takes a token back for good
    Revoke(WhichToken),
}

/// One of the ways to name a token.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhichToken {
    /// The token's number, or its label if no other token has the same
    #[arg(value_name = "TOKEN")]
    pub token: Option<String>,
    /// The token's number
    #[arg(long, value_name = "NUMBER")]
    pub id: Option<u64>,
    /// A file with the token itself, such as one that was found where it should not be; `-` reads
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// A role as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The project; `None` stands for every one.
    pub project: Option<ProjectRef>,
    pub role: Role,
}

/// Longest label, in characters.
const MAX_LABEL: usize = 255;
/// Longest life of a token: times beyond the year 9999 cannot be written down.
const MAX_LIFETIME: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

fn visibility() -> impl TypedValueParser<Value = Visibility> {
    let words = PossibleValuesParser::new(Visibility::VARIANTS.iter().map(|word| word.as_str()));
    words.try_map(|word| word.parse::<Visibility>())
}

fn scope() -> impl TypedValueParser<Value = Scope> {
    let words = PossibleValuesParser::new(Scope::VARIANTS.iter().map(|word| word.as_str()));
    words.try_map(|word| word.parse::<Scope>())
}

fn project_id(text: &str) -> Result<ProjectId, &'static str> {
    text.parse()
        .ok()
        .and_then(ProjectId::new)
        .ok_or("a project's number is a whole number from 1 to 9223372036854775807")
}

fn project(text: &str) -> Result<ProjectRef, &'static str> {
    ProjectRef::parse(text)
        .ok_or("a project is named by its number, or by its path such as group/app")
}

fn label(text: &str) -> Result<String, String> {
    if text.trim().is_empty()
        || text.chars().any(char::is_control)
        || text.chars().count() > MAX_LABEL
    {
        return Err(format!("a label is a line of 1 to {MAX_LABEL} characters"));
    }
    if text.trim().parse::<u64>().is_ok() {
        return Err(
            "a label is not a number, because `token revoke` takes a number for a token's"
                .to_owned(),
        );
    }
    if text.chars().any(is_bidi_control) {
        return Err("a label has no characters that change the direction of the text".to_owned());
    }
    Ok(text.to_owned())
}

/// Unicode's `Bidi_Control` characters (UAX #9, section 2), by which a label could be shown as
/// another one.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn grant(text: &str) -> Result<Grant, String> {
    let (name, role) = text
        .rsplit_once('=')
        .ok_or("a grant is a project and a role, such as 24=developer")?;
    let roles: Vec<&str> = Role::VARIANTS.iter().map(|role| role.as_str()).collect();
    let roles = roles.join(", ");
    let role = role
        .parse()
        .map_err(|_| format!("the role {role:?} is none of {roles}"))?;
    let project = if matches!(name, "all" | "*") {
        None
    } else {
        Some(project(name)?)
    };
    Ok(Grant { project, role })
}

fn lifetime(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("a token that ends at once is of no use".to_owned()),
        Ok(lifetime) if lifetime <= MAX_LIFETIME => Ok(lifetime),
        Ok(_) => Err(
            "a token lives for 100 years at the most; without --expires-in it never ends"
                .to_owned(),
        ),
        Err(error) => Err(format!("{error}; write it such as 90d, 12h or 1h30m")),
    }
}
