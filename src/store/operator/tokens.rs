//! Tokens, each stored twice: by hash for requests, and by ID for the operator.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;

use serde::Deserialize;

use super::error::AdminError;
use super::rounds::in_rounds;
use crate::project::ProjectId;
use crate::store::entities::{Item, item, read};
use crate::store::error::StoreError;
use crate::store::identity::TokenItem;
use crate::store::keys::{TOKENS, project_by_id, token_by_hash, token_by_id, token_counter};
use crate::store::session::{Range, Session};
use crate::store::transaction::{Condition, Step, Transaction, TransactionError};
use crate::token::{HashedToken, MAX_GRANTS, NewToken, Token, TokenId};

/// The counter of token IDs.
#[derive(Debug, Deserialize)]
struct TokenCounter {
    last_token_id: TokenId,
}

/// The tokens of the table.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    store: &'a Session<'a>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(store: &'a Session<'a>) -> Self {
        Self { store }
    }

    /// All tokens by ID.
    ///
    /// # Errors
    ///
    /// [`AdminError::Failed`].
    pub async fn list(self) -> Result<Vec<Token>, AdminError> {
        let items = self
            .store
            .query_all(&Range::whole(TOKENS))
            .await?
            .into_iter();
        let tokens = items.map(|item| read::<TokenItem>(item)?.token());
        Ok(tokens.collect::<Result<_, StoreError>>()?)
    }

    /// The token with this hash, if there is one.
    ///
    /// # Errors
    ///
    /// [`AdminError::Failed`].
    pub async fn find(self, hash: &HashedToken) -> Result<Option<Token>, AdminError> {
        let (token, _) = self.store.identify(Some(hash), &[]).await?;
        Ok(token)
    }

    /// Creates a token. Only its hash is stored.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`] for a role in a project that does not exist,
    /// [`AdminError::TokenTaken`], [`AdminError::TooManyGrants`], [`AdminError::Failed`].
    pub async fn create(self, hash: HashedToken, settings: NewToken) -> Result<Token, AdminError> {
        if settings.grants.projects.len() > MAX_GRANTS {
            return Err(AdminError::TooManyGrants);
        }
        let token = Token {
            id: self.next_id().await?,
            settings,
            revoked_at: None,
        };
        let [by_id, by_hash] = token_items(&token, &hash, 1);
        let mut transaction = Transaction::on(&self.store.table.name);
        transaction.put(Step::Own, by_id, Condition::Absent);
        transaction.put(Step::Token, by_hash, Condition::Absent);
        for project in token.settings.grants.projects.keys() {
            transaction.check(
                Step::Project(*project),
                project_by_id(project.number()),
                Condition::ActiveProject,
            );
        }
        match transaction.commit(self.store).await {
            Ok(()) => Ok(token),
            Err(TransactionError::Steps(steps)) => Err(steps
                .into_iter()
                .find_map(refused)
                .unwrap_or(AdminError::Changed)),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Revokes a token.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownToken`], [`AdminError::AlreadyRevoked`], [`AdminError::TokenExpired`],
    /// [`AdminError::Changed`], [`AdminError::Failed`].
    pub async fn revoke(self, id: TokenId, now: SystemTime) -> Result<Token, AdminError> {
        let item = self.item(id).await?;
        let token = item.clone().token()?;
        if let Some(revoked_at) = token.revoked_at {
            return Err(AdminError::AlreadyRevoked { id, revoked_at });
        }
        if let Some(expired_at) = token.expired_at(now) {
            return Err(AdminError::TokenExpired { id, expired_at });
        }
        self.replace(
            &item,
            Token {
                revoked_at: Some(now),
                ..token
            },
        )
        .await
    }

    /// Removes a token's role in a project, if it has one.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownToken`], [`AdminError::Changed`], [`AdminError::Failed`].
    pub async fn revoke_grant(self, id: TokenId, project: ProjectId) -> Result<(), AdminError> {
        in_rounds(async || {
            let item = self.item(id).await?;
            let mut token = item.clone().token()?;
            if token.settings.grants.projects.remove(&project).is_none() {
                return Ok(Some(()));
            }
            match self.replace(&item, token).await {
                Ok(_) => Ok(Some(())),
                Err(AdminError::Changed) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Writes both items of a token, including one that a partial restore has lost.
    async fn replace(self, before: &TokenItem, token: Token) -> Result<Token, AdminError> {
        let mut transaction = Transaction::on(&self.store.table.name);
        for item in token_items(&token, &before.hash, before.version + 1) {
            transaction.put(Step::Own, item, Condition::VersionOrAbsent(before.version));
        }
        transaction.commit(self.store).await?;
        Ok(token)
    }

    async fn item(self, id: TokenId) -> Result<TokenItem, AdminError> {
        let item = self.store.get_item(token_by_id(id)).await?;
        Ok(read(item.ok_or_else(|| {
            AdminError::UnknownToken(id.to_string())
        })?)?)
    }

    /// Increments the last token ID. If the token is then refused, its ID stays unused.
    async fn next_id(self) -> Result<TokenId, StoreError> {
        let one = [(":one", AttributeValue::N("1".to_owned()))];
        let increment = "ADD last_token_id :one";
        let updated = self
            .store
            .update_item(token_counter(), increment, one, None);
        let counter = updated.await?.unwrap_or_default();
        Ok(read::<TokenCounter>(counter)?.last_token_id)
    }
}

fn refused(step: Step) -> Option<AdminError> {
    match step {
        Step::Token => Some(AdminError::TokenTaken),
        Step::Project(id) => Some(AdminError::UnknownProject(id.to_string())),
        Step::Own
        | Step::Link
        | Step::Release
        | Step::Claim(_)
        | Step::Held(_)
        | Step::IdempotencyRecord
        | Step::ProjectPath
        | Step::FormerPath(_) => None,
    }
}

/// Both items of a token: by ID and by hash.
fn token_items(token: &Token, hash: &HashedToken, version: u64) -> [Item; 2] {
    let attributes = TokenItem::new(token, hash.clone(), version);
    [token_by_id(token.id), token_by_hash(hash)].map(|key| item(key, &attributes))
}
