//! `release-links-admin token …`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, stdin};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use humantime::format_rfc3339_seconds;
use release_links::store::AdminError;
use release_links::token::{EVERY_PROJECT, Grants, NewToken, PlainToken, Token, TokenId};
use serde::Serialize;

use crate::cli::{Grant, TokenCommand, WhichToken};
use crate::{Operator, Outcome, output};

/// Minimum length of an imported token; a shorter one could be guessed.
const MIN_LENGTH: usize = 20;

/// Whether a command-line word may be a token that should have been in a file: it is long enough,
/// and looks neither like natural language nor like a path.
pub fn may_be_token(word: &str) -> bool {
    let is_allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+');
    let has = |is_kind: fn(&char) -> bool| word.chars().any(|c| is_kind(&c));
    let is_random = has(char::is_ascii_digit)
        || (has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase));
    word.len() >= MIN_LENGTH && word.chars().all(is_allowed) && is_random
}

/// A token in the output of `--json`; times are RFC 3339 in UTC.
#[derive(Serialize)]
struct TokenView<'a> {
    id: u64,
    label: &'a str,
    scope: &'static str,
    grants: BTreeMap<String, &'static str>,
    state: &'static str,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

impl<'a> TokenView<'a> {
    fn new(token: &'a Token, now: SystemTime) -> Self {
        let time = |time: SystemTime| format_rfc3339_seconds(time).to_string();
        let grants = token.settings.grants.by_name();
        Self {
            id: token.id.0,
            label: &token.settings.label,
            scope: token.settings.scope.as_str(),
            grants: grants.map(|(name, role)| (name, role.as_str())).collect(),
            state: match token.revoked_at {
                Some(_) => "revoked",
                None if token.is_expired(now) => "expired",
                None => "active",
            },
            created_at: time(token.settings.created_at),
            expires_at: token.settings.expires_at.map(time),
            revoked_at: token.revoked_at.map(time),
        }
    }

    fn row(self) -> [String; 7] {
        let grants = self
            .grants
            .iter()
            .map(|(project, role)| format!("{project}={role}"))
            .collect::<Vec<_>>();
        let expires = output::or_dash(self.expires_at);
        let id = self.id.to_string();
        [
            id,
            self.label.to_owned(),
            self.state.to_owned(),
            self.scope.to_owned(),
            grants.join(" "),
            self.created_at,
            expires,
        ]
    }
}

pub async fn run(operator: &Operator, command: TokenCommand) -> Outcome {
    match command {
        TokenCommand::Create {
            label,
            grants,
            scope,
            expires_in,
            token_file,
        } => {
            let created_at = SystemTime::now();
            let grants = resolve(operator, grants).await?;
            let expires_at = expires_in.map(|lifetime| created_at + lifetime);
            create(
                operator,
                NewToken {
                    label,
                    grants,
                    scope,
                    created_at,
                    expires_at,
                },
                token_file.as_deref(),
            )
            .await
        }
        TokenCommand::List { json } => list(operator, json).await,
        TokenCommand::Revoke(which) => revoke(operator, which).await,
    }
}

/// Resolves the projects of the grants to their IDs.
async fn resolve(operator: &Operator, grants: Vec<Grant>) -> Result<Grants, String> {
    let mut resolved = Grants::default();
    for Grant { project, role } in grants {
        let (name, before) = match project {
            None => (EVERY_PROJECT.to_owned(), resolved.every.replace(role)),
            Some(project) => {
                let found = operator.session().project(&project).await;
                let id = found.map_err(|error| operator.explain(error))?.id;
                (project.to_string(), resolved.projects.insert(id, role))
            }
        };
        if before.is_some() {
            return Err(format!(
                "there are two grants for {name}: remove one of them"
            ));
        }
    }
    Ok(resolved)
}

async fn create(operator: &Operator, settings: NewToken, token_file: Option<&Path>) -> Outcome {
    let imported = token_file.map(read_token).transpose()?;
    if imported
        .as_ref()
        .is_some_and(|token| token.reveal().len() < MIN_LENGTH)
    {
        return Err(format!(
            "a token with fewer than {MIN_LENGTH} characters could be guessed: choose a longer one"
        ));
    }
    let token = match &imported {
        Some(token) => token.clone(),
        None => PlainToken::generate()
            .map_err(|error| format!("the operating system cannot provide random data: {error}"))?,
    };
    let stored = operator
        .session()
        .create_token(token.hash(), settings)
        .await;
    let stored = stored.map_err(|error| operator.explain(error))?;
    let name = describe(&stored);
    if imported.is_some() {
        eprintln!("stored {name}");
        if token_file.is_some_and(is_world_readable) {
            eprintln!(
                "warning: every user of this machine can read the token file: run `chmod 600` on it"
            );
        }
        return Ok(());
    }
    output::deliver(&format!("{}\n", token.reveal())).map_err(|error| {
        format!("created {name} but could not show it: revoke it and create another one ({error})")
    })?;
    eprintln!("created {name}; it is shown only once");
    Ok(())
}

