//! `release-links-admin token …`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, stdin};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use humantime::format_rfc3339_seconds;
use release_links::store::operator::AdminError;
use release_links::token::{EVERY_PROJECT, Grants, NewToken, PlainToken, Token, TokenId};
use serde::Serialize;

use crate::cli::{TokenCommand, WhichToken};
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::secrets::MIN_LENGTH;
use crate::values::Grant;
use crate::{Outcome, output};

/// Largest number of projects whose roles a row of the list shows.
const MAX_LISTED_GRANTS: usize = 3;

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

    /// The grants in a few words.
    fn summary(&self) -> String {
        let is_every = |name: &&String| name.as_str() == EVERY_PROJECT;
        let projects = self.grants.len() - self.grants.keys().filter(is_every).count();
        if projects <= MAX_LISTED_GRANTS {
            return self.roles().join(" ");
        }
        let projects = format!("{projects} projects");
        match self.grants.get(EVERY_PROJECT) {
            Some(role) => format!("{EVERY_PROJECT}={role} {projects}"),
            None => projects,
        }
    }

    fn roles(&self) -> Vec<String> {
        let grants = self.grants.iter();
        grants
            .map(|(project, role)| format!("{project}={role}"))
            .collect()
    }

    fn row(self) -> [String; 7] {
        let grants = self.summary();
        let expires = output::or_dash(self.expires_at);
        let id = self.id.to_string();
        [
            id,
            self.label.to_owned(),
            self.state.to_owned(),
            self.scope.to_owned(),
            grants,
            self.created_at,
            expires,
        ]
    }

    /// A row for each attribute and each grant.
    fn rows(self) -> Vec<[String; 2]> {
        let roles = self.roles();
        let attributes = [
            ("id", self.id.to_string()),
            ("label", self.label.to_owned()),
            ("state", self.state.to_owned()),
            ("scope", self.scope.to_owned()),
            ("created", self.created_at),
            ("expires", output::or_dash(self.expires_at)),
            ("revoked", output::or_dash(self.revoked_at)),
        ];
        let grants = roles.into_iter().map(|role| ("grant", role));
        let rows = attributes.into_iter().chain(grants);
        rows.map(|(name, value)| [name.to_owned(), value]).collect()
    }
}

pub async fn run(deployment: &Deployment, command: TokenCommand) -> Outcome {
    match command {
        TokenCommand::Create {
            label,
            grants,
            scope,
            expires_in,
            expires_at,
            token_file,
        } => {
            let created_at = SystemTime::now();
            let grants = resolve(deployment, grants).await?;
            let expires_at = expires_at.or(expires_in.map(|lifetime| created_at + lifetime));
            let settings = NewToken {
                label,
                grants,
                scope,
                created_at,
                expires_at,
            };
            match token_file {
                Some(file) => import(deployment, settings, &file).await,
                None => create(deployment, settings).await,
            }
        }
        TokenCommand::List { json } => list(deployment, json).await,
        TokenCommand::Show { which, json } => show(deployment, which, json).await,
        TokenCommand::Revoke(which) => revoke(deployment, which).await,
    }
}

/// Resolves the projects of the grants to their IDs.
async fn resolve(deployment: &Deployment, grants: Vec<Grant>) -> Result<Grants, Failure> {
    let mut resolved = Grants::default();
    for Grant { project, role } in grants {
        let (name, before) = match project {
            None => (EVERY_PROJECT.to_owned(), resolved.every.replace(role)),
            Some(project) => {
                let found = deployment.session().projects().get(&project).await;
                let id = found.map_err(|error| deployment.explain(error))?.id;
                (project.to_string(), resolved.projects.insert(id, role))
            }
        };
        if before.is_some() {
            return Err(format!("there are two grants for {name}: remove one of them").into());
        }
    }
    Ok(resolved)
}

/// Stores an existing token.
async fn import(deployment: &Deployment, settings: NewToken, file: &Path) -> Outcome {
    let token = read_token(file)?;
    if token.reveal().len() < MIN_LENGTH {
        return Err(format!(
            "a token with fewer than {MIN_LENGTH} characters could be guessed: choose a longer one"
        )
        .into());
    }
    let name = describe(&store(deployment, &token, settings).await?);
    output::note(&format!("stored {name}"));
    if is_world_readable(file) {
        output::note(
            "warning: every user of this machine can read the token file: run `chmod 600` on it",
        );
    }
    Ok(())
}

