//! The pace of the commands that may write much.

use clap::Args;

use crate::cli::{ProjectCommand, ReleaseCommand};

/// How fast a command writes that may write much.
#[derive(Debug, Args)]
pub struct Pace {
    /// Write units that the command consumes at most each second; the service shares the table's
    /// maximum, `MaxWriteUnits`
    #[arg(long, value_name = "UNITS", default_value_t = 500)]
    #[arg(value_parser = clap::value_parser!(u32).range(50..))]
    pub write_units: u32,
}

impl ProjectCommand {
    /// The pace of a command that may write much.
    pub fn pace(&self) -> Option<&Pace> {
        match self {
            Self::Delete(arguments) => Some(&arguments.pace),
            Self::Purge(arguments) => Some(&arguments.pace),
            Self::Restore(arguments) => Some(&arguments.pace),
            _ => None,
        }
    }
}

impl ReleaseCommand {
    /// The pace of a command that may write much.
    pub fn pace(&self) -> Option<&Pace> {
        match self {
            Self::Restore { pace, .. } => Some(pace),
            _ => None,
        }
    }
}
