//! Tokens, each stored twice: by hash for requests, and by ID for the operator.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;

use super::batch::find;
use super::entities::{Item, ProjectItem, TokenCounter, TokenItem, item, read};
use super::error::{AdminError, StoreError};
use super::keys::{self, Key, TOKENS, project_by_id, token_by_hash, token_by_id, token_counter};
use super::session::{Range, Session as StoreSession};
use super::transaction::{Condition, MAX_ROUNDS, Step, Transaction, TransactionError};
use crate::project::{Project, ProjectId, ProjectRef};
use crate::token::{HashedToken, MAX_GRANTS, NewToken, Token, TokenId};

impl StoreSession<'_> {
    /// All tokens by ID.
    ///
    /// # Errors
    ///
    /// [`AdminError::Failed`].
    pub async fn tokens(&self) -> Result<Vec<Token>, AdminError> {
        let items = self.query_all(&Range::whole(TOKENS)).await?.into_iter();
        let tokens = items.map(|item| read::<TokenItem>(item)?.token());
        Ok(tokens.collect::<Result<_, StoreError>>()?)
    }

    /// Creates a token. Only its hash is stored.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`] for a role in a project that does not exist,
    /// [`AdminError::TokenTaken`], [`AdminError::TooManyGrants`], [`AdminError::Failed`].
    pub async fn create_token(
        &self,
        hash: HashedToken,
        settings: NewToken,
    ) -> Result<Token, AdminError> {
        if settings.grants.projects.len() > MAX_GRANTS {
            return Err(AdminError::TooManyGrants);
        }
        let token = Token {
            id: self.next_token_id().await?,
            settings,
            revoked_at: None,
        };
        let [by_id, by_hash] = token_items(&token, &hash, 1);
        let mut transaction = Transaction::on(&self.table.name);
        transaction.put(Step::Own, by_id, Condition::Absent);
        transaction.put(Step::Token, by_hash, Condition::Absent);
        for project in token.settings.grants.projects.keys() {
            transaction.check(
                Step::Project(*project),
                project_by_id(project.number()),
                Condition::ActiveProject,
            );
        }
        match transaction.commit(self).await {
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
    pub async fn revoke_token(&self, id: TokenId, now: SystemTime) -> Result<Token, AdminError> {
        let item = self.token_item(id).await?;
        let token = item.clone().token()?;
        if let Some(revoked_at) = token.revoked_at {
            return Err(AdminError::AlreadyRevoked { id, revoked_at });
        }
        if let Some(expired_at) = token.expired_at(now) {
            return Err(AdminError::TokenExpired { id, expired_at });
        }
        self.replace_token(
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
    pub async fn revoke_grant(&self, id: TokenId, project: ProjectId) -> Result<(), AdminError> {
        for _ in 0..MAX_ROUNDS {
            let item = self.token_item(id).await?;
            let mut token = item.clone().token()?;
            if token.settings.grants.projects.remove(&project).is_none() {
                return Ok(());
            }
            match self.replace_token(&item, token).await {
                // Another operator changed the token after the read.
                Err(AdminError::Changed) => {}
                replaced => return replaced.map(|_| ()),
            }
        }
        Err(AdminError::Changed)
    }

    /// Writes both items of a token, including one that a partial restore has lost.
    async fn replace_token(&self, before: &TokenItem, token: Token) -> Result<Token, AdminError> {
        let mut transaction = Transaction::on(&self.table.name);
        for item in token_items(&token, &before.hash, before.version + 1) {
            transaction.put(Step::Own, item, Condition::VersionOrAbsent(before.version));
        }
        transaction.commit(self).await?;
        Ok(token)
    }

    async fn token_item(&self, id: TokenId) -> Result<TokenItem, AdminError> {
        let item = self.get_item(token_by_id(id)).await?;
        Ok(read(item.ok_or_else(|| {
            AdminError::UnknownToken(id.to_string())
        })?)?)
    }

    /// Increments the last token ID. If the token is then refused, its ID stays unused.
    async fn next_token_id(&self) -> Result<TokenId, StoreError> {
        let one = [(":one", AttributeValue::N("1".to_owned()))];
        let increment = "ADD last_token_id :one";
        let updated = self.update_item(token_counter(), increment, one, None);
        let counter = updated.await?.unwrap_or_default();
        Ok(read::<TokenCounter>(counter)?.last_token_id)
    }

    /// The token with this hash, and those of the named projects that exist, in the order of the
    /// names. A project that is being deleted, or was, does not exist (F9). One call reads all.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn identify(
        &self,
        token: Option<&HashedToken>,
        projects: &[ProjectRef],
    ) -> Result<(Option<Token>, Vec<Project>), StoreError> {
        let token = token.map(token_by_hash);
        let projects: Vec<Key> = projects.iter().map(keys::project).collect();
        let keys: Vec<Key> = token.iter().chain(&projects).cloned().collect();
        let items = self.get_items(keys).await?;
        let find = |key: &Key| find(&items, key);
        let token = token
            .as_ref()
            .and_then(find)
            .map(read::<TokenItem>)
            .transpose()?;
        let projects = projects.iter().filter_map(find).map(read::<ProjectItem>);
        let projects = projects.collect::<Result<Vec<_>, _>>()?;
        let existing = projects.iter().filter(|item| item.deleting_since.is_none());
        Ok((
            token.map(TokenItem::token).transpose()?,
            existing.map(ProjectItem::project).collect(),
        ))
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
