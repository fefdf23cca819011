//! Tokens, each stored twice: by hash for requests, and by ID for the operator.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;

use serde::Deserialize;

use super::error::AdminError;
use super::project_items::ProjectVersion;
use super::rounds::in_rounds;
use crate::project::{ProjectId, Role};
use crate::store::condition::Condition;
use crate::store::error::StoreError;
use crate::store::identity::TokenItem;
use crate::store::items::{Item, item, read};
use crate::store::keys::{TOKENS, project_by_id, token_by_hash, token_by_id, token_counter};
use crate::store::range::Range;
use crate::store::schema::attribute::LAST_TOKEN_ID;
use crate::store::session::Session;
use crate::store::transaction::{Step, Transaction, TransactionError};
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
    /// [`AdminError::TokenTaken`], [`AdminError::TooManyGrants`], [`AdminError::Changed`],
    /// [`AdminError::Busy`], [`AdminError::Failed`].
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
                .find_map(step_error)
                .unwrap_or(AdminError::Changed)),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Revokes a token.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownToken`], [`AdminError::AlreadyRevoked`], [`AdminError::TokenExpired`],
    /// [`AdminError::Changed`], [`AdminError::Busy`], [`AdminError::Failed`].
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

    /// Removes a token's role in a project that is being purged, if it has one.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownToken`], [`AdminError::Changed`], [`AdminError::Failed`].
    pub async fn revoke_grant(
        self,
        id: TokenId,
        project: &ProjectVersion,
    ) -> Result<(), AdminError> {
        in_rounds(self.store, async || {
            let item = self.item(id).await?;
            let mut token = item.clone().token()?;
            let grants = &mut token.settings.grants.projects;
            if grants.remove(&project.id).is_none() {
                return Ok(Some(()));
            }
            let is_replaced = self.replace_for(project, &item, &token).await?;
            Ok(is_replaced.then_some(()))
        })
        .await
    }

    /// Gives the token with this hash a role in a project that is about to be restored, unless it
    /// has one, does not exist, or is no longer valid. Returns whether it got the role.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownToken`], [`AdminError::NoRoomForGrant`], [`AdminError::Changed`],
    /// [`AdminError::Failed`].
    pub async fn restore_grant(
        self,
        hash: &HashedToken,
        role: Role,
        project: &ProjectVersion,
        now: SystemTime,
    ) -> Result<bool, AdminError> {
        let found = self.find(hash).await?;
        let Some(found) = found.filter(|token| is_valid(token, now)) else {
            return Ok(false);
        };
        in_rounds(self.store, async || {
            let item = self.item(found.id).await?;
            let mut token = item.clone().token()?;
            let is_valid = is_valid(&token, now);
            let grants = &mut token.settings.grants.projects;
            if !is_valid || grants.contains_key(&project.id) {
                return Ok(Some(false));
            }
            if grants.len() == MAX_GRANTS {
                return Err(AdminError::NoRoomForGrant(found.id));
            }
            grants.insert(project.id, role);
            let is_replaced = self.replace_for(project, &item, &token).await?;
            Ok(is_replaced.then_some(true))
        })
        .await
    }

    /// The hashes of the tokens that have a role in a project, and their roles.
    ///
    /// # Errors
    ///
    /// [`AdminError::Failed`].
    pub async fn roles_in(
        self,
        project: ProjectId,
    ) -> Result<Vec<(HashedToken, Role)>, AdminError> {
        let mut roles = Vec::new();
        for item in self.store.query_all(&Range::whole(TOKENS)).await? {
            let item: TokenItem = read(item)?;
            let hash = item.hash.clone();
            let role = item.token()?.settings.grants.projects.remove(&project);
            roles.extend(role.map(|role| (hash, role)));
        }
        Ok(roles)
    }

    /// Writes both items of a token, including one that a partial restore has lost.
    async fn replace(self, before: &TokenItem, token: Token) -> Result<Token, AdminError> {
        self.replace_transaction(before, &token)
            .commit(self.store)
            .await?;
        Ok(token)
    }

    /// Does the same for a project, unless that has changed. Returns whether the token was unchanged
    /// until then.
    async fn replace_for(
        self,
        project: &ProjectVersion,
        before: &TokenItem,
        token: &Token,
    ) -> Result<bool, AdminError> {
        let mut transaction = self.replace_transaction(before, token);
        project.check(&mut transaction);
        match transaction.commit(self.store).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Steps(steps)) if steps.contains(&Step::Project(project.id)) => {
                Err(AdminError::Changed)
            }
            Err(TransactionError::Steps(_)) => Ok(false),
            Err(error) => Err(AdminError::from_part(error)),
        }
    }

    fn replace_transaction(self, before: &TokenItem, token: &Token) -> Transaction<'a> {
        let mut transaction = Transaction::on(&self.store.table.name);
        for item in token_items(token, &before.hash, before.version + 1) {
            transaction.put(Step::Own, item, Condition::VersionOrAbsent(before.version));
        }
        transaction
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
        let increment = format!("ADD {LAST_TOKEN_ID} :one");
        let updated = self
            .store
            .update_item(token_counter(), &increment, one, Condition::Any);
        let counter = updated.await?.unwrap_or_default();
        Ok(read::<TokenCounter>(counter)?.last_token_id)
    }
}

fn is_valid(token: &Token, now: SystemTime) -> bool {
    token.revoked_at.is_none() && !token.is_expired(now)
}

fn step_error(step: Step) -> Option<AdminError> {
    match step {
        Step::Token => Some(AdminError::TokenTaken),
        Step::Project(id) => Some(AdminError::UnknownProject(id.to_string())),
        Step::Own
        | Step::Link
        | Step::Release
        | Step::Work
        | Step::Claim(_)
        | Step::Kept(_)
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
