//! The parsers of the values on the command line.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use release_links::project::{ProjectId, ProjectRef, Role, Visibility};
use release_links::token::{EVERY_PROJECT, Scope};
use strum::VariantArray;

use crate::output::is_bidi_control;
use crate::secrets::looks_like_a_token;

/// Longest label, in characters.
pub const MAX_LABEL: usize = 255;
/// Longest lifetime of a token; RFC 3339 cannot express times after the year 9999.
const MAX_LIFETIME: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// Longest wait before a purge; no function caches a project for as long.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// The time limits for a response that the command accepts.
const RESPONSE_TIMEOUTS: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(600);
const TOO_LONG: &str =
    "a token's lifetime is at most 100 years; without an expiry it never expires";

/// The value of one `--grant`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The project; `None` means all projects.
    pub project: Option<ProjectRef>,
    /// The role in it.
    pub role: Role,
}

pub fn visibility() -> impl TypedValueParser<Value = Visibility> {
    let words = PossibleValuesParser::new(Visibility::VARIANTS.iter().map(|word| word.as_str()));
    words.try_map(|word| word.parse::<Visibility>())
}

pub fn scope() -> impl TypedValueParser<Value = Scope> {
    let words = PossibleValuesParser::new(Scope::VARIANTS.iter().map(|word| word.as_str()));
    words.try_map(|word| word.parse::<Scope>())
}

pub fn project_id(text: &str) -> Result<ProjectId, &'static str> {
    text.parse()
        .ok()
        .and_then(ProjectId::new)
        .ok_or("a project's ID is a whole number from 1 to 9223372036854775807")
}

pub fn project(text: &str) -> Result<ProjectRef, &'static str> {
    ProjectRef::parse(text)
        .ok_or("specify a project by its ID, such as 24, or by its path, such as group/app")
}

pub fn label(text: &str) -> Result<String, String> {
    if text.trim().is_empty()
        || text.chars().any(char::is_control)
        || text.chars().count() > MAX_LABEL
    {
        return Err(format!(
            "a label is one line of 1 to {MAX_LABEL} characters"
        ));
    }
    if text.trim().parse::<u64>().is_ok() {
        return Err(
            "a label must not be a number, because `token revoke` treats a number as a token's ID"
                .to_owned(),
        );
    }
    if text.chars().any(is_bidi_control) {
        return Err(
            "a label must not contain characters that change the direction of text".to_owned(),
        );
    }
    if looks_like_a_token(text) {
        return Err(
            "a label must not look like a token, because labels are not secret: choose a name such \
             as ci, and pass an existing token with --token-file"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

pub fn grant(text: &str) -> Result<Grant, String> {
    let (name, role) = text
        .rsplit_once('=')
        .ok_or("a grant consists of a project and a role, such as 24=developer")?;
    let roles: Vec<&str> = Role::VARIANTS.iter().map(|role| role.as_str()).collect();
    let roles = roles.join(", ");
    let role = role
        .parse()
        .map_err(|_| format!("unknown role \"{role}\": choose one of {roles}"))?;
    let project = if matches!(name, EVERY_PROJECT | "*") {
        None
    } else {
        Some(project(name)?)
    };
    Ok(Grant { project, role })
}

pub fn wait(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(wait) if wait <= MAX_WAIT => Ok(wait),
        Ok(_) => Err("the command waits for at most 24h"),
        Err(_) => Err("write a duration such as 45s or 1m30s"),
    }
}

pub fn lifetime(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("a token's lifetime must be longer than zero"),
        Ok(lifetime) if lifetime <= MAX_LIFETIME => Ok(lifetime),
        Ok(_) => Err(TOO_LONG),
        Err(_) if time(text).is_some() => Err("this is a date: pass it with --expires-at"),
        Err(_) => Err("write a duration such as 90d, 12h or 1h30m"),
    }
}

/// A time in the future. A date stands for its beginning in UTC, as in GitLab.
pub fn expiry(text: &str) -> Result<SystemTime, &'static str> {
    let end = time(text)
        .ok_or("write a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00Z")?;
    match end.duration_since(SystemTime::now()) {
        Ok(lifetime) if lifetime <= MAX_LIFETIME => Ok(end),
        Ok(_) => Err(TOO_LONG),
        Err(_) => Err("this time has passed: choose one in the future"),
    }
}

/// The time limit for a response of a server.
pub fn response_timeout(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(time) if RESPONSE_TIMEOUTS.contains(&time) => Ok(time),
        Ok(_) => Err("the time limit for a response is between 100ms and 10m"),
        Err(_) => Err("write a duration such as 20s or 1m30s"),
    }
}

/// A time from which something is selected. A date stands for its beginning in UTC.
pub fn start(text: &str) -> Result<SystemTime, &'static str> {
    time(text).ok_or("write a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00Z")
}

fn time(text: &str) -> Option<SystemTime> {
    let midnight = format!("{text}T00:00:00Z");
    [text, &midnight]
        .into_iter()
        .find_map(|text| humantime::parse_rfc3339(text).ok())
}