fn describe(token: &Token) -> String {
    format!("token {} ({})", token.id, token.settings.label)
}

/// Reads an existing token, without the white space around it. Error messages leave out the file's
/// name, because it may be the token itself, passed by mistake.
fn read_token(file: &Path) -> Result<PlainToken, String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        stdin().read_to_string(&mut text)
    } else {
        File::open(file).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|error| format!("cannot read the file of --token-file: {error}"))?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let expected = "write the token on one line, in ASCII without spaces";
        return Err(format!(
            "the file of --token-file does not contain a token: {expected}"
        ));
    }
    Ok(PlainToken::from(token.to_owned()))
}

fn is_world_readable(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o004 != 0)
}

async fn list(operator: &Operator, json: bool) -> Outcome {
    let tokens = operator
        .session()
        .tokens()
        .await
        .map_err(|error| operator.explain(error))?;
    let now = SystemTime::now();
    let views = tokens.iter().map(|token| TokenView::new(token, now));
    if json {
        return output::json(&views.collect::<Vec<_>>());
    }
    let heading = [
        "ID", "LABEL", "STATE", "SCOPE", "GRANTS", "CREATED", "EXPIRES",
    ];
    output::table(heading, views.map(TokenView::row))
}

async fn revoke(operator: &Operator, which: WhichToken) -> Outcome {
    let id = find(operator, which).await?;
    let revoked = operator.session().revoke_token(id, SystemTime::now()).await;
    let token = revoked.map_err(|error| operator.explain(error))?;
    output::print(&format!(
        "revoked {}{}\n",
        describe(&token),
        operator.delay()
    ))
}

/// The ID of the token that the arguments identify.
async fn find(operator: &Operator, which: WhichToken) -> Result<TokenId, String> {
    let (session, explain) = (operator.session(), |error| operator.explain(error));
    if let Some(file) = which.token_file {
        let found = session
            .identify(Some(&read_token(&file)?.hash()), &[])
            .await;
        let (token, _) = found.map_err(|error| explain(error.into()))?;
        let token = token.ok_or("there is no such token: `token list` shows all tokens")?;
        // DynamoDB may have removed the item by ID of an expired token, so do not look it up.
        return match token.expired_at(SystemTime::now()) {
            Some(expired_at) => Err(explain(AdminError::TokenExpired {
                id: token.id,
                expired_at,
            })),
            None => Ok(token.id),
        };
    }
    if let Some(id) = which.id {
        return Ok(TokenId(id));
    }
    let name = which.token.unwrap_or_default();
    by_name(&session.tokens().await.map_err(explain)?, &name)
}

/// The ID of the token with this ID or label.
fn by_name(tokens: &[Token], name: &str) -> Result<TokenId, String> {
    let id = name.parse().ok().map(TokenId);
    let by_id = id.filter(|id| tokens.iter().any(|token| token.id == *id));
    let labelled = tokens.iter().filter(|token| token.settings.label == name);
    let (active, revoked): (Vec<_>, Vec<_>) =
        labelled.partition(|token| token.revoked_at.is_none());
    let ids = |tokens: &[&Token]| {
        tokens
            .iter()
            .map(|token| token.id.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (by_id, active.as_slice(), revoked.last()) {
        (Some(id), [], None) => Ok(id),
        (None, [token], _) | (None, [], Some(token)) => Ok(token.id),
        // The message leaves out the name: it may be the token itself, passed by mistake.
        (None, [], None) => id.ok_or(
            "there is no token with this label: `token list` shows all tokens, and \
             `--token-file FILE` accepts the token itself"
                .to_owned(),
        ),
        (None, several, _) => Err(format!(
            "several tokens have the label {name:?}: choose one by its ID ({})",
            ids(several)
        )),
        (Some(id), active, _) => {
            let labelled = ids(&active.iter().copied().chain(revoked).collect::<Vec<_>>());
            Err(format!(
                "{name} is the ID of token {id} and the label of token {labelled}: \
                 choose one with --id"
            ))
        }
    }
}
