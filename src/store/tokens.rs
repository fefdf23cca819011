//! Tokens, each stored twice: by hash, where requests find it, and by number, where the operator
//! does.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;

use super::Session;
use super::item::{Attributes, Item, epoch_seconds, read_time, timestamp};
use super::keys::{TOKENS, project_by_id, token_by_hash, token_by_id, token_counter};
use super::links::MAX_ROUNDS;
use super::refused::Refused;
use super::transaction::{Condition, Refusal, Step, Transaction};
use crate::error::Error;
use crate::project::{ProjectId, Role};
use crate::token::{Grants, HashedToken, NewToken, Scope, Token};

/// How long DynamoDB keeps a token after its end, so that its holder reads "expired" instead of
/// "unauthorized".
const KEEP_EXPIRED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Projects in which a token has roles at the most: a transaction has 100 steps, and two are the
/// token's own.
pub(super) const MAX_GRANTS: usize = 97;
/// The name of the role in every project, next to the numbers of projects.
const EVERY_PROJECT: &str = "all";

/// A token as it was read, with the revision that a write has to find unchanged.
#[derive(Debug, Clone)]
pub(super) struct StoredToken {
    pub(super) token: Token,
    hash: HashedToken,
    revision: u64,
}

impl Session<'_> {
    /// All tokens in the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`Refused::Failed`].
    pub async fn tokens(&self) -> Result<Vec<Token>, Refused> {
        let items = self.query_all(TOKENS).await?;
        Ok(items
            .iter()
            .map(|item| Ok(read_token(item)?.token))
            .collect::<Result<_, Error>>()?)
    }

    /// Stores a token's hash with all that it allows.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownProject`] for a role in a project that does not exist,
    /// [`Refused::TokenTaken`], [`Refused::TooManyGrants`], [`Refused::Failed`].
    pub async fn create_token(
        &self,
        hash: HashedToken,
        settings: NewToken,
    ) -> Result<Token, Refused> {
        if settings.grants.projects.len() > MAX_GRANTS {
            return Err(Refused::TooManyGrants);
        }
        let token = Token {
            id: self.next_token_id().await?,
            settings,
            revoked_at: None,
        };
        let stored = StoredToken {
            token,
            hash,
            revision: 1,
        };
        let [by_id, by_hash] = token_items(&stored);
        let mut transaction = Transaction::on(&self.store.table);
        transaction.put(Step::Own, by_id, Condition::Absent);
        transaction.put(Step::Token, by_hash, Condition::Absent);
        for project in stored.token.settings.grants.projects.keys() {
            transaction.check(
                Step::Project(*project),
                project_by_id(project.number()),
                Condition::LivingProject,
            );
        }
        match transaction.commit(self).await {
            Ok(()) => Ok(stored.token),
            Err(Refusal::Steps(steps)) => Err(steps
                .into_iter()
                .find_map(refused)
                .unwrap_or(Refused::Changed)),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Takes a token back for good.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownToken`], [`Refused::AlreadyRevoked`], [`Refused::TokenExpired`],
    /// [`Refused::Changed`], [`Refused::Failed`].
    pub async fn revoke_token(&self, id: u64, now: SystemTime) -> Result<Token, Refused> {
        let before = self.stored_token(id).await?;
        if let Some(revoked_at) = before.token.revoked_at {
            return Err(Refused::AlreadyRevoked { id, revoked_at });
        }
        if let Some(expired_at) = before
            .token
            .settings
            .expires_at
            .filter(|_| before.token.is_expired(now))
        {
            return Err(Refused::TokenExpired { id, expired_at });
        }
        let token = Token {
            revoked_at: Some(now),
            ..before.token.clone()
        };
        self.replace_token(&before, token).await
    }

    /// Takes away a token's role in a project; nothing happens where it has none.
    ///
    /// # Errors
    ///
    /// [`Refused::UnknownToken`], [`Refused::Changed`], [`Refused::Failed`].
    pub async fn revoke_grant(&self, id: u64, project: ProjectId) -> Result<(), Refused> {
        for _ in 0..MAX_ROUNDS {
            let before = self.stored_token(id).await?;
            let mut token = before.token.clone();
            if token.settings.grants.projects.remove(&project).is_none() {
                return Ok(());
            }
            match self.replace_token(&before, token).await {
                // Another operator changed the token after the read.
                Err(Refused::Changed) => {}
                replaced => return replaced.map(|_| ()),
            }
        }
        Err(Refused::Changed)
    }

    /// Writes both items of a token, also one that a partial restore has lost.
    async fn replace_token(&self, before: &StoredToken, token: Token) -> Result<Token, Refused> {
        let after = StoredToken {
            token,
            hash: before.hash.clone(),
            revision: before.revision + 1,
        };
        let mut transaction = Transaction::on(&self.store.table);
        for item in token_items(&after) {
            transaction.put(
                Step::Own,
                item,
                Condition::RevisionOrAbsent(before.revision),
            );
        }
        transaction.commit(self).await?;
        Ok(after.token)
    }

    async fn stored_token(&self, id: u64) -> Result<StoredToken, Refused> {
        let item = self.get_item(token_by_id(id)).await?;
        Ok(read_token(
            &item.ok_or_else(|| Refused::UnknownToken(id.to_string()))?,
        )?)
    }

    /// Counts the tokens up by one; a number whose token is then refused stays a gap.
    async fn next_token_id(&self) -> Result<u64, Error> {
        let one = [(":one", AttributeValue::N("1".to_owned()))];
        let attributes = self
            .update_item(token_counter(), "ADD last_token_id :one", one)
            .await?;
        Attributes(&attributes).parsed("last_token_id", |text| text.parse().ok())
    }
}

fn refused(step: Step) -> Option<Refused> {
    match step {
        Step::Token => Some(Refused::TokenTaken),
        Step::Project(id) => Some(Refused::UnknownProject(id.to_string())),
        Step::Own
        | Step::Link
        | Step::Take(_)
        | Step::Held(_)
        | Step::Once
        | Step::ProjectPath
        | Step::FormerPath(_) => None,
    }
}

/// Both items of a token: by its number, and by its hash.
fn token_items(stored: &StoredToken) -> [Item; 2] {
    let Token {
        id,
        settings,
        revoked_at,
    } = &stored.token;
    [token_by_id(*id), token_by_hash(&stored.hash)].map(|mut item| {
        item.insert("id".to_owned(), AttributeValue::N(id.to_string()));
        item.insert("hash".to_owned(), AttributeValue::S(stored.hash.hex()));
        item.insert(
            "label".to_owned(),
            AttributeValue::S(settings.label.clone()),
        );
        item.insert(
            "grants".to_owned(),
            AttributeValue::M(grants_attribute(&settings.grants)),
        );
        item.insert(
            "scope".to_owned(),
            AttributeValue::S(settings.scope.as_str().to_owned()),
        );
        item.insert(
            "created_at".to_owned(),
            AttributeValue::S(timestamp(settings.created_at)),
        );
        if let Some(end) = settings.expires_at {
            item.insert("valid_until".to_owned(), AttributeValue::S(timestamp(end)));
            item.insert(
                "expires_at".to_owned(),
                AttributeValue::N(epoch_seconds(end + KEEP_EXPIRED).to_string()),
            );
        }
        if let Some(time) = revoked_at {
            item.insert("revoked_at".to_owned(), AttributeValue::S(timestamp(*time)));
        }
        item.insert(
            "revision".to_owned(),
            AttributeValue::N(stored.revision.to_string()),
        );
        item
    })
}

pub(super) fn read_token(item: &Item) -> Result<StoredToken, Error> {
    let attributes = Attributes(item);
    let settings = NewToken {
        label: attributes.text("label")?.to_owned(),
        grants: read_grants(&attributes)?,
        scope: attributes.parsed("scope", Scope::parse)?,
        created_at: attributes.parsed("created_at", read_time)?,
        expires_at: attributes.optional("valid_until", read_time)?,
    };
    let revoked_at = attributes.optional("revoked_at", read_time)?;
    Ok(StoredToken {
        token: Token {
            id: attributes.parsed("id", |text| text.parse().ok())?,
            settings,
            revoked_at,
        },
        hash: attributes.parsed("hash", HashedToken::parse)?,
        revision: attributes.parsed("revision", |text| text.parse().ok())?,
    })
}

fn grants_attribute(grants: &Grants) -> HashMap<String, AttributeValue> {
    let every = grants
        .every
        .iter()
        .map(|role| (EVERY_PROJECT.to_owned(), *role));
    let projects = grants
        .projects
        .iter()
        .map(|(project, role)| (project.to_string(), *role));
    every
        .chain(projects)
        .map(|(name, role)| (name, AttributeValue::S(role.as_str().to_owned())))
        .collect()
}

fn read_grants(attributes: &Attributes<'_>) -> Result<Grants, Error> {
    let corrupt = || attributes.corrupt("grants");
    let Some(AttributeValue::M(stored)) = attributes.0.get("grants") else {
        return Err(corrupt());
    };
    let mut grants = Grants {
        every: None,
        projects: BTreeMap::new(),
    };
    for (name, role) in stored {
        let role = role
            .as_s()
            .ok()
            .and_then(|role| Role::parse(role))
            .ok_or_else(corrupt)?;
        if name == EVERY_PROJECT {
            grants.every = Some(role);
        } else {
            let project = name
                .parse()
                .ok()
                .and_then(ProjectId::new)
                .ok_or_else(corrupt)?;
            grants.projects.insert(project, role);
        }
    }
    Ok(grants)
}