/// Generates a token and prints it.
async fn create(deployment: &Deployment, settings: NewToken) -> Outcome {
    if output::is_discarded() {
        return Err(
            "nothing was created, because standard output is closed or /dev/null: run the command \
             where you can read the token"
                .into(),
        );
    }
    let token = PlainToken::generate()
        .map_err(|error| format!("the operating system cannot provide random data: {error}"))?;
    let stored = store(deployment, &token, settings).await?;
    let name = describe(&stored);
    output::token(&token).map_err(|error| {
        let id = stored.id;
        format!(
            "created {name} but could not show it ({error}): run `token revoke {id}`, and create \
             another one"
        )
    })?;
    output::note(&format!("created {name}; it is shown only once"));
    Ok(())
}

async fn store(
    deployment: &Deployment,
    token: &PlainToken,
    settings: NewToken,
) -> Result<Token, Failure> {
    let session = deployment.session();
    let label = settings.label.trim();
    let labelled = PlainToken::from(label.to_owned()).hash();
    let known = session.tokens().find(&labelled).await;
    let known = known.map_err(|error| deployment.explain(error))?;
    if known.is_some() || label.contains(token.reveal()) {
        return Err(
            "the label is a token, but labels are not secret: choose a name such as ci".into(),
        );
    }
    let stored = session.tokens().create(token.hash(), settings).await;
    stored.map_err(|error| deployment.explain(error))
}

fn describe(token: &Token) -> String {
    format!("token {} ({})", token.id, token.settings.label)
}

/// Reads an existing token, without the white space around it. Error messages leave out the file's
/// name, because it may be the token itself, passed by mistake.
pub fn read_token(file: &Path) -> Result<PlainToken, Failure> {
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
        return Err(
            format!("the file of --token-file does not contain a token: {expected}").into(),
        );
    }
    Ok(PlainToken::from(token.to_owned()))
}

fn is_world_readable(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o004 != 0)
}

async fn list(deployment: &Deployment, json: bool) -> Outcome {
    let tokens = deployment
        .session()
        .tokens()
        .list()
        .await
        .map_err(|error| deployment.explain(error))?;
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

async fn show(deployment: &Deployment, which: WhichToken, json: bool) -> Outcome {
    let token = find(deployment, which).await?;
    let view = TokenView::new(&token, SystemTime::now());
    if json {
        return output::json(&view);
    }
    output::table(["ATTRIBUTE", "VALUE"], view.rows())
}

async fn revoke(deployment: &Deployment, which: WhichToken) -> Outcome {
    let (found, now) = (find(deployment, which).await?, SystemTime::now());
    // DynamoDB may have removed the item by ID of an expired token, so do not look it up.
    if let (Some(expired_at), None) = (found.expired_at(now), found.revoked_at) {
        let id = found.id;
        return Err(deployment.explain(AdminError::TokenExpired { id, expired_at }));
    }
    let revoked = deployment.session().tokens().revoke(found.id, now).await;
    let token = revoked.map_err(|error| deployment.explain(error))?;
    output::line(&format!(
        "revoked {}{}",
        describe(&token),
        deployment.delay_notice()
    ))
}

/// The token that the arguments identify.
async fn find(deployment: &Deployment, which: WhichToken) -> Result<Token, Failure> {
    let session = deployment.session();
    if let Some(file) = which.token_file {
        let found = session.tokens().find(&read_token(&file)?.hash()).await;
        let token = found.map_err(|error| deployment.explain(error))?;
        return token.ok_or("there is no such token: `token list` shows all tokens".into());
    }
    let tokens = session.tokens().list().await;
    let tokens = tokens.map_err(|error| deployment.explain(error))?;
    let id = match which.id {
        Some(id) => TokenId(id),
        None => find_by_name(&tokens, &which.token.unwrap_or_default())?,
    };
    let token = tokens.into_iter().find(|token| token.id == id);
    token.ok_or_else(|| deployment.explain(AdminError::UnknownToken(id.to_string())))
}

/// The ID of the token with this ID or label.
fn find_by_name(tokens: &[Token], name: &str) -> Result<TokenId, String> {
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
            "several tokens have the label \"{name}\": choose one by its ID ({})",
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
