//! The arguments of `import --from`.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Args, Command, Error};
use release_links::project::{ProjectId, Visibility};

pub use crate::gitlab::Address;
use crate::values::{project_id, visibility};

/// What to read from GitLab, or from another release-links.
#[derive(Debug, Args)]
#[group(multiple = true, conflicts_with = "file")]
pub struct GitLab {
    /// The path or ID of a project to import; repeat the flag for several
    ///
    /// The project keeps its ID. If that ID was used here before, append another one with `=ID`.
    #[arg(long = "project", value_name = "PROJECT[=ID]", value_parser = source_project)]
    #[arg(required_unless_present_any = ["file", "groups"])]
    pub projects: Vec<SourceProject>,
    /// The path or ID of a group; imports all projects of the group and its subgroups that have
    /// releases
    #[arg(long = "group", value_name = "GROUP", value_parser = group)]
    pub groups: Vec<String>,
    /// A file with an access token of the instance, which needs the scope `read_api` and the
    /// Reporter role; `-` reads standard input
    ///
    /// Without a token, the command reads only public projects.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The visibility of all new projects, in place of their own
    #[arg(long, value_parser = visibility())]
    pub visibility: Option<Visibility>,
}

/// A project of the instance, and its ID here if it gets another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceProject {
    /// Its path or its ID there.
    pub name: String,
    /// Its ID here.
    pub id: Option<ProjectId>,
}

fn source_project(text: &str) -> Result<SourceProject, &'static str> {
    let (name, id) = match text.rsplit_once('=') {
        Some((name, id)) => (name, Some(project_id(id)?)),
        None => (text, None),
    };
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let is_path = name.contains('/') && is_relative(name);
    if is_number || is_path {
        let name = name.to_owned();
        Ok(SourceProject { name, id })
    } else {
        Err("specify a project by its path, such as group/app, or by its ID, such as 24")
    }
}

fn group(text: &str) -> Result<String, &'static str> {
    if is_relative(text) {
        Ok(text.to_owned())
    } else {
        Err("specify a group by its path, such as group/subgroup, or by its ID, such as 3")
    }
}

/// Whether no segment of a path is empty or could be taken for another one.
fn is_relative(path: &str) -> bool {
    path.split('/')
        .all(|segment| !matches!(segment, "" | "." | ".."))
}

/// Reads an address. Unlike clap's own errors, those of this parser do not repeat the value, which
/// may contain a password.
#[derive(Debug, Clone)]
pub struct AddressParser;

impl TypedValueParser for AddressParser {
    type Value = Address;

    fn parse_ref(
        &self,
        command: &Command,
        _argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Address, Error> {
        Address::parse(&value.to_string_lossy()).map_err(|reason| {
            let message = format!("invalid value for '--from <URL>': {reason}\n");
            Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}
