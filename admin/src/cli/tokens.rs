//! The subcommands of `token`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use release_links::token::Scope;

use crate::values::{Grant, expiry, grant, label, lifetime, scope};

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
